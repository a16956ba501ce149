package rotate_test

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
	"time"

	"anchorctl/internal/estate/estatetest"
	"anchorctl/internal/rotate"
	"anchorctl/internal/sandbox"
	"anchorctl/internal/store"
)

// The sweeps break a rotation at every point it has: each call to AWS and each
// commit and rename on disk. A rotation waits twice, for sessions with the new
// issuer and for the end of the old one's certificates, so it comes in three legs,
// and each point is tried from a copy of the state in which its leg begins.
// Afterwards, at once or a month later, going on must end the rotation, with
// nobody denied on the way and nothing there twice.

const (
	childDir   = "ANCHORCTL_TEST_CHILD_DIR"
	childState = "ANCHORCTL_TEST_CHILD_STATE"
	childURL   = "ANCHORCTL_TEST_CHILD_URL"
	childStep  = "ANCHORCTL_TEST_CHILD_STEP"
	childDoes  = "ANCHORCTL_TEST_CHILD_DOES"
	// everyPoint tries each call in each way, and kills at each step; otherwise the
	// ways take turns, so that each call is tried in one of them, and only the
	// planned rotation is killed at each step.
	everyPoint = "ANCHORCTL_TEST_EVERY_POINT"
)

// TestMain lets the test binary be the program that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		os.Exit(child(&lab{Lab: &estatetest.Lab{Dir: dir, StateHome: os.Getenv(childState), URL: os.Getenv(childURL)}}))
	}
	os.Exit(m.Run())
}

// leg is one run of a rotation, up to where it waits, and the state from which it
// begins.
type leg struct {
	name   string
	from   *lab
	does   string
	calls  int
	ending func(*lab, *testing.T) // what must hold once it was gone on with
}

// commands are what a child can be told to do.
func commands() map[string]rotate.Options {
	emergency := start(store.Emergency)
	emergency.Kind = ""
	return map[string]rotate.Options{
		"emergency-resume": emergency,
		"start":            start(store.Rekey), "emergency": start(store.Emergency), "renewal": start(store.Renewal), "resume": resume(), "abort": abort(),
	}
}

// child does what it is told, and kills itself at the step that it is told.
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
		if seen++; seen == at {
			// SIGKILL: nothing deferred runs, nothing is flushed.
			if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
				panic(err)
			}
		}
	}
	_, err := l.run(context.Background(), commands()[os.Getenv(childDoes)], step)
	if err != nil && len(holds(err)) == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// spawn starts the child.
func (l *lab) spawn(t *testing.T, does string, step int) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), childDir+"="+l.Dir, childState+"="+l.StateHome, childURL+"="+l.URL,
		fmt.Sprintf("%s=%d", childStep, step), childDoes+"="+does)
	cmd.Stderr = &strings.Builder{}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

// base is an estate at two regions, whose roles' team holds sessions to the issuer's
// name, with two workloads that renew, and one whose certificate is revoked.
func base(t *testing.T) *lab {
	t.Helper()
	l := newLab(t, twoRegions(), map[string]string{"prod-app": teamsOwn("prod issuer 1")})
	f := settle(t, l, 2, 1, "eu-central-1", "eu-west-1")
	f.every, f.wire = 1, 1
	l.Advance(t, time.Hour)
	lost := l.issue(t, "slow", "lost")
	l.revoke(t, lost)
	l.dead(lost.Certificate)
	return l
}

// legs are those of a rotation that goes well, each with the state it begins in.
func legs(t *testing.T) []leg {
	t.Helper()
	l := base(t)
	var list []leg
	for i, name := range []string{"from the start", "from the cut-over", "from the withdrawal"} {
		does := "resume"
		if i == 0 {
			does = "start"
		}
		c := l.moved(t)
		l.Reach(t)
		list = append(list, leg{name: name, from: c, does: does, ending: (*lab).endsRetired})
		before := len(l.Requests(t))
		_, err := l.run(t.Context(), commands()[does], nil)
		list[i].calls = len(l.Requests(t)) - before
		if err == nil {
			break
		}
		l.come(t, err)
		for i > 0 && len(holds(err)) > 0 && l.living(t) > 0 { // the last of the old generation ends later than the first
			_, err = l.run(t.Context(), resume(), nil)
			l.come(t, err)
		}
	}
	l.retired(t)
	if len(list) != 3 {
		t.Fatalf("the rotation has %d legs", len(list))
	}
	return list
}

func (l *lab) endsRetired(t *testing.T) {
	t.Helper()
	l.through(t, l.again(t, store.Rekey))
	l.retired(t)
	l.narrowed(t, "prod issuer 2", "prod issuer 1")
}

