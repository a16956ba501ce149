package publicca_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"math/big"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/x509roots/fallback/bundle"

	"anchorctl/internal/publicca"
)

func roots(t testing.TB) []*x509.Certificate {
	t.Helper()
	var certs []*x509.Certificate
	for r := range bundle.Roots() {
		c, err := x509.ParseCertificate(r.Certificate)
		if err != nil {
			t.Fatal(err)
		}
		certs = append(certs, c)
	}
	return certs
}

// The module in go.mod is one of the sources, and in the module cache of
// whoever builds this: all of it must be in the set.
func TestEveryRootOfTheModuleIsKnown(t *testing.T) {
	set := publicca.Load()
	if err := set.Err(); err != nil {
		t.Fatal(err)
	}
	for i, c := range roots(t) {
		if e, ok := set.Equal(c); !ok || e.Kind != publicca.Root || e.Name == "" || e.Source == "" {
			t.Errorf("%s: the certificate is not known: %+v", c.Subject, e)
		}
		if e, ok := set.KeyOf(c); !ok || e.Kind != publicca.Root {
			t.Errorf("%s: the key is not known: %+v", c.Subject, e)
		}
		// A root verifies under its own key, so the set must find its signer.
		if _, ok := set.IssuerOf(c); !ok {
			t.Errorf("%s: its signer is not known", c.Subject)
		}
		// Another certificate for the same key is not that certificate.
		again := *c
		again.Raw = append(bytes.Clone(c.Raw), 0)
		if _, ok := set.Equal(&again); ok {
			t.Errorf("%s: with a byte more it is still that certificate", c.Subject)
		}
		if i%10 > 0 { // what follows tries all keys
			continue
		}
		// The signer is found also when the names no longer say who that is.
		renamed := *c
		renamed.RawIssuer, renamed.AuthorityKeyId = []byte("somebody else"), []byte("another key")
		if _, ok := set.IssuerOf(&renamed); !ok {
			t.Errorf("%s: renamed, its signer is not known", c.Subject)
		}
	}
}

func TestTheModuleIsASource(t *testing.T) {
	gomod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	const module = "golang.org/x/crypto/x509roots/fallback"
	_, rest, found := strings.Cut(string(gomod), module+" ")
	if !found {
		t.Fatalf("go.mod does not require %s", module)
	}
	version := strings.Fields(rest)[0]
	for _, source := range publicca.Load().Sources() {
		if source.Package != "go:"+module || source.Version != version {
			continue
		}
		if stamp := strings.Split(version, "-")[1]; source.Date.Format("20060102150405") != stamp {
			t.Errorf("the source's date is %s, its module's %s", source.Date, stamp)
		}
		return
	}
	t.Errorf(`%s %s is not among the sources: name it there and run "make publicset"`, module, version)
}

func TestTheSetAndItsSourcesAgree(t *testing.T) {
	set := publicca.Load()
	if err := set.Err(); err != nil {
		t.Fatal(err)
	}
	sources := set.Sources()
	counts := make([]int, len(sources))
	kinds, known, hashed := map[publicca.Kind]int{}, 0, 0
	for r := range set.All() {
		kinds[r.Kind]++
		if r.Key == nil {
			hashed++
		} else {
			known++
		}
		if r.Name == "" || r.Source == "" || len(r.Sources) == 0 || r.Key == nil && r.SPKI == (publicca.Hash{}) {
			t.Errorf("a record says too little: %+v", r)
		}
		for _, i := range r.Sources {
			counts[i]++
		}
	}
	for i, s := range sources {
		if s.Count != counts[i] || s.Count == 0 {
			t.Errorf("%s %s: %d keys are said to be in it, %d are", s.Package, s.Version, s.Count, counts[i])
		}
		if sum, err := hex.DecodeString(s.SHA256); err != nil || len(sum) != sha256.Size {
			t.Errorf("%s %s: its SHA-256 is %q", s.Package, s.Version, s.SHA256)
		}
	}
	if known+hashed != set.Count() || hashed != set.Hashed() {
		t.Errorf("%d and %d keys are said to be %d and %d", known, hashed, set.Count()-set.Hashed(), set.Hashed())
	}
	for _, kind := range publicca.Kinds() {
		if kinds[kind] == 0 || kinds[kind] != set.CountOf(kind) {
			t.Errorf("%d keys of the kind %q are said to be %d", kinds[kind], kind, set.CountOf(kind))
		}
	}
	t.Logf("%d keys, %d of them by hash: %v", set.Count(), hashed, kinds)
}

