package renewal_test

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"anchorctl/internal/durable"
	"anchorctl/internal/folder/foldertest"
	"anchorctl/internal/hint"
	"anchorctl/internal/issuance"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/renewal"
	"anchorctl/internal/store"
)

func TestDueIsBetweenTwoThirdsAndThreeQuarters(t *testing.T) {
	at := func(hour, minute, second int) time.Time {
		return time.Date(2026, 11, 2, hour, minute, second, 0, time.UTC)
	}
	for _, c := range []struct {
		name string
		ends time.Time
		slot int
		want time.Time
	}{
		{"the first slot", at(24, 0, 0), 0, at(20, 0, 0)},
		{"the middle slot", at(24, 0, 0), 512, at(20, 30, 0)},
		{"the last slot", at(24, 0, 0), 1023, at(20, 59, 56)},
		{"five minutes", at(12, 5, 0), 0, at(12, 3, 20)},
		{"five minutes, the last slot", at(12, 5, 0), 1023, at(12, 3, 44)},
	} {
		if got := renewal.Due(start(), c.ends, c.slot); !got.Equal(c.want) {
			t.Errorf("%s: due at %s, want %s", c.name, got, c.want)
		}
	}
}

// The slots are documented: they may not change from one version to the next, or
// a fleet would move all at once.
func TestSlotsStayAndSpread(t *testing.T) {
	for name, want := range map[string]int{"": 518, "7": 668} {
		if got := renewal.Slot(foldertest.Lineage, "prod", "backup", name); got != want {
			t.Errorf("instance %q has slot %d, want %d", name, got, want)
		}
	}
	tenths := map[int]int{}
	for i := range 1000 {
		tenths[renewal.Slot(foldertest.Lineage, "prod", "backup", fmt.Sprint(i))*10/1024]++
	}
	for tenth := range 10 {
		if n := tenths[tenth]; n < 60 || n > 140 {
			t.Errorf("%d of 1000 instances are in tenth %d", n, tenth)
		}
	}
}

// serialOf is the serial of the certificate in a folder, which must be its key's
// and on record.
func serialOf(t *testing.T, dir, out string) string {
	t.Helper()
	c, matches := pair(t, out)
	if !matches {
		t.Fatal("certificate and key do not belong together")
	}
	f := open(t, dir, start())
	if _, found, err := f.Store.IssuedBySPKI(t.Context(), pki.SPKIDigest(c)); err != nil || !found {
		t.Fatalf("the certificate in place is not on record (%v)", err)
	}
	return pki.SerialHex(c)
}

func pair(t testing.TB, out string) (*x509.Certificate, bool) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(out, "cert.pem"))
	must(t, err)
	c, err := pki.ParseOne(text)
	must(t, err)
	text, err = os.ReadFile(filepath.Join(out, "key.pem"))
	must(t, err)
	key, err := keys.ParseWorkload(text)
	must(t, err)
	return c, key.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(c.PublicKey)
}

func count(t *testing.T, dir string) int {
	t.Helper()
	n, err := open(t, dir, start()).Store.CountIssued(t.Context(), store.Filter{})
	must(t, err)
	return n
}

// renewed runs renew over the estate at a time.
func renewed(t *testing.T, dir string, after time.Duration, o renewal.Options) (renewal.Result, error) {
	t.Helper()
	return renewal.Run(t.Context(), open(t, dir, start().Add(after)), renewal.Selection{}, o, nil)
}

