package estate_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"anchorctl/internal/config"
	"anchorctl/internal/engine"
	"anchorctl/internal/estate"
	"anchorctl/internal/estate/estatetest"
	"anchorctl/internal/hint"
	"anchorctl/internal/sandbox"
	"anchorctl/internal/store"
)

const lost = estatetest.Other + "/eu-west-1"

// twoPlaces is a configuration of one environment in two accounts.
func twoPlaces() string {
	target := `{account: "` + account + `", region: eu-central-1}`
	return strings.Replace(small(), target, target+`, {account: "`+estatetest.Other+`", region: eu-west-1}`, 1)
}

// without is the way to AWS when one account cannot be reached.
func without(why error) func(*estate.Cloud, config.Target) error {
	return func(_ *estate.Cloud, target config.Target) error {
		if target.Account == estatetest.Other {
			return why
		}
		return nil
	}
}

func TestATargetWhoseAccountIsGoneIsForgottenByName(t *testing.T) {
	l := newLab(t, twoPlaces(), "dev-app")
	l.mustApply(t, estate.ApplyOptions{})
	l.write(t, small())
	w := l.open(t, without(errors.New("the security token is invalid")))
	_, err := w.Apply(t.Context(), estate.ApplyOptions{})
	if err == nil || !strings.Contains(strings.Join(hint.Of(err), "\n"), `"anchorctl apply --approve-forget `+lost+`"`) {
		t.Fatalf("an apply says %v, with %v", err, hint.Of(err))
	}
	before := len(l.live(t))
	forget := estate.Options{Forget: []string{lost}}
	p, err := w.Plan(t.Context(), forget)
	want := []string{"object.forget role/" + estatetest.Other + "/dev-app", "object.forget anchor/dev@" + lost, "object.forget profile/dev/app@" + lost}
	if err != nil || !slices.Equal(ids(p.Plan.Actions)[:3], want) {
		t.Fatalf("planned are %v (%v), want %v first", ids(p.Plan.Actions), err, want)
	}
	if len(p.Notices) != 1 || !strings.Contains(p.Notices[0], "until somebody deletes it") {
		t.Errorf("notices are %v", p.Notices)
	}
	saved, err := p.Plan.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Apply(t.Context(), estate.ApplyOptions{Saved: saved}); err != nil {
		t.Fatalf("the saved plan carries the approval, and says %v", err)
	}
	for _, addr := range l.recorded(t) {
		if strings.Contains(addr, estatetest.Other) {
			t.Errorf("%s is still on record", addr)
		}
	}
	entries, err := w.Folder.Store.AuditLog(t.Context(), 0, 1000)
	if err != nil || !slices.ContainsFunc(entries, func(e store.Entry) bool {
		return strings.Contains(string(e.Detail), "object.forget anchor/dev@"+lost) && strings.Contains(string(e.Detail), ":trust-anchor/")
	}) {
		t.Errorf("the audit log does not name the anchor by its ARN: %v", err)
	}
	if after := len(l.live(t)); after != before {
		t.Errorf("%d objects are left in AWS, want %d", after, before)
	}
	if _, err := w.Apply(t.Context(), estate.ApplyOptions{}); err != nil {
		t.Errorf("the next apply says %v", err)
	}
	if err := w.Folder.Store.VerifyAudit(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestOnlyATargetThatIsGoneIsForgotten(t *testing.T) {
	l := newLab(t, twoPlaces(), "dev-app")
	l.mustApply(t, estate.ApplyOptions{})
	invalid := errors.New("the security token is invalid")
	for _, test := range []struct {
		name, now, forget string
		why               error
		want              func(error) bool
	}{
		{"not while the configuration names it", twoPlaces(), lost, invalid, refusesApproval},
		{"not while it can be reached", small(), lost, nil, refusesApproval},
		{"not where nothing is on record", small(), account + "/eu-north-1", invalid, refusesApproval},
		{"not a whole account", small(), account, invalid, refusesApproval},
		{"not while nobody answers", small(), lost, fmt.Errorf("asking: %w", engine.ErrUnanswered), func(err error) bool {
			var held *engine.HeldRun
			return errors.As(err, &held)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			l.write(t, test.now)
			_, err := l.open(t, without(test.why)).Apply(t.Context(), estate.ApplyOptions{Options: estate.Options{Forget: []string{test.forget}}})
			if !test.want(err) {
				t.Errorf("error is %v", err)
			}
			if !slices.Contains(l.recorded(t), "anchor/dev@"+lost) {
				t.Error("it is off the record")
			}
		})
	}
}

func refusesApproval(err error) bool { return errors.Is(err, estate.ErrNoSuchApproval) }

// An account that answers in another region is not gone: that of the target may be
// disabled, or closed to these credentials.
func TestAnAccountThatAnswersElsewhereIsNotForgotten(t *testing.T) {
	target := `{account: "` + account + `", region: eu-central-1}`
	away := account + "/eu-west-1"
	more := func(extra string) string { return strings.Replace(small(), target, target+", "+extra, 1) }
	for _, test := range []struct {
		name, now string
		lets      func(config.Target) bool
	}{
		{"in the region of another target", small(), func(t config.Target) bool { return t.Region == "eu-central-1" }},
		{"where every account has its region", strings.Replace(small(), target, `{account: "`+estatetest.Other+`", region: eu-central-1}`, 1),
			func(t config.Target) bool { return t.Account == estatetest.Other || t.Region == "us-east-1" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := newLab(t, more(`{account: "`+account+`", region: eu-west-1}`)+"# "+estatetest.Other, "dev-app")
			l.mustApply(t, estate.ApplyOptions{})
			l.write(t, test.now)
			w := l.open(t, func(_ *estate.Cloud, target config.Target) error {
				if !test.lets(target) {
					return errors.New("the security token is invalid")
				}
				return nil
			})
			_, err := w.Apply(t.Context(), estate.ApplyOptions{Options: estate.Options{Forget: []string{away}}})
			if !refusesApproval(err) || !strings.Contains(err.Error(), "is not gone") || !strings.Contains(strings.Join(hint.Of(err), "\n"), "eu-west-1") {
				t.Errorf("error is %v, with %v", err, hint.Of(err))
			}
			if !slices.Contains(l.recorded(t), "anchor/dev@"+away) {
				t.Error("it is off the record")
			}
		})
	}
}

// What was sent there and never answered is settled with it: nobody can look.
func TestWhatIsUnclearAtATargetIsForgottenWithIt(t *testing.T) {
	l := newLab(t, twoPlaces(), "dev-app")
	l.order(t, sandbox.Fault{Op: "CreateProfile", Nth: 2, Mode: sandbox.ModeCut, Count: -1})
	if _, err := l.apply(t.Context(), estate.ApplyOptions{}, nil); err == nil {
		t.Fatal("it was not cut off")
	}
	l.calm(t)
	l.write(t, small())
	w := l.open(t, without(errors.New("the security token is invalid")))
	if _, err := w.Apply(t.Context(), estate.ApplyOptions{}); err == nil {
		t.Fatal("what is unclear was settled")
	}
	if _, err := w.Apply(t.Context(), estate.ApplyOptions{Options: estate.Options{Forget: []string{lost}}}); err != nil {
		t.Fatal(err)
	}
	open, err := w.Folder.Store.OpenIntents(t.Context())
	if err != nil || len(open) > 0 {
		t.Errorf("open are %v (%v)", open, err)
	}
	if _, err := w.Apply(t.Context(), estate.ApplyOptions{}); err != nil {
		t.Errorf("the next apply says %v", err)
	}
}

// Nor can anybody look for the first that was ever sent there: nothing is on record.
func TestATargetWhereOnlySomethingUnclearIsIsForgotten(t *testing.T) {
	l := newLab(t, small()+"# "+estatetest.Other, "dev-app")
	l.mustApply(t, estate.ApplyOptions{})
	l.write(t, twoPlaces())
	var killed *lab
	if _, err := l.apply(t.Context(), estate.ApplyOptions{}, func(name string) {
		if name == "store.committed begin anchor.create anchor/dev@"+lost {
			killed = &lab{l.Copy(t)}
			l.Reach(t)
		}
	}); err != nil {
		t.Fatal(err)
	}
	l = killed
	l.Reach(t)
	l.write(t, small())
	w := l.open(t, without(errors.New("the security token is invalid")))
	_, err := w.Apply(t.Context(), estate.ApplyOptions{})
	if err == nil || !strings.Contains(strings.Join(hint.Of(err), "\n"), "--approve-forget "+lost) {
		t.Fatalf("an apply says %v, with %v", err, hint.Of(err))
	}
	report, err := w.Apply(t.Context(), estate.ApplyOptions{Options: estate.Options{Forget: []string{lost}}})
	if err != nil || !strings.Contains(strings.Join(report.Proposal.Notices, "\n"), "anchor.create anchor/dev@"+lost+" was sent and never answered") {
		t.Fatalf("error is %v, notices are %v", err, report.Proposal.Notices)
	}
	if _, err := w.Apply(t.Context(), estate.ApplyOptions{}); err != nil {
		t.Errorf("the next apply says %v", err)
	}
}

// Roles lie in an account: they go with the last of its targets, and first, so that a
// kill leaves none behind.
func TestRolesGoWithTheLastTargetOfTheirAccount(t *testing.T) {
	for point := 1; point <= 2; point++ {
		t.Run(fmt.Sprintf("killed after %d", point), func(t *testing.T) {
			l := newLab(t, twoPlaces(), "dev-app")
			l.mustApply(t, estate.ApplyOptions{})
			l.write(t, small())
			all := len(l.recorded(t))
			ctx, stop := context.WithCancel(t.Context())
			w, done, err := l.world(ctx, func(name string) {
				if strings.HasPrefix(name, "store.committed finish object.forget") && all-len(l.recorded(t)) == point {
					stop()
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			defer done()
			gone := without(errors.New("the security token is invalid"))
			o := estate.ApplyOptions{Options: estate.Options{Forget: []string{lost}}}
			if _, err := changed(w, gone).Apply(ctx, o); err == nil || all-len(l.recorded(t)) != point {
				t.Fatalf("%d of %d are on record (%v), want %d less", len(l.recorded(t)), all, err, point)
			}
			if _, err := l.open(t, gone).Apply(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			for _, addr := range l.recorded(t) {
				if strings.Contains(addr, estatetest.Other) {
					t.Errorf("%s is still on record", addr)
				}
			}
		})
	}
}
