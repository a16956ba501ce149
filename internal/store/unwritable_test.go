package store

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"anchorctl/internal/hint"
)

func TestWhatCannotBeWrittenIsNamedWithTheRemedy(t *testing.T) {
	bound := func(t *testing.T, path string) { // permissions do not bind root
		if os.Geteuid() == 0 {
			t.Skip("root may write everywhere")
		}
		t.Cleanup(func() { must(t, os.Chmod(filepath.Dir(path), 0o700)) })
	}
	for _, c := range []struct {
		name  string
		spoil func(t *testing.T, path string)
		want  string // its end, where DIR is the store's folder
	}{
		{"its log cannot be opened", func(t *testing.T, path string) {
			must(t, os.Mkdir(path+"-wal", 0o700))
		}, "open DIR/state.db-wal: is a directory"},
		{"the file is somebody else's", func(t *testing.T, path string) {
			bound(t, path)
			must(t, os.Chmod(path, 0))
		}, "open DIR/state.db: permission denied"},
		{"its folder is somebody else's", func(t *testing.T, path string) {
			bound(t, path)
			must(t, os.Chmod(filepath.Dir(path), 0))
		}, "stat DIR/state.db: permission denied"},
		{"nothing can be made in its folder", func(t *testing.T, path string) {
			bound(t, path)
			must(t, os.Chmod(filepath.Dir(path), 0o500))
		}, `no file can be made in "DIR"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := migratable(t)
			c.spoil(t, path)
			s, err := Open(t.Context(), path, Options{Now: noon})
			if err == nil {
				must(t, s.Close())
			}
			plain(t, err, path)
			want := strings.ReplaceAll(c.want, "DIR", filepath.Dir(path))
			if err == nil || !strings.HasSuffix(err.Error(), want) {
				t.Errorf("got %v, want it to end with %s", err, want)
			}
		})
	}
	t.Run("a decision", func(t *testing.T) {
		path := migratable(t)
		s, err := Open(t.Context(), path, Options{Now: noon})
		must(t, err)
		_, err = s.db.ExecContext(t.Context(), `PRAGMA query_only = 1`)
		must(t, err)
		plain(t, s.Bind(t.Context(), "aws"), path)
		must(t, s.Close())
	})
}

// plain holds that an error names the store and what to do, in words that are not
// SQLite's.
func plain(t *testing.T, err error, path string) {
	t.Helper()
	if !errors.Is(err, ErrUnwritable) || !strings.Contains(err.Error(), `"`+path+`"`) {
		t.Errorf("got %v", err)
	}
	for _, raw := range []string{"database", "readonly", "(8)", "(14)"} {
		if err != nil && strings.Contains(err.Error(), raw) {
			t.Errorf("%q has SQLite's word %q", err, raw)
		}
	}
	if hints := strings.Join(hint.Of(err), "\n"); !strings.Contains(hints, `write to the folder "`+filepath.Dir(path)+`"`) {
		t.Errorf("the hints are %q", hints)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
