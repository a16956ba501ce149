package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Files writes durably. The zero value works.
type Files struct {
	// Step, when set, is called before each step that a crash could fall on, with
	// names like "durable.rename issuer-prod-1.pem".
	Step func(name string)
}

func (f Files) step(what, path string) {
	if f.Step != nil {
		f.Step("durable." + what + " " + filepath.Base(path))
	}
}

// Replace makes path hold data, whether there was something or not.
func (f Files) Replace(path string, data []byte, perm fs.FileMode) error {
	return f.ReplaceAll(filepath.Dir(path), perm, File{filepath.Base(path), data})
}

// File is a content and its name in a folder.
type File struct {
	Name string
	Data []byte
}

// ReplaceAll is Replace for files of one folder, which is synced once, when all
// have their names. After a crash each of them holds the old content or the new;
// one may be new and another old.
func (f Files) ReplaceAll(folder string, perm fs.FileMode, files ...File) error {
	path := folder
	for _, one := range files {
		path = filepath.Join(folder, one.Name)
		if err := f.write(path, one.Data, perm, os.Rename); err != nil {
			return fmt.Errorf("writing %q: %w", path, err)
		}
	}
	f.step("dirsync", path)
	if err := syncFolder(folder); err != nil {
		return fmt.Errorf("writing %q: %w", path, err)
	}
	return nil
}

// Create makes path hold data. It never overwrites: when there is something
// already, the error is fs.ErrExist.
func (f Files) Create(path string, data []byte, perm fs.FileMode) error {
	err := f.write(path, data, perm, publish)
	if err == nil {
		f.step("dirsync", path)
		err = syncFolder(filepath.Dir(path))
	}
	if err != nil {
		return fmt.Errorf("creating %q: %w", path, err)
	}
	return nil
}

// Rename gives a file of a folder another name in it, in place of what had that
// name. The file must be durable already.
func (f Files) Rename(from, to string) error {
	f.step("rename", to)
	if err := os.Rename(from, to); err != nil {
		return fmt.Errorf("renaming %q: %w", from, err)
	}
	f.step("dirsync", to)
	if err := syncFolder(filepath.Dir(to)); err != nil {
		return fmt.Errorf("renaming %q: %w", from, err)
	}
	return nil
}

// MoveAll gives files of one folder the same names in another one of the same
// file system, in the order given and with nothing between them; then both folders
// are synced. The files must be durable already. After a crash some of them may
// have moved and others not.
func (f Files) MoveAll(from, to string, names ...string) error {
	for _, name := range names {
		f.step("move", name)
		if err := os.Rename(filepath.Join(from, name), filepath.Join(to, name)); err != nil {
			return fmt.Errorf("moving %q: %w", filepath.Join(from, name), err)
		}
	}
	f.step("movesync", to)
	if err := errors.Join(syncFolder(to), syncFolder(from)); err != nil {
		return fmt.Errorf("moving files to %q: %w", to, err)
	}
	return nil
}

// BusyError says that another run holds what this one would write to.
type BusyError struct{ What string }

func (e *BusyError) Error() string { return "another run is writing to " + e.What }

// TryLockFolder takes the lock of a folder unless somebody holds it. It ends with
// release, or with the process.
func (f Files) TryLockFolder(path string) (release func() error, held bool, err error) {
	dir, err := os.Open(path)
	if err != nil {
		return nil, false, fmt.Errorf("locking folder %q: %w", path, err)
	}
	free, err := tryLock(dir)
	if err == nil && free {
		return dir.Close, true, nil
	}
	if err := errors.Join(err, dir.Close()); err != nil {
		return nil, false, fmt.Errorf("locking folder %q: %w", path, err)
	}
	return nil, false, nil
}

// Sync makes durable a file that is there already, and its entry in its folder:
// whoever wrote it may have been killed before that.
func (f Files) Sync(path string) error {
	f.step("sync", path)
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	err = errors.Join(file.Sync(), file.Close())
	if err == nil {
		err = syncFolder(filepath.Dir(path))
	}
	if err != nil {
		return fmt.Errorf("syncing %q: %w", path, err)
	}
	return nil
}

