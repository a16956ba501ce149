package keys_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"

	"anchorctl/internal/keys"
)

func TestSecretsComeBackFromTheirText(t *testing.T) {
	s := newSecret(t)
	text := s.Text()
	for _, ending := range []string{"", "\n", "\r\n"} {
		got, err := keys.ParseSecret(append(bytes.Clone(text), ending...))
		if err != nil || !bytes.Equal(got.Text(), text) {
			t.Errorf("ending %q: %v", ending, err)
		}
	}
	if bytes.Equal(newSecret(t).Text(), text) {
		t.Error("two secrets are the same")
	}
	for i := range text {
		torn := bytes.Clone(text)
		torn[i] ^= 1
		if _, err := keys.ParseSecret(torn); !errors.Is(err, keys.ErrSecret) {
			t.Errorf("byte %d changed: got %v, want ErrSecret", i, err)
		} else if strings.Contains(err.Error(), string(text[30:50])) {
			t.Errorf("the error shows the secret: %v", err)
		}
	}
	for _, bad := range []string{"", "\n", string(text) + " ", " " + string(text), string(text) + "\n\n", strings.ToUpper(string(text)), string(text[:len(text)-1])} {
		if _, err := keys.ParseSecret([]byte(bad)); !errors.Is(err, keys.ErrSecret) {
			t.Errorf("a bent text was read: %v", err)
		}
	}
}

func FuzzParseSecret(f *testing.F) {
	s := newSecret(f)
	f.Add(s.Text())
	f.Add([]byte("anchorctl-secret-1:"))
	f.Add([]byte("anchorctl-secret-1:" + strings.Repeat("a", 58)))
	f.Add([]byte("anchorctl-secret-2:" + strings.Repeat("a", 58) + "\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := keys.ParseSecret(text)
		if err != nil {
			return
		}
		if !bytes.Equal(got.Text(), bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))) {
			t.Errorf("%q was read as another secret", text)
		}
	})
}

func TestTypesAreReadByName(t *testing.T) {
	for _, typ := range keys.Types() {
		if got, err := keys.ParseType(string(typ)); err != nil || got != typ {
			t.Errorf("%q: %q, %v", typ, got, err)
		}
	}
	for _, bad := range []string{"", "rsa", "ecdsa-p521", "ed25519", "ECDSA-P256"} {
		if _, err := keys.ParseType(bad); err == nil || !strings.Contains(err.Error(), "ecdsa-p256") {
			t.Errorf("%q: got %v, want an error that names the types", bad, err)
		}
		if _, err := keys.Generate(keys.Type(bad)); err == nil {
			t.Errorf("%q: a key was made", bad)
		}
	}
}

func TestWorkloadKeysComeBack(t *testing.T) {
	for _, typ := range []keys.Type{keys.P256, keys.P384, keys.RSA2048} {
		key, err := keys.Generate(typ)
		if err != nil {
			t.Fatal(err)
		}
		text, err := keys.EncodeWorkload(key)
		if err != nil {
			t.Fatal(err)
		}
		got, err := keys.ParseWorkload(text)
		if err != nil || !samePublic(got.Public(), key.Public()) {
			t.Errorf("%s: %v", typ, err)
		}
	}
	dir := t.TempDir()
	key, err := secretRing(dir, newSecret(t)).Create(t.Context(), "issuer-prod-1", keys.P256, keys.GuardSecret)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keys.EncodeWorkload(key); err == nil {
		t.Error("an issuer's key was written in the clear")
	}
}

// odd is a key of a kind that no library knows.
type odd struct{ Hidden string }

func (odd) Public() crypto.PublicKey                                          { return nil }
func (odd) Sign(io.Reader, []byte, crypto.SignerOpts) (sig []byte, err error) { return nil, nil }

func TestAKeyThatCannotBeWrittenIsNotShown(t *testing.T) {
	_, err := keys.EncodeWorkload(odd{Hidden: "correct horse"})
	if err == nil || strings.Contains(err.Error(), "horse") {
		t.Errorf("got %v, want an error that does not show the key", err)
	}
}

func TestWorkloadKeysOfOpenSSL(t *testing.T) {
	openssl := needTool(t, "openssl")
	cases := []struct {
		name string
		args []string
		want string // in the error; "" when the key is read
	}{
		{"SEC1 with parameters", []string{"ecparam", "-name", "prime256v1", "-genkey"}, ""},
		{"SEC1 alone", []string{"ecparam", "-name", "secp384r1", "-genkey", "-noout"}, ""},
		{"PKCS#1", []string{"genrsa", "-traditional", "2048"}, ""},
		{"PKCS#8", []string{"genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"}, ""},
		{"encrypted PKCS#8", []string{"genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-aes256", "-pass", "pass:x"}, "encrypted"},
		{"encrypted PKCS#1", []string{"genrsa", "-traditional", "-aes128", "-passout", "pass:xxxx", "2048"}, "encrypted"},
		{"Ed25519", []string{"genpkey", "-algorithm", "ED25519"}, "want ECDSA or RSA"},
		{"a short RSA key", []string{"genrsa", "1024"}, "1024 bits"},
		{"P-224", []string{"ecparam", "-name", "secp224r1", "-genkey", "-noout"}, "P-224"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			text, err := exec.CommandContext(t.Context(), openssl, c.args...).Output()
			if err != nil {
				t.Fatal(err)
			}
			key, err := keys.ParseWorkload(text)
			if c.want == "" && (err != nil || key == nil) {
				t.Errorf("got %v", err)
			}
			if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

func TestWorkloadKeyFilesThatAreSomethingElse(t *testing.T) {
	key, err := keys.Generate(keys.P256)
	if err != nil {
		t.Fatal(err)
	}
	text, err := keys.EncodeWorkload(key)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string) string { return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: []byte{1}})) }
	cases := []struct{ name, text, want string }{
		{"nothing", "", "no PEM block"},
		{"a certificate", block("CERTIFICATE"), "a certificate"},
		{"a public key", block("PUBLIC KEY"), `"PUBLIC KEY"`},
		{"two keys", string(text) + string(text), "something follows"},
		{"a key and a certificate", string(text) + block("CERTIFICATE"), "something follows"},
		{"rubbish inside", block("PRIVATE KEY"), "asn1"},
		{"too much", strings.Repeat("x", 70_000), "more than"},
	}
	for _, c := range cases {
		if _, err := keys.ParseWorkload([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %q", c.name, err, c.want)
		}
	}
}

func FuzzParseWorkload(f *testing.F) {
	for _, typ := range []keys.Type{keys.P256, keys.P384} {
		key, err := keys.Generate(typ)
		if err != nil {
			f.Fatal(err)
		}
		text, err := keys.EncodeWorkload(key)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		f.Fatal(err)
	}
	text, err := keys.EncodeWorkload(rsaKey)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte("-----BEGIN EC PARAMETERS-----\nAA==\n-----END EC PARAMETERS-----\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		key, err := keys.ParseWorkload(text)
		if err == nil && key.Public() == nil {
			t.Error("a key without a public key")
		}
	})
}
