package pki_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // what must be recognised
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"anchorctl/internal/pki"
	"anchorctl/internal/pki/pkitest"
)

func TestSelfSignedGoesByTheKey(t *testing.T) {
	root := pkitest.Root(t)
	cases := []struct {
		name string
		cert pkitest.Cert
		want bool
	}{
		{"a root", root, true},
		{"an issuer", root.Issuer(t, "prod"), false},
		{"an issuer with the names of the root above it, but signed by itself", root.Issuer(t, "prod", pkitest.SelfSigned()), true},
		{"an issuer with the name of its parent, signed by the parent", root.Issuer(t, "prod", pkitest.Name("example root 1"),
			pkitest.With(func(c *x509.Certificate) { c.Subject.OrganizationalUnit = nil })), false},
		{"a leaf signed by itself", root.Leaf(t, "prod", "backup", pkitest.SelfSigned()), true},
		{"a certificate of the parent's own key under another name", root.Issuer(t, "prod", pkitest.Key(root.Key)), true},
	}
	for _, c := range cases {
		if got := pki.SelfSigned(c.cert.Certificate); got != c.want {
			t.Errorf("%s: got %t, want %t", c.name, got, c.want)
		}
	}
}

// Hashes and key sizes that crypto/x509 refuses must not hide who signed.
func TestSelfSignedSeesThroughBrokenAlgorithms(t *testing.T) {
	openssl := needTool(t, "openssl")
	cases := [][]string{
		{"-newkey", "rsa:2048", "-sha1"},
		{"-newkey", "rsa:2048", "-md5"},
		{"-newkey", "rsa:2048", "-sha512"},
		{"-newkey", "rsa:512", "-sha256"},
		{"-newkey", "rsa:1024", "-sha1"},
		{"-newkey", "rsa:768", "-md5"},
		{"-newkey", "rsa:2048", "-sha256", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"},
		{"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-sha1"},
		{"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-224", "-sha256"},
		{"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521", "-sha512"},
		{"-newkey", "ed25519"},
	}
	conf := filepath.Join(t.TempDir(), "openssl.cnf")
	if err := os.WriteFile(conf, []byte("[req]\ndistinguished_name = dn\n[dn]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, c := range cases {
		path := filepath.Join(t.TempDir(), "cert.der")
		args := append([]string{"req", "-x509", "-nodes", "-subj", "/CN=x", "-keyout", filepath.Join(t.TempDir(), "k"), "-outform", "DER", "-out", path}, c...)
		cmd := exec.CommandContext(t.Context(), openssl, args...)
		cmd.Env = append(cmd.Environ(), "OPENSSL_CONF="+conf)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Logf("openssl does not make %v: %s", c, out)
			continue
		}
		der, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			t.Logf("crypto/x509 does not read %v: %v", c, err)
			continue
		}
		tried++
		if !pki.SelfSigned(cert) {
			t.Errorf("%v: not recognised as self-signed", c)
		}
		torn := *cert
		torn.RawTBSCertificate = append(bytes.Clone(cert.RawTBSCertificate), 0)
		if pki.SelfSigned(&torn) {
			t.Errorf("%v: recognised although the signature does not hold", c)
		}
	}
	if tried < 8 {
		t.Errorf("only %d of %d could be tried", tried, len(cases))
	}
}

// An RSA key may have an exponent that crypto/rsa refuses to use.
func TestOddRSAKeysDoNotPanic(t *testing.T) {
	root := pkitest.Root(t).Certificate
	for _, key := range []*rsa.PublicKey{
		{N: big.NewInt(1), E: 1}, {N: big.NewInt(0), E: 3}, {N: new(big.Int).Lsh(big.NewInt(1), 300), E: 2},
		{N: new(big.Int).Lsh(big.NewInt(1), 20000), E: 3}, {N: new(big.Int).Lsh(big.NewInt(1), 2048), E: 0},
	} {
		for alg := x509.UnknownSignatureAlgorithm; alg <= x509.PureEd25519; alg++ {
			c := *root
			c.PublicKey, c.SignatureAlgorithm = key, alg
			if pki.SelfSigned(&c) {
				t.Errorf("key %v verifies", key)
			}
		}
	}
	c := *root
	c.PublicKey = nil
	if pki.SelfSigned(&c) || len(pki.SPKI(&c)) == 0 {
		t.Error("a certificate whose key is unknown")
	}
}

func TestKeysAreComparedAsKeys(t *testing.T) {
	a := pkitest.Root(t)
	b := pkitest.Root(t, pkitest.Key(a.Key), pkitest.Name("another"))
	if !pki.SameKey(a.Certificate, b.Certificate) || pki.SameKey(a.Certificate, pkitest.Root(t).Certificate) {
		t.Error("keys are not compared by what they are")
	}
	// The same RSA key with the parameters of its algorithm left out.
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	usual := pkitest.Root(t, pkitest.Key(key)).Certificate
	odd := *usual
	odd.RawSubjectPublicKeyInfo = []byte{0x30, 0x00}
	if !bytes.Equal(pki.SPKI(usual), pki.SPKI(&odd)) {
		t.Error("the encoding of a key changes its SPKI")
	}
	if d, err := pki.DigestOfKey(key.Public()); err != nil || d != pki.SPKIDigest(usual) {
		t.Errorf("the digest of a key is not that of its certificate: %v", err)
	}
}

