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
	t.Run("its log cannot be opened", func(t *testing.T) {
		path := migratable(t)
		must(t, os.Mkdir(path+"-wal", 0o700))
		refusedBecause(t, path, "open DIR/state.db-wal: is a directory")
	})
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

// refusedBecause opens a store that cannot be opened. because is the end of the
// error, where DIR is the store's folder.
func refusedBecause(t *testing.T, path, because string) {
	t.Helper()
	s, err := Open(t.Context(), path, Options{Now: noon})
	if err == nil {
		must(t, s.Close())
	}
	plain(t, err, path)
	want := strings.ReplaceAll(because, "DIR", filepath.Dir(path))
	if err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got %v, want it to end with %s", err, want)
	}
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
