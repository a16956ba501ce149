package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"
)

// What a certificate may not have that its linted twin has not: each case signs
// something that was not linted.
func TestACertificateIsHeldToItsLintedTwin(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	spec := WorkloadSpec{Environment: "prod", Workload: "backup", Instance: "0001", Organization: "Example Corp",
		TrustDomain: "example.internal", Lifetime: time.Hour, Now: at}
	issuer := &x509.Certificate{
		Subject: pkix.Name{CommonName: "prod issuer 1"}, SubjectKeyId: []byte{1, 2, 3}, NotBefore: at.Add(-time.Hour), NotAfter: at.Add(24 * time.Hour),
	}
	made := func(change func(*x509.Certificate)) (der []byte, template *x509.Certificate) {
		t.Helper()
		template, err := spec.template(key.Public(), issuer)
		if err != nil {
			t.Fatal(err)
		}
		changed := *template
		change(&changed)
		if der, err = x509.CreateCertificate(rand.Reader, &changed, issuer, changed.PublicKey, key); err != nil {
			t.Fatal(err)
		}
		return der, template
	}
	der, _ := made(func(*x509.Certificate) {})
	twin, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	m, err := newMould(twin)
	if err != nil {
		t.Fatal(err)
	}
	other, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		change func(*x509.Certificate)
		want   string
	}{
		{"nothing else", func(*x509.Certificate) {}, ""},
		{"a short serial number", func(c *x509.Certificate) { c.SerialNumber = big.NewInt(7) }, "serial number"},
		{"a longer life", func(c *x509.Certificate) { c.NotAfter = c.NotAfter.Add(time.Second) }, "validity"},
		{"another key", func(c *x509.Certificate) { c.PublicKey = other.Public() }, "key"},
		{"another signature algorithm", func(c *x509.Certificate) { c.SignatureAlgorithm = x509.ECDSAWithSHA512 }, "structure"},
		{"a date beyond 2049", func(c *x509.Certificate) { c.NotAfter = c.NotAfter.AddDate(40, 0, 0) }, "validity"},
		{"another key identifier", func(c *x509.Certificate) { c.SubjectKeyId = make([]byte, 20) }, "key identifier"},
		{"another common name", func(c *x509.Certificate) { c.Subject.CommonName = "backup@0002" }, "subject"},
		{"another unit", func(c *x509.Certificate) { c.Subject.OrganizationalUnit = []string{"dev"} }, "subject"},
		{"one attribute more", func(c *x509.Certificate) { c.Subject.Country = []string{"DE"} }, "subject"},
		{"a CA", func(c *x509.Certificate) { c.IsCA = true }, "extension"},
		{"another usage", func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCertSign }, "extension"},
		{"a purpose more", func(c *x509.Certificate) { c.ExtKeyUsage = append(c.ExtKeyUsage, x509.ExtKeyUsageServerAuth) }, "extension"},
		{"a name more", func(c *x509.Certificate) { c.DNSNames = []string{"a.example.internal"} }, "extension"},
		{"an extension more", func(c *x509.Certificate) { c.CRLDistributionPoints = []string{"http://crl.example.internal"} }, "extension"},
	} {
		t.Run(test.name, func(t *testing.T) {
			der, template := made(test.change)
			spki, err := x509.MarshalPKIXPublicKey(template.PublicKey)
			if err != nil {
				t.Fatal(err)
			}
			if _, got := m.read(der, template, spki); got != test.want {
				t.Errorf("another %q, want %q", got, test.want)
			}
		})
	}
}