func TestWhatIsDueIsRenewedOnce(t *testing.T) {
	dir, out := newEstate(t)
	first := serialOf(t, dir, out)
	r, err := renewed(t, dir, 8*time.Hour-time.Second, renewal.Options{})
	if err != nil || r.Current != 1 || serialOf(t, dir, out) != first {
		t.Fatalf("before two thirds: %+v, %v", r, err)
	}
	r, err = renewed(t, dir, 9*time.Hour, renewal.Options{})
	second := serialOf(t, dir, out)
	if err != nil || r.Renewed != 1 || second == first || r.Certificates[0].SerialHex != second {
		t.Fatalf("after three quarters: %+v, %v", r, err)
	}
	r, err = renewed(t, dir, 9*time.Hour+time.Minute, renewal.Options{})
	if err != nil || r.Current != 1 || serialOf(t, dir, out) != second {
		t.Fatalf("once more: %+v, %v", r, err)
	}
	if n := count(t, dir); n != 2 {
		t.Errorf("%d certificates were issued, want 2", n)
	}
	if left, _ := filepath.Glob(filepath.Join(out, ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestATornFileIsNamedWithWhatToDo(t *testing.T) {
	for _, name := range []string{"cert.pem", "key.pem"} {
		t.Run(name, func(t *testing.T) {
			dir, out := newEstate(t)
			must(t, os.WriteFile(filepath.Join(out, name), []byte("junk"), 0o600))
			r, err := renewed(t, dir, 9*time.Hour, renewal.Options{})
			if err == nil || r.Failed != 1 || !strings.Contains(err.Error(), strconv.Quote(out)) {
				t.Errorf("%+v, %v; want a failure that names %q", r, err, out)
			}
			if hints := strings.Join(hint.Of(err), "\n"); !strings.Contains(hints, `move the folder away, and run "anchorctl issue`) {
				t.Errorf("hints: %q", hints)
			}
			if n := count(t, dir); n != 1 {
				t.Errorf("%d certificates were issued, want 1", n)
			}
		})
	}
}

// What an interrupt stopped has not failed: the next run goes on with it.
func TestWhatWasInterruptedHasNotFailed(t *testing.T) {
	dir, out := newEstate(t)
	f := open(t, dir, start().Add(9*time.Hour))
	release, held, err := f.Files.TryLockFolder(out)
	if err != nil || !held {
		t.Fatal(held, err)
	}
	ctx, stop := context.WithCancelCause(t.Context())
	interrupted := errors.New("interrupted")
	f.Clock.Wait = func(ctx context.Context, _ time.Duration) error { stop(interrupted); return context.Cause(ctx) }
	r, err := renewal.Run(ctx, f, renewal.Selection{}, renewal.Options{}, nil)
	if !errors.Is(err, interrupted) || r.Failed != 0 || len(r.Certificates) != 1 || r.Certificates[0].Action != renewal.Interrupted {
		t.Errorf("got %+v, %v", r, err)
	}
	must(t, release())
	if r, err := renewed(t, dir, 9*time.Hour, renewal.Options{}); err != nil || r.Renewed != 1 {
		t.Errorf("the next run: %+v, %v", r, err)
	}
}

func TestWhatIsNotOursToRenewIsLeftAlone(t *testing.T) {
	for _, c := range []struct {
		name, why string
		change    func(t *testing.T, dir, out string)
	}{
		{"its key is on its host", "its key is not here", func(t *testing.T, _, out string) { must(t, os.Remove(filepath.Join(out, "key.pem"))) }},
		{"its key is encrypted", "its key is encrypted", func(t *testing.T, dir, out string) {
			_, err := issuance.Issue(t.Context(), open(t, dir, start()), issuance.Request{Environment: "prod", Workload: "backup", Format: issuance.FormatEncrypted,
				Passphrase: func(context.Context) ([]byte, error) { return []byte("correct horse battery staple"), nil }})
			must(t, err)
		}},
		{"it was revoked", "it was revoked", func(t *testing.T, dir, out string) {
			_, err := open(t, dir, start()).Store.Revoke(t.Context(), store.Revocation{Environment: "prod", Generation: 1,
				Serial: serialOf(t, dir, out), Reason: 1, NotAfter: start().Add(12 * time.Hour).Unix()})
			must(t, err)
		}},
		{"another estate issued it", "has no record", func(t *testing.T, _, out string) {
			_, other := newEstate(t)
			for _, name := range []string{"key.pem", "cert.pem"} {
				text, err := os.ReadFile(filepath.Join(other, name))
				must(t, err)
				must(t, os.WriteFile(filepath.Join(out, name), text, 0o600))
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, out := newEstate(t)
			c.change(t, dir, out)
			before, err := os.ReadFile(filepath.Join(out, "cert.pem"))
			must(t, err)
			r, err := renewed(t, dir, 11*time.Hour, renewal.Options{})
			if err != nil || r.Skipped != 1 || !strings.Contains(r.Certificates[0].Why, c.why) {
				t.Errorf("%+v, %v", r, err)
			}
			after, err := os.ReadFile(filepath.Join(out, "cert.pem"))
			must(t, err)
			if string(before) != string(after) {
				t.Error("the certificate was replaced")
			}
			// Whoever names it is told.
			if o := renewal.Renew(t.Context(), open(t, dir, start()), out, &issuance.Request{Environment: "prod", Workload: "backup"}, renewal.Options{}); o.Err == nil {
				t.Error("by name it is no error")
			}
		})
	}
}

// One file, which is always whole, is renewed as one file.
func TestACombinedFileIsRenewedAsOne(t *testing.T) {
	dir, _ := newEstate(t)
	out := filepath.Join(dir, "out", "prod", "reports")
	first, err := issuance.Issue(t.Context(), open(t, dir, start()), issuance.Request{Environment: "prod", Workload: "reports", Format: issuance.FormatCombined})
	must(t, err)
	// What a run left that was to make the other form does not come along.
	_, err = issuance.Issue(t.Context(), open(t, dir, start()), issuance.Request{Environment: "prod", Workload: "reports", Out: filepath.Join(out, ".renewal")})
	must(t, err)
	var got renewal.Delivery
	r, err := renewed(t, dir, 18*time.Hour, renewal.Options{Push: func(_ context.Context, d renewal.Delivery) error { got = d; return nil }})
	if err != nil || r.Renewed != 2 {
		t.Fatalf("%+v, %v", r, err)
	}
	text, err := os.ReadFile(filepath.Join(out, "combined.pem"))
	must(t, err)
	key, certificates, err := issuance.ParseCombined(text)
	must(t, err)
	signer, err := keys.ParseWorkload(key)
	must(t, err)
	if pki.SerialHex(certificates[0]) == first.SerialHex || !signer.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(certificates[0].PublicKey) {
		t.Error("the file holds the old certificate, or another one's key")
	}
	if got.KeyFile != filepath.Join(out, "combined.pem") || got.CertificateFile != got.KeyFile {
		t.Errorf("pushed %+v", got)
	}
	entries, err := os.ReadDir(out)
	must(t, err)
	if len(entries) != 2 { // combined.pem and .pushed
		t.Errorf("in the folder lie %v", entries)
	}
}

func TestARevokedCertificateIsRenewedWhenThatIsSaid(t *testing.T) {
	dir, out := newEstate(t)
	first := serialOf(t, dir, out)
	_, err := open(t, dir, start()).Store.Revoke(t.Context(), store.Revocation{Environment: "prod", Generation: 1, Serial: first, Reason: 4, NotAfter: start().Add(12 * time.Hour).Unix()})
	must(t, err)
	if r, err := renewed(t, dir, time.Hour, renewal.Options{Force: true}); err != nil || r.Skipped != 1 || serialOf(t, dir, out) != first {
		t.Errorf("among all: %+v, %v", r, err)
	}
	o := renewal.Renew(t.Context(), open(t, dir, start().Add(time.Hour)), out, &issuance.Request{Environment: "prod", Workload: "backup"}, renewal.Options{Force: true})
	if o.Err != nil || o.Action != renewal.Renewed || serialOf(t, dir, out) == first {
		t.Errorf("by name: %+v", o)
	}
}

func TestAPushIsOwedUntilItIsDone(t *testing.T) {
	dir, out := newEstate(t)
	var got []renewal.Delivery
	fails := errors.New("the host is down")
	push := func(_ context.Context, d renewal.Delivery) error {
		got = append(got, d)
		return fails
	}
	for step, c := range []struct {
		after        time.Duration
		push         bool
		fails        error
		renewed      int
		state        string
		pushes       int
		wantErr, due bool
	}{
		{after: time.Hour}, // nobody pushes, nothing is owed
		{after: time.Hour, push: true, state: renewal.PushDone, pushes: 1},                                              // what was issued and never pushed
		{after: time.Hour, push: true},                                                                                  // nothing was renewed: nothing to push
		{after: 9 * time.Hour, push: true, fails: fails, renewed: 1, state: renewal.PushOwed, pushes: 1, wantErr: true}, // renewed, not pushed
		{after: 9 * time.Hour, state: renewal.PushOwed},                                                                 // nobody who pushes
		{after: 9 * time.Hour, push: true, fails: fails, state: renewal.PushOwed, pushes: 1, wantErr: true},             // once more in vain
		{after: 9 * time.Hour, push: true, state: renewal.PushDone, pushes: 1},                                          // pushed
		{after: 9 * time.Hour, push: true},                                                                              // and that was that
		{after: 19 * time.Hour, renewed: 1, state: renewal.PushOwed},                                                    // renewed by a run that does not push
		{after: 19 * time.Hour, push: true, state: renewal.PushDone, pushes: 1},                                         // which the next one knows
	} {
		o := renewal.Options{}
		if c.push {
			o.Push = push
		}
		got, fails = nil, c.fails
		r, err := renewed(t, dir, c.after, o)
		if (err != nil) != c.wantErr || r.Renewed != c.renewed || r.Certificates[0].Push != c.state || len(got) != c.pushes {
			t.Fatalf("step %d: %+v, %v, %d pushes", step, r, err, len(got))
		}
		if len(got) == 1 && (got[0].SerialHex != serialOf(t, dir, out) || got[0].KeyFile != filepath.Join(out, "key.pem")) {
			t.Errorf("step %d: pushed %+v", step, got[0])
		}
	}
}

// TestAReaderFindsAPair reads as AWS's helper does, one file after the other,
// while certificates are renewed. What does not match is read again at once:
// between the renames of certificate and key there is nothing that takes time.
func TestAReaderFindsAPair(t *testing.T) {
	dir, out := newEstate(t)
	done := make(chan error, 1)
	go func() {
		var err error
		for i := 0; i < 60 && err == nil; i++ {
			var f, openErr = opened(context.Background(), dir, start().Add(time.Duration(i)*time.Minute), nil)
			if openErr != nil {
				err = openErr
				break
			}
			o := renewal.Renew(context.Background(), f, out, nil, renewal.Options{Force: true})
			err = errors.Join(o.Err, f.Close())
		}
		done <- err
	}()
	reads, mismatches, longest := 0, 0, 0
	seen := map[string]bool{}
	for running := true; running; {
		select {
		case err := <-done:
			must(t, err)
			running = false
		default:
		}
		for tries := 0; ; tries++ {
			reads++
			c, matches := pair(t, out)
			if matches {
				longest = max(longest, tries)
				seen[pki.SerialHex(c)] = true
				break
			}
			mismatches++
			if tries > 100 {
				t.Fatal("certificate and key did not match in a hundred reads one after the other")
			}
		}
	}
	t.Logf("%d reads, %d of them of a certificate and another key, at most %d one after the other; %d certificates were seen", reads, mismatches, longest, len(seen))
	if len(seen) < 30 {
		t.Errorf("the reader saw only %d certificates", len(seen))
	}
}

// crashed is the exit number of a process that was killed inside a step.
const crashed = 77

// A re-executed test binary renews, and dies inside the step that RENEWAL_CRASH
// names, as if killed.
func TestMain(m *testing.M) {
	at := os.Getenv("RENEWAL_CRASH")
	if at == "" {
		os.Exit(m.Run())
	}
	err := stepping(context.Background(), os.Getenv("RENEWAL_DIR"), func(name string) {
		if name == at {
			os.Exit(crashed)
		}
	})
	fmt.Fprintln(os.Stderr, "the step was never reached:", err)
	os.Exit(1)
}

// stepping renews what is due after nine hours, and names each step with its number.
func stepping(ctx context.Context, dir string, step func(string)) error {
	var mu sync.Mutex
	n := 0
	f, err := opened(ctx, dir, start().Add(9*time.Hour), func(name string) {
		mu.Lock()
		defer mu.Unlock()
		n++
		step(fmt.Sprintf("%d %s", n, name))
	})
	if err != nil {
		return err
	}
	o := renewal.Renew(ctx, f, filepath.Join(dir, "out", "prod", "backup"), nil, renewal.Options{Push: func(context.Context, renewal.Delivery) error { return nil }})
	return errors.Join(o.Err, f.Close())
}

// steps are the steps of one renewal.
func steps(t *testing.T, dir string) (all []string) {
	t.Helper()
	must(t, stepping(t.Context(), dir, func(name string) { all = append(all, name) }))
	return all
}

func kill(t *testing.T, dir, step string) {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), "RENEWAL_DIR="+dir, "RENEWAL_CRASH="+step)
	var exit *exec.ExitError
	if out, err := cmd.CombinedOutput(); !errors.As(err, &exit) || exit.ExitCode() != crashed {
		t.Fatalf("the process did not die inside the step: %v\n%s", err, out)
	}
}

// TestAKilledRenewalIsTakenUp stops a renewal in each of its steps. Then the old
// pair or the new one is in place, but for the two renames; and the next run has a
// whole pair of a certificate that was issued once.
func TestAKilledRenewalIsTakenUp(t *testing.T) {
	dir, _ := newEstate(t)
	all := steps(t, dir)
	points := 0
	for _, step := range all {
		points++
		t.Run("dies in "+step, func(t *testing.T) {
			dir, out := newEstate(t)
			first := serialOf(t, dir, out)
			kill(t, dir, step)
			before, matches := pair(t, out)
			if !matches && !strings.Contains(step, "move key.pem") {
				t.Error("the crash left a certificate beside the key of another one")
			}
			pushes := 0
			r, err := renewed(t, dir, 9*time.Hour+time.Minute, renewal.Options{Push: func(context.Context, renewal.Delivery) error { pushes++; return nil }})
			must(t, err)
			last := serialOf(t, dir, out)
			if last == first || matches && pki.SerialHex(before) != first && pki.SerialHex(before) != last {
				t.Errorf("%s was followed by %s and then %s", first, pki.SerialHex(before), last)
			}
			if n := count(t, dir); n != 2 {
				t.Errorf("%d certificates were issued, want 2", n)
			}
			text, err := os.ReadFile(filepath.Join(out, ".pushed"))
			if err != nil || strings.TrimSpace(string(text)) != last || pushes > 1 {
				t.Errorf("pushed is %q after %d pushes, want %s (%v); %+v", text, pushes, last, err, r)
			}
			for _, name := range []string{".renewal", ".renewed"} {
				if _, err := os.Stat(filepath.Join(out, name)); err == nil {
					t.Errorf("%s is still there", name)
				}
			}
		})
	}
	t.Logf("%d crash points tried", points)
	if points < 25 {
		t.Errorf("only %d crash points were found: %q", points, all)
	}
}

// Somebody issues by hand after a renewal was killed among its renames: what that
// renewal had left does not come back.
func TestAnOldRenewalDoesNotReplaceANewerCertificate(t *testing.T) {
	dir, out := newEstate(t)
	ready := filepath.Join(out, ".renewed")
	f := open(t, dir, start().Add(time.Hour))
	_, err := issuance.Issue(t.Context(), f, issuance.Request{Environment: "prod", Workload: "backup", Out: ready})
	must(t, err)
	for _, moved := range [][]string{nil, {"chain.pem"}, {"chain.pem", "cert.pem"}} {
		t.Run(fmt.Sprintf("%d of its files were moved", len(moved)), func(t *testing.T) {
			must(t, durable.Files{}.MoveAll(ready, out, moved...))
			newest, err := issuance.Issue(t.Context(), open(t, dir, start().Add(2*time.Hour)), issuance.Request{Environment: "prod", Workload: "backup"})
			must(t, err)
			r, err := renewed(t, dir, 2*time.Hour, renewal.Options{})
			if got := serialOf(t, dir, out); err != nil || got != newest.SerialHex || r.Current != 1 {
				t.Errorf("in place is %s, want %s: %+v, %v", got, newest.SerialHex, r, err)
			}
			_, err = issuance.Issue(t.Context(), open(t, dir, start().Add(time.Hour)), issuance.Request{Environment: "prod", Workload: "backup", Out: ready})
			must(t, err)
		})
	}
}

// Somebody issues by hand after a renewal was held or killed before its files were
// in place: the next renewal makes a new set, and says so of that one.
func TestASetThatIsOlderThanWhatIsInPlaceIsNotUsed(t *testing.T) {
	for _, c := range []struct {
		name string
		left func(t *testing.T, dir, making string)
	}{
		{"a whole set", func(t *testing.T, dir, making string) {
			_, err := issuance.Issue(t.Context(), open(t, dir, start().Add(time.Hour)), issuance.Request{Environment: "prod", Workload: "backup", Out: making})
			must(t, err)
		}},
		{"a key whose certificate was recorded", func(t *testing.T, dir, making string) {
			_, err := issuance.Issue(t.Context(), open(t, dir, start().Add(time.Hour)), issuance.Request{Environment: "prod", Workload: "backup", Out: making})
			must(t, err)
			must(t, os.Rename(filepath.Join(making, "key.pem"), filepath.Join(making, ".key.pem.next")))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, out := newEstate(t)
			c.left(t, dir, filepath.Join(out, ".renewal"))
			byHand, err := issuance.Issue(t.Context(), open(t, dir, start().Add(2*time.Hour)), issuance.Request{Environment: "prod", Workload: "backup"})
			must(t, err)
			r, err := renewed(t, dir, 3*time.Hour, renewal.Options{Force: true})
			if got := serialOf(t, dir, out); err != nil || r.Renewed != 1 || got == byHand.SerialHex || got != r.Certificates[0].SerialHex {
				t.Errorf("in place is %s, issued by hand was %s: %+v, %v", got, byHand.SerialHex, r, err)
			}
			if n := count(t, dir); n != 4 {
				t.Errorf("%d certificates were issued, want 4", n)
			}
		})
	}
}

func TestFindLooksBelowAndNotIntoWhatIsHidden(t *testing.T) {
	dir, out := newEstate(t)
	f := open(t, dir, start())
	deep := filepath.Join(dir, "fleet", "a", "b")
	for _, r := range []issuance.Request{
		{Environment: "prod", Workload: "backup", Instance: "1", Out: deep},
		{Environment: "prod", Workload: "reports", Out: filepath.Join(dir, "fleet", ".git", "c")},
		{Environment: "prod", Workload: "reports", Out: filepath.Join(out, ".renewal")},
	} {
		_, err := issuance.Issue(t.Context(), f, r)
		must(t, err)
	}
	got, err := renewal.Find(t.Context(), f, []string{filepath.Join(dir, "fleet"), deep, filepath.Join(dir, "out")})
	if want := []string{deep, out}; err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("found %v, want %v (%v)", got, want, err)
	}
	// What cannot be read is an error, and keeps nobody else from their renewal.
	got, err = renewal.Find(t.Context(), f, []string{filepath.Join(dir, "nowhere"), deep})
	if err == nil || len(got) != 1 {
		t.Errorf("with a root that is not there: %v, %v", got, err)
	}
	r, err := renewal.Run(t.Context(), open(t, dir, start().Add(9*time.Hour)), renewal.Selection{Roots: []string{filepath.Join(dir, "nowhere"), deep}}, renewal.Options{}, nil)
	if err == nil || r.Renewed != 1 {
		t.Errorf("with a root that is not there: %+v, %v", r, err)
	}
}
