package pki

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"time"

	"anchorctl/internal/signature"
)

// mould is a linted twin that is cut where certificates of its shape have
// something of their own. What comes out of it holds the twin's bytes, serial
// number, dates, common name, key and key identifier apart.
type mould struct {
	twin                       *x509.Certificate
	version, algorithm, issuer []byte // whole elements
	before, after              []byte // the subject's attributes around the common name
	nameTag                    byte   // the kind of string of the common name
	extensions                 []byte
	keyID                      int // where in them the key identifier begins
	hash                       crypto.Hash
	scheme                     signature.Scheme
}

func newMould(twin *x509.Certificate) (*mould, error) {
	other := errors.New("the linted twin has other fields than its shape")
	content, ok := sequence(twin.RawTBSCertificate)
	if !ok {
		return nil, other
	}
	parts, err := elements(content)
	// version, serialNumber, signature, issuer, validity, subject,
	// subjectPublicKeyInfo, extensions (RFC 5280 section 4.1)
	if err != nil || len(parts) != 8 {
		return nil, other
	}
	m := &mould{
		twin: twin, version: parts[0].FullBytes, algorithm: parts[2].FullBytes, issuer: parts[3].FullBytes,
		extensions: parts[7].FullBytes, scheme: signature.SchemeOf(twin),
	}
	if m.hash, err = hashOf(twin.SignatureAlgorithm); err != nil {
		return nil, err
	}
	if m.keyID = bytes.Index(m.extensions, twin.SubjectKeyId); m.keyID < 0 || bytes.Count(m.extensions, twin.SubjectKeyId) != 1 {
		return nil, other
	}
	return m, m.cutSubject(parts[5])
}

// cutSubject finds the common name, whose set holds nothing else.
func (m *mould) cutSubject(subject asn1.RawValue) error {
	names, err := attributes(subject.FullBytes)
	if err != nil {
		return err
	}
	sets, err := elements(subject.Bytes)
	if err != nil {
		return err
	}
	for i, set := range sets {
		switch {
		case bytes.Equal(names[i][0].FullBytes, oidCommonName()):
			if m.nameTag != 0 {
				return errors.New("the linted twin has two common names")
			}
			m.nameTag = byte(names[i][1].Tag)
		case m.nameTag == 0:
			m.before = append(m.before, set.FullBytes...)
		default:
			m.after = append(m.after, set.FullBytes...)
		}
	}
	if m.nameTag == 0 {
		return errors.New("the linted twin has no common name")
	}
	return nil
}

// oidCommonName is the encoded id-at-commonName (RFC 5280 appendix A.1).
func oidCommonName() []byte { return []byte{0x06, 0x03, 0x55, 0x04, 0x03} }

// hashOf is the hash of a signature algorithm that throwAwayKey gives.
func hashOf(a x509.SignatureAlgorithm) (crypto.Hash, error) {
	switch a {
	case x509.SHA256WithRSA, x509.ECDSAWithSHA256:
		return crypto.SHA256, nil
	case x509.ECDSAWithSHA384:
		return crypto.SHA384, nil
	case x509.ECDSAWithSHA512:
		return crypto.SHA512, nil
	}
	return 0, fmt.Errorf("signing with %s is not supported", a)
}

// cast makes and signs the certificate of a template of the twin's shape, for an
// encoded key.
func (m *mould) cast(t *x509.Certificate, spki []byte, key crypto.Signer) ([]byte, error) {
	if len(t.SubjectKeyId) != len(m.twin.SubjectKeyId) {
		return nil, errors.New("the key identifier has another length than the linted twin's")
	}
	name := element(0x31, element(0x30, oidCommonName(), element(m.nameTag, []byte(t.Subject.CommonName))))
	tbs := element(0x30, m.version, element(0x02, t.SerialNumber.Bytes()), m.algorithm, m.issuer,
		element(0x30, date(t.NotBefore), date(t.NotAfter)), element(0x30, m.before, name, m.after), spki,
		m.extensions[:m.keyID], t.SubjectKeyId, m.extensions[m.keyID+len(t.SubjectKeyId):])
	h := m.hash.New()
	h.Write(tbs) // never fails
	sum, err := key.Sign(rand.Reader, h.Sum(nil), m.hash)
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	return element(0x30, tbs, m.algorithm, element(0x03, []byte{0}, sum)), nil
}

// date is a date as RFC 5280 section 4.1.2.5 demands it.
func date(t time.Time) []byte {
	if t.Year() >= 2050 {
		return element(0x18, []byte(t.UTC().Format("20060102150405Z")))
	}
	return element(0x17, []byte(t.UTC().Format("060102150405Z")))
}
