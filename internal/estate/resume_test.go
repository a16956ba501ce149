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

func TestSavedPlans(t *testing.T) {
	t.Run("an unchanged world takes it", func(t *testing.T) {
		l := newLab(t, twoEnvironments("manage"), "dev-app", "prod-app")
		l.mustApply(t, estate.ApplyOptions{Saved: l.save(t, estate.Options{})})
		l.check(t)
	})
	t.Run("it is stale when the configuration changed", func(t *testing.T) {
		l := newLab(t, twoEnvironments("manage"), "dev-app", "prod-app")
		saved := l.save(t, estate.Options{})
		l.write(t, strings.Replace(twoEnvironments("manage"), "workloads: [app]}}}", "workloads: [app]}}, sessionDuration: 15m}", 1))
		_, err := l.apply(t.Context(), estate.ApplyOptions{Saved: saved}, nil)
		refused(t, err, "ANC401")
	})
	t.Run("it is stale when AWS changed", func(t *testing.T) {
		l := newLab(t, twoEnvironments("manage"), "dev-app", "prod-app")
		saved := l.save(t, estate.Options{})
		if err := l.cloud(t).Roles.PutTrust(t.Context(), "prod-app", strings.Replace(trustNobody, "ec2", "lambda", 1)); err != nil {
			t.Fatal(err)
		}
		_, err := l.apply(t.Context(), estate.ApplyOptions{Saved: saved}, nil)
		refused(t, err, "ANC401")
	})
	t.Run("it is stale once it was applied", func(t *testing.T) {
		l := newLab(t, twoEnvironments("manage"), "dev-app", "prod-app")
		saved := l.save(t, estate.Options{})
		l.mustApply(t, estate.ApplyOptions{Saved: saved})
		_, err := l.apply(t.Context(), estate.ApplyOptions{Saved: saved}, nil)
		refused(t, err, "ANC401")
	})
	t.Run("it was altered when its actions differ on the same basis", func(t *testing.T) {
		l := newLab(t, twoEnvironments("manage"), "dev-app", "prod-app")
		p := l.plan(t, estate.Options{}).Plan
		p.Actions = p.Actions[:len(p.Actions)-1]
		raw, err := p.Encode()
		if err != nil {
			t.Fatal(err)
		}
		_, err = l.apply(t.Context(), estate.ApplyOptions{Saved: raw}, nil)
		refused(t, err, "ANC402")
	})
	t.Run("its own interrupted run goes on", func(t *testing.T) {
		l := newLab(t, twoEnvironments("manage"), "dev-app", "prod-app")
		saved := l.save(t, estate.Options{})
		l.order(t, faultAt("UpdateAssumeRolePolicy", 1, "fail-before", -1))
		if _, err := l.apply(t.Context(), estate.ApplyOptions{Saved: saved}, nil); err == nil {
			t.Fatal("the outage went unnoticed")
		}
		l.calm(t)
		report := l.mustApply(t, estate.ApplyOptions{Saved: saved})
		if !report.Resumed {
			t.Error("the run was not resumed")
		}
		l.check(t)
	})
	t.Run("its own run does not go on in a changed world", func(t *testing.T) {
		l := newLab(t, twoEnvironments("manage"), "dev-app", "prod-app")
		saved := l.save(t, estate.Options{})
		l.order(t, faultAt("UpdateAssumeRolePolicy", 1, "fail-before", -1))
		if _, err := l.apply(t.Context(), estate.ApplyOptions{Saved: saved}, nil); err == nil {
			t.Fatal("the outage went unnoticed")
		}
		l.calm(t)
		if err := l.cloud(t).Roles.PutTrust(t.Context(), "prod-app", strings.Replace(trustNobody, "ec2", "lambda", 1)); err != nil {
			t.Fatal(err)
		}
		_, err := l.apply(t.Context(), estate.ApplyOptions{Saved: saved}, nil)
		refused(t, err, "ANC401")
	})
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
