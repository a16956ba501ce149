package estate_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	"anchorctl/internal/estate"
	"anchorctl/internal/estate/estatetest"
	"anchorctl/internal/sandbox"
)

// The sweeps break an apply from empty at every point it has: each call to
// AWS and each commit and rename on disk. After each, applying again must
// converge, with no duplicate, no orphan and nothing enabled too early.

const (
	childDir   = "ANCHORCTL_TEST_CHILD_DIR"
	childState = "ANCHORCTL_TEST_CHILD_STATE"
	childURL   = "ANCHORCTL_TEST_CHILD_URL"
	childStep  = "ANCHORCTL_TEST_CHILD_STEP"
	// With an environment, the child brings its revocation lists to the anchors
	// and applies nothing else.
	childRevokes = "ANCHORCTL_TEST_CHILD_REVOKES"
)

// TestMain lets the test binary be the program that is killed: with a
// directory in its environment it applies the estate there and nothing else.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		os.Exit(child(&lab{&estatetest.Lab{Dir: dir, StateHome: os.Getenv(childState), URL: os.Getenv(childURL)}}))
	}
	os.Exit(m.Run())
}

// child applies, and kills itself at the step that it is told.
func child(l *lab) int {
	var at int
	if _, err := fmt.Sscan(os.Getenv(childStep), &at); err != nil {
		at = -1
	}
	var mu sync.Mutex
	seen := 0
	step := func(string) {
		mu.Lock()
		defer mu.Unlock()
		seen++
		if seen == at {
			// SIGKILL: nothing deferred runs, nothing is flushed.
			if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
				panic(err)
			}
		}
	}
	var o estate.ApplyOptions
	if env := os.Getenv(childRevokes); env != "" {
		o.Revocation = &estate.Revocation{Environments: []string{env}}
	}
	if _, err := l.apply(context.Background(), o, step); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// start starts the child that applies the lab's estate.
func (l *lab) start(t *testing.T, step int) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(),
		childDir+"="+l.Dir, childState+"="+l.StateHome, childURL+"="+l.URL, fmt.Sprintf("%s=%d", childStep, step))
	cmd.Stderr = &strings.Builder{}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

// recovers applies until the estate converges, as a person would who runs the
// command again, and asserts the invariants after each run.
func (l *lab) recovers(t *testing.T) {
	t.Helper()
	for range 3 {
		_, err := l.apply(t.Context(), estate.ApplyOptions{}, nil)
		if err == nil {
			l.check(t)
			return
		}
		t.Logf("applying again: %v", err)
	}
	t.Error("it does not converge in three runs")
}

// small is the least that takes every kind of step: one environment.
func small() string {
	return withoutProd(twoEnvironments("manage"))
}

func smallLab(t *testing.T) *lab {
	t.Helper()
	return newLab(t, small(), "dev-app")
}

// calls is how many requests an apply from empty sends.
func calls(t *testing.T) int {
	t.Helper()
	l := smallLab(t)
	l.mustApply(t, estate.ApplyOptions{})
	return len(l.requests(t))
}

func TestEveryCallFails(t *testing.T) {
	total, points := calls(t), 0
	for _, fault := range []sandbox.Fault{
		{Mode: sandbox.ModeFailBefore, Count: 1},
		{Mode: sandbox.ModeFailAfter, Count: 1},
		{Mode: sandbox.ModeCut, Count: 1},
		{Mode: sandbox.ModeThrottle, Count: 2, Seconds: 3},
		{Mode: sandbox.ModeCutBefore, Count: -1}, // an outage from there on
	} {
		t.Run(fmt.Sprintf("%s for %d", fault.Mode, fault.Count), func(t *testing.T) {
			for nth := 1; nth <= total; nth++ {
				points++
				t.Run(fmt.Sprint(nth), func(t *testing.T) {
					l := smallLab(t)
					fault.Nth = nth
					l.order(t, fault)
					_, err := l.apply(t.Context(), estate.ApplyOptions{}, nil)
					l.calm(t)
					if err == nil {
						l.check(t)
						return
					}
					l.recovers(t)
				})
			}
		})
	}
	t.Logf("%d points: %d calls in 5 modes", points, total)
}

