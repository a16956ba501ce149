package batch_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"anchorctl/internal/batch"
	"anchorctl/internal/issuance"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/store"
)

// A re-executed test binary runs a batch, and kills itself as kill -9 does in the
// step that BATCH_KILL names: "KIND N" is the N-th of its kind, "any N" the N-th
// of all.
const (
	dirVar   = "BATCH_TEST_DIR"
	countVar = "BATCH_TEST_COUNT"
	groupVar = "BATCH_TEST_GROUP"
	outVar   = "BATCH_TEST_OUT"
	killVar  = "BATCH_TEST_KILL"
	aloneVar = "BATCH_TEST_ALONE" // instead of a batch, one certificate for this instance
)

func TestMain(m *testing.M) {
	if os.Getenv(dirVar) == "" {
		os.Exit(m.Run())
	}
	if err := runChild(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func runChild() error {
	ctx := context.Background()
	f, err := opened(ctx, os.Getenv(dirVar), start(), killer(os.Getenv(killVar)))
	if err != nil {
		return err
	}
	if instance := os.Getenv(aloneVar); instance != "" {
		_, err := issuance.Issue(ctx, f, issuance.Request{Environment: "prod", Workload: "backup", Instance: instance})
		return errors.Join(err, f.Close())
	}
	lines, err := batch.Counts("backup=" + os.Getenv(countVar))
	if err != nil {
		return err
	}
	group, err := strconv.Atoi(os.Getenv(groupVar))
	if err != nil {
		return err
	}
	_, err = batch.Issue(ctx, f, batch.Request{Environment: "prod", Source: "--count", Lines: lines, Group: group, Out: os.Getenv(outVar)})
	return errors.Join(err, f.Close())
}

// kind is what sort of step it is, whichever certificate it is about.
func kind(step string) string {
	return regexp.MustCompile(`backup@[0-9]+|batch-[0-9a-f]+`).ReplaceAllString(step, "…")
}

func killer(at string) func(string) {
	cut := strings.LastIndexByte(at, ' ')
	if cut < 0 {
		return nil
	}
	wanted, number := at[:cut], at[cut+1:]
	var seen atomic.Int64
	return func(step string) {
		if wanted != "any" && kind(step) != wanted {
			return
		}
		if strconv.FormatInt(seen.Add(1), 10) == number {
			syscall.Kill(os.Getpid(), syscall.SIGKILL) //nolint:errcheck // nobody is left to be told
			select {}
		}
	}
}

// child runs a batch as a process of its own and reports whether it was killed.
func child(t testing.TB, dir string, count, group int, kill string) bool {
	t.Helper()
	cmd := command(t, dir, countVar+"="+strconv.Itoa(count), groupVar+"="+strconv.Itoa(group), killVar+"="+kill)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signal() == syscall.SIGKILL {
			return true
		}
	}
	if err != nil {
		t.Fatalf("a batch that should be killed in %q: %v\n%s", kill, err, out)
	}
	return false
}

func command(t testing.TB, dir string, env ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(append(os.Environ(), dirVar+"="+dir), env...)
	return cmd
}

// stepsOf are the steps of a batch, and how often each kind comes.
func stepsOf(t *testing.T, dir string, count, group int) map[string]int {
	t.Helper()
	var mu sync.Mutex
	all := map[string]int{}
	f := open(t, dir, start(), func(step string) {
		mu.Lock()
		defer mu.Unlock()
		all[kind(step)]++
	})
	clear(all) // opening takes no step of ours
	r := counted(t, "backup="+strconv.Itoa(count))
	r.Group = group
	_, err := batch.Issue(t.Context(), f, r)
	must(t, err)
	return all
}

// TestAKilledBatchIsTakenUp kills a batch in the first, the middle and the last
// step of each kind, looks at what is there, kills every second one once more,
// and runs it to its end.
func TestAKilledBatchIsTakenUp(t *testing.T) {
	const count, group = 40, 10
	template := newEstate(t)
	all := stepsOf(t, copied(t, template), count, group)
	points := 0
	for kind, times := range all {
		numbers := []int{1, times/2 + 1, times}
		slices.Sort(numbers)
		for _, n := range slices.Compact(numbers) {
			points++
			again := points%2 == 0
			t.Run(fmt.Sprintf("dies in %s, number %d of %d", kind, n, times), func(t *testing.T) {
				t.Parallel()
				dir := copied(t, template)
				if !child(t, dir, count, group, fmt.Sprintf("%s %d", kind, n)) {
					t.Fatal("the step was never reached")
				}
				before := afterCrash(t, dir)
				if again {
					child(t, dir, count, group, fmt.Sprintf("any %d", 1+rand.IntN(100)))
					before = afterCrash(t, dir)
				}
				resumeWhole(t, dir, count, before)
			})
		}
	}
	t.Logf("%d kinds of steps, %d crash points", len(all), points)
	if len(all) < 15 || points < 35 {
		t.Errorf("only %d kinds of steps and %d crash points were found: %v", len(all), points, all)
	}
}

// afterCrash holds what must hold at any moment: whatever certificate is in a
// folder is recorded, and the key of whatever is recorded is in its folder. It
// returns the keys that are there.
func afterCrash(t *testing.T, dir string) map[string]string {
	t.Helper()
	f, err := opened(t.Context(), dir, start(), nil)
	must(t, err)
	defer func() { must(t, f.Close()) }()
	present := map[string]string{}
	err = filepath.WalkDir(filepath.Join(dir, "out"), func(path string, e fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil || e.IsDir():
			return err
		}
		text := content(t, path)
		if len(text) == 0 {
			return nil // the crash fell between its creation and its only write
		}
		switch e.Name() {
		case "key.pem":
			present[path] = string(text)
		case "cert.pem":
			c, err := pki.ParseOne(text)
			must(t, err)
			if _, found, err := f.Store.IssuedBySPKI(t.Context(), pki.SPKIDigest(c)); err != nil || !found {
				t.Errorf("%q left the program before it was recorded: %v", path, err)
			}
		case "manifest.jsonl":
			if n, err := f.Store.CountIssued(t.Context(), store.Filter{}); err != nil || len(entriesOf(t, path)) != n {
				t.Errorf("there is a manifest of another number than %d: %v", n, err)
			}
		}
		return nil
	})
	must(t, err)
	list, err := f.Store.ListIssued(t.Context(), store.Filter{})
	must(t, err)
	known := map[[32]byte]bool{}
	for _, text := range present {
		key, err := keys.ParseWorkload([]byte(text))
		must(t, err)
		digest, err := pki.DigestOfKey(key.Public())
		must(t, err)
		known[digest] = true
	}
	for _, c := range list {
		if !known[c.SPKI] {
			t.Errorf("certificate %s of line %d is recorded and its key is not there", c.Serial, c.Line)
		}
	}
	return present
}

