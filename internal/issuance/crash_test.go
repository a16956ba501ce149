package issuance_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"anchorctl/internal/issuance"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/store"
)

// crashed is the exit number of a process that was killed inside a step.
const crashed = 77

// A re-executed test binary issues one certificate and dies inside the step that
// ISSUANCE_CRASH names.
func TestMain(m *testing.M) {
	if os.Getenv("ISSUANCE_CRASH") == "" {
		os.Exit(m.Run())
	}
	ctx := context.Background()
	now := start()
	if at, err := time.Parse(time.RFC3339, os.Getenv("ISSUANCE_NOW")); err == nil {
		now = at
	}
	f, err := opened(ctx, os.Getenv("ISSUANCE_DIR"), now, func(name string) {
		if name == os.Getenv("ISSUANCE_CRASH") {
			os.Exit(crashed)
		}
	})
	if err == nil {
		_, err = issuance.Issue(ctx, f, crashing(os.Getenv("ISSUANCE_FORMAT"), os.Getenv("ISSUANCE_DIR")))
	}
	fmt.Fprintln(os.Stderr, "the step was never reached:", err)
	os.Exit(1)
}

func realWait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func kill(t *testing.T, dir, step string) { t.Helper(); killIn(t, "", dir, step) }

func killIn(t *testing.T, format, dir, step string) {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), "ISSUANCE_DIR="+dir, "ISSUANCE_CRASH="+step, "ISSUANCE_FORMAT="+format)
	var exit *exec.ExitError
	if out, err := cmd.CombinedOutput(); !errors.As(err, &exit) || exit.ExitCode() != crashed {
		t.Fatalf("the process did not die inside the step: %v\n%s", err, out)
	}
}

// steps are the steps of one issue, in their order.
func steps(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	f, err := opened(t.Context(), dir, start(), func(name string) { all = append(all, name) })
	must(t, err)
	all = nil // opening takes no step of ours
	_, err = issuance.Issue(t.Context(), f, backup())
	must(t, err)
	must(t, f.Close())
	return all
}

func index(t *testing.T, all []string, want string) int {
	t.Helper()
	for i, s := range all {
		if strings.HasPrefix(s, want) {
			return i
		}
	}
	t.Fatalf("there is no step %q among %v", want, all)
	return 0
}

// TestAKilledIssueIsTakenUp kills a process at every step of a first issue and of
// one that replaces files. The next run must leave a whole set, and must give out
// the recorded certificate instead of a second one.
func TestAKilledIssueIsTakenUp(t *testing.T) {
	points := 0
	for _, before := range []int{0, 1} {
		template := newEstate(t)
		if before == 1 {
			steps(t, template)
		}
		all := steps(t, copied(t, template))
		record, last := index(t, all, "store.committed"), index(t, all, "durable.dirsync key.pem")
		for i, step := range all {
			points++
			t.Run(fmt.Sprintf("with %d certificate before, dies in %s", before, step), func(t *testing.T) {
				dir := copied(t, template)
				kill(t, dir, step)
				f := open(t, dir, start().Add(time.Minute))
				recorded, err := f.Store.CountIssued(t.Context(), store.Filter{})
				must(t, err)
				if want := before + boolean(i >= record); recorded != want {
					t.Errorf("%d certificates are recorded after the crash, want %d", recorded, want)
				}
				noKeyWithoutRecord(t, dir)
				r, err := issuance.Issue(t.Context(), f, backup())
				must(t, err)
				leaf := checkFiles(t, f, filepath.Join(dir, "out", "prod", "backup"))
				if pki.SerialHex(leaf) != r.SerialHex {
					t.Error("the result speaks of another certificate than the file holds")
				}
				wantResumed := i >= record && i < last
				if r.Resumed != wantResumed {
					t.Errorf("resumed: %t, want %t", r.Resumed, wantResumed)
				}
				count, err := f.Store.CountIssued(t.Context(), store.Filter{})
				must(t, err)
				if want := recorded + boolean(!wantResumed); count != want {
					t.Errorf("%d certificates are recorded, want %d", count, want)
				}
			})
		}
	}
	t.Logf("%d crash points tried", points)
	if points < 30 {
		t.Errorf("only %d crash points were found", points)
	}
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

// noKeyWithoutRecord: whatever certificate a crash left in the folder is recorded.
func noKeyWithoutRecord(t *testing.T, dir string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "out", "prod", "backup", "cert.pem"))
	if err != nil {
		return
	}
	c, err := pki.ParseOne(text)
	must(t, err)
	f := open(t, dir, start())
	if _, found, err := f.Store.IssuedBySPKI(t.Context(), pki.SPKIDigest(c)); err != nil || !found {
		t.Errorf("a certificate left the program before it was recorded: %v", err)
	}
}

