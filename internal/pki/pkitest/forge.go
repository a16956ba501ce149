package pkitest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/md5"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
)

// A Forgery is a certificate taken apart, so that a test can put it together
// again in ways that crypto/x509 refuses to write.
type Forgery struct {
	Version    int `asn1:"optional,explicit,default:0,tag:0"`
	Serial     *big.Int
	Algorithm  pkix.AlgorithmIdentifier
	Issuer     asn1.RawValue
	Validity   asn1.RawValue
	Subject    asn1.RawValue
	Key        asn1.RawValue
	Extensions []pkix.Extension `asn1:"omitempty,optional,explicit,tag:3"`
}

// Signing is how a Forgery is signed.
type Signing struct {
	algorithm pkix.AlgorithmIdentifier
	sign      func(tbs []byte) ([]byte, error)
}

func OID(arcs ...int) asn1.ObjectIdentifier { return arcs }

func ECDSAWith(key *ecdsa.PrivateKey, alg asn1.ObjectIdentifier, digest func([]byte) []byte) Signing {
	return Signing{pkix.AlgorithmIdentifier{Algorithm: alg}, func(tbs []byte) ([]byte, error) {
		return ecdsa.SignASN1(rand.Reader, key, digest(tbs))
	}}
}

func SHA256(b []byte) []byte { s := sha256.Sum256(b); return s[:] }
func SHA1(b []byte) []byte   { s := sha1.Sum(b); return s[:] }
func MD5(b []byte) []byte    { s := md5.Sum(b); return s[:] }

func RSAWith(key *rsa.PrivateKey, arc int, hash crypto.Hash, digest func([]byte) []byte) Signing {
	alg := pkix.AlgorithmIdentifier{Algorithm: OID(1, 2, 840, 113549, 1, 1, arc), Parameters: asn1.NullRawValue}
	return Signing{alg, func(tbs []byte) ([]byte, error) {
		if key.N.BitLen() >= 1024 {
			return rsa.SignPKCS1v15(nil, key, hash, digest(tbs))
		}
		return shortSign(key, digest(tbs)), nil
	}}
}

// shortSign is PKCS #1 v1.5 over SHA-256 with keys that crypto/rsa refuses.
func shortSign(key *rsa.PrivateKey, digest []byte) []byte {
	k := (key.N.BitLen() + 7) / 8
	prefix := []byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}
	em := []byte{0, 1}
	for len(em) < k-len(prefix)-len(digest)-1 {
		em = append(em, 0xff)
	}
	em = append(append(append(em, 0), prefix...), digest...)
	return new(big.Int).Exp(new(big.Int).SetBytes(em), key.D, key.N).FillBytes(make([]byte, k))
}

// Forge takes the certificate apart, lets change work on it, and signs it.
func Forge(t testing.TB, c *x509.Certificate, with Signing, change func(*Forgery)) []byte {
	t.Helper()
	var f Forgery
	if _, err := asn1.Unmarshal(c.RawTBSCertificate, &f); err != nil {
		t.Fatal(err)
	}
	f.Algorithm = with.algorithm
	if change != nil {
		change(&f)
	}
	tbs, err := asn1.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := with.sign(tbs)
	if err != nil {
		t.Fatal(err)
	}
	der, err := asn1.Marshal(struct {
		TBS       asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}{asn1.RawValue{FullBytes: tbs}, f.Algorithm, asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)}})
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// ByRoot signs as an estate's root does.
func ByRoot(e *Estate) Signing {
	return ECDSAWith(e.Root.Key.(*ecdsa.PrivateKey), OID(1, 2, 840, 10045, 4, 3, 2), SHA256)
}

func SetKey(t testing.TB, pub any) func(*Forgery) {
	return func(f *Forgery) {
		spki, err := x509.MarshalPKIXPublicKey(pub)
		if err != nil {
			t.Fatal(err)
		}
		f.Key = asn1.RawValue{FullBytes: spki}
	}
}

// SetECKey writes an elliptic curve key with these parameters.
func SetECKey(t testing.TB, parameters any, point []byte) func(*Forgery) {
	return func(f *Forgery) {
		raw, err := asn1.Marshal(parameters)
		if err != nil {
			t.Fatal(err)
		}
		spki, err := asn1.Marshal(struct {
			Algorithm pkix.AlgorithmIdentifier
			Key       asn1.BitString
		}{
			pkix.AlgorithmIdentifier{Algorithm: OID(1, 2, 840, 10045, 2, 1), Parameters: asn1.RawValue{FullBytes: raw}},
			asn1.BitString{Bytes: point, BitLength: 8 * len(point)},
		})
		if err != nil {
			t.Fatal(err)
		}
		f.Key = asn1.RawValue{FullBytes: spki}
	}
}

func SetSerial(n *big.Int) func(*Forgery) { return func(f *Forgery) { f.Serial = n } }

func SetSubject(t testing.TB, name pkix.Name) func(*Forgery) {
	return func(f *Forgery) {
		raw, err := asn1.Marshal(name.ToRDNSequence())
		if err != nil {
			t.Fatal(err)
		}
		f.Subject = asn1.RawValue{FullBytes: raw}
	}
}

func AddExtension(id asn1.ObjectIdentifier, critical bool, value []byte) func(*Forgery) {
	return func(f *Forgery) {
		f.Extensions = append(f.Extensions, pkix.Extension{Id: id, Critical: critical, Value: value})
	}
}

func Parsed(t testing.TB, der []byte) *x509.Certificate {
	t.Helper()
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func ECKey(t testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func EdKey(t testing.TB) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func RSAKey(t testing.TB, bits int) *rsa.PrivateKey {
	t.Helper()
	if bits >= 1024 {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	return HandmadeRSA(t, bits, 65537)
}

// HandmadeRSA is a key that crypto/rsa refuses to generate.
func HandmadeRSA(t testing.TB, bits, e int) *rsa.PrivateKey {
	t.Helper()
	one := big.NewInt(1)
	for {
		p, err := rand.Prime(rand.Reader, bits/2)
		if err != nil {
			t.Fatal(err)
		}
		q, err := rand.Prime(rand.Reader, bits-bits/2)
		if err != nil {
			t.Fatal(err)
		}
		phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
		d := new(big.Int).ModInverse(big.NewInt(int64(e)), phi)
		if n := new(big.Int).Mul(p, q); d != nil && n.BitLen() == bits {
			return &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: n, E: e}, D: d, Primes: []*big.Int{p, q}}
		}
	}
}
