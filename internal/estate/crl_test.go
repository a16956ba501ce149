package estate_test

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"anchorctl/internal/config"
	"anchorctl/internal/crls"
	"anchorctl/internal/engine"
	"anchorctl/internal/estate"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
	"anchorctl/internal/sandbox"
	"anchorctl/internal/store"
)

const serial = "4f00112233445566778899aabbccddee"

var (
	devList  = plan.CRL("dev", 1, plan.Target{Account: account, Region: "eu-central-1"})
	ofDev    = estate.ApplyOptions{Options: estate.Options{Revocation: &estate.Revocation{Environments: []string{"dev"}}}}
	listKeep = time.Hour
)

// revokes records a revocation, as revoke does before anything else.
func (l *lab) revokes(t *testing.T, serials ...string) {
	t.Helper()
	w, done, err := l.world(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	for _, s := range serials {
		r := store.Revocation{Environment: "dev", Generation: 1, Serial: s, Reason: 1, NotAfter: l.clock().Now().Add(listKeep).Unix()}
		if _, err := w.Folder.Store.Revoke(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
}

// revokedLab is a converged estate with a revocation that nobody knows of yet.
func revokedLab(t *testing.T) *lab {
	t.Helper()
	l := smallLab(t)
	l.mustApply(t, estate.ApplyOptions{})
	l.revokes(t, serial)
	return l
}

// lists are the revocation lists of the account, whoever's.
func (l *lab) lists(t *testing.T) []crls.Live {
	t.Helper()
	all, err := l.cloud(t).CRLs.List(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// listed holds that there is one list, enabled, of exactly these serials.
func (l *lab) listed(t *testing.T, want ...string) {
	t.Helper()
	all := l.lists(t)
	if len(all) != 1 || !all[0].Enabled || all[0].List() == nil {
		t.Fatalf("the lists are %+v", all)
	}
	var got []string
	for _, e := range all[0].List().RevokedCertificateEntries {
		got = append(got, fmt.Sprintf("%x", e.SerialNumber))
	}
	slices.Sort(got)
	if slices.Sort(want); !slices.Equal(got, want) {
		t.Errorf("the list has %v, want %v", got, want)
	}
	l.check(t)
}

// brings runs the revocation again until it is done.
func (l *lab) brings(t *testing.T) {
	t.Helper()
	var err error
	for range 3 {
		if _, err = l.apply(t.Context(), ofDev, nil); err == nil {
			l.listed(t, serial)
			return
		}
		t.Logf("again: %v", err)
	}
	t.Errorf("it is not done after three runs: %v", err)
}

func TestARevocationIsOneRun(t *testing.T) {
	l := revokedLab(t)
	report, err := l.apply(t.Context(), ofDev, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"crl.sign issuer/dev#1", "crl.import " + devList.String()}
	if !slices.Equal(report.Result.Done, want) {
		t.Errorf("done is %v, want %v", report.Result.Done, want)
	}
	l.listed(t, serial)
	const second = "5f00112233445566778899aabbccddee"
	l.revokes(t, second)
	report = l.mustApply(t, estate.ApplyOptions{})
	want[1] = "crl.update " + devList.String()
	if !slices.Equal(report.Result.Done, want) {
		t.Errorf("apply did %v, want %v", report.Result.Done, want)
	}
	l.listed(t, serial, second)
}

// Nothing that holds an apply may stand in the way of a revocation.
func TestARevocationGoesOnWhereAnApplyIsHeld(t *testing.T) {
	l := revokedLab(t)
	l.write(t, strings.Replace(small(), "roles: {dev-app:", "roles: {absent:", 1))
	if _, err := l.apply(t.Context(), ofDev, nil); err != nil {
		t.Fatal(err)
	}
	l.write(t, small())
	l.listed(t, serial)
}

func TestEveryCallOfARevocationFails(t *testing.T) {
	l := revokedLab(t)
	before := len(l.requests(t))
	if _, err := l.apply(t.Context(), ofDev, nil); err != nil {
		t.Fatal(err)
	}
	total, points := len(l.requests(t))-before, 0
	for _, fault := range []sandbox.Fault{
		{Mode: sandbox.ModeFailBefore, Count: 1}, {Mode: sandbox.ModeFailAfter, Count: 1}, {Mode: sandbox.ModeCut, Count: 1},
		{Mode: sandbox.ModeThrottle, Count: 2, Seconds: 3}, {Mode: sandbox.ModeCutBefore, Count: -1},
	} {
		for nth := 1; nth <= total; nth++ {
			points++
			t.Run(fmt.Sprintf("%s for %d at %d", fault.Mode, fault.Count, nth), func(t *testing.T) {
				l := revokedLab(t)
				fault.Nth = nth
				l.order(t, fault)
				_, err := l.apply(t.Context(), ofDev, nil)
				l.calm(t)
				if err == nil {
					l.listed(t, serial)
					return
				}
				l.brings(t)
			})
		}
	}
	if total < 4 {
		t.Errorf("a revocation takes %d calls", total)
	}
	t.Logf("%d points: %d calls in 5 modes", points, total)
}

func TestARevocationIsKilledAtEveryStep(t *testing.T) {
	t.Setenv(childRevokes, "dev")
	points := 0
	for at := 1; ; at++ {
		killed := false
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			l := revokedLab(t)
			err := l.start(t, at).Wait()
			var exit *exec.ExitError
			killed = errors.As(err, &exit) && !exit.Exited()
			if err != nil && !killed {
				t.Fatalf("the child failed by itself: %v", err)
			}
			l.brings(t)
		})
		if !killed {
			break
		}
		points++
	}
	if points < 10 {
		t.Errorf("only %d points", points)
	}
	t.Logf("%d points", points)
}

// An import whose answer was lost is found again by its tag.
func TestARevocationIsKilledWhileItImports(t *testing.T) {
	t.Setenv(childRevokes, "dev")
	for _, mode := range []string{sandbox.ModeHold, sandbox.ModeHoldAfter} {
		t.Run(mode, func(t *testing.T) {
			l := revokedLab(t)
			l.order(t, sandbox.Fault{Op: "ImportCrl", Mode: mode, Count: 1})
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
			l.brings(t)
		})
	}
}

// import brings a list of dev's issuer to its anchor without any tag of ours.
func (l *lab) importForeign(t *testing.T, name string) {
	t.Helper()
	w, done, err := l.world(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	newest, _, err := w.Folder.Store.NewestCRL(t.Context(), "dev", 1)
	if err != nil {
		t.Fatal(err)
	}
	_, err = l.cloud(t).CRLs.Create(t.Context(), crls.New{Name: name, AnchorARN: l.anchor(t, devAnchor).ARN, Data: pki.EncodeCRL(newest.DER)})
	if err != nil {
		t.Fatal(err)
	}
}

func TestForeignListsStayAndAreNamed(t *testing.T) {
	l := revokedLab(t)
	if _, err := l.apply(t.Context(), ofDev, nil); err != nil {
		t.Fatal(err)
	}
	ours := l.lists(t)[0]
	l.importForeign(t, "somebodys")
	p := l.plan(t, estate.Options{})
	if len(p.Notices) != 1 || !strings.Contains(p.Notices[0], "is not ours and stays") || !p.Plan.Empty() {
		t.Errorf("the plan says %v and does %v", p.Notices, ids(p.Plan.Actions))
	}
	// Ours is deleted by hand and another one takes its place: there is no room.
	if err := l.cloud(t).CRLs.Delete(t.Context(), ours.ID); err != nil {
		t.Fatal(err)
	}
	l.importForeign(t, "anothers")
	_, err := l.apply(t.Context(), ofDev, nil)
	var held *engine.HeldRun
	if !errors.As(err, &held) || !strings.Contains(held.Held[0].Reason, "takes no more") || len(held.Held[0].Hints) != 2 {
		t.Fatalf("without room it says %v", err)
	}
	if all := l.lists(t); len(all) != 2 {
		t.Errorf("the lists are %+v", all)
	}
	for _, foreign := range l.lists(t)[:1] {
		if err := l.cloud(t).CRLs.Delete(t.Context(), foreign.ID); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.apply(t.Context(), ofDev, nil); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

// What somebody did to our list by hand is put right by an apply.
func TestAListIsPutRight(t *testing.T) {
	l := revokedLab(t)
	if _, err := l.apply(t.Context(), ofDev, nil); err != nil {
		t.Fatal(err)
	}
	api, live := l.cloud(t).CRLs, l.lists(t)[0]
	name := "renamed"
	if err := api.Change(t.Context(), live.ID, crls.Change{Name: &name}); err != nil {
		t.Fatal(err)
	}
	if got := ids(l.plan(t, estate.Options{}).Plan.Actions); !slices.Equal(got, []string{"crl.update " + devList.String()}) {
		t.Errorf("a renamed list: %v", got)
	}
	l.mustApply(t, estate.ApplyOptions{})
	if err := api.Delete(t.Context(), live.ID); err != nil {
		t.Fatal(err)
	}
	if got := ids(l.plan(t, estate.Options{}).Plan.Actions); !slices.Equal(got, []string{"crl.import " + devList.String()}) {
		t.Errorf("a deleted list: %v", got)
	}
	l.mustApply(t, estate.ApplyOptions{})
	l.listed(t, serial)
}

func TestListsGoWithTheirAnchors(t *testing.T) {
	l := revokedLab(t)
	if _, err := l.apply(t.Context(), ofDev, nil); err != nil {
		t.Fatal(err)
	}
	report := l.mustApply(t, estate.ApplyOptions{Options: estate.Options{Destroy: true}})
	order := strings.Join(report.Result.Done, " ")
	if strings.Index(order, "anchor.disable") > strings.Index(order, "crl.delete") || strings.Index(order, "crl.delete") > strings.Index(order, "anchor.delete") {
		t.Errorf("done in the order %v", report.Result.Done)
	}
	if all := l.lists(t); len(all) != 0 {
		t.Errorf("the lists are %+v", all)
	}
}

// What holds an apply holds what opens: a revocation only closes.
func TestAHeldApplyBringsRevocations(t *testing.T) {
	l := revokedLab(t)
	l.attach(t, "dev-app", "arn:aws:iam::aws:policy/AdministratorAccess")
	report, err := l.apply(t.Context(), estate.ApplyOptions{}, nil)
	var held *engine.HeldRun
	if !errors.As(err, &held) {
		t.Fatalf("it is not held: %v", err)
	}
	want := []string{"crl.sign issuer/dev#1", "crl.import " + devList.String()}
	if !slices.Equal(report.Result.Done, want) {
		t.Errorf("done is %v, want %v", report.Result.Done, want)
	}
}

// An environment that is applied for the first time with revocations on record,
// as after its anchor was destroyed, is not open before they are at its anchor.
func TestANewAnchorIsEnabledAfterItHasItsList(t *testing.T) {
	l := revokedLab(t)
	if _, err := l.apply(t.Context(), ofDev, nil); err != nil {
		t.Fatal(err)
	}
	l.mustApply(t, estate.ApplyOptions{Options: estate.Options{Destroy: true}})
	report := l.mustApply(t, estate.ApplyOptions{})
	order := strings.Join(report.Result.Done, " ")
	if i, j := strings.Index(order, "crl.import"), strings.Index(order, "anchor.enable"); i < 0 || i > j {
		t.Errorf("done in the order %v", report.Result.Done)
	}
	l.listed(t, serial)
}

// twoRegions is one environment with an anchor in each of two regions.
func twoRegions() string {
	return strings.Replace(small(), "region: eu-central-1}]", "region: eu-central-1}, {account: \""+account+"\", region: us-east-1}]", 1)
}

// One region that cannot be reached, or takes no list, does not keep the other
// open.
func TestEveryAnchorThatCanBeReachedIsClosed(t *testing.T) {
	other := plan.CRL("dev", 1, plan.Target{Account: account, Region: "us-east-1"})
	for name, down := range map[string]func(c *estate.Cloud, target config.Target) error{
		"it cannot be opened": func(_ *estate.Cloud, target config.Target) error {
			if target.Region == "eu-central-1" {
				return errors.New("the region is down")
			}
			return nil
		},
		"it takes nothing": func(c *estate.Cloud, target config.Target) error {
			if target.Region == "eu-central-1" {
				c.CRLs = refusing{c.CRLs}
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, twoRegions(), "dev-app")
			l.mustApply(t, estate.ApplyOptions{})
			l.revokes(t, serial)
			report, err := l.open(t, down).Apply(t.Context(), ofDev)
			if err == nil || !strings.Contains(err.Error(), "the region is down") {
				t.Errorf("it says %v", err)
			}
			if want := "crl.import " + other.String(); !slices.Contains(report.Result.Done, want) {
				t.Errorf("done is %v, want %s among it", report.Result.Done, want)
			}
			if report, err = l.apply(t.Context(), ofDev, nil); err != nil || !slices.Equal(report.Result.Done, []string{"crl.import " + devList.String()}) {
				t.Errorf("again: %v %v", report.Result.Done, err)
			}
			if p := l.plan(t, estate.Options{}); !p.Plan.Empty() {
				t.Errorf("left to do: %v", ids(p.Plan.Actions))
			}
		})
	}
}

// refusing is a service that imports nothing.
type refusing struct{ crls.API }

func (refusing) Create(context.Context, crls.New) (crls.Live, error) {
	return crls.Live{}, errors.New("the region is down")
}

// A saved plan that signed a list and could not bring it goes on when it is
// applied again.
func TestASavedPlanGoesOnAfterItHasSigned(t *testing.T) {
	l := revokedLab(t)
	saved := l.save(t, estate.Options{})
	l.order(t, sandbox.Fault{Op: "ImportCrl", Mode: sandbox.ModeCutBefore, Count: -1})
	if _, err := l.apply(t.Context(), estate.ApplyOptions{Saved: saved}, nil); err == nil {
		t.Fatal("nothing was lost")
	}
	l.calm(t)
	report := l.mustApply(t, estate.ApplyOptions{Saved: saved})
	if !report.Resumed {
		t.Error("it began anew")
	}
	l.listed(t, serial)
}

// Held, an apply makes no issuer, and no list of one that is not made.
func TestAHeldApplyLeavesListsOfWhatIsNotMade(t *testing.T) {
	named := strings.Replace(small(), "    workloads:", "    crl: {distributionPoint: \"http://crl.example.internal\"}\n    workloads:", 1)
	l := newLab(t, named, "dev-app")
	l.attach(t, "dev-app", "arn:aws:iam::aws:policy/AdministratorAccess")
	report, err := l.apply(t.Context(), estate.ApplyOptions{}, nil)
	var held *engine.HeldRun
	if !errors.As(err, &held) || len(report.Result.Done) > 0 {
		t.Errorf("done is %v, %v", report.Result.Done, err)
	}
	if !slices.Contains(ids(report.Proposal.Plan.Actions), "crl.sign issuer/dev#1") {
		t.Errorf("the plan has no list: %v", ids(report.Proposal.Plan.Actions))
	}
}
