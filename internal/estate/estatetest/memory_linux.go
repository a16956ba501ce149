package estatetest

import "syscall"

// inMemory is where files live that no disk has to keep, or "": what these tests kill
// is a process, never the machine, and syncing files is most of what they would
// wait for.
func inMemory() string {
	const path, enough = "/dev/shm", 1 << 30
	var s syscall.Statfs_t
	if syscall.Statfs(path, &s) != nil || s.Bavail*uint64(s.Bsize) < enough { //nolint:gosec // a size is not negative
		return ""
	}
	return path
}
