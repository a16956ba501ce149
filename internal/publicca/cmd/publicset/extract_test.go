package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"
)

// Certificates and keys are found wherever packages keep them.
func TestCertificatesAndKeysAreFoundWhereverTheyStand(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := certificate(t, key.Public(), key)
	sec1, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	cert := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	private := string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: sec1}))
	source := func(text, before, after string) string {
		var b strings.Builder
		for l := range strings.Lines(text) {
			b.WriteString(before + strings.TrimSuffix(l, "\n") + after + "\n")
		}
		return b.String()
	}
	for name, test := range map[string]struct {
		content     string
		certs, keys int
	}{
		"PEM":                                   {cert, 1, 0},
		"with a text before each":               {"subject=CN=x\n" + cert + "\nsubject=CN=y\n" + cert, 2, 0},
		"with carriage returns":                 {strings.ReplaceAll(cert, "\n", "\r\n"), 1, 0},
		"strings of C":                          {source(cert, `  "`, `\n"`), 1, 0},
		"joined strings of JavaScript":          {source(cert, `        '`, `\n' +`), 1, 0},
		"one string with escapes":               {`"` + strings.ReplaceAll(cert, "\n", `\n`) + `"`, 1, 0},
		"a comment":                             {source(cert, "// ", ""), 1, 0},
		"DER amid something else":               {"\x7fELF0\x82" + string(c.Raw) + string(c.Raw) + "rest", 2, 0},
		"a private key":                         {private, 0, 1},
		"one as Go's tests write it":            {strings.ReplaceAll(private, "PRIVATE", "TESTING"), 0, 1},
		"a public key, which is no private one": {"-----BEGIN PUBLIC KEY-----\n" + base64.StdEncoding.EncodeToString(c.RawSubjectPublicKeyInfo) + "\n-----END PUBLIC KEY-----", 0, 0},
		"both":                                  {cert + private, 1, 1},
		"a key under a passphrase":              {strings.Replace(private, "KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\n\n", 1), 0, 0},
		"half a certificate":                    {cert[:len(cert)/2], 0, 0},
		"DER that is cut off":                   {string(c.Raw[:len(c.Raw)-1]), 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			f := extract("file", []byte(test.content))
			if len(f.certificates) != test.certs || len(f.keys) != test.keys {
				t.Fatalf("%d certificates and %d keys, want %d and %d", len(f.certificates), len(f.keys), test.certs, test.keys)
			}
			for _, got := range f.certificates {
				if !bytes.Equal(got.Raw, c.Raw) {
					t.Error("it is another certificate")
				}
			}
			for _, got := range f.keys {
				if !key.PublicKey.Equal(got) {
					t.Error("it is another key")
				}
			}
		})
	}
}