// copied is a copy of an estate's folder, whose store is closed.
func copied(t *testing.T, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "estate")
	must(t, os.CopyFS(to, os.DirFS(dir)))
	return to
}

// What a stopped run left is only given out when it is what is wanted now.
func TestAStaleStagedKeyIsNotUsed(t *testing.T) {
	template := newEstate(t)
	steps(t, template)
	all := steps(t, copied(t, template))
	crash := all[index(t, all, "store.committed")]
	cases := []struct {
		name   string
		at     time.Duration
		change func(*issuance.Request)
		resume bool
	}{
		{"the same again", time.Minute, func(*issuance.Request) {}, true},
		{"the same, expired", 13 * time.Hour, func(*issuance.Request) {}, false},
		{"a shorter lifetime", time.Minute, func(q *issuance.Request) { q.Lifetime = time.Hour }, false},
		{"another type of key", time.Minute, func(q *issuance.Request) { q.KeyType = keys.P384 }, false},
		{"the same type of key", time.Minute, func(q *issuance.Request) { q.KeyType = keys.P256 }, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := copied(t, template)
			kill(t, dir, crash)
			f := open(t, dir, start().Add(c.at))
			q := backup()
			c.change(&q)
			r, err := issuance.Issue(t.Context(), f, q)
			must(t, err)
			if r.Resumed != c.resume || (len(r.Notes) > 0) == c.resume {
				t.Errorf("resumed: %t, notes %v; want resumed %t", r.Resumed, r.Notes, c.resume)
			}
			leaf := checkFiles(t, f, filepath.Join(dir, "out", "prod", "backup"))
			if leaf.NotAfter.Before(f.Clock.Now()) {
				t.Error("an expired certificate was given out")
			}
		})
	}
}

// A key that was staged for one workload never serves another.
func TestAStagedKeyOfAnotherWorkloadIsNotUsed(t *testing.T) {
	dir := newEstate(t)
	all := steps(t, copied(t, dir))
	kill(t, dir, all[index(t, all, "store.committed")])
	f := open(t, dir, start())
	q := issuance.Request{Environment: "prod", Workload: "reports", Out: filepath.Join(dir, "out", "prod", "backup")}
	r, err := issuance.Issue(t.Context(), f, q)
	must(t, err)
	leaf := checkFiles(t, f, q.Out)
	if r.Resumed || leaf.Subject.CommonName != "reports" {
		t.Errorf("got the certificate of %q, resumed %t", leaf.Subject.CommonName, r.Resumed)
	}
}

// What was recorded for a configuration that has changed since is not given out.
func TestARecordOfAnOldConfigurationIsNotGivenOut(t *testing.T) {
	dir := newEstate(t)
	all := steps(t, copied(t, dir))
	kill(t, dir, all[index(t, all, "store.committed")])
	f := open(t, dir, start())
	recorded, err := f.Store.ListIssued(t.Context(), store.Filter{})
	must(t, err)
	c, err := x509.ParseCertificate(recorded[0].Certificate)
	must(t, err)
	f.Config.Environments["prod"].Workloads["backup"].DNS = nil
	r, err := issuance.Issue(t.Context(), f, backup())
	must(t, err)
	if r.Resumed || r.SerialHex == pki.SerialHex(c) || len(r.DNS) != 0 {
		t.Errorf("resumed: %t, DNS %v: the configuration changed in between", r.Resumed, r.DNS)
	}
}
