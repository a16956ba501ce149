package durable_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"anchorctl/internal/durable"
)

// crashed is the exit number of a process that was killed inside a step.
const crashed = 77

// A re-executed test binary does one operation and dies inside the step that
// DURABLE_CRASH names.
func TestMain(m *testing.M) {
	if os.Getenv("DURABLE_OPERATION") == "" {
		os.Exit(m.Run())
	}
	f := durable.Files{Step: func(name string) {
		if name == os.Getenv("DURABLE_CRASH") {
			os.Exit(crashed)
		}
	}}
	if err := operate(f, os.Getenv("DURABLE_OPERATION"), os.Getenv("DURABLE_PATH"), newContent()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func oldContent() []byte { return []byte(strings.Repeat("old ", 50_000)) }
func newContent() []byte { return []byte(strings.Repeat("new! ", 70_000)) }

func operate(f durable.Files, operation, path string, data []byte) error {
	switch operation {
	case "replace":
		return f.Replace(path, data, 0o600)
	case "replace all":
		return f.ReplaceAll(filepath.Dir(path), 0o600, durable.File{Name: "second.pem", Data: data}, durable.File{Name: filepath.Base(path), Data: data})
	case "create":
		return f.Create(path, data, 0o600)
	case "remove":
		return f.Remove(path)
	case "mkdir":
		return f.MkdirAll(path, 0o700)
	default:
		return fmt.Errorf("unknown operation %q", operation)
	}
}

// TestACrashAnywhereLeavesOldOrNew kills a process at every step of every
// operation, looks at what is there, and does the operation again.
func TestACrashAnywhereLeavesOldOrNew(t *testing.T) {
	points := 0
	for _, operation := range []string{"replace", "create", "remove", "mkdir"} {
		for _, step := range stepsOf(t, operation) {
			points++
			t.Run(operation+" dies in "+step, func(t *testing.T) {
				path := prepare(t, operation)
				killAt(t, operation, path, step)
				checkAfterCrash(t, operation, path)
				err := operate(durable.Files{}, operation, path, newContent())
				if err != nil && !(operation == "create" && errors.Is(err, fs.ErrExist)) {
					t.Fatal(err)
				}
				checkAfterRepair(t, operation, path)
			})
		}
	}
	t.Logf("%d crash points tried", points)
	if points < 12 {
		t.Errorf("only %d crash points were found", points)
	}
}

// Each of several files is old or new, none is new before its content is on the
// disk, and the folder is synced once, after the last of them has its name.
func TestACrashLeavesEachOfSeveralFilesOldOrNew(t *testing.T) {
	steps := stepsOf(t, "replace all")
	want := []string{
		"durable.write second.pem", "durable.fsync second.pem", "durable.rename second.pem",
		"durable.write file.pem", "durable.fsync file.pem", "durable.rename file.pem", "durable.dirsync file.pem",
	}
	if !slices.Equal(steps, want) {
		t.Fatalf("the steps are %v, want %v", steps, want)
	}
	for _, step := range steps {
		t.Run("dies in "+step, func(t *testing.T) {
			path := prepare(t, "replace all")
			second := filepath.Join(filepath.Dir(path), "second.pem")
			if err := os.WriteFile(second, oldContent(), 0o600); err != nil {
				t.Fatal(err)
			}
			killAt(t, "replace all", path, step)
			checkAfterCrash(t, "replace", path)
			checkAfterCrash(t, "replace", second)
			if err := operate(durable.Files{}, "replace all", path, newContent()); err != nil {
				t.Fatal(err)
			}
			if read(t, path) != string(newContent()) || read(t, second) != string(newContent()) {
				t.Error("not both files hold the new content")
			}
			if names := entries(t, filepath.Dir(path)); len(names) != 2 {
				t.Errorf("left behind: %v", names)
			}
		})
	}
}

func prepare(t *testing.T, operation string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "folder", "file.pem")
	if operation == "mkdir" {
		return path
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if operation != "create" {
		if err := os.WriteFile(path, oldContent(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func stepsOf(t *testing.T, operation string) []string {
	t.Helper()
	var steps []string
	f := durable.Files{Step: func(name string) { steps = append(steps, name) }}
	if err := operate(f, operation, prepare(t, operation), newContent()); err != nil {
		t.Fatal(err)
	}
	return steps
}

func killAt(t *testing.T, operation, path, step string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), "DURABLE_OPERATION="+operation, "DURABLE_PATH="+path, "DURABLE_CRASH="+step)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != crashed {
		t.Fatalf("the process did not die inside the step: %v\n%s", err, out)
	}
}

func checkAfterCrash(t *testing.T, operation, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if operation == "mkdir" {
		return
	}
	mayBeAbsent := operation == "create" || operation == "remove"
	switch {
	case errors.Is(err, fs.ErrNotExist) && mayBeAbsent:
	case err != nil:
		t.Error(err)
	case operation == "remove" && string(data) == string(oldContent()):
	case operation == "replace" && string(data) == string(oldContent()):
	case operation != "remove" && string(data) == string(newContent()):
	default:
		t.Errorf("the file holds %d bytes that are neither old nor new", len(data))
	}
}

func checkAfterRepair(t *testing.T, operation, path string) {
	t.Helper()
	info, err := os.Stat(path)
	switch operation {
	case "remove":
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the file is still there: %v", err)
		}
		return
	case "mkdir":
		if err != nil || !info.IsDir() {
			t.Errorf("the folder is not there: %v", err)
		}
		return
	}
	if got := read(t, path); got != string(newContent()) {
		t.Errorf("the file does not hold the new content (%d bytes)", len(got))
	}
	if names := entries(t, filepath.Dir(path)); len(names) != 1 {
		t.Errorf("left behind: %v", names)
	}
}
