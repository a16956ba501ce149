package store_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/plan"
	"anchorctl/internal/store"
	"anchorctl/internal/store/storetest"
)

// The tests below run this program again as a child that is killed.
const (
	childVar = "STORE_TEST_CHILD" // what the child does
	pathVar  = "STORE_TEST_PATH"
	fromVar  = "STORE_TEST_FROM"
	killVar  = "STORE_TEST_KILL" // the number of the step to be killed at
)

func TestMain(m *testing.M) {
	child := os.Getenv(childVar)
	if child == "" {
		os.Exit(m.Run())
	}
	if err := runChild(child); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func runChild(what string) error {
	ctx, path := context.Background(), os.Getenv(pathVar)
	switch what {
	case "scenario":
		o := storetest.Options()
		o.Step = killAt(os.Getenv(killVar))
		s, err := createOrOpen(ctx, path, o)
		if err != nil {
			return err
		}
		return errors.Join(scenario(ctx, s), s.Close())
	case "issue":
		return issueMany(ctx, path)
	case "hold":
		return hold(ctx, path)
	default:
		return fmt.Errorf("no child does %q", what)
	}
}

// killAt kills this process at the n-th step, as kill -9 does.
func killAt(n string) func(string) {
	at, steps := n, 0
	return func(string) {
		if steps++; strconv.Itoa(steps) == at {
			syscall.Kill(os.Getpid(), syscall.SIGKILL) //nolint:errcheck // nobody is left to be told
			select {}
		}
	}
}

func createOrOpen(ctx context.Context, path string, o store.Options) (*store.Store, error) {
	s, err := store.Open(ctx, path, o)
	if errors.Is(err, store.ErrMissing) {
		return store.Create(ctx, path, storetest.Estate(), o)
	}
	return s, err
}

// child prepares the program to be run as a child.
func child(t *testing.T, what, path string, more ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), append([]string{childVar + "=" + what, pathVar + "=" + path}, more...)...)
	cmd.Stderr = os.Stderr
	return cmd
}

// killed reports whether a child that has ended was killed; any other failure
// ends the test.
func killed(t *testing.T, err error) bool {
	t.Helper()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			return true
		}
	}
	must(t, err)
	return false
}

// memory is all that a store tells, without what differs from run to run.
type memory struct {
	Missing     bool
	Estate      store.Estate
	Serial      int64
	Generations []store.Generation
	Former      []store.Former
	Rotations   []store.Rotation
	Issued      []store.Issued
	Revocations []store.Revocation
	CRL         store.CRL
	Objects     []plan.Object
	OpenRun     plan.Run
	OpenIntents []string
	Audit       []string
}

func remember(t *testing.T, path string) memory {
	t.Helper()
	ctx := t.Context()
	s, err := store.Open(ctx, path, storetest.Options())
	if errors.Is(err, store.ErrMissing) {
		return memory{Missing: true}
	}
	must(t, err)
	defer func() { must(t, s.Close()) }()
	var m memory
	m.Estate, err = s.Estate(ctx)
	must(t, err)
	m.Serial, err = s.Serial(ctx)
	must(t, err)
	m.Generations, err = s.AllGenerations(ctx)
	must(t, err)
	m.Former, err = s.FormerCertificates(ctx)
	must(t, err)
	m.Rotations, err = s.Rotations(ctx, "stage")
	must(t, err)
	m.Issued, err = s.ListIssued(ctx, store.Filter{})
	must(t, err)
	m.Revocations, err = s.Revocations(ctx, "prod", 1)
	must(t, err)
	m.CRL, _, err = s.NewestCRL(ctx, "prod", 1)
	must(t, err)
	m.Objects, err = s.Objects(ctx)
	must(t, err)
	m.OpenRun, _, err = s.OpenRun(ctx)
	must(t, err)
	intents, err := s.OpenIntents(ctx)
	must(t, err)
	for _, i := range intents {
		m.OpenIntents = append(m.OpenIntents, i.Run+": "+i.Action.ID)
	}
	entries, err := s.AuditLog(ctx, 0, 1000)
	must(t, err)
	for _, e := range entries {
		m.Audit = append(m.Audit, e.Action+" "+e.Subject)
	}
	must(t, s.VerifyAudit(ctx))
	return m
}

// undisturbed tells the steps of a scenario that nobody kills, and what is on
// record when each of them begins.
func undisturbed(t *testing.T, dir string) (steps []string, truth []memory) {
	t.Helper()
	path, now := filepath.Join(dir, "truth", "state.db"), memory{Missing: true}
	o := storetest.Options()
	o.Step = func(name string) {
		if strings.HasPrefix(name, "store.committed ") || strings.HasPrefix(name, "durable.dirsync ") {
			now = remember(t, path)
		}
		steps, truth = append(steps, name), append(truth, now)
	}
	s, err := createOrOpen(t.Context(), path, o)
	must(t, err)
	must(t, scenario(t.Context(), s))
	must(t, s.Close())
	return steps, truth
}

func TestAKillAroundAnyCommitLeavesTheOldOrTheNewState(t *testing.T) {
	dir := t.TempDir()
	steps, truth := undisturbed(t, dir)
	for n, name := range steps {
		path := filepath.Join(dir, strconv.Itoa(n), "state.db")
		if !killed(t, child(t, "scenario", path, fmt.Sprintf("%s=%d", killVar, n+1)).Run()) {
			t.Fatalf("the child ended before step %d, %s", n+1, name)
		}
		if diff := cmp.Diff(truth[n], remember(t, path)); diff != "" {
			t.Errorf("killed at %s: %s", name, diff)
		}
		free(t, path)
	}
	t.Logf("%d points tried", len(steps))
}