// What ages is the newest store, not history that was added later.
func TestTheDateIsThatOfTheNewestStore(t *testing.T) {
	want := time.Time{}
	for _, s := range publicca.Load().Sources() {
		if s.Kind == "store" && s.Date.After(want) {
			want = s.Date
		}
	}
	if got := publicca.Load().Date(); !got.Equal(want) || got.Year() < 2026 {
		t.Errorf("the date is %s, that of the newest store %s", got, want)
	}
}

func TestABrokenSetKnowsNothing(t *testing.T) {
	whole, list := publicca.Embedded()
	for name, files := range map[string][2]string{
		"nothing":                       {"", list},
		"cut off":                       {whole[:len(whole)/2], list},
		"another format":                {strings.Replace(whole, "set 1", "set 2", 1), list},
		"without its sources":           {whole, "[]"},
		"with sources that are no JSON": {whole, "{"},
	} {
		t.Run(name, func(t *testing.T) {
			set := publicca.Open(files[0], files[1])
			if set.Err() == nil || set.Count() != 0 || !set.Stale(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)) {
				t.Errorf("it is taken: %v, %d keys of %s", set.Err(), set.Count(), set.Date())
			}
			if e, ok := set.KeyOf(roots(t)[0]); ok {
				t.Errorf("it knows %s", e.Name)
			}
			if e, ok := set.IssuerOf(roots(t)[0]); ok {
				t.Errorf("it knows %s", e.Name)
			}
		})
	}
}

func TestSetGrowsStale(t *testing.T) {
	set := publicca.Load()
	if set.Stale(set.Date().Add(publicca.MaxAge)) {
		t.Error("stale on its last good day")
	}
	if !set.Stale(set.Date().Add(publicca.MaxAge + time.Second)) {
		t.Error("not stale after it")
	}
}

func TestPrivateKeysAndCertificatesAreNotPublic(t *testing.T) {
	set := publicca.Load()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		check(t, set, key)
	}
	check(t, set, rsaKey)
	if _, ok := set.Key(nil); ok {
		t.Error("no key at all is a public CA's")
	}
}

func check(t *testing.T, set *publicca.Set, key crypto.Signer) {
	t.Helper()
	// The name and the identifier of a public CA do not make a public CA.
	public := *roots(t)[0]
	public.PublicKey = key.Public()
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(1), RawSubject: public.RawSubject, SubjectKeyId: public.SubjectKeyId,
		AuthorityKeyId: public.SubjectKeyId, IsCA: true, BasicConstraintsValid: true,
	}, &public, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	if e, ok := set.KeyOf(c); ok {
		t.Errorf("%T is said to be the key of %s", key, e.Name)
	}
	if e, ok := set.IssuerOf(c); ok {
		t.Errorf("a certificate signed by a private %T is said to be issued by %s", key, e.Name)
	}
}

func TestAKeyIsKnownHoweverItIsWritten(t *testing.T) {
	set := publicca.Load()
	for _, c := range roots(t) {
		key, ok := c.PublicKey.(*rsa.PublicKey)
		if !ok {
			continue
		}
		for name, alg := range map[string]pkix.AlgorithmIdentifier{
			"RSASSA-PSS without parameters": {Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}},
			"RSAES-OAEP":                    {Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 7}},
		} {
			bits := x509.MarshalPKCS1PublicKey(key)
			spki, err := asn1.Marshal(struct {
				Algorithm pkix.AlgorithmIdentifier
				Key       asn1.BitString
			}{alg, asn1.BitString{Bytes: bits, BitLength: 8 * len(bits)}})
			if err != nil {
				t.Fatal(err)
			}
			if _, ok := set.KeyOf(&x509.Certificate{RawSubjectPublicKeyInfo: spki}); !ok {
				t.Errorf("%s: labelled %s it is not known", c.Subject, name)
			}
		}
	}
	if _, ok := set.KeyOf(&x509.Certificate{RawSubjectPublicKeyInfo: []byte("no key")}); ok {
		t.Error("no key at all is a public CA's")
	}
}