// modes are the ways in which a call can go wrong.
func modes() []sandbox.Fault {
	return []sandbox.Fault{
		{Mode: sandbox.ModeFailBefore, Count: 1},
		{Mode: sandbox.ModeFailAfter, Count: 1},
		{Mode: sandbox.ModeCut, Count: 1},
		{Mode: sandbox.ModeThrottle, Count: 2, Seconds: 3},
		{Mode: sandbox.ModeStale, Count: -1, Seconds: 30},
		{Mode: sandbox.ModeSmallPages, Count: -1},
		{Mode: sandbox.ModeCutBefore, Count: -1}, // an outage from there on
		{Mode: sandbox.ModeHold, Count: 1},       // killed before it is done
		{Mode: sandbox.ModeHoldAfter, Count: 1},  // killed when it is done
	}
}

// later is how long after a point somebody comes back: at once, or a month later,
// when all that was issued has expired.
func later(point int) time.Duration {
	if point%2 == 1 {
		return 30 * 24 * time.Hour
	}
	return 0
}

// tries says whether a point is tried in a way in this run.
func tries(point, way, ways int) bool {
	return os.Getenv(everyPoint) != "" || point%ways == way
}

func TestEveryCallOfARotationFails(t *testing.T) {
	points := 0
	for _, g := range legs(t) {
		points += g.sweep(t)
	}
	t.Logf("%d points", points)
	if points < 60 {
		t.Error("that is too few")
	}
}

// sweep tries the calls of a leg.
func (g leg) sweep(t *testing.T) (points int) {
	t.Helper()
	all := modes()
	for nth := 1; nth <= g.calls; nth++ {
		for i, fault := range all {
			if !tries(nth, i, len(all)) {
				continue
			}
			points++
			t.Run(fmt.Sprintf("%s, %s at call %d", g.name, fault.Mode, nth), func(t *testing.T) {
				l := g.from.moved(t)
				l.broken(t, g.does, faultAt(nth, fault))
				l.afterwards(t, later(nth+i))
				g.ending(l, t)
			})
		}
	}
	t.Logf("%s: %d points at %d calls", g.name, points, g.calls)
	return points
}

// broken has a run meet a fault. Where the fault holds the call, the run is another
// process, and is killed meanwhile.
func (l *lab) broken(t *testing.T, does string, fault sandbox.Fault) {
	t.Helper()
	l.Order(t, fault)
	defer l.Calm(t)
	if fault.Mode != sandbox.ModeHold && fault.Mode != sandbox.ModeHoldAfter {
		if _, err := l.run(t.Context(), commands()[does], nil); err != nil {
			t.Logf("it said: %v", err)
		}
		return
	}
	cmd := l.spawn(t, does, -1)
	var held []sandbox.Request
	if err := l.Control("GET", "held", nil, &held); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the child ended before it was killed")
	}
	if err := l.Control("POST", "release", nil, nil); err != nil {
		t.Fatal(err)
	}
}

// afterwards lets time pass. For a month nobody renews, so that nothing lives.
func (l *lab) afterwards(t *testing.T, d time.Duration) {
	t.Helper()
	if d == 0 {
		return
	}
	f := l.fleet
	f.idle = true
	l.Advance(t, d)
	f.idle = false
	for i := range f.members {
		f.members[i].certificate = nil
	}
}

// TestARotationIsKilledAtEveryStep kills the program just before and just after each
// commit and rename.
func TestARotationIsKilledAtEveryStep(t *testing.T) {
	points := 0
	for _, g := range legs(t) {
		points += g.kill(t)
	}
	t.Logf("%d points", points)
	if points < 20 {
		t.Error("that is too few")
	}
}

// kill tries the steps of a leg.
func (g leg) kill(t *testing.T) (points int) {
	t.Helper()
	stride := 1
	switch {
	case os.Getenv(everyPoint) != "":
	case testing.Short():
		stride = 5
	case g.does != "start" && g.does != "resume":
		stride = 3
	}
	for at := 1; ; at += stride {
		killed := false
		t.Run(fmt.Sprintf("%s, at step %d", g.name, at), func(t *testing.T) {
			l := g.from.moved(t)
			cmd := l.spawn(t, g.does, at)
			err := cmd.Wait()
			var exit *exec.ExitError
			killed = errors.As(err, &exit) && !exit.Exited()
			if err != nil && !killed {
				t.Fatalf("the child failed by itself: %v: %s", err, cmd.Stderr)
			}
			l.afterwards(t, later(at))
			g.ending(l, t)
		})
		if !killed {
			t.Logf("%s: %d points", g.name, points)
			return points
		}
		points++
	}
}
