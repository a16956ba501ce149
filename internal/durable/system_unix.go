//go:build unix

package durable

import (
	"errors"
	"os"
	"syscall"
)

func lock(file *os.File) error { return syscall.Flock(int(file.Fd()), syscall.LOCK_EX) }

func tryLock(file *os.File) (bool, error) {
	err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	err = dir.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil // a file system that has nothing to sync in a folder (fsync(2), EINVAL)
	}
	return errors.Join(err, dir.Close())
}
