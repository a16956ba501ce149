package prove_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/hint"
	"anchorctl/internal/prove"
	"anchorctl/internal/rules"
	"anchorctl/internal/sandbox"
	"anchorctl/internal/session"
	"anchorctl/internal/store"
)

func (l *lab) ask(change func(*prove.InAWS)) (prove.Report, error) {
	l.t.Helper()
	w := l.world()
	s, err := w.Look(l.t.Context())
	l.must(err)
	live := prove.InAWS{Scene: s, Folder: w.Folder, Client: session.Client{Clock: w.Folder.Clock}, Endpoint: l.url}
	if change != nil {
		change(&live)
	}
	return live.Prove(l.t.Context())
}

// sent are the requests for sessions so far.
func (l *lab) sent() []sandbox.Request {
	l.t.Helper()
	var log []sandbox.Request
	l.must(l.control("GET", "requests", nil, &log))
	return slices.DeleteFunc(log, func(r sandbox.Request) bool { return r.Op != "CreateSession" })
}

func (l *lab) issued() []store.Issued {
	l.t.Helper()
	list, err := l.world().Folder.Store.ListIssued(l.t.Context(), countAll())
	l.must(err)
	return list
}

// files are the paths in the estate's directory.
func (l *lab) files() []string {
	l.t.Helper()
	var list []string
	l.must(filepath.WalkDir(l.dir, func(path string, d os.DirEntry, err error) error {
		if !strings.Contains(filepath.Base(path), ".db-") { // SQLite's own
			list = append(list, path)
		}
		return err
	}))
	return list
}

// What is asked for is written by hand: each workload at the other's anchor for
// both roles, by the profile that lists each, at its own anchor for the other's
// role by the other's profile, and at its own anchor one role that is not listed
// by each profile. What the configuration grants is not asked for.
func TestTheServiceDeniesWhatItShould(t *testing.T) {
	l := two(t)
	before := l.files()
	r, err := l.ask(nil)
	if err != nil || !r.Proven {
		t.Fatalf("%v: %+v", err, r)
	}
	want := prove.Counts{Tuples: 10, Denied: 10, Gates: map[string]int{"certificate path": 4, "trust policy": 2, "role in profile": 4}}
	if diff := cmp.Diff(want, r.Totals); diff != "" {
		t.Errorf("totals (-want +got):\n%s", diff)
	}
	if got := l.sent(); len(got) != 10 {
		t.Errorf("%d sessions were asked for", len(got))
	}
	if len(r.Notices) > 0 {
		t.Errorf("it is told %v", r.Notices)
	}
	if len(r.NotTested) != 1 || r.NotTested[0].What != "what the configuration grants" || r.NotTested[0].Open {
		t.Errorf("not tested are %+v", r.NotTested)
	}
	issued := l.issued()
	for _, one := range issued {
		if one.NotAfter-one.Created != 300 {
			t.Errorf("a certificate lives %d s", one.NotAfter-one.Created)
		}
	}
	if len(issued) != 2 || cmp.Diff(before, l.files()) != "" {
		t.Errorf("%d certificates are recorded; files: %s", len(issued), cmp.Diff(before, l.files()))
	}
}

func TestTheServiceIsAskedLessThanTenTimesASecond(t *testing.T) {
	l := two(t)
	var asked []time.Time
	if _, err := l.ask(func(p *prove.InAWS) {
		p.Progress = func(int, int) { asked = append(asked, l.clock().Now()) }
	}); err != nil {
		t.Fatal(err)
	}
	// The sandbox's clock moves by waiting alone. Progress is told before the wait.
	for i := 2; i < len(asked); i++ {
		if gap := asked[i].Sub(asked[i-1]); gap <= 100*time.Millisecond {
			t.Errorf("session %d was asked for %s after the one before", i, gap)
		}
	}
	if len(asked) != 10 {
		t.Errorf("%d sessions were asked for", len(asked))
	}
}

