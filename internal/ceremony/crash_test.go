package ceremony_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/ceremony"
	"anchorctl/internal/folder"
	"anchorctl/internal/hint"
	"anchorctl/internal/keys"
)

// The kill test runs this program again as a child that kills itself at a step.
const (
	baseVar = "CEREMONY_TEST_BASE"
	killVar = "CEREMONY_TEST_KILL"
)

func TestMain(m *testing.M) {
	base := os.Getenv(baseVar)
	if base == "" {
		os.Exit(m.Run())
	}
	o, steps := options(base), 0
	o.Step = func(string) {
		if steps++; strconv.Itoa(steps) == os.Getenv(killVar) {
			syscall.Kill(os.Getpid(), syscall.SIGKILL) //nolint:errcheck // nobody is left to be told
			select {}
		}
	}
	if _, err := ceremony.Init(context.Background(), o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// killedAt runs an init that kills itself at the n-th step.
func killedAt(t *testing.T, base string, n int) {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), baseVar+"="+base, fmt.Sprintf("%s=%d", killVar, n))
	cmd.Stderr = os.Stderr
	var exit *exec.ExitError
	if err := cmd.Run(); !errors.As(err, &exit) || !exit.Sys().(syscall.WaitStatus).Signaled() {
		t.Fatalf("the child was not killed at step %d: %v", n, err)
	}
}

// lasting are the files that a kill has left and that nothing may change.
func lasting(t *testing.T, o ceremony.Options) map[string]string {
	t.Helper()
	must(t, os.MkdirAll(o.Dir, 0o755))
	must(t, os.MkdirAll(o.StateHome, 0o755))
	files := tree(t, o)
	maps.DeleteFunc(files, func(path, _ string) bool {
		name := filepath.Base(path)
		return strings.HasPrefix(name, "state.db") || strings.HasSuffix(name, ".tmp")
	})
	return files
}

func TestAnInitKilledAtAnyStepIsCompletedByTheNext(t *testing.T) {
	base := t.TempDir()
	whole, steps := options(filepath.Join(base, "whole")), []string(nil)
	whole.Step = func(name string) { steps = append(steps, name) }
	_, err := ceremony.Init(t.Context(), whole)
	must(t, err)
	for i, name := range steps {
		if testing.Short() && i%6 != 0 {
			continue // each point stretches the passphrase three times, which takes seconds under the race detector
		}
		t.Run(fmt.Sprintf("%d %s", i+1, name), func(t *testing.T) {
			base := filepath.Join(base, strconv.Itoa(i))
			killedAt(t, base, i+1)
			o := options(base)
			left := lasting(t, o)
			result, err := ceremony.Init(t.Context(), o)
			// All but the last steps leave something to do; root.pem ends it.
			if _, published := left[filepath.Join(o.Dir, "root.pem")]; published {
				if !errors.Is(err, ceremony.ErrFinished) {
					t.Fatalf("root.pem is there: got %v, want ErrFinished", err)
				}
			} else {
				must(t, err)
			}
			after := lasting(t, o)
			for path, text := range left {
				if after[path] != text {
					t.Errorf("%s was lost or changed", path)
				}
			}
			for path := range tree(t, o) {
				if strings.HasSuffix(path, ".tmp") {
					t.Errorf("%s was left", path)
				}
			}
			checkEstate(t, o, result)
		})
	}
	t.Logf("%d points tried", len(steps))
}

// checkEstate expects a whole estate with one root that signs.
func checkEstate(t *testing.T, o ceremony.Options, result ceremony.Result) {
	t.Helper()
	f, err := folder.Open(t.Context(), deps(o))
	must(t, err)
	defer func() { must(t, f.Close()) }()
	parent, err := ceremony.Root(t.Context(), f)
	must(t, err)
	if diff := cmp.Diff(rootOf(t, f).Raw, parent.Certificate.Raw); diff != "" {
		t.Error(diff)
	}
	if _, err := f.Ring.Secret(t.Context()); err != nil {
		t.Error(err)
	}
	homes, err := os.ReadDir(filepath.Join(o.StateHome, "anchorctl"))
	must(t, err)
	if len(homes) != 1 || homes[0].Name() != f.Estate.Lineage {
		t.Errorf("the secrets of %v are there, the lineage is %s", homes, f.Estate.Lineage)
	}
	if result.Root != nil && !result.Root.Equal(parent.Certificate) {
		t.Error("the result names another root")
	}
	must(t, f.Store.VerifyAudit(t.Context()))
	if _, err := ceremony.Init(t.Context(), o); !errors.Is(err, ceremony.ErrFinished) {
		t.Errorf("once more: got %v, want ErrFinished", err)
	}
}

func TestTheWrongPassphraseOnTheSecondAttemptIsTold(t *testing.T) {
	base, steps := t.TempDir(), 0
	o := options(filepath.Join(base, "whole"))
	after := 0
	o.Step = func(name string) {
		if steps++; name == "durable.dirsync root-1.pem" {
			after = steps
		}
	}
	_, err := ceremony.Init(t.Context(), o)
	must(t, err)

	o = options(filepath.Join(base, "killed"))
	killedAt(t, filepath.Join(base, "killed"), after)
	asked := []bool(nil)
	o.Passphrase = typing("another", &asked)
	_, err = ceremony.Init(t.Context(), o)
	hints := strings.Join(hint.Of(err), "\n")
	if !errors.Is(err, keys.ErrWrongPassphrase) || !strings.Contains(hints, "attempt before") || !strings.Contains(hints, "root-1.pem") {
		t.Fatalf("got %v with hints %q", err, hints)
	}
	if diff := cmp.Diff([]bool{false}, asked); diff != "" {
		t.Error("asked to confirm the passphrase of a key that is there:", diff)
	}
	// A mistyped one is asked for again.
	o.Again = func() bool { return len(asked) < 4 }
	if _, err = ceremony.Init(t.Context(), o); !errors.Is(err, keys.ErrWrongPassphrase) || len(asked) != 4 {
		t.Errorf("got %v after it was asked for %d times", err, len(asked))
	}
	if _, err := folder.Open(t.Context(), deps(o)); !errors.Is(err, folder.ErrHalfMade) {
		t.Errorf("opening it: got %v, want ErrHalfMade", err)
	}
	// What the hint says about a lost passphrase works.
	must(t, os.Remove(filepath.Join(o.Dir, ".anchorctl", "keys", "root-1.pem")))
	_, err = ceremony.Init(t.Context(), o)
	must(t, err)
}
