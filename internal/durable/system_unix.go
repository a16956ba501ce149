//go:build unix

package durable

import (
	"errors"
	"io/fs"
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

// writeWhole writes a file with one write(2), never through somebody's link. An
// os.File would ask the kernel five times more, to find out whether it can be
// waited for.
func writeWhole(path string, data []byte, perm fs.FileMode, created func()) error {
	flags := syscall.O_WRONLY | syscall.O_CREAT | syscall.O_TRUNC | syscall.O_NOFOLLOW | syscall.O_CLOEXEC
	fd, err := again(func() (int, error) { return syscall.Open(path, flags, uint32(perm.Perm())) })
	if err != nil {
		return &fs.PathError{Op: "open", Path: path, Err: err}
	}
	created()
	n, err := again(func() (int, error) { return syscall.Write(fd, data) })
	if err == nil && n < len(data) {
		err = syscall.ENOSPC // a disk that is full takes a part, and says so the next time (write(2))
	}
	if err := errors.Join(err, syscall.Close(fd)); err != nil {
		return &fs.PathError{Op: "write", Path: path, Err: err}
	}
	return nil
}

// again repeats a call that a signal interrupted.
func again(call func() (int, error)) (int, error) {
	for {
		if n, err := call(); !errors.Is(err, syscall.EINTR) {
			return n, err
		}
	}
}
