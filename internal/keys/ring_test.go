package keys_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"anchorctl/internal/durable"
	"anchorctl/internal/keys"

	"go.step.sm/crypto/pemutil"
)

func samePublic(a, b crypto.PublicKey) bool {
	x, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && x.Equal(b)
}

func TestASecretGuardsKeysOfEveryType(t *testing.T) {
	dir, secret := filepath.Join(t.TempDir(), "deep", "keys"), newSecret(t)
	for i, typ := range keys.Types() {
		made, err := secretRing(dir, secret).Create(t.Context(), fmt.Sprintf("issuer-prod-%d", i+1), typ, keys.GuardSecret)
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("file:issuer-prod-%d.pem", i+1); made.URI != want {
			t.Errorf("got URI %q, want %q", made.URI, want)
		}
		opened, err := secretRing(dir, secret).Open(t.Context(), made.URI, keys.GuardSecret)
		if err != nil {
			t.Fatal(err)
		}
		if !samePublic(made.Public(), opened.Public()) {
			t.Errorf("%s: another key came back", typ)
		}
		digest := sha256.Sum256([]byte("hello"))
		if _, err := opened.Sign(rand.Reader, digest[:], crypto.SHA256); err != nil {
			t.Error(err)
		}
		if got, err := keys.TypeOf(opened.Public()); err != nil || got != typ {
			t.Errorf("type is %q, %v; want %q", got, err, typ)
		}
	}
	info, err := os.Stat(filepath.Join(dir, "issuer-prod-1.pem"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode is %v, %v; want 0600", info.Mode(), err)
	}
}

func TestAPassphraseIsAskedOnceAndWiped(t *testing.T) {
	dir := t.TempDir()
	var asked []string
	var given [][]byte
	ring := func(text string) *keys.Ring {
		return &keys.Ring{Dir: dir, Passphrase: func(_ context.Context, confirm bool) ([]byte, error) {
			asked = append(asked, fmt.Sprintf("confirm=%t", confirm))
			given = append(given, []byte(text))
			return given[len(given)-1], nil
		}}
	}
	r := ring("correct horse")
	made, err := r.Create(t.Context(), "root-1", keys.P384, keys.GuardPassphrase)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := r.Open(t.Context(), made.URI, keys.GuardPassphrase); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(asked, " "); got != "confirm=true" {
		t.Errorf("asked %q, want one confirmed question", got)
	}
	if _, err := ring("wrong horse").Open(t.Context(), made.URI, keys.GuardPassphrase); !errors.Is(err, keys.ErrWrongPassphrase) {
		t.Errorf("got %v, want ErrWrongPassphrase", err)
	}
	if _, err := ring("").Open(t.Context(), made.URI, keys.GuardPassphrase); err == nil {
		t.Error("an empty passphrase was taken")
	}
	again := ring("correct horse")
	opened, err := again.Open(t.Context(), made.URI, keys.GuardPassphrase)
	if err != nil || !samePublic(opened.Public(), made.Public()) {
		t.Errorf("opening again: %v", err)
	}
	for _, g := range given {
		if len(bytes.Trim(g, "\x00")) > 0 {
			t.Error("a passphrase was not wiped")
		}
	}
}

func TestWrongSecretsAndMissingOnes(t *testing.T) {
	dir, secret := t.TempDir(), newSecret(t)
	made, err := secretRing(dir, secret).Create(t.Context(), "issuer-prod-1", keys.P256, keys.GuardSecret)
	if err != nil {
		t.Fatal(err)
	}
	// One wrong secret in 256 leaves sound padding, so one try proves little.
	for range 600 {
		if _, err := secretRing(dir, newSecret(t)).Open(t.Context(), made.URI, keys.GuardSecret); !errors.Is(err, keys.ErrWrongSecret) {
			t.Fatalf("got %v, want ErrWrongSecret", err)
		}
	}
	if _, err := secretRing(dir, keys.Secret{}).Open(t.Context(), made.URI, keys.GuardSecret); err == nil {
		t.Error("the zero secret was taken")
	}
	if _, err := (&keys.Ring{Dir: dir}).Open(t.Context(), made.URI, keys.GuardSecret); err == nil {
		t.Error("a ring without a secret opened a key")
	}
	if _, err := secretRing(dir, secret).Open(t.Context(), "file:issuer-prod-2.pem", keys.GuardSecret); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want fs.ErrNotExist", err)
	}
}

