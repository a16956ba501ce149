package keys_test

import (
	"bytes"
	"context"
	"crypto"
	"encoding/asn1"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"anchorctl/internal/keys"

	"go.step.sm/crypto/pemutil"
)

func TestOtherToolsReadTheKeyFiles(t *testing.T) {
	openssl := needTool(t, "openssl")
	dir, secret := t.TempDir(), newSecret(t)
	r := secretRing(dir, secret)
	r.Passphrase = func(context.Context, bool) ([]byte, error) { return []byte("correct horse"), nil }
	cases := []struct {
		name     string
		guard    keys.Guard
		password string
	}{
		{"root-1", keys.GuardPassphrase, "correct horse"},
		{"issuer-prod-1", keys.GuardSecret, string(secret.Text())},
	}
	for _, c := range cases {
		made, err := r.Create(t.Context(), c.name, keys.P256, c.guard)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, c.name+".pem")
		out, err := exec.CommandContext(t.Context(), openssl, "pkey", "-in", path, "-passin", "pass:"+c.password).Output()
		if err != nil {
			t.Fatalf("openssl cannot read %s: %v", path, err)
		}
		plain, err := keys.ParseWorkload(out)
		if err != nil || !samePublic(plain.Public(), made.Public()) {
			t.Errorf("openssl reads another key: %v", err)
		}
		read, err := pemutil.Read(path, pemutil.WithPassword([]byte(c.password)))
		if err != nil {
			t.Errorf("go.step.sm/crypto cannot read %s: %v", path, err)
		} else if !samePublic(read.(crypto.Signer).Public(), made.Public()) {
			t.Error("go.step.sm/crypto reads another key")
		}
	}
}

func TestAPassphraseCanBeChangedWithOtherTools(t *testing.T) {
	openssl, certtool := needTool(t, "openssl"), needTool(t, "certtool")
	dir := t.TempDir()
	ring := func(text string) *keys.Ring {
		return &keys.Ring{Dir: dir, Passphrase: func(context.Context, bool) ([]byte, error) { return []byte(text), nil }}
	}
	made, err := ring("old").Create(t.Context(), "root-1", keys.P384, keys.GuardPassphrase)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "root-1.pem")
	run := func(tool string, args ...string) []byte {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), tool, args...).Output()
		if err != nil {
			t.Fatalf("%s %q: %v", tool, args, err)
		}
		return out
	}
	plain := filepath.Join(t.TempDir(), "plain.pem")
	run(openssl, "pkey", "-in", path, "-passin", "pass:old", "-out", plain)
	for name, out := range map[string][]byte{
		"OpenSSL": run(openssl, "pkcs8", "-topk8", "-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA256",
			"-iter", "600000", "-in", path, "-passin", "pass:old", "-passout", "pass:new"),
		"GnuTLS": run(certtool, "--to-p8", "--pkcs-cipher", "aes-256", "--load-privkey", plain, "--password", "new"),
	} {
		// GnuTLS tells of the key before it.
		if i := bytes.Index(out, []byte("-----BEGIN")); i > 0 {
			out = out[i:]
		}
		if err := os.WriteFile(path, out, 0o600); err != nil {
			t.Fatal(err)
		}
		opened, err := ring("new").Open(t.Context(), made.URI, keys.GuardPassphrase)
		if err != nil || !samePublic(opened.Public(), made.Public()) {
			t.Errorf("opening what %s wrote: %v", name, err)
		}
	}
}

// What a person typed is stretched, what was generated is not.
func TestAPassphraseIsStretchedAndASecretIsNot(t *testing.T) {
	dir := t.TempDir()
	r := secretRing(dir, newSecret(t))
	r.Passphrase = func(context.Context, bool) ([]byte, error) { return []byte("correct horse"), nil }
	for g, want := range map[keys.Guard]int{keys.GuardPassphrase: 600_000, keys.GuardSecret: 1_000} {
		if _, err := r.Create(t.Context(), string(g), keys.P256, g); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(dir, string(g)+".pem"))
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(text)
		var k sealedKey
		if rest, err := asn1.Unmarshal(block.Bytes, &k); err != nil || len(rest) > 0 {
			t.Fatalf("%d bytes left, %v", len(rest), err)
		}
		if got := k.Algorithm.Params.KDF.Params; got.Rounds != want || len(got.Salt) != 16 {
			t.Errorf("guarded by a %s: %d rounds and %d bytes of salt, want %d and 16", g, got.Rounds, len(got.Salt), want)
		}
	}
}
