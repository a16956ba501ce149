package folder

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// Warning is something to be said that stops nothing.
type Warning struct {
	Path    string
	Message string
	Hint    string
}

// exposed finds private files that others than their owner can read or change.
func (l Layout) exposed(lineage string) []Warning {
	if runtime.GOOS == "windows" {
		return nil // there, modes say nothing about who can read
	}
	paths := []string{l.Private(), l.Store(), l.Keys()}
	if entries, err := os.ReadDir(l.Keys()); err == nil {
		for _, e := range entries {
			paths = append(paths, filepath.Join(l.Keys(), e.Name()))
		}
	}
	if l.StateHome != "" {
		secret := l.Secret(lineage)
		paths = append(paths, filepath.Dir(secret), secret)
	}
	var all []Warning
	for _, path := range paths {
		// What is missing is reported by whoever needs it.
		if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
			all = append(all, warning(path, info))
		}
	}
	return all
}

func warning(path string, info fs.FileInfo) Warning {
	mode := "600"
	if info.IsDir() {
		mode = "700"
	}
	return Warning{
		Path:    path,
		Message: fmt.Sprintf("%q is open to others than its owner (mode %04o)", path, info.Mode().Perm()),
		Hint:    fmt.Sprintf("run \"chmod %s %s\"", mode, path),
	}
}
