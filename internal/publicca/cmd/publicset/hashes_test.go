package main

import (
	"archive/zip"
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
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"anchorctl/internal/publicca"
)

// certificate is a CA's certificate over a key, signed with another.
func certificate(t *testing.T, pub crypto.PublicKey, key crypto.Signer) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "somebody"}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, pub, key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// omniJar is an archive with the lists of a Firefox, which know the certificate:
// in one form as older entries are written, in the other as newer ones.
func omniJar(t *testing.T, newer bool, certs ...*x509.Certificate) []byte {
	t.Helper()
	var list struct {
		Data []map[string]any `json:"data"`
	}
	for _, c := range certs {
		der, spki := sha256.Sum256(c.Raw), sha256.Sum256(c.RawSubjectPublicKeyInfo)
		entry := map[string]any{"derHash": base64.StdEncoding.EncodeToString(der[:])}
		if newer {
			entry["attachment"] = map[string]string{"filename": base64.URLEncoding.EncodeToString(spki[:]) + ".pem"}
		} else {
			entry["pubKeyHash"], entry["subject"] = base64.StdEncoding.EncodeToString(spki[:]), c.Subject.String()
		}
		list.Data = append(list.Data, entry)
	}
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for name, content := range map[string]any{"intermediates": list, "onecrl": map[string]any{"data": []any{map[string]string{"serialNumber": "AQ=="}}}} {
		text, err := json.Marshal(content)
		if err != nil {
			t.Fatal(err)
		}
		w, err := archive.Create("defaults/settings/security-state/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(text); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// knowing is a set that knows the certificates by the hashes of a Firefox.
func knowing(t *testing.T, newer bool, certs ...*x509.Certificate) *publicca.Set {
	t.Helper()
	c := nothing()
	if err := c.readHashes(omniJar(t, newer, certs...), 0); err != nil {
		t.Fatal(err)
	}
	known, hashed := c.sorted()
	set, err := encode(known, hashed, 1)
	if err != nil {
		t.Fatal(err)
	}
	return publicca.Open(string(set), `[{"name": "a Firefox", "version": "1"}]`)
}

// A key of which only hashes are known is found whoever signed a certificate
// over it, in each form that its owner can use, and by what it has signed.
func TestAKeyKnownByItsHashIsFoundInEveryForm(t *testing.T) {
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for _, newer := range []bool{false, true} {
		for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
			key, err := ecdsa.GenerateKey(curve, rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			set := knowing(t, newer, certificate(t, key.Public(), key))
			mustKnow(t, set, "over its key", certificate(t, key.Public(), stranger))
			mustKnow(t, set, "over its key with the other sign", certificate(t, negated(t, &key.PublicKey), stranger))
			if e, ok := set.IssuerOf(certificate(t, stranger.Public(), key)); !ok || e.Kind != publicca.Intermediate {
				t.Errorf("%s: what it has signed is not known: %+v", curve.Params().Name, e)
			}
			if e, ok := set.KeyOf(certificate(t, stranger.Public(), key)); ok {
				t.Errorf("another key is said to be that of %s", e.Name)
			}
		}
		set := knowing(t, newer, certificate(t, rsaKey.Public(), rsaKey))
		mustKnow(t, set, "over its key", certificate(t, rsaKey.Public(), stranger))
		mustKnow(t, set, "over its modulus with another exponent", certificate(t, &rsa.PublicKey{N: rsaKey.N, E: 3}, stranger))
		for arc, label := range map[int]string{7: "RSAES-OAEP", 10: "RSASSA-PSS"} {
			mustKnow(t, set, "labelled "+label, &x509.Certificate{RawSubjectPublicKeyInfo: labelled(t, &rsaKey.PublicKey, arc)})
		}
	}
}

func mustKnow(t *testing.T, set *publicca.Set, how string, c *x509.Certificate) {
	t.Helper()
	e, ok := set.KeyOf(c)
	if !ok || e.Kind != publicca.Intermediate || e.Name == "" || !strings.HasPrefix(e.Source, "a Firefox") {
		t.Errorf("%s: not known: %v, %+v", how, set.Err(), e)
	}
}

func negated(t *testing.T, key *ecdsa.PublicKey) *ecdsa.PublicKey {
	t.Helper()
	point, err := key.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	half := len(point) / 2
	new(big.Int).Sub(key.Curve.Params().P, new(big.Int).SetBytes(point[1+half:])).FillBytes(point[1+half:])
	other, err := ecdsa.ParseUncompressedPublicKey(key.Curve, point)
	if err != nil {
		t.Fatal(err)
	}
	return other
}

func labelled(t *testing.T, key *rsa.PublicKey, arc int) []byte {
	t.Helper()
	bits := x509.MarshalPKCS1PublicKey(key)
	spki, err := asn1.Marshal(struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}{pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, arc}}, asn1.BitString{Bytes: bits, BitLength: 8 * len(bits)}})
	if err != nil {
		t.Fatal(err)
	}
	return spki
}

func TestAListThatCannotBeReadIsAnError(t *testing.T) {
	c := nothing()
	for name, entry := range map[string]intermediate{
		"a hash that is none":          {PubKeyHash: "AAAA"},
		"a hash of the wrong size":     {PubKeyHash: base64.StdEncoding.EncodeToString(make([]byte, 31))},
		"a certificate's that is none": {PubKeyHash: base64.StdEncoding.EncodeToString(make([]byte, 32)), DerHash: "?"},
	} {
		if err := c.addHashes(entry, 0); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if err := c.readHashes([]byte("no archive"), 0); err == nil {
		t.Error("no archive is read")
	}
}