// FuzzSelfSigned: whatever crypto/x509 says verifies under its own key must not
// pass as signed by somebody else, and no such certificate has a path to a root
// that did not sign it.
func FuzzSelfSigned(f *testing.F) {
	root := pkitest.Root(f)
	f.Add(root.Certificate.Raw)
	f.Add(root.Issuer(f, "prod").Certificate.Raw)
	f.Add(root.Issuer(f, "prod", pkitest.SelfSigned()).Certificate.Raw)
	f.Add(root.Leaf(f, "prod", "backup", pkitest.SelfSigned()).Certificate.Raw)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(pkitest.Root(f, pkitest.Key(rsaKey)).Certificate.Raw)
	f.Fuzz(func(t *testing.T, der []byte) {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return
		}
		if c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil && !pki.SelfSigned(c) {
			t.Error("a self-signed certificate passes as signed by another")
		}
		for _, u := range []pki.Usage{pki.AsIssuer, pki.AsWorkload} {
			path, err := pki.VerifyPath(c, []*x509.Certificate{c}, []*x509.Certificate{root.Certificate}, pkitest.Now(), u)
			if err == nil && !pki.SignedBy(c, root.Certificate) {
				t.Errorf("a path of %d to a root that did not sign it", len(path))
			}
			if err == nil && pki.SelfSigned(c) && !pki.SameKey(c, root.Certificate) {
				t.Error("a path for a self-signed certificate")
			}
		}
	})
}

// FuzzVerifyPathNames feeds name constraints and names from elsewhere: a path that
// VerifyPath lets pass is one that crypto/x509 lets pass as well, or one that it
// refuses for a constraint it does not implement.
func FuzzVerifyPathNames(f *testing.F) {
	f.Add(directoryConstraint(f, 0, "Example Corp"), "spiffe://prod.example.internal/x", "x.example.org")
	f.Add(directoryConstraint(f, 1, "Example Corp"), "spiffe://x/", "*.example.org")
	f.Add(seq(f, context(f, 0, true, seq(f, context(f, 6, false, []byte(".example.internal"))))), "spiffe://prod.example.internal/x", "a")
	f.Add(seq(f, context(f, 1, true, seq(f, context(f, 2, false, []byte("b.example.org"))))), "a://b.c/", "*.example.org")
	f.Add(seq(f, context(f, 0, true, seq(f, context(f, 7, false, make([]byte, 8))))), "a://b.c/", "d")
	f.Add([]byte{0x30, 0x00}, "", "")
	root := pkitest.Root(f)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, constraint []byte, uri, dns string) {
		der, err := unlinted(root, key, constraint)
		if err != nil {
			return
		}
		i, err := x509.ParseCertificate(der)
		if err != nil {
			return
		}
		san := seq(t, context(t, 6, false, []byte(uri)), context(t, 2, false, []byte(dns)))
		leafDER, err := unlintedLeaf(i, key, san)
		if err != nil {
			return
		}
		leaf, err := x509.ParseCertificate(leafDER)
		if err != nil {
			return
		}
		_, ours := pki.VerifyPath(leaf, []*x509.Certificate{i}, []*x509.Certificate{root.Certificate}, pkitest.Now(), pki.AsWorkload)
		if ours != nil {
			return
		}
		roots, middle := x509.NewCertPool(), x509.NewCertPool()
		roots.AddCert(root.Certificate)
		middle.AddCert(i)
		_, theirs := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: middle, CurrentTime: pkitest.Now(),
			KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
		if theirs != nil && len(i.UnhandledCriticalExtensions) == 0 {
			t.Errorf("we accept what crypto/x509 refuses: %v", theirs)
		}
	})
}

func unlinted(root pkitest.Cert, key *ecdsa.PrivateKey, constraint []byte) ([]byte, error) {
	template := *root.Certificate
	template.SerialNumber, template.MaxPathLen, template.MaxPathLenZero = big.NewInt(2), 0, true
	template.Subject.CommonName, template.RawSubject = "issuer", nil
	template.SubjectKeyId = sha1Of("issuer")
	template.ExtraExtensions = []pkix.Extension{{Id: nameConstraints(), Critical: true, Value: constraint}}
	return x509.CreateCertificate(rand.Reader, &template, root.Certificate, key.Public(), root.Key)
}

func unlintedLeaf(issuer *x509.Certificate, key *ecdsa.PrivateKey, san []byte) ([]byte, error) {
	template := &x509.Certificate{SerialNumber: big.NewInt(3), NotBefore: pkitest.Now(), NotAfter: pkitest.Now(),
		KeyUsage: x509.KeyUsageDigitalSignature, Subject: issuer.Subject}
	template.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: san}}
	return x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), key)
}

func sha1Of(text string) []byte {
	sum := sha1.Sum([]byte(text)) //nolint:gosec // a key identifier
	return sum[:]
}
