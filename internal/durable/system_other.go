//go:build !unix

package durable

import (
	"errors"
	"io/fs"
	"os"
)

// Elsewhere an open file cannot be removed, which protects it as a lock does, and
// a folder cannot be synced.

func lock(*os.File) error            { return nil }
func tryLock(*os.File) (bool, error) { return true, nil }
func syncFolder(string) error        { return nil }

func writeWhole(path string, data []byte, perm fs.FileMode, created func()) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, perm)
	if err != nil {
		return err
	}
	created()
	_, err = file.Write(data)
	return errors.Join(err, file.Close())
}
