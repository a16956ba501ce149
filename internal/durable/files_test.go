package durable_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"anchorctl/internal/durable"
)

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func entries(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

func TestReplaceWritesAndReplaces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cert.pem")
	var f durable.Files
	for _, want := range []string{"first", "second, and longer", ""} {
		if err := f.Replace(path, []byte(want), 0o640); err != nil {
			t.Fatal(err)
		}
		if got := read(t, path); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o640 {
		t.Errorf("mode is %o, want 640", info.Mode().Perm())
	}
	if names := entries(t, filepath.Dir(path)); len(names) != 1 {
		t.Errorf("left behind: %v", names)
	}
}

func TestReplaceTakesTheNameOfALinkNotItsTarget(t *testing.T) {
	dir := t.TempDir()
	target, link := filepath.Join(dir, "target"), filepath.Join(dir, "link")
	if err := os.WriteFile(target, []byte("untouched"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	if err := (durable.Files{}).Replace(link, []byte("new"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := read(t, target); got != "untouched" {
		t.Errorf("the target of the link now holds %q", got)
	}
}

func TestCreateNeverOverwrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key.pem")
	var f durable.Files
	if err := f.Create(path, []byte("first"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.Create(path, []byte("second"), 0o600); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v, want fs.ErrExist", err)
	}
	if got := read(t, path); got != "first" {
		t.Errorf("got %q", got)
	}
	if names := entries(t, filepath.Dir(path)); len(names) != 1 {
		t.Errorf("left behind: %v", names)
	}
}

func TestOneOfManyCreatesWins(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key.pem")
	results := make([]error, 16)
	var wg sync.WaitGroup
	for i := range results {
		wg.Go(func() {
			results[i] = (durable.Files{}).Create(path, bytes.Repeat([]byte{byte('a' + i)}, 5000), 0o600)
		})
	}
	wg.Wait()
	won := -1
	for i, err := range results {
		switch {
		case err == nil && won < 0:
			won = i
		case err == nil:
			t.Errorf("both %d and %d created it", won, i)
		case !errors.Is(err, fs.ErrExist):
			t.Errorf("%d: %v", i, err)
		}
	}
	if want := strings.Repeat(string(rune('a'+won)), 5000); won < 0 || read(t, path) != want {
		t.Errorf("the file is not the winner's (%d)", won)
	}
	if names := entries(t, filepath.Dir(path)); len(names) != 1 {
		t.Errorf("left behind: %v", names)
	}
}

func TestWritersOfOneNameDoNotDisturbEachOther(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chain.pem")
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			if err := (durable.Files{}).Replace(path, bytes.Repeat([]byte{byte('a' + i)}, 5000), 0o600); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	got := read(t, path)
	if len(got) != 5000 || got != strings.Repeat(got[:1], 5000) {
		t.Error("the file mixes two writers")
	}
}

func TestLeftoversAreSweptByName(t *testing.T) {
	dir := t.TempDir()
	swept := []string{".a.123.tmp", ".a.9.tmp"}
	kept := []string{".a.pem.123.tmp", ".a..tmp", ".b.123.tmp", "a.123.tmp", ".a.12x.tmp"}
	for _, name := range append(append([]string{}, swept...), kept...) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("torn"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := (durable.Files{}).Create(filepath.Join(dir, "a"), []byte("whole"), 0o600); err != nil {
		t.Fatal(err)
	}
	names := strings.Join(entries(t, dir), " ")
	for _, name := range swept {
		if strings.Contains(names, name) {
			t.Errorf("%s was not swept", name)
		}
	}
	for _, name := range kept {
		if !strings.Contains(names, name) {
			t.Errorf("%s was swept", name)
		}
	}
}

func TestFoldersAreMadeWithTheirParents(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out", "prod", "backup")
	var steps []string
	f := durable.Files{Step: func(name string) { steps = append(steps, name) }}
	if err := f.MkdirAll(path, 0o700); err != nil {
		t.Fatal(err)
	}
	want := "durable.mkdir out, durable.mkdirsync out, durable.mkdir prod, durable.mkdirsync prod, durable.mkdir backup, durable.mkdirsync backup"
	if got := strings.Join(steps, ", "); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if err := f.MkdirAll(path, 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(path, "file")
	if err := f.Create(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, below := range []string{file, filepath.Join(file, "below")} {
		if err := f.MkdirAll(below, 0o700); err == nil {
			t.Errorf("%s: a file was taken for a folder", below)
		}
	}
}

func TestRemove(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x")
	var f durable.Files
	if err := f.Create(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time there is nothing to remove
		if err := f.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Remove(filepath.Join(dir, "no", "folder")); err != nil {
		t.Error(err)
	}
	if names := entries(t, dir); len(names) != 0 {
		t.Errorf("left: %v", names)
	}
}

func TestSyncNeedsTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	if err := (durable.Files{}).Sync(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want fs.ErrNotExist", err)
	}
	if err := os.WriteFile(path, nil, 0o400); err != nil {
		t.Fatal(err)
	}
	if err := (durable.Files{}).Sync(path); err != nil {
		t.Error(err)
	}
}

func TestRenameReplaces(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	var f durable.Files
	for _, path := range []string{from, to} {
		if err := f.Create(path, []byte(path), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Rename(from, to); err != nil {
		t.Fatal(err)
	}
	if got := read(t, to); got != from || len(entries(t, dir)) != 1 {
		t.Errorf("got %q and %v", got, entries(t, dir))
	}
	if err := f.Rename(from, to); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want fs.ErrNotExist", err)
	}
}

func TestAFolderIsLockedOnce(t *testing.T) {
	dir := t.TempDir()
	var f durable.Files
	release, held, err := f.TryLockFolder(dir)
	if err != nil || !held {
		t.Fatalf("the lock was not to be had: %v", err)
	}
	if _, held, err := f.TryLockFolder(dir); err != nil || held {
		t.Errorf("the lock was given twice: %v", err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	release, held, err = f.TryLockFolder(dir)
	if err != nil || !held {
		t.Fatalf("the lock was not released: %v", err)
	}
	if err := release(); err != nil {
		t.Error(err)
	}
	if _, _, err := f.TryLockFolder(filepath.Join(dir, "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want fs.ErrNotExist", err)
	}
}

func TestMoveAllMovesInTheOrderGiven(t *testing.T) {
	from, to := filepath.Join(t.TempDir(), "from"), t.TempDir()
	if err := os.Mkdir(from, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"cert.pem", "key.pem"} {
		for dir, text := range map[string]string{from: "new ", to: "old "} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text+name), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	var steps []string
	f := durable.Files{Step: func(name string) { steps = append(steps, name) }}
	if err := f.MoveAll(from, to, "key.pem", "cert.pem"); err != nil {
		t.Fatal(err)
	}
	want := []string{"durable.move key.pem", "durable.move cert.pem", "durable.movesync " + filepath.Base(to)}
	if strings.Join(steps, ", ") != strings.Join(want, ", ") {
		t.Errorf("the steps are %q, want %q", steps, want)
	}
	if read(t, filepath.Join(to, "key.pem")) != "new key.pem" || read(t, filepath.Join(to, "cert.pem")) != "new cert.pem" || len(entries(t, from)) != 0 {
		t.Errorf("not all was moved: %v, %v", entries(t, from), entries(t, to))
	}
	if err := f.MoveAll(from, to, "key.pem"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what is not there was moved: %v", err)
	}
}