func TestNoURILeadsOutOfTheFolder(t *testing.T) {
	r := secretRing(t.TempDir(), newSecret(t))
	for _, uri := range []string{"", "issuer-prod-1.pem", "file:", "file:../x.pem", "file:/etc/x.pem", "file:a/b.pem", "file:.pem",
		"file:x.key", "pkcs11:token=x", "awskms:alias/x", "file:X.pem", "file:x.pem\n"} {
		if _, err := r.Open(t.Context(), uri, keys.GuardSecret); err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q: got %v, want a refusal of the URI", uri, err)
		}
	}
	if _, err := r.Create(t.Context(), "../x", keys.P256, keys.GuardSecret); err == nil {
		t.Error("a name led out of the folder")
	}
}

func TestAKeyThatIsThereIsOpenedAndNeverOverwritten(t *testing.T) {
	dir, secret := t.TempDir(), newSecret(t)
	first, err := secretRing(dir, secret).Create(t.Context(), "issuer-prod-1", keys.P256, keys.GuardSecret)
	if err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(dir, "issuer-prod-1.pem"))
	if err != nil {
		t.Fatal(err)
	}
	second, err := secretRing(dir, secret).Create(t.Context(), "issuer-prod-1", keys.P256, keys.GuardSecret)
	if err != nil || !samePublic(first.Public(), second.Public()) {
		t.Errorf("the key was not taken up: %v", err)
	}
	if _, err := secretRing(dir, secret).Create(t.Context(), "issuer-prod-1", keys.P384, keys.GuardSecret); err == nil {
		t.Error("a key of another type was taken up")
	}
	if _, err := secretRing(dir, newSecret(t)).Create(t.Context(), "issuer-prod-1", keys.P256, keys.GuardSecret); !errors.Is(err, keys.ErrWrongSecret) {
		t.Errorf("got %v, want ErrWrongSecret", err)
	}
	after, err := os.ReadFile(filepath.Join(dir, "issuer-prod-1.pem"))
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file changed: %v", err)
	}
}

// TestAKilledCreateGoesOn kills a process at every step of Create; the next
// Create must end with one key, and the file it leaves must open.
func TestAKilledCreateGoesOn(t *testing.T) {
	secret := newSecret(t)
	var steps []string
	r := secretRing(filepath.Join(t.TempDir(), "keys"), secret)
	r.Files = durable.Files{Step: func(name string) { steps = append(steps, name) }}
	if _, err := r.Create(t.Context(), "issuer-prod-1", keys.P256, keys.GuardSecret); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d crash points", len(steps))
	if len(steps) < 5 {
		t.Errorf("only %d crash points: %v", len(steps), steps)
	}
	for _, step := range steps {
		t.Run(step, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "keys")
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), self)
			cmd.Env = append(os.Environ(), "KEYS_DIR="+dir, "KEYS_CRASH="+step, "KEYS_SECRET="+string(secret.Text()))
			var exit *exec.ExitError
			if out, err := cmd.CombinedOutput(); !errors.As(err, &exit) || exit.ExitCode() != crashed {
				t.Fatalf("the process did not die inside the step: %v\n%s", err, out)
			}
			made, err := secretRing(dir, secret).Create(t.Context(), "issuer-prod-1", keys.P256, keys.GuardSecret)
			if err != nil {
				t.Fatal(err)
			}
			opened, err := secretRing(dir, secret).Open(t.Context(), made.URI, keys.GuardSecret)
			if err != nil || !samePublic(made.Public(), opened.Public()) {
				t.Errorf("the file holds another key than was created: %v", err)
			}
		})
	}
}

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

