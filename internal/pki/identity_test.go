package pki_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"

	"anchorctl/internal/pki"
	"anchorctl/internal/pki/pkitest"
)

// A key is one key in all the forms that its private half serves.
func TestSameKeyInAllItsForms(t *testing.T) {
	root := pkitest.Root(t)
	base := root.Issuer(t, "prod").Certificate
	with := func(change func(*pkitest.Forgery)) *x509.Certificate {
		return pkitest.Parsed(t, pkitest.Forge(t, base, pkitest.ByRoot(&pkitest.Estate{Root: root}), change))
	}
	keyed := func(pub crypto.PublicKey) *x509.Certificate { return with(pkitest.SetKey(t, pub)) }
	one := &pkitest.RSAKey(t, 2048).PublicKey
	point := pkitest.ECDSA(t).Public().(*ecdsa.PublicKey)
	raw, err := point.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	y := new(big.Int).Sub(point.Curve.Params().P, new(big.Int).SetBytes(raw[33:]))
	mirrored, err := ecdsa.ParseUncompressedPublicKey(point.Curve, append(raw[:33:33], y.FillBytes(make([]byte, 32))...))
	if err != nil {
		t.Fatal(err)
	}
	forPSS := with(func(f *pkitest.Forgery) {
		bits := x509.MarshalPKCS1PublicKey(one)
		spki, err := asn1.Marshal(struct {
			Algorithm pkix.AlgorithmIdentifier
			Key       asn1.BitString
		}{pkix.AlgorithmIdentifier{Algorithm: pkitest.OID(1, 2, 840, 113549, 1, 1, 10)}, asn1.BitString{Bytes: bits, BitLength: 8 * len(bits)}})
		if err != nil {
			t.Fatal(err)
		}
		f.Key = asn1.RawValue{FullBytes: spki}
	})
	for _, c := range []struct {
		name string
		a, b *x509.Certificate
		want bool
	}{
		{"an RSA key and itself", keyed(one), keyed(one), true},
		{"a modulus with another exponent", keyed(one), keyed(&rsa.PublicKey{N: one.N, E: 3}), true},
		{"a modulus declared for RSASSA-PSS alone", keyed(one), forPSS, true},
		{"another modulus", keyed(one), keyed(&rsa.PublicKey{N: new(big.Int).Add(one.N, big.NewInt(2)), E: one.E}), false},
		{"a point and itself", keyed(point), keyed(point), true},
		{"a point with the other sign", keyed(point), keyed(mirrored), true},
		{"another point", keyed(point), keyed(pkitest.ECDSA(t).Public()), false},
		{"a point and a modulus", keyed(point), keyed(one), false},
	} {
		if got := pki.SameKey(c.a, c.b); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
		if got := pki.SameKey(c.b, c.a); got != c.want {
			t.Errorf("%s, the other way round: %v", c.name, got)
		}
	}
}

func TestSameNameAsRFC5280Compares(t *testing.T) {
	name := func(tag byte, text string) []byte {
		return pkitest.TLV(0x30, pkitest.TLV(0x31, pkitest.TLV(0x30, []byte{6, 3, 0x55, 4, 3}, pkitest.TLV(tag, []byte(text)))))
	}
	const utf8, printable = 0x0c, 0x13
	for _, c := range []struct {
		name string
		a, b []byte
		want bool
	}{
		{"itself", name(utf8, "Example"), name(utf8, "Example"), true},
		{"another kind of string", name(utf8, "Example"), name(printable, "Example"), true},
		{"other letters", name(utf8, "Example Corp"), name(utf8, "EXAMPLE CORP"), true},
		{"more white space", name(utf8, "Example Corp"), name(utf8, " Example  Corp "), true},
		{"another name", name(utf8, "Example"), name(utf8, "Examples"), false},
		{"a name with more parts", name(utf8, "Example"), pkitest.TLV(0x30, name(utf8, "Example")[2:], name(utf8, "x")[2:]), false},
		{"none", pkitest.TLV(0x30), name(utf8, "Example"), false},
		{"no name at all", []byte{1}, name(utf8, "Example"), false},
	} {
		if got := pki.SameName(c.a, c.b); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
