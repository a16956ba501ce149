package keys_test

import (
	"bytes"
	"context"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"anchorctl/internal/keys"
)

// sealedKey is the form of a key file, written down a second time: the tests bend
// each field of it.
type sealedKey struct {
	Algorithm struct {
		ID     asn1.ObjectIdentifier
		Params struct {
			KDF struct {
				ID     asn1.ObjectIdentifier
				Params struct {
					Salt      []byte
					Rounds    int
					KeyLength int                      `asn1:"optional"`
					PRF       pkix.AlgorithmIdentifier `asn1:"optional"`
				}
			}
			Cipher struct {
				ID asn1.ObjectIdentifier
				IV []byte
			}
		}
	}
	Data []byte
}

// file is a key file on disk that tests damage: its ring opens it with the right
// secret, or with the text of the secret typed as a passphrase.
type file struct {
	path   string
	whole  []byte // PEM
	der    []byte
	key    keys.Key
	secret keys.Secret
}

func newFile(t testing.TB) file {
	t.Helper()
	dir, secret := t.TempDir(), newSecret(t)
	key, err := secretRing(dir, secret).Create(t.Context(), "issuer-prod-1", keys.P256, keys.GuardSecret)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "issuer-prod-1.pem")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(whole)
	return file{path, whole, block.Bytes, key, secret}
}

// open writes the file anew and opens it. Whatever was written, another key than
// the one that was made never comes out.
func (f file) open(t testing.TB, text []byte, g keys.Guard) error {
	t.Helper()
	if err := os.WriteFile(f.path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	r := secretRing(filepath.Dir(f.path), f.secret)
	r.Passphrase = func(context.Context, bool) ([]byte, error) { return f.secret.Text(), nil }
	opened, err := r.Open(t.Context(), f.key.URI, g)
	if err == nil && !samePublic(opened.Public(), f.key.Public()) {
		t.Errorf("opened as another key:\n%s", text)
	}
	return err
}

func encrypted(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: der})
}

// bent is the key file with some field changed.
func (f file) bent(t testing.TB, change func(k *sealedKey)) []byte {
	t.Helper()
	var k sealedKey
	if _, err := asn1.Unmarshal(f.der, &k); err != nil {
		t.Fatal(err)
	}
	change(&k)
	der, err := asn1.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

type bend struct {
	name   string
	change func(k *sealedKey)
}

func sizes() []bend {
	return []bend{
		{"no initialisation vector", func(k *sealedKey) { k.Algorithm.Params.Cipher.IV = nil }},
		{"a short initialisation vector", func(k *sealedKey) { k.Algorithm.Params.Cipher.IV = make([]byte, 15) }},
		{"a long initialisation vector", func(k *sealedKey) { k.Algorithm.Params.Cipher.IV = make([]byte, 17) }},
		{"no data", func(k *sealedKey) { k.Data = nil }},
		{"data that is no multiple of a block", func(k *sealedKey) { k.Data = k.Data[1:] }},
		{"no rounds", func(k *sealedKey) { k.Algorithm.Params.KDF.Params.Rounds = 0 }},
		{"fewer than no rounds", func(k *sealedKey) { k.Algorithm.Params.KDF.Params.Rounds = -1 }},
		{"rounds for an hour", func(k *sealedKey) { k.Algorithm.Params.KDF.Params.Rounds = 1 << 40 }},
		{"no salt", func(k *sealedKey) { k.Algorithm.Params.KDF.Params.Salt = nil }},
		{"too much salt", func(k *sealedKey) { k.Algorithm.Params.KDF.Params.Salt = make([]byte, 257) }},
	}
}

func schemes() []bend {
	return []bend{
		{"another scheme", func(k *sealedKey) { k.Algorithm.ID[6] = 3 }},
		{"another derivation", func(k *sealedKey) { k.Algorithm.Params.KDF.ID[6] = 11 }},
		{"SHA-1, by default", func(k *sealedKey) { k.Algorithm.Params.KDF.Params.PRF = pkix.AlgorithmIdentifier{} }},
		{"SHA-1", func(k *sealedKey) { k.Algorithm.Params.KDF.Params.PRF.Algorithm[5] = 7 }},
		{"a key of 16 bytes", func(k *sealedKey) { k.Algorithm.Params.KDF.Params.KeyLength = 16 }},
		{"AES-128", func(k *sealedKey) { k.Algorithm.Params.Cipher.ID[8] = 2 }},
		{"DES", func(k *sealedKey) {
			k.Algorithm.Params.Cipher.ID, k.Algorithm.Params.Cipher.IV = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 7}, make([]byte, 8)
		}},
	}
}

