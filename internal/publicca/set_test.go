package publicca_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"slices"
	"strconv"
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

// BenchmarkIssuerOfRSA is the worst case with RSA, for each usual length: nobody
// in the set has signed it, and nobody at hand.
func BenchmarkIssuerOfRSA(b *testing.B) {
	set := publicca.Load()
	if err := set.Err(); err != nil {
		b.Fatal(err)
	}
	for _, size := range []int{2048, 4096} {
		key, err := rsa.GenerateKey(rand.Reader, size)
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
		b.Run(strconv.Itoa(size), func(b *testing.B) {
			for b.Loop() {
				if _, ok := set.IssuerOf(c); ok {
					b.Fatal("issued by a public CA")
				}
			}
		})
	}
}
