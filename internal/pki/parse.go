package pki

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"strings"
)

// MaxFile is the most a certificate file may hold, in bytes.
const MaxFile = 64 << 10

// maxBundle is the longest certificate data of a trust anchor, in bytes
// (https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/API_SourceData.html).
const maxBundle = 204800

// Found says what stood where one certificate was wanted.
type Found string

// What may stand there instead.
const (
	FoundNothing     Found = "nothing"
	FoundTooMuch     Found = "too much"
	FoundPrivateKey  Found = "a private key"
	FoundPublicKey   Found = "a public key"
	FoundSeveral     Found = "more than one certificate"
	FoundTrailing    Found = "something before or after the certificate"
	FoundPKCS7       Found = "a PKCS#7 bundle that holds something else"
	FoundPKCS12      Found = "a PKCS#12 or Java key store"
	FoundRequest     Found = "a certificate request"
	FoundCRL         Found = "a revocation list"
	FoundByteOrder   Found = "a byte order mark or UTF-16 text"
	FoundOtherBlock  Found = "another kind of PEM block"
	FoundBareBase64  Found = "base64 text without PEM lines"
	FoundDamagedPEM  Found = "a damaged PEM block"
	FoundMalformed   Found = "a malformed certificate"
	FoundUnknownData Found = "something that is no certificate"
)

// What may stand where a certificate request was wanted, besides these.
const (
	FoundCertificate Found = "a certificate"
	FoundBadRequest  Found = "a malformed request"
	FoundAround      Found = "something after the request"
	FoundBlocks      Found = "more than one PEM block"
	FoundNoRequest   Found = "something that is neither PEM nor DER"
)

// ParseError says why data is not one certificate.
type ParseError struct {
	Found Found
	Err   error // what the parser said, when it got that far
	// Unsettled: whether crypto/x509 parses it is up to GODEBUG.
	Unsettled bool
}

func (e *ParseError) Error() string {
	text := fmt.Sprintf("reading certificate: want exactly one certificate, found %s", e.Found)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *ParseError) Unwrap() error { return e.Err }

// ReadBounded reads all of r, which may hold at most limit bytes.
func ReadBounded(r io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, &ParseError{Found: FoundTooMuch, Err: fmt.Errorf("more than %d bytes", limit)}
	}
	return data, nil
}

// ParseOne reads exactly one certificate, in PEM, DER or a PKCS#7 bundle, and
// nothing else: no text around it, no second block, no private key. A
// *ParseError says what was found instead.
func ParseOne(data []byte) (*x509.Certificate, error) {
	der, err := OpenOne(data)
	if err != nil {
		return nil, err
	}
	return ParseDER(der)
}

// ParseDER is x509.ParseCertificate, and what that lets pass or leaves to
// GODEBUG. A *ParseError says what is wrong.
func ParseDER(der []byte) (*x509.Certificate, error) {
	if err := structure(der); err != nil {
		var unsettled *unsettledError
		return nil, &ParseError{Found: FoundMalformed, Err: err, Unsettled: errors.As(err, &unsettled)}
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, &ParseError{Found: FoundMalformed, Err: err}
	}
	if err := strict(c); err != nil {
		return nil, &ParseError{Found: FoundMalformed, Err: err}
	}
	for _, e := range c.Extensions {
		if holdsPrivateKey(e.Value) || otherDER(e.Value) == FoundPrivateKey {
			return nil, &ParseError{Found: FoundPrivateKey, Err: fmt.Errorf("in the extension %s", e.Id)}
		}
	}
	return c, nil
}

// ParseBundle reads the certificates of a trust anchor's bundle: PEM
// certificates, at least one, and no other kind of block.
func ParseBundle(text string) ([]*x509.Certificate, error) {
	if len(text) > maxBundle {
		return nil, fmt.Errorf("reading certificate bundle: more than %d characters", maxBundle)
	}
	var certs []*x509.Certificate
	rest := []byte(text)
	for {
		block, after := pem.Decode(rest)
		if block == nil {
			break
		}
		rest = after
		if block.Type != pemCertificate {
			return nil, fmt.Errorf("reading certificate bundle: holds a PEM block %q", block.Type)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("reading certificate bundle: certificate %d: %w", len(certs)+1, err)
		}
		certs = append(certs, c)
	}
	if bytes.Contains(rest, []byte(beginAny)) || strings.Count(text, beginAny) != len(certs) {
		return nil, errors.New("reading certificate bundle: holds a damaged PEM block")
	}
	if len(certs) == 0 {
		return nil, errors.New("reading certificate bundle: holds no certificate")
	}
	return certs, nil
}
