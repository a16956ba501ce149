package prove_test

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"strings"
	"testing"
	"time"

	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/store"
)

func countAll() store.Filter { return store.Filter{} }

// withStatement is the policy with the statement of another one added.
func withStatement(trust, other string) string {
	_, statement, _ := strings.Cut(other, `"Statement":[`)
	at := strings.LastIndex(trust, "]")
	return trust[:at] + "," + strings.TrimSuffix(statement, "]}") + trust[at:]
}

// strangerPEM is the certificate of a CA that is nobody's.
func strangerPEM(t *testing.T) string {
	t.Helper()
	key, err := keys.Generate(keys.P256)
	if err != nil {
		t.Fatal(err)
	}
	return string(pki.EncodePEM(signedCA(t, pkix.Name{CommonName: "stranger"}, key.Public(), nil, key)))
}

// signedCA makes a CA certificate with crypto/x509 alone; without a parent it
// names itself as its issuer.
func signedCA(t *testing.T, subject pkix.Name, pub crypto.PublicKey, parent *x509.Certificate, signer crypto.Signer) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(77), Subject: subject, NotBefore: start().AddDate(0, -1, 0), NotAfter: start().AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, pub, signer)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// reissued is a certificate with the name and the key of one of our issuers,
// signed by a CA that is nobody's: what an issuer's operator can have made
// anywhere.
func reissued(l *lab, addr string) string {
	l.t.Helper()
	ours, err := pki.ParseOne([]byte(l.certificate(addr)))
	l.must(err)
	key, err := keys.Generate(keys.P256)
	l.must(err)
	stranger := signedCA(l.t, pkix.Name{CommonName: "stranger"}, key.Public(), nil, key)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(78), RawSubject: ours.RawSubject, NotBefore: start().AddDate(0, -1, 0), NotAfter: start().Add(2000 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, SubjectKeyId: ours.SubjectKeyId,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, stranger, ours.PublicKey, key)
	l.must(err)
	c, err := x509.ParseCertificate(der)
	l.must(err)
	return string(pki.EncodePEM(c))
}
