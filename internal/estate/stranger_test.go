package estate_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"anchorctl/internal/config"
	"anchorctl/internal/estate"
	"anchorctl/internal/plan"
	"anchorctl/internal/roles"
	"anchorctl/internal/rules"
)

// unreadable is an account where one role may not be read.
type unreadable struct {
	roles.API

	role string
}

func (u unreadable) Get(ctx context.Context, name string) (roles.Live, error) {
	if name == u.role {
		return roles.Live{}, errors.New("AccessDenied: iam:GetRole")
	}
	return u.API.Get(ctx, name)
}

const waiverForOther = "waivers:\n  - {rule: ANC603, at: role/111122223333/other, reason: known, owner: platform, until: 2026-12-31}\n"

func TestAForeignRoleThatCannotBeReadIsHeldUntilItIsWaived(t *testing.T) {
	blind := func(t *testing.T, configuration string) (*lab, estate.World) {
		t.Helper()
		l := converged(t)
		l.somebodysProfile(t, "other")
		l.write(t, configuration)
		return l, l.open(t, func(c *estate.Cloud, _ config.Target) error {
			c.Roles = unreadable{c.Roles, "other"}
			return nil
		})
	}
	t.Run("without a waiver it is held", func(t *testing.T) {
		_, w := blind(t, twoEnvironments("manage"))
		_, err := w.Apply(t.Context(), estate.ApplyOptions{})
		if hold := held(t, err, "ANC603"); !strings.Contains(hold.Reason, "cannot be read") {
			t.Errorf("the reason is %s", hold.Reason)
		}
	})
	t.Run("with one, nothing is said", func(t *testing.T) {
		_, w := blind(t, twoEnvironments("manage")+waiverForOther)
		p, err := w.Plan(t.Context(), estate.Options{})
		if err != nil || len(p.Findings) > 0 {
			t.Errorf("plan says %v %v", p.Findings, err)
		}
		if s, err := w.Status(t.Context()); err != nil || len(s.Findings) > 0 {
			t.Errorf("status says %v %v", s.Findings, err)
		}
		if _, err := w.Apply(t.Context(), estate.ApplyOptions{}); err != nil {
			t.Errorf("apply says %v", err)
		}
	})
	t.Run("destroying goes ahead", func(t *testing.T) {
		l, w := blind(t, twoEnvironments("manage"))
		if _, err := w.Apply(t.Context(), estate.ApplyOptions{Options: estate.Options{Destroy: true}}); err != nil {
			t.Error(err)
		}
		if left := l.live(t); len(left) != 1 {
			t.Errorf("left are %v, want somebody else's profile alone", left)
		}
	})
}

func TestDestroyingIsNotStoppedByACarelessRole(t *testing.T) {
	l := converged(t)
	l.somebodysProfile(t, "other")
	l.mustApply(t, estate.ApplyOptions{Options: estate.Options{Destroy: true}})
	if left := l.live(t); len(left) != 1 {
		t.Errorf("left are %v, want somebody else's profile alone", left)
	}
}

func TestRemovalsGoAheadBesideAHold(t *testing.T) {
	l := converged(t)
	l.somebodysProfile(t, "other")
	l.write(t, small())
	report, err := l.apply(t.Context(), estate.ApplyOptions{Options: estate.Options{Delete: []string{"prod"}}}, nil)
	held(t, err, "ANC603")
	var refusal *rules.Refusal
	if errors.As(err, &refusal) {
		t.Errorf("it is a refusal: %v", err)
	}
	for _, addr := range l.recorded(t) {
		if strings.Contains(addr, "prod") {
			t.Errorf("%s is still recorded after %v", addr, report.Result.Done)
		}
	}
	if trust := l.trust(t, "prod-app"); strings.Contains(trust, "rolesanywhere") {
		t.Errorf("prod's role still trusts %s", trust)
	}
	if got := l.runStatus(t); got != plan.Held {
		t.Errorf("the run is recorded as %s", got)
	}

	l.setTrust(t, "other", trustEC2)
	l.mustApply(t, estate.ApplyOptions{})
	l.check(t)
}

func TestWhatOpensWaitsWhileRemovalsGoAhead(t *testing.T) {
	l := converged(t)
	l.somebodysProfile(t, "other")
	l.disable(t, devProfile)
	l.write(t, small())
	report, err := l.apply(t.Context(), estate.ApplyOptions{Options: estate.Options{Delete: []string{"prod"}}}, nil)
	held(t, err, "ANC603")
	if l.profile(t, devProfile).Enabled || len(report.Result.Done) == 0 {
		t.Errorf("dev's profile was enabled, or nothing was removed: %v", report.Result.Done)
	}
}
