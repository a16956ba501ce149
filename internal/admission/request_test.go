package admission_test

import (
	"crypto"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"math/big"
	"strings"
	"testing"

	"anchorctl/internal/admission"
	"anchorctl/internal/pki"
	"anchorctl/internal/pki/pkitest"
	"anchorctl/internal/publicca"
	"anchorctl/internal/rules"
)

func TestReadRequest(t *testing.T) {
	key := pkitest.ECKey(t, elliptic.P256())
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		t.Fatal(err)
	}
	if r, findings := admission.ReadRequest("host.csr", der); len(findings) != 0 || r.Key == nil {
		t.Errorf("a request: %v", findings)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, data, evidence, remedy string }{
		{"a certificate", string(pkitest.Root(t).PEM()), "found a certificate", "make a new key"},
		{"a private key", string(pkcs8), "found a private key", "keep the private key on the host"},
		{"nothing", "", "found nothing", "make a new key"},
	} {
		_, findings := admission.ReadRequest("host.csr", []byte(c.data))
		if len(findings) != 1 || findings[0].Rule != "ANC206" || findings[0].At != "host.csr" ||
			!strings.Contains(findings[0].Evidence, c.evidence) || !strings.Contains(findings[0].Remedy, c.remedy) {
			t.Errorf("%s: %+v", c.name, findings)
		}
	}
}

func TestJudgeKey(t *testing.T) {
	e := pkitest.NewEstate(t, "prod", "dev")
	cas := []admission.Use{
		{Certificate: e.Root.Certificate, By: "root#1"}, {Certificate: e.Issuers["prod"].Certificate, By: "issuer/prod#1"},
		{Certificate: e.Issuers["dev"].Certificate, By: "issuer/dev#1", Retired: true}, {By: "issuer/lost#1"},
	}
	sound := pkitest.RSAKey(t, 2048).PublicKey
	square := &rsa.PublicKey{N: new(big.Int).Mul(sound.N, sound.N), E: 65537}
	first := new(big.Int).Lsh(big.NewInt(3), 1022)
	near := &rsa.PublicKey{N: new(big.Int).Mul(nextPrime(first), nextPrime(new(big.Int).Add(first, big.NewInt(1_000_000)))), E: 65537}
	public := publicKeyOfTheSet(t)
	for _, c := range []struct {
		name   string
		key    crypto.PublicKey
		former string
		want   []string
	}{
		{"P-256", pkitest.ECKey(t, elliptic.P256()).Public(), "", nil},
		{"P-384", pkitest.ECKey(t, elliptic.P384()).Public(), "", nil},
		{"RSA 2048", &sound, "", nil},
		{"P-224", pkitest.ECKey(t, elliptic.P224()).Public(), "", []string{"curve P-224"}},
		{"P-521", pkitest.ECKey(t, elliptic.P521()).Public(), "", []string{"P-521"}},
		{"Ed25519", pkitest.EdKey(t).Public(), "", []string{"neither ECDSA nor RSA"}},
		{"no key", nil, "", []string{"cannot be judged"}},
		{"RSA 1024", pkitest.RSAKey(t, 1024).Public(), "", []string{"1024 bits"}},
		{"an unusual size", pkitest.RSAKey(t, 2304).Public(), "", []string{"unusual size of 2304 bits"}},
		{"a small exponent", &rsa.PublicKey{N: sound.N, E: 3}, "", []string{"small exponent 3"}},
		{"a square", square, "", []string{"the power of a number"}},
		{"primes close together", near, "", []string{"close together"}},
		{"the issuer's own", e.Issuers["prod"].Key.Public(), "", []string{"the key is that of issuer/prod#1"}},
		{"another environment's retired issuer's", e.Issuers["dev"].Key.Public(), "", []string{"the key is that of issuer/dev#1"}},
		{"the root's", e.Root.Key.Public(), "", []string{"the key is that of root#1"}},
		{"another workload's", pkitest.ECKey(t, elliptic.P256()).Public(), "prod/reports", []string{"issued to prod/reports"}},
		{"an issuer's that a workload had", e.Issuers["prod"].Key.Public(), "prod/reports", []string{"issuer/prod#1", "prod/reports"}},
		{"a public CA's", public, "", []string{"the key is that of the"}},
	} {
		findings := admission.JudgeKey(admission.KeyCase{At: "host.csr", Key: c.key, CAs: cas, Former: c.former})
		if len(findings) != len(c.want) {
			t.Errorf("%s: %v, want %q", c.name, findings, c.want)
			continue
		}
		for i, f := range findings {
			if f.Rule != "ANC206" || f.Severity != rules.Refuse || !strings.Contains(f.Evidence, c.want[i]) {
				t.Errorf("%s: %v, want %q", c.name, f, c.want[i])
			}
		}
	}
}

func nextPrime(n *big.Int) *big.Int {
	p := new(big.Int).SetBit(n, 0, 1)
	for !p.ProbablyPrime(10) {
		p.Add(p, big.NewInt(2))
	}
	return p
}

// publicKeyOfTheSet is the key of a public CA that workloads could have by its
// kind.
func publicKeyOfTheSet(t *testing.T) crypto.PublicKey {
	t.Helper()
	for r := range publicca.Load().All() {
		if r.Kind == publicca.Root && pki.KeyKind(r.Key) == "ecdsa-p384" {
			return r.Key
		}
	}
	t.Fatal("the set has no root on P-384")
	return nil
}

func TestACompromisedKeyIsRefused(t *testing.T) {
	findings := admission.JudgeKey(admission.KeyCase{At: "host.csr", Key: pkitest.ECDSA(t).Public(), Compromised: true})
	if len(findings) != 1 || !strings.Contains(findings[0].Evidence, "keyCompromise") {
		t.Errorf("%v", findings)
	}
}

// A set that cannot be read knows nothing, so nothing is certified.
func TestNoKeyPassesABrokenPublicSet(t *testing.T) {
	findings := admission.JudgeKey(admission.KeyCase{At: "host.csr", Key: pkitest.ECKey(t, elliptic.P256()).Public(), Public: publicca.Open("", "")})
	if !rules.Refused(findings) {
		t.Error("it passed")
	}
}