// MkdirAll makes a folder and those above it, each durable before the one below.
func (f Files) MkdirAll(path string, perm fs.FileMode) error {
	path = filepath.Clean(path)
	info, err := os.Stat(path)
	switch {
	case err == nil && !info.IsDir():
		return fmt.Errorf("making folder %q: %w", path, &fs.PathError{Op: "mkdir", Path: path, Err: errors.New("not a folder")})
	case err == nil:
		// Whoever made it may have been killed before its entry was durable.
		if err := syncFolder(filepath.Dir(path)); err != nil && !errors.Is(err, fs.ErrPermission) {
			return fmt.Errorf("making folder %q: %w", path, err)
		}
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("making folder %q: %w", path, err)
	}
	if parent := filepath.Dir(path); parent != path {
		if err := f.MkdirAll(parent, perm); err != nil {
			return err
		}
	}
	f.step("mkdir", path)
	if err := os.Mkdir(path, perm); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("making folder %q: %w", path, err)
	}
	f.step("mkdirsync", path)
	if err := syncFolder(filepath.Dir(path)); err != nil {
		return fmt.Errorf("making folder %q: %w", path, err)
	}
	return nil
}

// Remove removes a file durably. One that is not there is no error.
func (f Files) Remove(path string) error {
	f.step("remove", path)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing %q: %w", path, err)
	}
	f.step("removesync", path)
	if err := syncFolder(filepath.Dir(path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing %q: %w", path, err)
	}
	return nil
}

// write makes a temporary file durable and gives it its name. The name is durable
// once the folder is synced.
func (f Files) write(path string, data []byte, perm fs.FileMode, name func(from, to string) error) error {
	if err := sweep(path); err != nil {
		return err
	}
	f.step("write", path)
	file, err := temporary(path)
	if err != nil {
		return err
	}
	// The file stays open, and so locked, until it has its name: that is how
	// sweep tells a write that goes on from what a crash left.
	done := false
	defer func() {
		if !done {
			os.Remove(file.Name()) //nolint:errcheck // the write has failed already; sweep tries again
			file.Close()           //nolint:errcheck // as above
		}
	}()
	if err := file.Chmod(perm); err != nil {
		return err
	}
	if _, err := file.Write(data); err != nil {
		return err
	}
	f.step("fsync", path)
	if err := file.Sync(); err != nil {
		return err
	}
	f.step("rename", path)
	if err := name(file.Name(), path); err != nil {
		return err
	}
	done = true
	return file.Close()
}

// temporary makes a locked file beside path. A sweep may take it away between
// its creation and its lock; then it is made again.
func temporary(path string) (*os.File, error) {
	for {
		file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.tmp")
		if err != nil {
			return nil, err
		}
		if err := lock(file); err != nil {
			return nil, errors.Join(err, os.Remove(file.Name()), file.Close())
		}
		own, err := file.Stat()
		if err != nil {
			return nil, errors.Join(err, file.Close())
		}
		named, err := os.Lstat(file.Name())
		if err == nil && os.SameFile(own, named) {
			return file, nil
		}
		if err := file.Close(); err != nil {
			return nil, err
		}
	}
}

// sweep removes the temporary files that crashed writes of path left behind.
func sweep(path string) error {
	dir, base := filepath.Dir(path), filepath.Base(path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.Type().IsRegular() || !leftover(e.Name(), base) {
			continue
		}
		if err := removeUnlocked(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// leftover reports whether name is that of a temporary file of base: what stands
// in the middle are digits alone (os.CreateTemp), so that the leftovers of
// "a.pem" are not taken for those of "a".
func leftover(name, base string) bool {
	prefix, suffix := "."+base+".", ".tmp"
	if len(name) <= len(prefix)+len(suffix) || name[:len(prefix)] != prefix || name[len(name)-len(suffix):] != suffix {
		return false
	}
	for _, r := range name[len(prefix) : len(name)-len(suffix)] {
		if r < '0' || r > '9' {
			return false
		}
	}
	return true
}

// removeUnlocked removes a temporary file that nobody is writing.
func removeUnlocked(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil
	}
	if err != nil {
		return err
	}
	free, err := tryLock(file)
	if err == nil && free {
		err = os.Remove(path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, file.Close())
}
