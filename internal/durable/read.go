package durable

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Read is what a file holds, up to most bytes and one more, by which one that is
// too large is told. A file that is not there is nil, one that is empty is not:
// of the two, only the second is what a crash may leave of a write of a Group.
func Read(path string, most int64) ([]byte, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(file, most+1))
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, fmt.Errorf("reading %q: %w", path, err)
	}
	return text, nil // io.ReadAll returns no nil without an error
}