func TestStaleListsAndSmallPages(t *testing.T) {
	l := smallLab(t)
	l.order(t,
		sandbox.Fault{Op: "ListTrustAnchors", Mode: sandbox.ModeStale, Seconds: 30, Count: -1},
		sandbox.Fault{Op: "ListProfiles", Mode: sandbox.ModeStale, Seconds: 30, Count: -1},
		sandbox.Fault{Op: "CreateTrustAnchor", Mode: sandbox.ModeCut, Count: 1},
	)
	if _, err := l.apply(t.Context(), estate.ApplyOptions{}, nil); err == nil {
		t.Error("a lost answer went unnoticed")
	}
	l.calm(t)
	l.order(t, sandbox.Fault{Mode: sandbox.ModeSmallPages, Count: -1})
	l.recovers(t)
}

// TestKilledAtEveryStep kills the program just before and just after each
// commit and rename of an apply from empty.
func TestKilledAtEveryStep(t *testing.T) {
	points := 0
	for at := 1; ; at++ {
		killed := false
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			l := smallLab(t)
			err := l.start(t, at).Wait()
			var exit *exec.ExitError
			killed = errors.As(err, &exit) && !exit.Exited()
			if err != nil && !killed {
				t.Fatalf("the child failed by itself: %v", err)
			}
			l.recovers(t)
		})
		if !killed {
			break
		}
		points++
	}
	if points < 40 {
		t.Errorf("only %d points", points)
	}
	t.Logf("%d points", points)
}

// TestKilledAtEveryCall kills the program while each of its calls is under
// way: before the service has done it, and after.
func TestKilledAtEveryCall(t *testing.T) {
	total, points := calls(t), 0
	for _, mode := range []string{sandbox.ModeHold, sandbox.ModeHoldAfter} {
		for nth := 1; nth <= total; nth++ {
			points++
			t.Run(fmt.Sprintf("%s %d", mode, nth), func(t *testing.T) {
				l := smallLab(t)
				l.order(t, sandbox.Fault{Mode: mode, Nth: nth, Count: 1})
				cmd := l.start(t, -1)
				var held []sandbox.Request
				if err := l.control("GET", "held", nil, &held); err != nil {
					t.Fatal(err)
				}
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
				if err := cmd.Wait(); err == nil {
					t.Fatal("the child ended before it was killed")
				}
				if err := l.control("POST", "release", nil, nil); err != nil {
					t.Fatal(err)
				}
				l.calm(t)
				l.recovers(t)
			})
		}
	}
	t.Logf("%d points: %d calls, killed before and after", points, total)
}

// TestTwoApplies has a second writer meet the first.
func TestTwoApplies(t *testing.T) {
	l := smallLab(t)
	l.order(t, sandbox.Fault{Op: "CreateTrustAnchor", Mode: sandbox.ModeHold, Count: 1})
	cmd := l.start(t, -1)
	var held []sandbox.Request
	if err := l.control("GET", "held", nil, &held); err != nil {
		t.Fatal(err)
	}
	_, err := l.apply(t.Context(), estate.ApplyOptions{}, nil)
	if err == nil || !strings.Contains(err.Error(), fmt.Sprint(cmd.Process.Pid)) {
		t.Errorf("the second apply says %v, want the holder with process %d", err, cmd.Process.Pid)
	}
	if err := l.control("POST", "release", nil, nil); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the first apply: %v", err)
	}
	l.check(t)
	l.mustApply(t, estate.ApplyOptions{Wait: true})
}

// TestInterruptedBetweenActions cancels an apply at each of its actions.
func TestInterruptedBetweenActions(t *testing.T) {
	for at := 1; at <= 6; at++ {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			l := smallLab(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			begun := 0
			_, err := l.apply(ctx, estate.ApplyOptions{}, func(name string) {
				if strings.HasPrefix(name, "store.committed begin") {
					if begun++; begun == at {
						cancel()
					}
				}
			})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error is %v, want an interruption", err)
			}
			l.checkRecord(t, false)
			l.recovers(t)
		})
	}
}
