package pki_test

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/pki/pkitest"
)

func twinOf(t *testing.T, c *x509.Certificate, by pki.Parent) pki.Parent {
	t.Helper()
	key, err := pki.TwinKey(c)
	if err != nil {
		t.Fatal(err)
	}
	twin, err := pki.Twin(c, key, by)
	if err != nil {
		t.Fatal(err)
	}
	return pki.Parent{Certificate: twin, Key: key}
}

// made is an estate's root and issuer as the program makes them.
func madeEstate(t *testing.T, kind keys.Type) (root, issuer *x509.Certificate) {
	t.Helper()
	key := func() crypto.Signer {
		k, err := keys.Generate(kind)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	rootKey, issuerKey := key(), key()
	root, err := pki.NewRoot(pki.RootSpec{Name: "example", Organization: "Example Corp", Generation: 1, Lifetime: 3650 * 24 * time.Hour, Now: pkitest.Now()}, rootKey)
	if err != nil {
		t.Fatal(err)
	}
	issuer, err = pki.NewIssuer(pki.IssuerSpec{
		Environment: "prod", Generation: 3, Organization: "Example Corp", TrustDomain: "example.internal",
		DNSDomains: []string{"prod.example.internal"}, Lifetime: 365 * 24 * time.Hour, Now: pkitest.Now(),
	}, issuerKey.Public(), pki.Parent{Certificate: root, Key: rootKey})
	if err != nil {
		t.Fatal(err)
	}
	return root, issuer
}

// What must be the same is written out here, field by field.
func TestATwinDiffersInItsKeysAlone(t *testing.T) {
	for _, kind := range []keys.Type{keys.P256, keys.P384, keys.RSA2048} {
		t.Run(string(kind), func(t *testing.T) {
			root, issuer := madeEstate(t, kind)
			twinRoot := twinOf(t, root, pki.Parent{})
			twin := twinOf(t, issuer, twinRoot).Certificate
			for name, same := range map[string]bool{
				"subject":                bytes.Equal(twin.RawSubject, issuer.RawSubject),
				"issuer":                 bytes.Equal(twin.RawIssuer, issuer.RawIssuer),
				"start":                  twin.NotBefore.Equal(issuer.NotBefore),
				"end":                    twin.NotAfter.Equal(issuer.NotAfter),
				"usage":                  twin.KeyUsage == issuer.KeyUsage && len(twin.ExtKeyUsage) == 1,
				"path length":            twin.MaxPathLenZero && twin.IsCA,
				"permitted URIs":         strings.Join(twin.PermittedURIDomains, " ") == "prod.example.internal" && twin.PermittedDNSDomainsCritical,
				"permitted DNS":          strings.Join(twin.PermittedDNSDomains, " ") == "prod.example.internal",
				"signature's algorithm":  twin.SignatureAlgorithm == issuer.SignatureAlgorithm,
				"root's path length":     twinRoot.Certificate.MaxPathLen == 1,
				"root's names":           bytes.Equal(twinRoot.Certificate.RawSubject, root.RawSubject) && bytes.Equal(twinRoot.Certificate.RawIssuer, root.RawIssuer),
				"root is its own issuer": pki.SelfSigned(twinRoot.Certificate) && bytes.Equal(twinRoot.Certificate.AuthorityKeyId, twinRoot.Certificate.SubjectKeyId),
			} {
				if !same {
					t.Errorf("another %s: %+v", name, twin)
				}
			}
			if pki.SameKey(twin, issuer) || twin.SerialNumber.Cmp(issuer.SerialNumber) == 0 || bytes.Equal(twin.SubjectKeyId, issuer.SubjectKeyId) {
				t.Error("the twin has the key, the serial number or the key identifier of the original")
			}
			if _, err := pki.VerifyPath(twin, nil, []*x509.Certificate{twinRoot.Certificate}, pkitest.Now(), pki.AsIssuer); err != nil {
				t.Error(err)
			}
			if _, err := pki.VerifyPath(twin, nil, []*x509.Certificate{root}, pkitest.Now(), pki.AsIssuer); err == nil {
				t.Error("the twin leads to the real root")
			}
			if len(pki.Lint(twin)) > 0 {
				t.Error(pki.Lint(twin))
			}
		})
	}
}

func TestATwinOfACertificateOfAnotherIsRefused(t *testing.T) {
	_, issuer := madeEstate(t, keys.P256)
	other := pkitest.Root(t, pkitest.Name("another root"))
	key, err := pki.TwinKey(issuer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pki.Twin(issuer, key, other.Parent()); err == nil || !strings.Contains(err.Error(), "did not issue it") {
		t.Errorf("error is %v", err)
	}
}

func TestATwinThatCannotSayTheSameIsRefused(t *testing.T) {
	_, issuer := madeEstate(t, keys.P256)
	root, _ := madeEstate(t, keys.P384)
	otherKind, err := pki.TwinKey(root)
	if err != nil {
		t.Fatal(err)
	}
	// P-384 signs with another algorithm, and so a twin under it would differ.
	twinRoot := twinOf(t, root, pki.Parent{})
	if _, err := pki.Twin(issuer, otherKind, twinRoot); err == nil || !strings.Contains(err.Error(), "another signature algorithm") {
		t.Errorf("error is %v", err)
	}
}