func TestATornLogGivesAnEarlierStateNeverHalfOfOne(t *testing.T) {
	dir := t.TempDir()
	steps, truth := undisturbed(t, dir)
	path := filepath.Join(dir, "killed", "state.db")
	killed(t, child(t, "scenario", path, fmt.Sprintf("%s=%d", killVar, len(steps))).Run())
	base, err := os.ReadFile(path)
	must(t, err)
	log, err := os.ReadFile(path + "-wal")
	must(t, err)
	seen := map[int]bool{}
	for cut := len(log); cut >= 0; cut -= len(log)/40 + 1 {
		torn := filepath.Join(dir, fmt.Sprintf("cut-%d.db", cut))
		must(t, os.WriteFile(torn, base, 0o600))
		must(t, os.WriteFile(torn+"-wal", log[:cut], 0o600))
		m := remember(t, torn)
		at := slices.IndexFunc(truth, func(known memory) bool { return cmp.Equal(known, m) })
		if at < 0 {
			t.Errorf("cut at %d of %d, it tells what never was: %+v", cut, len(log), m)
		}
		seen[at] = true
	}
	if len(seen) < 5 {
		t.Errorf("only %d states were seen: the cuts do not fall between decisions", len(seen))
	}
}

// free takes the lock, which a killed process must have left free, and finds
// itself named as its holder.
func free(t *testing.T, path string) {
	t.Helper()
	s, err := store.Open(t.Context(), path, storetest.Options())
	if errors.Is(err, store.ErrMissing) {
		return
	}
	must(t, err)
	release, err := s.Lock(t.Context(), "destroy", false)
	must(t, err)
	must(t, release())
	must(t, s.Close())
}

// issueMany records certificates without end, or so many, and prints each
// number once its record is committed.
func issueMany(ctx context.Context, path string) error {
	from, err := strconv.Atoi(os.Getenv(fromVar))
	if err != nil {
		return err
	}
	count, err := strconv.Atoi(os.Getenv(killVar))
	if err != nil {
		return err
	}
	s, err := store.Open(ctx, path, storetest.Options())
	if err != nil {
		return err
	}
	for n := from; count == 0 || n < from+count; n++ {
		if err := s.RecordIssued(ctx, storetest.Certificate(n)); err != nil {
			return err
		}
		fmt.Println(n)
	}
	return s.Close()
}

// issuing creates a store that can record certificates.
func issuing(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state.db")
	s, err := store.Create(t.Context(), path, storetest.Estate(), storetest.Options())
	must(t, err)
	must(t, s.AddGeneration(t.Context(), storetest.Generation("prod", 1)))
	must(t, s.Close())
	return path
}

func TestNothingThatWasCommittedIsLostToAKill(t *testing.T) {
	path, from := issuing(t), 1
	for _, lines := range []int{1, 40, 173} {
		cmd := child(t, "issue", path, fmt.Sprintf("%s=%d", fromVar, from), killVar+"=0")
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		said, scan := 0, bufio.NewScanner(out)
		for said < lines && scan.Scan() {
			said++
		}
		must(t, cmd.Process.Kill())
		for scan.Scan() {
			said++
		}
		if !killed(t, cmd.Wait()) {
			t.Fatal("the child ended by itself")
		}
		m := remember(t, path)
		// The child may have been killed between a commit and its line.
		if got := len(m.Issued) - (from - 1); got < said || got > said+1 {
			t.Errorf("%d commits were reported, %d records are there", said, got)
		}
		from = len(m.Issued) + 1
	}
}

func TestFiftyIssuesFromSeveralProcessesGiveFiftyRowsWhileAnApplyHoldsTheLock(t *testing.T) {
	path := issuing(t)
	holder, err := store.Open(t.Context(), path, storetest.Options())
	must(t, err)
	release, err := holder.Lock(t.Context(), "apply", false)
	must(t, err)
	const processes, each = 10, 5
	var cmds []*exec.Cmd
	for p := range processes {
		cmd := child(t, "issue", path, fmt.Sprintf("%s=%d", fromVar, 1+p*each), fmt.Sprintf("%s=%d", killVar, each))
		must(t, cmd.Start())
		cmds = append(cmds, cmd)
	}
	for _, cmd := range cmds {
		must(t, cmd.Wait())
	}
	must(t, release())
	must(t, holder.Close())
	if n := len(remember(t, path).Issued); n != processes*each {
		t.Errorf("got %d rows, want %d", n, processes*each)
	}
}

// hold takes the lock, says so and waits to be killed.
func hold(ctx context.Context, path string) error {
	o := storetest.Options()
	o.Actor = "ben"
	s, err := store.Open(ctx, path, o)
	if err != nil {
		return err
	}
	if _, err := s.Lock(ctx, "apply", false); err != nil {
		return err
	}
	fmt.Println("held")
	select {}
}

func TestTheLockOfAKilledProcessIsFreeByItself(t *testing.T) {
	path := issuing(t)
	cmd := child(t, "hold", path)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	if scan := bufio.NewScanner(out); !scan.Scan() || scan.Text() != "held" {
		t.Fatal("the child does not hold the lock")
	}
	s, err := store.Open(t.Context(), path, storetest.Options())
	must(t, err)
	defer func() { must(t, s.Close()) }()
	var locked *store.LockedError
	if _, err := s.Lock(t.Context(), "destroy", false); !errors.As(err, &locked) {
		t.Fatalf("got %v, want a LockedError", err)
	}
	if h := locked.Holder; h.PID != cmd.Process.Pid || h.Actor != "ben" || h.Command != "apply" {
		t.Errorf("the holder is %+v, want apply of ben, process %d", h, cmd.Process.Pid)
	}
	must(t, cmd.Process.Kill())
	killed(t, cmd.Wait())
	release, err := s.Lock(t.Context(), "destroy", false)
	must(t, err)
	must(t, release())
}
