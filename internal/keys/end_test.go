package keys_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"anchorctl/internal/keys"
)

func TestAKeyIsPutAwayOrDestroyedOnce(t *testing.T) {
	r := secretRing(filepath.Join(t.TempDir(), "keys"), newSecret(t))
	here := func(names ...string) bool {
		_, err := os.Stat(filepath.Join(append([]string{r.Dir}, names...)...))
		return err == nil
	}
	for _, name := range []string{"root-1", "issuer-prod-1"} {
		if _, err := r.Create(t.Context(), name, keys.P256, keys.GuardSecret); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		path, err := r.Archive(t.Context(), "file:root-1.pem")
		if err != nil || path != filepath.Join(r.Dir, "archive", "root-1.pem") || here("root-1.pem") || !here("archive", "root-1.pem") {
			t.Errorf("put away as %q, %v", path, err)
		}
		if err := r.Destroy(t.Context(), "file:issuer-prod-1.pem"); err != nil || here("issuer-prod-1.pem") {
			t.Errorf("destroying: %v", err)
		}
	}
	for _, uri := range []string{"file:root-1.pem", "file:issuer-prod-1.pem"} {
		if _, err := r.Open(t.Context(), uri, keys.GuardSecret); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("opening %s: got %v, want that it is not there", uri, err)
		}
	}
	if _, err := r.Archive(t.Context(), "file:root-2.pem"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("putting away a key that was lost: got %v", err)
	}
	if err := os.WriteFile(filepath.Join(r.Dir, "root-1.pem"), []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Archive(t.Context(), "file:root-1.pem"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("putting away a key over another: got %v", err)
	}
}
