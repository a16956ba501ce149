//go:build unix

package wallet

import (
	"io/fs"
	"os"
	"syscall"
)

// ours reports whether a file belongs to this user and is closed to others.
func ours(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid() && info.Mode().Perm()&0o077 == 0
}