// resumeWhole runs a batch to its end: it is whole then, and no key that was
// there before was thrown away.
func resumeWhole(t *testing.T, dir string, count int, before map[string]string) {
	t.Helper()
	f := open(t, dir, start().Add(time.Minute), nil)
	recorded, err := f.Store.CountIssued(t.Context(), store.Filter{})
	must(t, err)
	r, err := batch.Issue(t.Context(), f, counted(t, "backup="+strconv.Itoa(count)))
	must(t, err)
	checkWhole(t, f, r)
	if r.Before != recorded || r.Issued != count-recorded || r.KeysReused != len(before)-recorded {
		t.Errorf("%d before, %d issued, %d keys reused; want %d, %d, %d", r.Before, r.Issued, r.KeysReused, recorded, count-recorded, len(before)-recorded)
	}
	for path, text := range before {
		if string(content(t, path)) != text {
			t.Errorf("the key %q was thrown away", path)
		}
	}
}

// TestTenThousandSurviveBeingKilledAgainAndAgain kills one batch of 10,000 in
// steps at random until it comes to its end.
func TestTenThousandSurviveBeingKilledAgainAndAgain(t *testing.T) {
	count := 10_000
	if testing.Short() {
		count = 2_000
	}
	dir := newEstate(t)
	kills := 0
	for child(t, dir, count, 0, fmt.Sprintf("any %d", 1+rand.IntN(2*count))) {
		if kills++; kills > 1_000 {
			t.Fatal("it never comes to its end")
		}
	}
	f := open(t, dir, start(), nil)
	r, err := batch.Issue(t.Context(), f, counted(t, "backup="+strconv.Itoa(count)))
	must(t, err)
	if r.Issued != 0 || r.Before != count || r.Mended != 0 {
		t.Errorf("a batch that had ended was gone on with: %+v", r)
	}
	checkWhole(t, f, r)
	if n, err := f.Store.CountIssued(t.Context(), store.Filter{}); err != nil || n != count {
		t.Errorf("%d certificates are recorded, want %d: %v", n, count, err)
	}
	t.Logf("%d lines, %d kills", count, kills)
	if kills < 2 {
		t.Errorf("it was killed %d times only", kills)
	}
}

