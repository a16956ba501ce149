package estate_test

import (
	"strings"
	"testing"

	"anchorctl/internal/estate"
	"anchorctl/internal/ownership"
	"anchorctl/internal/pki/pkitest"
	"anchorctl/internal/sandbox"
)

func (l *lab) save(t *testing.T, o estate.Options) []byte {
	t.Helper()
	raw, err := l.plan(t, o).Plan.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestASavedPlanResumesWhenItsLastStepHappenedUnrecorded(t *testing.T) {
	l := newLab(t, twoEnvironments("manage"), "dev-app", "prod-app")
	saved := l.save(t, estate.Options{})
	_, err := l.apply(t.Context(), estate.ApplyOptions{Saved: saved}, func(name string) {
		if name == "store.committed begin profile.enable "+prodProfile.String() {
			l.order(t, sandbox.Fault{Op: "EnableProfile", Mode: sandbox.ModeFailAfter, Count: -1})
		}
	})
	if err == nil {
		t.Fatal("the lost answer went unnoticed")
	}
	l.calm(t)
	if !l.profile(t, prodProfile).Enabled {
		t.Fatal("the last step did not happen: nothing is tested")
	}
	report := l.mustApply(t, estate.ApplyOptions{Saved: saved})
	if !report.Resumed || !report.Proposal.Plan.Empty() {
		t.Errorf("resumed %v, with %v to do", report.Resumed, ids(report.Proposal.Plan.Actions))
	}
	l.check(t)
}

func TestApprovalsInASavedPlanNeedNoFlags(t *testing.T) {
	t.Run("the removal of an environment", func(t *testing.T) {
		l := converged(t)
		l.write(t, small())
		l.mustApply(t, estate.ApplyOptions{Saved: l.save(t, estate.Options{Delete: []string{"prod"}})})
		for _, one := range l.live(t) {
			if strings.Contains(one.tags[ownership.TagResource], "prod") {
				t.Errorf("%s is still there", one.tags[ownership.TagResource])
			}
		}
		l.check(t)
	})
	t.Run("the removal of a certificate that is not ours", func(t *testing.T) {
		l := converged(t)
		strange := pkitest.Root(t).Issuer(t, "prod").Certificate
		if err := l.replaceCertificate(t, l.anchor(t, prodAnchor).ID, strange); err != nil {
			t.Fatal(err)
		}
		l.mustApply(t, estate.ApplyOptions{Saved: l.save(t, estate.Options{Restore: []string{"prod"}})})
		l.check(t)
	})
}