func TestAPassphraseCanBeChangedWithOpenSSL(t *testing.T) {
	openssl := needTool(t, "openssl")
	dir := t.TempDir()
	ring := func(text string) *keys.Ring {
		return &keys.Ring{Dir: dir, Passphrase: func(context.Context, bool) ([]byte, error) { return []byte(text), nil }}
	}
	made, err := ring("old").Create(t.Context(), "root-1", keys.P256, keys.GuardPassphrase)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "root-1.pem")
	out, err := exec.CommandContext(t.Context(), openssl, "pkcs8", "-topk8", "-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA256",
		"-iter", "600000", "-in", path, "-passin", "pass:old", "-passout", "pass:new").Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, out, 0o600); err != nil {
		t.Fatal(err)
	}
	opened, err := ring("new").Open(t.Context(), made.URI, keys.GuardPassphrase)
	if err != nil || !samePublic(opened.Public(), made.Public()) {
		t.Errorf("opening what openssl wrote: %v", err)
	}
}

func TestKeysAndSecretsAreNeverPrinted(t *testing.T) {
	dir, secret := t.TempDir(), newSecret(t)
	key, err := secretRing(dir, secret).Create(t.Context(), "issuer-prod-1", keys.P256, keys.GuardSecret)
	if err != nil {
		t.Fatal(err)
	}
	type holder struct {
		Key    keys.Key
		Secret keys.Secret
		key    keys.Key
		secret keys.Secret
	}
	h := holder{key, secret, key, secret}
	var all strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		fmt.Fprintf(&all, verb+verb+verb+verb+"\n", key, secret, h, &h) //nolint:govet // every verb must be safe
	}
	text, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	all.Write(text)
	raw := secret.Text()[len("anchorctl-secret-1:"):]
	for _, forbidden := range []string{string(raw), hexOf(t, raw), "D:", "1 2 "} {
		if strings.Contains(all.String(), forbidden) {
			t.Errorf("output shows %q:\n%s", forbidden, all.String())
		}
	}
	if !strings.Contains(all.String(), "<private key>") || !strings.Contains(all.String(), "<secret>") {
		t.Errorf("the place holders are missing:\n%s", all.String())
	}
}

// hexOf is the start of the secret's bits, the way %x would show them.
func hexOf(t *testing.T, coded []byte) string {
	t.Helper()
	const alphabet = "abcdefghijklmnopqrstuvwxyz234567"
	var bits, n uint
	var out []byte
	for _, c := range coded[:16] {
		bits, n = bits<<5|uint(strings.IndexByte(alphabet, c)), n+5
		if n >= 8 {
			n -= 8
			out = append(out, byte(bits>>n))
		}
	}
	return fmt.Sprintf("%x", out)
}

func TestDamagedKeyFilesAreErrors(t *testing.T) {
	dir, secret := t.TempDir(), newSecret(t)
	made, err := secretRing(dir, secret).Create(t.Context(), "issuer-prod-1", keys.P256, keys.GuardSecret)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "issuer-prod-1.pem")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(whole)
	refused := 0
	check := func(name string, file []byte) {
		t.Helper()
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		opened, err := secretRing(dir, secret).Open(t.Context(), made.URI, keys.GuardSecret)
		if err == nil && !samePublic(opened.Public(), made.Public()) {
			t.Errorf("%s: opened as another key", name)
		}
		if err != nil {
			refused++
		}
	}
	for i := range block.Bytes {
		for _, flip := range []byte{0x01, 0x80} {
			der := bytes.Clone(block.Bytes)
			der[i] ^= flip
			check(fmt.Sprintf("byte %d ^ %x", i, flip), pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: der}))
		}
	}
	for i := 0; i < len(whole); i += 7 {
		check(fmt.Sprintf("cut at %d", i), whole[:i])
	}
	check("too large", append(bytes.Clone(whole), make([]byte, 70_000)...))
	check("two blocks", append(bytes.Clone(whole), whole...))
	// A few bytes carry no meaning: the parameters of the hash, say.
	if all := 2*len(block.Bytes) + len(whole)/7; refused < all*9/10 {
		t.Errorf("only %d of %d damaged files were refused", refused, all)
	}
}

func BenchmarkOpenWithASecret(b *testing.B) {
	dir, secret := b.TempDir(), newSecret(b)
	made, err := secretRing(dir, secret).Create(b.Context(), "issuer-prod-1", keys.P256, keys.GuardSecret)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := secretRing(dir, secret).Open(b.Context(), made.URI, keys.GuardSecret); err != nil {
			b.Fatal(err)
		}
	}
}
