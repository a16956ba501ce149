package durable

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// syncsWhole reports whether the file system is synced as one. syncfs tells of
// errors in writing back since Linux 5.8 (syncfs(2)); before that a disk that
// fails would go unseen, so there each file is synced.
func syncsWhole() bool {
	var name unix.Utsname
	if unix.Uname(&name) != nil {
		return false
	}
	return releaseAtLeast(unix.ByteSliceToString(name.Release[:]), 5, 8)
}

func syncWhole(dir *os.File) error { return unix.Syncfs(int(dir.Fd())) }

// releaseAtLeast reports whether a kernel's release is not older than a version;
// one that cannot be read is.
func releaseAtLeast(release string, major, minor int) bool {
	first, rest, _ := strings.Cut(release, ".")
	second, _, _ := strings.Cut(rest, ".")
	if i := strings.IndexFunc(second, func(r rune) bool { return r < '0' || r > '9' }); i >= 0 {
		second = second[:i]
	}
	a, errA := strconv.Atoi(first)
	b, errB := strconv.Atoi(second)
	return errA == nil && errB == nil && (a > major || a == major && b >= minor)
}
