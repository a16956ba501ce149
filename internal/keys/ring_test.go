package keys_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
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
	mistyped, tries := ring("wrong horse"), 0
	mistyped.Again = func() bool { tries++; mistyped.Passphrase = ring("correct horse").Passphrase; return true }
	if _, err := mistyped.Open(t.Context(), made.URI, keys.GuardPassphrase); err != nil || tries != 1 {
		t.Errorf("after a mistyped passphrase: %v, asked again %d times", err, tries)
	}
	hopeless, tries := ring("wrong horse"), 0
	hopeless.Again = func() bool { tries++; return tries < 3 }
	if _, err := hopeless.Open(t.Context(), made.URI, keys.GuardPassphrase); !errors.Is(err, keys.ErrWrongPassphrase) || tries != 3 {
		t.Errorf("after three wrong passphrases: %v, asked again %d times", err, tries)
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
	if _, err := secretRing(dir, secret).Open(t.Context(), "file:issuer-prod-2.pem", keys.GuardSecret); !errors.Is(err, keys.ErrNoFile) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want ErrNoFile and fs.ErrNotExist", err)
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
	raw := bitsOf(t, secret)
	decimal := strings.Trim(fmt.Sprint(raw), "[]")
	for _, forbidden := range []string{string(secret.Text()[len("anchorctl-secret-1:"):]), fmt.Sprintf("%x", raw), decimal, "PrivateKey=&", "D:"} {
		if strings.Contains(all.String(), forbidden) {
			t.Errorf("output shows %q:\n%s", forbidden, all.String())
		}
	}
	if !strings.Contains(all.String(), "<private key>") || !strings.Contains(all.String(), "<secret>") {
		t.Errorf("the place holders are missing:\n%s", all.String())
	}
}

// bitsOf is the first bits of a secret.
func bitsOf(t *testing.T, s keys.Secret) []byte {
	t.Helper()
	const alphabet = "abcdefghijklmnopqrstuvwxyz234567"
	coded := bytes.TrimPrefix(s.Text(), []byte("anchorctl-secret-1:"))
	raw, err := base32.NewEncoding(alphabet).WithPadding(base32.NoPadding).DecodeString(string(coded))
	if err != nil {
		t.Fatal(err)
	}
	return raw[:16]
}
