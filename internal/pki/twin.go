package pki

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"slices"
)

// Twin makes a certificate that says what c says, about another key: for
// models, in which something must be signed by a CA whose key stays closed. It
// differs from c in key, serial number, key identifiers and signature alone. It
// is signed by a twin of c's issuer or, with the zero Parent, by the key itself:
// a trust anchor's signature is not looked at.
//
// It is as good or as bad as c: twins are not linted, and no store, file or
// service may get one.
func Twin(c *x509.Certificate, key crypto.Signer, by Parent) (*x509.Certificate, error) {
	twin, err := newTwin(c, key, by)
	if err != nil {
		return nil, fmt.Errorf("making a twin of %q: %w", c.Subject.String(), err)
	}
	if why := beyondKeys(c, twin, by.Key != nil); why != "" {
		return nil, fmt.Errorf("making a twin of %q: it has another %s", c.Subject.String(), why)
	}
	return twin, nil
}

// TwinKey makes the key for a twin: of the same kind, and used for nothing else.
func TwinKey(c *x509.Certificate) (crypto.Signer, error) {
	key, _, err := throwAwayKey(c.PublicKey)
	return key, err
}

func newTwin(c *x509.Certificate, key crypto.Signer, by Parent) (*x509.Certificate, error) {
	serial, err := newSerial(c.NotBefore)
	if err != nil {
		return nil, err
	}
	if by.Key == nil {
		by = Parent{Certificate: &x509.Certificate{RawSubject: c.RawIssuer}, Key: key}
	} else if !bytes.Equal(by.Certificate.RawSubject, c.RawIssuer) {
		return nil, fmt.Errorf("%q did not issue it", by.Certificate.Subject.String())
	}
	extensions, err := twinExtensions(c, key, by)
	if err != nil {
		return nil, err
	}
	// Whatever the extensions say stands in them alone: the fields that would
	// make more of them stay empty.
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: serial, RawSubject: c.RawSubject, NotBefore: c.NotBefore, NotAfter: c.NotAfter,
		ExtraExtensions: extensions,
	}, by.Certificate, key.Public(), by.Key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// The key identifiers, RFC 5280 sections 4.2.1.1 and 4.2.1.2.
const (
	arcAuthorityKey = 35
	arcSubjectKey   = 14
)

func twinExtensions(c *x509.Certificate, key crypto.Signer, by Parent) ([]pkix.Extension, error) {
	id, err := KeyID(key.Public())
	if err != nil {
		return nil, err
	}
	signer := by.Certificate.SubjectKeyId
	if bytes.Equal(c.AuthorityKeyId, c.SubjectKeyId) {
		signer = id
	}
	var list []pkix.Extension
	for _, e := range c.Extensions {
		switch {
		case isKeyID(e, arcSubjectKey):
			e.Value, err = asn1.Marshal(id)
		case isKeyID(e, arcAuthorityKey) && len(signer) > 0:
			e.Value, err = asn1.Marshal(struct {
				ID []byte `asn1:"optional,tag:0"`
			}{signer})
		}
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, nil
}

func isKeyID(e pkix.Extension, arc int) bool {
	return e.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, arc})
}

// beyondKeys names what differs in two certificates besides keys, serial
// number, key identifiers and signature. The same kind of signer gives the same
// algorithm.
func beyondKeys(a, b *x509.Certificate, sameKindOfSigner bool) string {
	switch {
	case a.Version != b.Version:
		return "version"
	case sameKindOfSigner && a.SignatureAlgorithm != b.SignatureAlgorithm:
		return "signature algorithm"
	case !bytes.Equal(a.RawIssuer, b.RawIssuer):
		return "issuer"
	case !bytes.Equal(a.RawSubject, b.RawSubject):
		return "subject"
	case !a.NotBefore.Equal(b.NotBefore) || !a.NotAfter.Equal(b.NotAfter):
		return "validity"
	case a.PublicKeyAlgorithm != b.PublicKeyAlgorithm:
		return "kind of key"
	}
	return beyondExtensions(a, b, arcSubjectKey, arcAuthorityKey)
}

// beyondExtensions names what differs in the extensions of two certificates
// besides the values of those that are free to.
func beyondExtensions(a, b *x509.Certificate, free ...int) string {
	if len(a.Extensions) != len(b.Extensions) {
		return "number of extensions"
	}
	for i, x := range a.Extensions {
		y := b.Extensions[i]
		same := bytes.Equal(x.Value, y.Value) || slices.ContainsFunc(free, func(arc int) bool { return isKeyID(x, arc) })
		if !x.Id.Equal(y.Id) || x.Critical != y.Critical || !same {
			return "extension " + x.Id.String()
		}
	}
	return ""
}
