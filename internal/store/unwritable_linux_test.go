package store

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// nobody is a user who owns nothing.
const nobody = 65534

func TestPermissionsThatAreMissingAreNamed(t *testing.T) {
	for name, c := range map[string]struct {
		file, folder os.FileMode
		because      string
	}{
		"the file is somebody else's":       {0, 0o755, "open DIR/state.db: permission denied"},
		"its folder is somebody else's":     {0o666, 0, "stat DIR/state.db: permission denied"},
		"nothing can be made in its folder": {0o666, 0o555, `no file can be made in "DIR"`},
	} {
		t.Run(name, func(t *testing.T) {
			path := migratable(t)
			folder := filepath.Dir(path)
			must(t, os.Chmod(filepath.Dir(folder), 0o755))
			must(t, os.Chmod(path, c.file))
			must(t, os.Chmod(folder, c.folder))
			t.Cleanup(func() { must(t, os.Chmod(folder, 0o700)) })
			asNobody(t, func() { refusedBecause(t, path, c.because) })
		})
	}
}

// asNobody lets permissions bind root, too: files are then touched as a user who
// owns none (setfsuid(2)), by this thread alone.
func asNobody(t *testing.T, do func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		do()
		return
	}
	runtime.LockOSThread() // and the thread ends with the test: it is not unlocked unless it is root's again
	must(t, unix.Setfsuid(nobody))
	do()
	must(t, unix.Setfsuid(0))
	runtime.UnlockOSThread()
}
