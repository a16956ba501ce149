package estate_test

import (
	"errors"
	"strings"
	"testing"

	"anchorctl/internal/engine"
	"anchorctl/internal/estate"
	"anchorctl/internal/ownership"
)

// verified is a converged lab whose roles are verified: their teams have
// installed what they were given.
func verified(t *testing.T) *lab {
	t.Helper()
	l := newLab(t, twoEnvironments("verify"), "dev-app", "prod-app", "other")
	_, err := l.apply(t.Context(), estate.ApplyOptions{}, nil)
	var run *engine.HeldRun
	if !errors.As(err, &run) {
		t.Fatalf("error is %v, want holds", err)
	}
	l.install(t, run)
	l.mustApply(t, estate.ApplyOptions{})
	l.check(t)
	return l
}

func TestVerifyingNeverWritesATrustPolicy(t *testing.T) {
	whole := twoEnvironments("verify")
	other := strings.Replace(whole, "prod-app: {workloads", "other: {workloads", 1)
	for _, c := range []struct {
		name    string
		now     string
		options estate.Options
		held    bool
	}{
		{"when a role leaves for another", other, estate.Options{}, true},
		{"when an environment leaves", withoutProd(whole), estate.Options{}, false},
		{"when it goes with approval", withoutProd(whole), estate.Options{Delete: []string{"prod"}}, false},
		{"when all goes", whole, estate.Options{Destroy: true}, false},
	} {
		for before, found := range map[string]func(*testing.T) *lab{"verified before": verified, "managed before": converged} {
			t.Run(c.name+", "+before, func(t *testing.T) {
				l := found(t)
				trust, written := l.trust(t, "prod-app"), l.sent(t, "UpdateAssumeRolePolicy")
				l.write(t, c.now)
				_, err := l.apply(t.Context(), estate.ApplyOptions{Options: c.options}, nil)
				if hold := (*engine.HeldError)(nil); c.held != errors.As(err, &hold) || (err != nil && !c.held) {
					t.Errorf("error is %v, want held %v", err, c.held)
				}
				if l.sent(t, "UpdateAssumeRolePolicy") != written || l.trust(t, "prod-app") != trust {
					t.Errorf("it wrote a trust policy: %s", l.trust(t, "prod-app"))
				}
			})
		}
	}
}

func TestARoleThatWasManagedAndLeftIsToBeCleanedByItsTeam(t *testing.T) {
	l := converged(t)
	l.write(t, strings.Replace(twoEnvironments("verify"), "prod-app: {workloads", "other: {workloads", 1))
	p := l.plan(t, estate.Options{})
	if len(p.Notices) != 1 || !strings.Contains(p.Notices[0], "role/111122223333/prod-app left anchorctl.yaml and still holds the statement") {
		t.Errorf("notices are %v", p.Notices)
	}
	if strings.Contains(strings.Join(ids(p.Plan.Actions), "\n"), "role.unpin") {
		t.Errorf("planned is %v", ids(p.Plan.Actions))
	}
}

func TestVerifyingARoleCanLeaveItsProfile(t *testing.T) {
	l := verified(t)
	l.write(t, strings.Replace(twoEnvironments("verify"), "prod-app: {workloads", "other: {workloads", 1))
	_, err := l.apply(t.Context(), estate.ApplyOptions{}, nil)
	if hold := held(t, err, ""); hold.Documents[0].At != "role/111122223333/other" {
		t.Errorf("held is %+v, want the new role only", hold)
	}
	l.setTrust(t, "other", held(t, err, "").Documents[0].Text)
	l.mustApply(t, estate.ApplyOptions{})
	if got := l.profile(t, prodProfile).RoleARNs; len(got) != 1 || !strings.HasSuffix(got[0], "role/other") {
		t.Errorf("the profile lists %v", got)
	}
	l.setTrust(t, "prod-app", trustEC2) // its team takes the statement out
	l.mustApply(t, estate.ApplyOptions{})
	l.check(t)
}

func TestVerifyingAnEnvironmentCanBeRemoved(t *testing.T) {
	l := verified(t)
	l.write(t, withoutProd(twoEnvironments("verify")))
	if report := l.mustApply(t, estate.ApplyOptions{}); report.Run != "" {
		t.Errorf("without approval it did %v", report.Result.Done)
	}
	l.mustApply(t, estate.ApplyOptions{Options: estate.Options{Delete: []string{"prod"}}})
	for _, one := range l.live(t) {
		if strings.Contains(one.tags[ownership.TagResource], "prod") {
			t.Errorf("%s is still there", one.tags[ownership.TagResource])
		}
	}
	l.check(t)
}
