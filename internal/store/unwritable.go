package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"anchorctl/internal/hint"
)

// ErrUnwritable says that the store cannot be written by who runs the program.
var ErrUnwritable = errors.New("the store cannot be written")

// unwritable reports whether SQLite could not open a file, or write to it.
func unwritable(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code() & 0xff { // the primary code: https://www.sqlite.org/rescode.html
	case lib.SQLITE_READONLY, lib.SQLITE_PERM, lib.SQLITE_CANTOPEN:
		return true
	default:
		return false
	}
}

// unopened says why a store that could not be opened was not, in the words of the
// operating system. A database with a write-ahead log is not opened for reading
// alone: the log's index is made beside it
// (https://www.sqlite.org/wal.html#read_only_databases). The files are opened here
// once more; SQLite has to have closed them, or it would lose its locks
// (https://www.sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_).
func unopened(path string, err error) error {
	if !unwritable(err) {
		return explain(err)
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		f, cause := os.OpenFile(name, os.O_RDWR, 0)
		if cause == nil {
			cause = f.Close()
		}
		if cause != nil && (name == path || !errors.Is(cause, fs.ErrNotExist)) {
			return unreadable(path, cause)
		}
	}
	return unreadable(path, fmt.Errorf("no file can be made in %q", filepath.Dir(path)))
}

// unreadable is the error of a store that cannot be opened.
func unreadable(path string, cause error) error {
	return barred(path, fmt.Errorf("%w, and even reading it needs that: %w", ErrUnwritable, cause))
}

// unwritten is explain for a store that is open: it names the file.
func (s *Store) unwritten(err error) error {
	if !unwritable(err) {
		return explain(err)
	}
	return barred(s.path, fmt.Errorf("%w: %q", ErrUnwritable, s.path))
}

func barred(path string, err error) error {
	return hint.With(err, fmt.Sprintf("let who runs anchorctl write to the folder %q and to the files in it, or run it as their owner", filepath.Dir(path)),
		"where the file system is read-only, work on a copy of the estate's directory")
}