func TestTheServiceLeaks(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(l *lab)
		want []string
	}{
		{"a role that takes any anchor", func(l *lab) { l.setTrust("prod-app", fmt.Sprintf(careless, "")) },
			[]string{"ANC301 session granted workload/dev/app " + devAnchor + " " + prodProfile + " " + prodRole}},
		{"the root in prod's anchor", func(l *lab) { l.fillAnchor(prodAnchor, l.certificate("root#1")) },
			[]string{"ANC101 path granted every workload of dev " + prodAnchor + "  "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := two(t)
			c.do(l)
			r, err := l.ask(nil)
			var refusal *rules.Refusal
			if !errors.As(err, &refusal) || r.Proven || len(refusal.Findings) != len(c.want) {
				t.Errorf("it comes to %v", err)
			}
			if diff := cmp.Diff(c.want, said(r)); diff != "" {
				t.Errorf("leaks (-want +got):\n%s", diff)
			}
			if text := fmt.Sprintf("%+v %v", r, err); strings.Contains(text, "ASIA") || strings.Contains(text, "sessionToken") {
				t.Errorf("credentials are in %s", text)
			}
		})
	}
}

func TestAProofThatBreaksOffStillNamesItsLeaks(t *testing.T) {
	for _, c := range []struct {
		name  string
		loose bool
	}{{"with a leak", true}, {"without one", false}} {
		t.Run(c.name, func(t *testing.T) {
			l := two(t)
			if c.loose {
				l.setTrust("prod-app", fmt.Sprintf(careless, ""))
			}
			l.must(l.control("POST", "faults", []sandbox.Fault{{Op: "CreateSession", Nth: 9, Mode: "cut", Count: -1}}, nil))
			r, err := l.ask(nil)
			var refusal *rules.Refusal
			if err == nil || !strings.Contains(err.Error(), "asking for sessions") || errors.As(err, &refusal) != c.loose || errors.Is(err, prove.ErrNotProven) {
				t.Errorf("it comes to %v", err)
			}
			if r.Proven || len(r.Rows) != 8 {
				t.Errorf("proven %v after %d", r.Proven, len(r.Rows))
			}
		})
	}
}

func TestADisabledProfileIsNotAskedFor(t *testing.T) {
	l := two(t)
	arn := l.makeProfile("somebodys", false, "prod-app")
	r, err := l.ask(nil)
	if err != nil || !r.Proven {
		t.Errorf("it comes to %v", err)
	}
	if !slices.ContainsFunc(r.NotTested, func(n prove.NotTested) bool { return n.What == arn }) {
		t.Errorf("not tested are %+v", r.NotTested)
	}
}

func TestFewerAreAskedForOnDemand(t *testing.T) {
	l := two(t)
	var told []int
	r, err := l.ask(func(p *prove.InAWS) {
		p.AtMost = 4
		p.Progress = func(done, total int) { told = append(told, done, total) }
	})
	if err != nil || r.Totals.Tuples != 4 || len(l.sent()) != 4 {
		t.Errorf("%v: %+v", err, r.Totals)
	}
	if diff := cmp.Diff([]int{0, 4, 1, 4, 2, 4, 3, 4}, told); diff != "" {
		t.Error(diff)
	}
	if !slices.ContainsFunc(r.NotTested, func(n prove.NotTested) bool { return n.Why == "4 of 10 were asked for" }) {
		t.Errorf("not tested are %+v", r.NotTested)
	}
}

func TestNothingAppliedLeavesNothingToAskFor(t *testing.T) {
	l := newLab(t, environments("dev", "prod"), "dev-app", "prod-app")
	if r, err := l.ask(nil); !errors.Is(err, prove.ErrNotProven) || r.Proven {
		t.Errorf("it comes to %v", err)
	}
}

// Where everything that is there is granted, or nothing is there yet, asking
// shows nothing.
func TestWhereThereIsNothingToAskForNothingIsProven(t *testing.T) {
	for name, c := range map[string]struct {
		lab  func() *lab
		hint string
	}{
		"one workload and its role": {func() *lab { return applied(t, environments("prod"), "prod-app") }, `run "anchorctl prove isolation"`},
		"nothing is applied":        {func() *lab { return newLab(t, environments("prod"), "prod-app") }, `run "anchorctl apply" first`},
	} {
		r, err := c.lab().ask(func(*prove.InAWS) {})
		if !errors.Is(err, prove.ErrNotProven) || r.Proven || !strings.HasPrefix(strings.Join(hint.Of(err), "\n"), c.hint) {
			t.Errorf("%s: it comes to %v, %q", name, err, hint.Of(err))
		}
	}
}
