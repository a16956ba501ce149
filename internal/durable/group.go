package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// Group writes many files below one folder and makes all of them durable at
// once: on Linux by one syncfs(2) of the file system, elsewhere file by file.
// Until Sync has returned, nothing that was written is known to be on the disk,
// and after a crash a file that was not synced is empty, whole or not there: each
// is written by one write(2), without the temporary file and the rename that
// Files has. Its methods may be called by several goroutines; Sync covers the
// writes that returned before it began.
type Group struct {
	files Files
	root  string
	whole *os.File // the folder, where its file system is synced as one

	mu      sync.Mutex
	pending map[string]bool // what Sync has to sync, when it goes file by file; folders too
}

// Group makes a folder, and those above it that are missing, and returns a group
// for the files below it. It holds the folder open until it is closed: the system
// tells each open file once of what it could not write back since then, and whoever
// opens one later is not told of what somebody else's sync was (syncfs(2)).
func (f Files) Group(root string, perm fs.FileMode) (*Group, error) {
	g := &Group{files: f, root: root, pending: map[string]bool{}}
	err := g.MkdirAll(root, perm)
	if err == nil && syncsWhole() {
		g.whole, err = os.Open(root)
	}
	return g, err
}

// Close lets go of the folder. What was not synced may be lost.
func (g *Group) Close() error {
	if g.whole == nil {
		return nil
	}
	return g.whole.Close()
}

// Mkdir makes a folder, whose parent exists, and reports whether it was not there
// yet.
func (g *Group) Mkdir(path string, perm fs.FileMode) (made bool, err error) {
	g.files.step("mkdir", path)
	err = os.Mkdir(path, perm)
	if errors.Is(err, fs.ErrExist) {
		info, statErr := os.Lstat(path)
		if statErr == nil && info.IsDir() {
			return false, nil
		}
		err = &fs.PathError{Op: "mkdir", Path: path, Err: errors.New("not a folder")}
	}
	if err != nil {
		return false, fmt.Errorf("making folder %q: %w", path, err)
	}
	g.note(filepath.Dir(path))
	return true, nil
}

// MkdirAll makes a folder and those above it that are missing.
func (g *Group) MkdirAll(path string, perm fs.FileMode) error {
	path = filepath.Clean(path)
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil
	}
	if parent := filepath.Dir(path); parent != path {
		if err := g.MkdirAll(parent, perm); err != nil {
			return err
		}
	}
	_, err := g.Mkdir(path, perm)
	return err
}

// Write makes path hold data, in a folder that exists. What was there before is
// gone when a crash falls on it: whoever writes over something can write it again.
func (g *Group) Write(path string, data []byte, perm fs.FileMode) error {
	if err := g.write(path, data, perm); err != nil {
		return fmt.Errorf("writing %q: %w", path, err)
	}
	return nil
}

func (g *Group) write(path string, data []byte, perm fs.FileMode) error {
	g.files.step("write", path)
	if err := writeWhole(path, data, perm, func() { g.files.step("fill", path) }); err != nil {
		return err
	}
	g.note(path)
	g.note(filepath.Dir(path))
	return nil
}

// Adopt counts a file that is there already, perhaps not on the disk, among those
// of the group.
func (g *Group) Adopt(path string) {
	g.note(path)
	g.note(filepath.Dir(path))
}

func (g *Group) note(path string) {
	if g.whole != nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pending[path] = true
}

// Sync makes durable what was written. Steps are called as around every sync, one
// for each call of the operating system.
func (g *Group) Sync() error {
	if g.whole != nil {
		g.files.step("syncfs", g.root)
		if err := errors.Join(syncWhole(g.whole), g.stands()); err != nil {
			return fmt.Errorf("syncing the file system of %q: %w", g.root, err)
		}
		g.files.step("syncedfs", g.root)
		return nil
	}
	g.mu.Lock()
	paths := g.pending
	g.pending = map[string]bool{}
	g.mu.Unlock()
	for path := range paths {
		g.files.step("fsync", path)
		if err := syncOne(path); err != nil {
			return fmt.Errorf("syncing %q: %w", path, err)
		}
	}
	return nil
}

// stands reports an error unless the folder is where it was: files below another
// one of its name are not known to be durable.
func (g *Group) stands() error {
	own, err := g.whole.Stat()
	if err != nil {
		return err
	}
	named, err := os.Stat(g.root)
	if err == nil && !os.SameFile(own, named) {
		err = errors.New("another folder was put in its place")
	}
	return err
}

func syncOne(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return syncFolder(path)
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0) // Windows syncs only what may be written
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
