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

// CRLSize is how many bytes a revocation list takes at the service, as PEM.
func CRLSize(der []byte) int { return len(EncodeCRL(der)) }

// CRLRoom is how many more certificates of ours a revocation list can surely
// revoke before the service refuses it.
func CRLRoom(der []byte) int {
	const (
		line    = 48 // bytes in a line of PEM, which takes 65
		framing = len("-----BEGIN X509 CRL-----\n-----END X509 CRL-----\n") + 1
		entry   = 2 + 2 + serialLength + 15 + 14 // with a reason
		lengths = 8                              // that lengths may take more when they grow
	)
	most := (MaxRevocationList - framing) / 65 * line
	return max(0, (most-len(der)-lengths)/entry)
}

// CRLFile is the name of the file in which the revocation list of an issuer's
// generation is published. Each generation has its own: a list is its issuer's.
func CRLFile(environment string, generation int) string {
	return fmt.Sprintf("%s-%d.crl", environment, generation)
}

// DistributionPoint is where the list is found below the URL of a folder.
func DistributionPoint(folder, environment string, generation int) string {
	return folder + "/" + CRLFile(environment, generation)
}
