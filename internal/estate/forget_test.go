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
	"anchorctl/internal/hint"
	"anchorctl/internal/sandbox"
)

const lost = account + "/eu-west-1"

// twoPlaces is a configuration of one environment at two targets.
func twoPlaces() string {
	target := `{account: "` + account + `", region: eu-central-1}`
	return strings.Replace(small(), target, target+`, {account: "`+account+`", region: eu-west-1}`, 1)
}

// without is an account that answers in one region alone: the other stands for one that
// is gone.
func without(why error) func(*estate.Cloud, config.Target) error {
	return func(_ *estate.Cloud, target config.Target) error {
		if target.Region == "eu-west-1" {
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
	want := []string{"object.forget anchor/dev@" + lost, "object.forget profile/dev/app@" + lost}
	if err != nil || !slices.Equal(ids(p.Plan.Actions)[:2], want) {
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
		if strings.Contains(addr, "eu-west-1") {
			t.Errorf("%s is still on record", addr)
		}
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

// Roles lie in an account: they go with the last of its targets. The other account is
// a region of the one that there is.
func TestRolesGoWithTheLastTargetOfTheirAccount(t *testing.T) {
	const other = "444455556666"
	l := newLab(t, twoEnvironments("manage"), "dev-app", "prod-app")
	l.mustApply(t, estate.ApplyOptions{})
	moved := strings.ReplaceAll(small(), `"`+account+`", region: eu-central-1`, `"`+other+`", region: eu-north-1`)
	l.write(t, moved)
	w := l.open(t, nil)
	open := w.Open
	w.Open = func(ctx context.Context, target config.Target) (estate.Cloud, error) {
		if target.Account != other {
			return estate.Cloud{}, errors.New("the security token is invalid")
		}
		cloud, err := open(ctx, config.Target{Account: account, Region: target.Region})
		cloud.Account = other
		return cloud, err
	}
	p, err := w.Plan(t.Context(), estate.Options{Forget: []string{account + "/eu-central-1"}})
	if err != nil {
		t.Fatal(err)
	}
	var forgotten []string
	for _, id := range ids(p.Plan.Actions) {
		if addr, ok := strings.CutPrefix(id, "object.forget "); ok {
			forgotten = append(forgotten, addr)
		}
	}
	if !slices.Equal(forgotten, l.recorded(t)) || len(forgotten) != 6 {
		t.Errorf("forgotten are %v, want all of %v", forgotten, l.recorded(t))
	}
}
