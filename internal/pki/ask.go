package pki

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"slices"
)

// pemRequest is the type of the PEM block of a certificate request (RFC 7468
// section 7).
const pemRequest = "CERTIFICATE REQUEST"

// NewIssuerRequest asks a CA that is somebody else's for the certificate of an
// environment's issuer (PKCS#10, PEM): the subject, and as extensions all that
// the certificate is to say of itself. Its dates are for the CA.
func NewIssuerRequest(spec IssuerSpec, key crypto.Signer) ([]byte, error) {
	der, err := newIssuerRequest(spec, key)
	if err != nil {
		return nil, fmt.Errorf("asking for issuer %d of %s: %w", spec.Generation, spec.Environment, err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemRequest, Bytes: der}), nil
}

func newIssuerRequest(spec IssuerSpec, key crypto.Signer) ([]byte, error) {
	t, err := spec.template(key.Public(), nil)
	if err != nil {
		return nil, err
	}
	// What is asked for is what would be signed here: the extensions are taken
	// from a certificate that nobody keeps.
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return nil, err
	}
	wanted, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	extensions := slices.DeleteFunc(wanted.Extensions, func(e pkix.Extension) bool { return isKeyID(e, arcAuthorityKey) })
	return x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{RawSubject: wanted.RawSubject, ExtraExtensions: extensions}, key)
}
