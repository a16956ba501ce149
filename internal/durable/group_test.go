package durable_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"anchorctl/internal/durable"
)

func TestAGroupIsSyncedWithOneCall(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("syncfs is Linux's")
	}
	dir := t.TempDir()
	var mu sync.Mutex
	syncs := 0
	files := durable.Files{Step: func(name string) {
		mu.Lock()
		defer mu.Unlock()
		if strings.Contains(name, "sync ") || strings.Contains(name, "syncfs ") {
			syncs++
		}
	}}
	g := group(t, files, dir)
	var all sync.WaitGroup
	errs := make([]error, 50)
	for i := range errs {
		all.Go(func() {
			folder := filepath.Join(dir, fmt.Sprint(i))
			if errs[i] = g.MkdirAll(filepath.Join(folder, "inner"), 0o700); errs[i] == nil {
				errs[i] = g.Write(filepath.Join(folder, "file"), []byte(fmt.Sprint(i)), 0o600)
			}
		})
	}
	all.Wait()
	for i, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, fmt.Sprint(i), "file")
		if got := read(t, path); got != fmt.Sprint(i) {
			t.Errorf("%s holds %q", path, got)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v: %v", path, info.Mode(), err)
		}
	}
	if err := g.Sync(); err != nil {
		t.Fatal(err)
	}
	if syncs != 1 {
		t.Errorf("50 files took %d syncs, want 1", syncs)
	}
}

func group(t *testing.T, files durable.Files, root string) *durable.Group {
	t.Helper()
	g, err := files.Group(root, 0o700)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

// What was written is in the folder that was moved, or nowhere.
func TestAGroupWhoseFolderIsGoneIsNotSynced(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("syncfs is Linux's; elsewhere each file is looked for")
	}
	dir := t.TempDir()
	root, away := filepath.Join(dir, "root"), filepath.Join(dir, "away")
	g := group(t, durable.Files{}, root)
	if err := errors.Join(g.Write(filepath.Join(root, "file"), []byte("ours"), 0o600), g.Sync(), os.Rename(root, away)); err != nil {
		t.Fatal(err)
	}
	if err := g.Sync(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("its folder was moved: got %v", err)
	}
	if err := os.Mkdir(root, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := g.Sync(); err == nil || !strings.Contains(err.Error(), "another folder was put in its place") {
		t.Errorf("another folder has its place: got %v", err)
	}
	if err := errors.Join(os.Remove(root), os.Rename(away, root), g.Sync()); err != nil {
		t.Errorf("it was put back: %v", err)
	}
}

func TestAGroupRefuses(t *testing.T) {
	dir := t.TempDir()
	g := group(t, durable.Files{}, dir)
	file, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	if err := g.Write(file, []byte("ours"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Mkdir(file, 0o700); err == nil {
		t.Error("a file was taken for a folder")
	}
	if err := g.Write(filepath.Join(dir, "no-folder", "file"), nil, 0o600); err == nil {
		t.Error("a file was written in a folder that does not exist")
	}
	if _, err := (durable.Files{}).Group(filepath.Join(file, "inner"), 0o700); err == nil {
		t.Error("a folder was made below a file")
	}
	if err := os.Symlink(file, link); err != nil {
		t.Skip("this system makes no symbolic links: ", err)
	}
	if err := g.Write(link, []byte("theirs"), 0o600); err == nil && runtime.GOOS != "windows" {
		t.Errorf("it wrote through a link: %q", read(t, file))
	}
}
