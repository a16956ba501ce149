package pki_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"testing"
	"time"

	"anchorctl/internal/pki"
)

type keyMaker struct {
	name string
	make func() (crypto.Signer, error)
}

func keyMakers() []keyMaker {
	ec := func(c elliptic.Curve) func() (crypto.Signer, error) {
		return func() (crypto.Signer, error) { return ecdsa.GenerateKey(c, rand.Reader) }
	}
	rs := func(bits int) func() (crypto.Signer, error) {
		return func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, bits) }
	}
	return []keyMaker{
		{"ecdsa-p256", ec(elliptic.P256())},
		{"ecdsa-p384", ec(elliptic.P384())},
		{"rsa-2048", rs(2048)},
		{"rsa-3072", rs(3072)},
		{"rsa-4096", rs(4096)},
	}
}

func now() time.Time { return time.Date(2026, 11, 2, 12, 0, 0, 123456789, time.UTC) }

// chain makes a root, an issuer and a workload certificate, the way apply and
// issue do.
type chain struct {
	rootKey, issuerKey, leafKey crypto.Signer
	root, issuer, leaf          *x509.Certificate
}

func newChain(t testing.TB, kind keyMaker, domains, dns []string, noConstraint bool) chain {
	t.Helper()
	return newChainAt(t, now(), kind, domains, dns, noConstraint)
}

func newChainAt(t testing.TB, at time.Time, kind keyMaker, domains, dns []string, noConstraint bool) chain {
	t.Helper()
	var c chain
	for _, k := range []*crypto.Signer{&c.rootKey, &c.issuerKey, &c.leafKey} {
		key, err := kind.make()
		if err != nil {
			t.Fatal(err)
		}
		*k = key
	}
	var err error
	root := rootSpec()
	root.Now = at
	c.root, err = pki.NewRoot(root, c.rootKey)
	if err != nil {
		t.Fatal(err)
	}
	issuer := issuerSpec()
	issuer.Now, issuer.DNSDomains, issuer.NoNameConstraint = at, domains, noConstraint
	c.issuer, err = pki.NewIssuer(issuer, c.issuerKey.Public(), pki.Parent{Certificate: c.root, Key: c.rootKey})
	if err != nil {
		t.Fatal(err)
	}
	workload := workloadSpec()
	workload.Now, workload.DNS = at, dns
	c.leaf, err = pki.NewWorkload(workload, c.leafKey.Public(), pki.Parent{Certificate: c.issuer, Key: c.issuerKey})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func rootSpec() pki.RootSpec {
	return pki.RootSpec{Name: "example", Organization: "Example Corp", Generation: 1, Lifetime: 3650 * 24 * time.Hour, Now: now()}
}

func issuerSpec() pki.IssuerSpec {
	return pki.IssuerSpec{Environment: "prod", Generation: 2, Organization: "Example Corp", TrustDomain: "example.internal",
		Lifetime: 365 * 24 * time.Hour, Now: now()}
}

func workloadSpec() pki.WorkloadSpec {
	return pki.WorkloadSpec{Environment: "prod", Workload: "backup", Organization: "Example Corp", TrustDomain: "example.internal",
		Lifetime: 24 * time.Hour, Now: now()}
}

func TestEveryKindOfKeyGivesACleanChain(t *testing.T) {
	for _, kind := range keyMakers() {
		t.Run(kind.name, func(t *testing.T) {
			c := newChain(t, kind, []string{"prod.example.internal"}, []string{"backup.prod.example.internal"}, false)
			for _, cert := range []*x509.Certificate{c.root, c.issuer, c.leaf} {
				for _, p := range pki.Lint(cert) {
					t.Errorf("%s: %s [%s]", cert.Subject, p.Message, p.Code)
				}
			}
		})
	}
}

func ecdsaKey(c elliptic.Curve) (crypto.Signer, error) { return ecdsa.GenerateKey(c, rand.Reader) }