func TestKeyFilesOfAnotherFormAreRefusedBeforeTheyAreDecrypted(t *testing.T) {
	f := newFile(t)
	for want, bends := range map[string][]bend{"malformed": sizes(), "not encrypted with PBES2": schemes()} {
		for _, b := range bends {
			for _, g := range []keys.Guard{keys.GuardSecret, keys.GuardPassphrase} {
				err := f.open(t, encrypted(f.bent(t, b.change)), g)
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%s, guarded by a %s: got %v, want an error with %q", b.name, g, err, want)
				}
			}
		}
	}
	for _, g := range []keys.Guard{keys.GuardSecret, keys.GuardPassphrase} {
		if err := f.open(t, f.whole, g); err != nil {
			t.Errorf("the sound file, guarded by a %s: %v", g, err)
		}
		named := f.bent(t, func(k *sealedKey) { k.Algorithm.Params.KDF.Params.KeyLength = 32 })
		if err := f.open(t, encrypted(named), g); err != nil {
			t.Errorf("the file that names the length of its key, guarded by a %s: %v", g, err)
		}
	}
}

func TestDamagedKeyFilesAreErrors(t *testing.T) {
	f := newFile(t)
	all, refused := 0, 0
	check := func(text []byte) {
		t.Helper()
		all++
		if err := f.open(t, text, keys.GuardSecret); err != nil {
			refused++
		}
	}
	for i := range f.der {
		for _, flip := range []byte{0x01, 0x80} {
			der := bytes.Clone(f.der)
			der[i] ^= flip
			check(encrypted(der))
		}
	}
	for i := 0; i < len(f.whole); i += 7 {
		check(f.whole[:i])
	}
	check(append(bytes.Clone(f.whole), make([]byte, 70_000)...))
	check(append(bytes.Clone(f.whole), f.whole...))
	// A few bytes carry no meaning: the parameters of the hash, say.
	if refused < all*9/10 {
		t.Errorf("only %d of %d damaged files were refused", refused, all)
	}
}

// FuzzDamaged cuts a sound key file, changes one byte of it and adds others: no
// panic, and no other key.
func FuzzDamaged(f *testing.F) {
	sound := newFile(f)
	f.Add(uint16(0), byte(0), uint16(0), []byte(nil), false)
	for i := range sound.der {
		f.Add(uint16(i), byte(0x01), uint16(0), []byte(nil), i%2 == 0)
	}
	f.Add(uint16(0), byte(0), uint16(16), []byte{4, 1, 0}, false)
	f.Fuzz(func(t *testing.T, at uint16, flip byte, cut uint16, added []byte, passphrase bool) {
		der := bytes.Clone(sound.der)
		der[int(at)%len(der)] ^= flip
		der = append(der[:len(der)-int(cut)%len(der)], added...)
		if slow(der) {
			return // it asks for too many rounds to be tried here
		}
		g := keys.GuardSecret
		if passphrase {
			g = keys.GuardPassphrase
		}
		if err := sound.open(t, encrypted(der), g); err != nil && bytes.Equal(der, sound.der) {
			t.Errorf("the sound file does not open: %v", err)
		}
	})
}

// FuzzOpen feeds the ring key files from elsewhere: it never panics, and never
// takes a file that another secret sealed.
func FuzzOpen(f *testing.F) {
	other, ours := newFile(f), newFile(f)
	f.Add(other.der, false)
	f.Add([]byte{0x30, 0x00}, true)
	for _, b := range append(sizes(), schemes()...) {
		f.Add(other.bent(f, b.change), true)
		f.Add(other.bent(f, b.change), false)
	}
	f.Fuzz(func(t *testing.T, der []byte, passphrase bool) {
		if slow(der) || bytes.Equal(der, ours.der) {
			return // it asks for too many rounds to be tried here
		}
		g := keys.GuardSecret
		if passphrase {
			g = keys.GuardPassphrase
		}
		if err := ours.open(t, encrypted(der), g); err == nil {
			t.Error("opened with a secret that did not seal it")
		}
	})
}

// slow: a sound form with more rounds than a fuzz run has time for, and fewer than
// are refused.
func slow(der []byte) bool {
	var k sealedKey
	if _, err := asn1.Unmarshal(der, &k); err != nil {
		return false
	}
	rounds := k.Algorithm.Params.KDF.Params.Rounds
	return rounds > 5_000 && rounds <= 20_000_000
}

// TestNoKeyFileIsFatalInFIPSMode opens, in a process whose cryptography is held to
// FIPS 140, a key file whose salt that mode does not take; pemutil would panic.
func TestNoKeyFileIsFatalInFIPSMode(t *testing.T) {
	f := newFile(t)
	short := f.bent(t, func(k *sealedKey) { k.Algorithm.Params.KDF.Params.Salt = make([]byte, 8) })
	for name, c := range map[string]struct {
		file []byte
		want string // the exit number and output
	}{
		"as it is made": {f.whole, ""},
		"a short salt":  {encrypted(short), "exit status 1: opening key \"file:issuer-prod-1.pem\": the salt has 8 bytes: FIPS 140-only mode takes no fewer than 16\n"},
	} {
		if err := os.WriteFile(f.path, c.file, 0o600); err != nil {
			t.Fatal(err)
		}
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), self)
		cmd.Env = append(os.Environ(), "GODEBUG=fips140=only", "KEYS_OPEN="+f.key.URI,
			"KEYS_DIR="+filepath.Dir(f.path), "KEYS_SECRET="+string(f.secret.Text()))
		out, err := cmd.CombinedOutput()
		got := string(out)
		if err != nil {
			got = err.Error() + ": " + got
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
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