func TestFiftyProcessesIssueFiftyCertificates(t *testing.T) {
	const processes = 50
	dir := newEstate(t)
	var all sync.WaitGroup
	errs := make([]error, processes)
	for i := range processes {
		cmd := command(t, dir, aloneVar+"="+strconv.Itoa(i))
		all.Go(func() {
			if out, err := cmd.CombinedOutput(); err != nil {
				errs[i] = fmt.Errorf("%w: %s", err, out)
			}
		})
	}
	all.Wait()
	must(t, errors.Join(errs...))
	f := open(t, dir, start(), nil)
	list, err := f.Store.ListIssued(t.Context(), store.Filter{})
	must(t, err)
	serials := map[string]bool{}
	for _, c := range list {
		serials[c.Serial] = true
		file, err := pki.ParseOne(content(t, filepath.Join(dir, "out", "prod", "backup@"+c.Instance, "cert.pem")))
		must(t, err)
		if pki.SerialHex(file) != c.Serial {
			t.Errorf("the file of instance %s is of another certificate", c.Instance)
		}
	}
	if len(serials) != processes || len(list) != processes {
		t.Errorf("%d processes gave %d certificates with %d serial numbers", processes, len(list), len(serials))
	}
}

// Several runs of one batch: in one folder the lock lets one go on, and with two
// folders the store does.
func TestOneBatchRunTwiceAtATimeIssuesOnce(t *testing.T) {
	const count = 300
	dir := newEstate(t)
	outs := []string{filepath.Join(dir, "one"), filepath.Join(dir, "one"), filepath.Join(dir, "two"), filepath.Join(dir, "two")}
	var all sync.WaitGroup
	said := make([]string, len(outs))
	for i, out := range outs {
		cmd := command(t, dir, countVar+"="+strconv.Itoa(count), groupVar+"=10", outVar+"="+out)
		all.Go(func() {
			text, err := cmd.CombinedOutput()
			said[i] = fmt.Sprintf("%v %s", err, text)
		})
	}
	all.Wait()
	f := open(t, dir, start(), nil)
	done := 0
	for _, out := range []string{"one", "two"} {
		r := counted(t, "backup="+strconv.Itoa(count))
		r.Out = filepath.Join(dir, out)
		result, err := batch.Issue(t.Context(), f, r)
		if err != nil {
			t.Logf("%s: %v", out, err)
			continue
		}
		done++
		checkWhole(t, f, result)
	}
	if n, err := f.Store.CountIssued(t.Context(), store.Filter{}); err != nil || done != 1 || n != count {
		t.Errorf("%d folders are whole with %d certificates: %v\n%s", done, n, err, strings.Join(said, "\n"))
	}
}
