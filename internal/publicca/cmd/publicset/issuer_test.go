package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"

	"anchorctl/internal/publicca"
)

// What an RSA key of the set has signed is found by the signature, in either
// padding, whatever name the certificate gives its issuer; not where the caller
// has the signer at hand, which is looked up as a key then.
func TestWhatAnRSAKeyHasSignedIsFoundInEitherPadding(t *testing.T) {
	public, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	c := nothing()
	c.addCertificate(certificate(t, public.Public(), public), publicca.Root, "file", 0)
	known, _ := c.sorted()
	file, err := encode(known, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	set := publicca.Open(string(file), `[{"name": "a list", "version": "1"}]`)
	for _, algorithm := range []x509.SignatureAlgorithm{
		x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA, x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS,
	} {
		for i := range 10 { // a number that happens to be shorter must not hide it
			template := &x509.Certificate{SerialNumber: big.NewInt(int64(i + 1)), SignatureAlgorithm: algorithm}
			issuer := &x509.Certificate{Subject: pkix.Name{CommonName: "whoever"}}
			if e, ok := set.IssuerOf(signed(t, template, issuer, private, public)); !ok || e.Kind != publicca.Root {
				t.Errorf("%s: not found: %v", algorithm, set.Err())
			}
			if e, ok := set.IssuerOf(signed(t, template, issuer, public, private)); ok {
				t.Errorf("%s: a private signature is said to be that of %s", algorithm, e.Name)
			}
		}
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	atHand := signed(t, template, &x509.Certificate{Subject: pkix.Name{CommonName: "whoever"}}, private, public)
	if _, ok := set.IssuerOf(atHand, public.Public()); ok {
		t.Error("all keys were tried although the signer is at hand")
	}
	if e, ok := set.Key(public.Public()); !ok {
		t.Errorf("the signer at hand is not known: %+v", e)
	}
}

func signed(t *testing.T, template, issuer *x509.Certificate, subject, signer *rsa.PrivateKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, subject.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