// Whoever holds a private key holds that of the modulus with another exponent,
// and that of the point with the other sign.
func TestAKeyIsKnownInItsOtherForms(t *testing.T) {
	set := publicca.Load()
	for _, c := range roots(t) {
		switch key := c.PublicKey.(type) {
		case *rsa.PublicKey:
			if _, ok := set.Key(&rsa.PublicKey{N: key.N, E: 3}); !ok {
				t.Errorf("%s: with the exponent 3 it is not known", c.Subject)
			}
		case *ecdsa.PublicKey:
			point, err := key.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			half := len(point) / 2
			y := new(big.Int).Sub(key.Curve.Params().P, new(big.Int).SetBytes(point[1+half:]))
			y.FillBytes(point[1+half:])
			negated, err := ecdsa.ParseUncompressedPublicKey(key.Curve, point)
			if err != nil {
				t.Fatal(err)
			}
			if _, ok := set.Key(negated); !ok {
				t.Errorf("%s: with the other sign it is not known", c.Subject)
			}
		}
	}
}

// The signer of an ECDSA certificate is computed, not searched for: it must be
// found for every curve and hash, however their lengths meet.
func TestSignersHoldsTheSigner(t *testing.T) {
	for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		for _, alg := range []x509.SignatureAlgorithm{x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512} {
			for range 10 {
				key, err := ecdsa.GenerateKey(curve, rand.Reader)
				if err != nil {
					t.Fatal(err)
				}
				template := &x509.Certificate{SerialNumber: big.NewInt(1), SignatureAlgorithm: alg}
				der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
				if err != nil {
					t.Fatal(err)
				}
				c, err := x509.ParseCertificate(der)
				if err != nil {
					t.Fatal(err)
				}
				keys := publicca.Signers(c)
				if !slices.ContainsFunc(keys, func(k *ecdsa.PublicKey) bool { return k.Equal(key.Public()) }) || len(keys) > 4 {
					t.Errorf("%s, %s: the signer is not among %d keys", curve.Params().Name, alg, len(keys))
				}
			}
		}
	}
}

func TestSignersOfNonsense(t *testing.T) {
	order := elliptic.P256().Params().N
	for _, value := range []struct{ R, S *big.Int }{
		{big.NewInt(0), big.NewInt(1)}, {big.NewInt(1), big.NewInt(0)}, {big.NewInt(-1), order},
		{order, order}, {new(big.Int).Sub(order, big.NewInt(1)), big.NewInt(1)},
	} {
		signature, err := asn1.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		c := &x509.Certificate{SignatureAlgorithm: x509.ECDSAWithSHA256, Signature: signature}
		if e, found := publicca.Load().IssuerOf(c); found {
			t.Errorf("(%v, %v) is a signature of %s", value.R, value.S, e.Name)
		}
	}
	if got := publicca.Signers(&x509.Certificate{SignatureAlgorithm: x509.ECDSAWithSHA256, Signature: []byte("no")}); got != nil {
		t.Errorf("no signature at all has the signers %v", got)
	}
}

// BenchmarkIssuerOf is the worst case: nobody in the set has signed it.
func BenchmarkIssuerOf(b *testing.B) {
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		b.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		b.Fatal(err)
	}
	set := publicca.Load()
	if err := set.Err(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, ok := set.IssuerOf(c); ok {
			b.Fatal("issued by a public CA")
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if err := publicca.Load().Err(); err != nil {
			b.Fatal(err)
		}
	}
}
