package admission_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"

	"anchorctl/internal/admission"
	"anchorctl/internal/rules"
)

func TestARootThatIsSomebodyElsesIsJudged(t *testing.T) {
	now := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	key := func(curve elliptic.Curve) crypto.Signer {
		k, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	own, other := key(elliptic.P384()), key(elliptic.P384())
	for _, test := range []struct {
		name  string
		spoil func(c *x509.Certificate)
		by    crypto.Signer // nil: itself
		rule  string        // that refuses; "" is none
	}{
		{"a good one", func(*x509.Certificate) {}, nil, ""},
		{"one with a name that no session tag could carry", func(c *x509.Certificate) { c.Subject.Organization = []string{"Big & Corp"} }, nil, ""},
		{"one that is no CA", func(c *x509.Certificate) { c.IsCA = false; c.KeyUsage = x509.KeyUsageDigitalSignature }, nil, "ANC003"},
		{"one that may not sign certificates", func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign }, nil, "ANC004"},
		{"one for servers alone", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }, nil, "ANC004"},
		{"one that has expired", func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Hour) }, nil, "ANC005"},
		{"one without room below it", func(c *x509.Certificate) { c.MaxPathLenZero = true }, nil, "ANC010"},
		{"one that somebody else has signed", func(*x509.Certificate) {}, other, "ANC006"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := &x509.Certificate{
				SerialNumber: new(big.Int).Lsh(big.NewInt(1), 100), Subject: pkix.Name{CommonName: "corp root", Organization: []string{"Big Corp"}},
				NotBefore: now.Add(-time.Hour), NotAfter: now.Add(3650 * 24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
				KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, SubjectKeyId: []byte{1, 2, 3},
			}
			test.spoil(c)
			by, parent := own, c
			if test.by != nil {
				by, parent = test.by, &x509.Certificate{Subject: pkix.Name{CommonName: "above"}, SubjectKeyId: []byte{4}}
			}
			der, err := x509.CreateCertificate(rand.Reader, c, parent, own.Public(), by)
			if err != nil {
				t.Fatal(err)
			}
			root, err := x509.ParseCertificate(der)
			if err != nil {
				t.Fatal(err)
			}
			refused := map[string]bool{}
			for _, f := range admission.JudgeRoot("root.pem", root, now) {
				if f.Severity == rules.Refuse {
					refused[f.Rule] = true
				}
			}
			if len(refused) > 0 && test.rule == "" || test.rule != "" && !refused[test.rule] {
				t.Errorf("refused by %v, want %q", refused, test.rule)
			}
		})
	}
}
