package pki

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// MaxRevocationList is the most that a revocation list of Roles Anywhere may
// hold, in bytes
// (https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/API_ImportCrl.html).
const MaxRevocationList = 300000

const pemRevocationList = "X509 CRL" // RFC 7468 section 7

// ParseRevocationList reads exactly one revocation list, in PEM or DER. Its
// signature is not verified: that takes its issuer's certificate.
func ParseRevocationList(data []byte) (*x509.RevocationList, error) {
	if len(data) > MaxRevocationList {
		return nil, fmt.Errorf("reading revocation list: more than %d bytes", MaxRevocationList)
	}
	der := data
	if text := bytes.TrimSpace(data); bytes.HasPrefix(text, []byte(beginAny)) {
		block, rest := pem.Decode(text)
		switch {
		case block == nil:
			return nil, errors.New("reading revocation list: holds a damaged PEM block")
		case block.Type != pemRevocationList:
			return nil, fmt.Errorf("reading revocation list: holds a PEM block %q", block.Type)
		case len(bytes.TrimSpace(rest)) > 0:
			return nil, errors.New("reading revocation list: something comes after it")
		}
		der = block.Bytes
	}
	list, err := x509.ParseRevocationList(der)
	if err != nil {
		return nil, fmt.Errorf("reading revocation list: %w", err)
	}
	if len(list.Raw) != len(der) {
		return nil, errors.New("reading revocation list: something comes after it")
	}
	return list, nil
}
