package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/pki"
	"anchorctl/internal/terminal"
)

// openFiles opens what flags and arguments name and closes it together.
type openFiles struct {
	opened []io.Closer
	err    error
}

// open returns nil for an empty name and after an error.
func (f *openFiles) open(c *cmdline.Call, path string) io.Reader {
	if path == "" || f.err != nil {
		return nil
	}
	r, err := c.Open(within(c, path))
	if err != nil {
		f.err = err
		return nil
	}
	f.opened = append(f.opened, r)
	return r
}

// close drops the errors: the files were only read.
func (f *openFiles) close() {
	for _, c := range f.opened {
		_ = c.Close()
	}
}

// readFile reads a file that may hold at most so many bytes.
func readFile(c *cmdline.Call, path string, limit int64) (data []byte, err error) {
	r, err := c.Open(within(c, path))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if data, err = pki.ReadBounded(r, limit); err != nil {
		return nil, fmt.Errorf("reading %q: %w", path, err)
	}
	return data, nil
}

// within is a path as the user meant it: from the working directory.
func within(c *cmdline.Call, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(c.Dir, path)
}

// replaceable holds that the file that a flag names, if it is there, begins as
// what is going to be written: a slip must not cost a configuration or a key.
func replaceable(c *cmdline.Call, path, begins, flag string) (err error) {
	if path == "" {
		return nil
	}
	r, err := c.Open(within(c, path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	head, err := io.ReadAll(io.LimitReader(r, int64(len(begins))))
	if err != nil {
		return fmt.Errorf("reading %q: %w", path, err)
	}
	if len(head) > 0 && string(head) != begins {
		return terminal.Usage(fmt.Sprintf("%s %s: a file of this name holds something else; it is left as it is", flag, path), "name another file, or remove that one")
	}
	return nil
}
