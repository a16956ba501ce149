package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// File systems without RENAME_NOREPLACE go this way.
func TestALinkNeverReplaces(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	for _, path := range []string{from, to} {
		if err := os.WriteFile(path, []byte(path), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := linkAndRemove(from, to); !errors.Is(err, fs.ErrExist) {
		t.Fatalf("got %v, want fs.ErrExist", err)
	}
	if data, err := os.ReadFile(to); err != nil || string(data) != to {
		t.Errorf("got %q, %v", data, err)
	}
	if err := os.Remove(to); err != nil {
		t.Fatal(err)
	}
	if err := linkAndRemove(from, to); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(to); err != nil || string(data) != from {
		t.Errorf("got %q, %v", data, err)
	}
	if _, err := os.Lstat(from); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the temporary name is still there: %v", err)
	}
}
