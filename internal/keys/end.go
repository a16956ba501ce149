package keys

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// archive is the folder, inside the ring's, of keys that were put away.
const archive = "archive"

// Destroy removes a key file durably; one that is gone already is no error. What
// a file system or a backup kept of it is out of its reach.
func (r *Ring) Destroy(_ context.Context, uri string) error {
	path, err := r.forget(uri)
	if err == nil {
		err = r.Files.Remove(path)
	}
	if err != nil {
		return fmt.Errorf("destroying key %q: %w", uri, err)
	}
	return nil
}

// Archive puts a key file away, where no URI leads and a person finds it; one
// that was put away already is no error. It returns where it lies.
func (r *Ring) Archive(_ context.Context, uri string) (string, error) {
	path, err := r.forget(uri)
	if err != nil {
		return "", fmt.Errorf("archiving key %q: %w", uri, err)
	}
	kept := filepath.Join(r.Dir, archive, filepath.Base(path))
	if err := r.archive(path, kept); err != nil {
		return "", fmt.Errorf("archiving key %q: %w", uri, err)
	}
	return kept, nil
}

func (r *Ring) archive(path, kept string) error {
	if _, err := os.Lstat(kept); err == nil {
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			return r.Files.Sync(kept)
		}
		return fmt.Errorf("%q: %w", kept, fs.ErrExist) // never overwritten
	}
	if _, err := os.Lstat(path); err != nil {
		return err
	}
	if err := r.Files.MkdirAll(filepath.Dir(kept), 0o700); err != nil {
		return err
	}
	return r.Files.MoveAll(filepath.Dir(path), filepath.Dir(kept), filepath.Base(path))
}

// forget closes a key and says where its file is.
func (r *Ring) forget(uri string) (string, error) {
	path, err := r.path(uri)
	if err != nil {
		return "", err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.open, uri)
	return path, nil
}
