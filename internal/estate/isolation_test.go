package estate_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"anchorctl/internal/anchors"
	"anchorctl/internal/estate"
	"anchorctl/internal/iampolicy"
	"anchorctl/internal/ownership"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
	"anchorctl/internal/profiles"
	"anchorctl/internal/rules"
)

const careless = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"rolesanywhere.amazonaws.com"},` +
	`"Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]}]}`

// somebodysProfile makes a profile that is not ours, enabled, with a role that
// trusts any anchor.
func (l *lab) somebodysProfile(t *testing.T, role string) {
	t.Helper()
	cloud := l.cloud(t)
	if err := cloud.Roles.PutTrust(t.Context(), role, careless); err != nil {
		t.Fatal(err)
	}
	made, err := cloud.Profiles.Create(t.Context(), profiles.New{Spec: profiles.Spec{
		Name: "somebody-elses", RoleARNs: []string{"arn:aws:iam::" + account + ":role/" + role}, DurationSeconds: 3600,
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := cloud.Profiles.Change(t.Context(), made.ID, profiles.Change{Enable: true}); err != nil {
		t.Fatal(err)
	}
}

// bothAnchors reports whether a finding names the anchors of both environments.
func bothAnchors(f rules.Finding) bool {
	return strings.Contains(f.Evidence, "anchor/dev@111122223333/eu-central-1, anchor/prod@111122223333/eu-central-1: ")
}

func TestARoleThatBecomesReachableLaterIsFound(t *testing.T) {
	l := converged(t)
	l.somebodysProfile(t, "other")
	p := l.plan(t, estate.Options{})
	if len(p.Findings) != 1 || p.Findings[0].Rule != "ANC603" || p.Findings[0].At != "role/111122223333/other" || !bothAnchors(p.Findings[0]) {
		t.Errorf("findings are %v, want one that names both anchors", p.Findings)
	}
	_, err := l.apply(t.Context(), estate.ApplyOptions{}, nil)
	held(t, err, "ANC603")
}

func TestAnEnvironmentThatLeftKeepsWorkingUntilItsRemovalIsApproved(t *testing.T) {
	l := converged(t)
	l.write(t, small())
	report := l.mustApply(t, estate.ApplyOptions{})
	if report.Run != "" {
		t.Errorf("without approval it did %v", report.Result.Done)
	}
	role, err := l.cloud(t).Roles.Get(t.Context(), "prod-app")
	if err != nil || !strings.Contains(role.Trust, iampolicy.Sid("prod")) {
		t.Errorf("the role lost its pin: %s %v", role.Trust, err)
	}
	s := l.status(t)
	states := map[string]string{}
	for _, env := range s.Environments {
		for _, o := range env.Objects {
			states[o.Addr] = o.State
		}
	}
	if states[prodAnchor.String()] != "unwanted" {
		t.Errorf("status says %v", states)
	}
}

func TestApprovalsOfNothingAreRefused(t *testing.T) {
	l := converged(t)
	for name, o := range map[string]estate.Options{
		"a name that nothing has":           {Delete: []string{"prd"}},
		"an environment that did not leave": {Delete: []string{"dev"}},
		"nothing to restore":                {Restore: []string{"nonsense"}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := l.apply(t.Context(), estate.ApplyOptions{Options: o}, nil); !errors.Is(err, estate.ErrNoSuchApproval) {
				t.Errorf("error is %v", err)
			}
		})
	}
}

func TestAnAnchorEnabledByHandDoesNotOpenTheGateForProfiles(t *testing.T) {
	l := newLab(t, twoEnvironments("manage"), "dev-app", "prod-app", "other")
	l.somebodysProfile(t, "other")
	_, err := l.apply(t.Context(), estate.ApplyOptions{}, nil)
	held(t, err, "ANC603")
	for _, addr := range []plan.Addr{devAnchor, prodAnchor} {
		if err := l.cloud(t).Anchors.Change(t.Context(), l.anchor(t, addr).ID, anchors.Change{Enable: true}); err != nil {
			t.Fatal(err)
		}
	}
	_, err = l.apply(t.Context(), estate.ApplyOptions{}, nil)
	held(t, err, "ANC603")
	for _, addr := range []plan.Addr{devProfile, prodProfile} {
		if l.profile(t, addr).Enabled {
			t.Errorf("%s was enabled", addr)
		}
	}
}

func TestNothingWidensBesideACarelessStatement(t *testing.T) {
	whole := twoEnvironments("manage")
	for _, c := range []struct {
		name     string
		careless string // the role that gets the statement
		now      string
	}{
		{"another role of that kind in the profile", "other",
			strings.Replace(whole, "prod-app: {workloads: [app]}", "prod-app: {workloads: [app]}, other: {workloads: [app]}", 1)},
		{"another workload for a role of that kind", "prod-app",
			strings.NewReplacer("workloads: {app: {}}", "workloads: {app: {}, more: {}}", "prod-app: {workloads: [app]}", "prod-app: {workloads: [app, more]}").Replace(whole)},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := converged(t)
			l.setTrust(t, c.careless, withCareless(t, l.trust(t, c.careless)))
			l.write(t, c.now)
			before := l.trust(t, "prod-app")
			report, err := l.apply(t.Context(), estate.ApplyOptions{}, nil)
			held(t, err, "ANC603")
			if len(report.Proposal.Plan.Actions) == 0 {
				t.Error("nothing was planned: nothing is tested")
			}
			if got := l.profile(t, prodProfile).RoleARNs; len(got) != 1 || l.trust(t, "prod-app") != before {
				t.Errorf("it widened: the profile lists %v, the role trusts %s", got, l.trust(t, "prod-app"))
			}
		})
	}
}

func TestALoosenedStatementUnderOurOwnSidIsFound(t *testing.T) {
	whole := twoEnvironments("manage")
	for _, c := range []struct {
		name string
		lab  func(t *testing.T) *lab
		now  string
	}{
		{"on a role of an environment that left", converged, withoutProd(whole)},
		{"on a role that left its profile", converged, strings.Replace(whole, "prod-app: {workloads", "other: {workloads", 1)},
		{"on a role that is verified, not managed", verified, twoEnvironments("verify")},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := c.lab(t)
			l.setTrust(t, "prod-app", loosened())
			l.write(t, c.now)
			p := l.plan(t, estate.Options{})
			if len(p.Findings) != 1 || p.Findings[0].Rule != "ANC603" || p.Findings[0].At != "role/111122223333/prod-app" || !bothAnchors(p.Findings[0]) {
				t.Errorf("findings are %v, want one that names both anchors", p.Findings)
			}
		})
	}
}

func TestALoosenedStatementOfAManagedRoleIsPutRight(t *testing.T) {
	l := converged(t)
	before := l.trust(t, "prod-app")
	l.setTrust(t, "prod-app", loosened())
	report := l.mustApply(t, estate.ApplyOptions{})
	if got := ids(report.Proposal.Plan.Actions); len(got) != 1 || got[0] != "role.pin role/111122223333/prod-app" {
		t.Errorf("it did %v", got)
	}
	if after := l.trust(t, "prod-app"); !strings.Contains(after, l.anchor(t, prodAnchor).ARN) {
		t.Errorf("the role trusts %s, before %s", after, before)
	}
	l.check(t)
}

func TestWhatChangedWhileItWaitedForApprovalIsNotEnabled(t *testing.T) {
	for _, c := range []struct {
		name   string
		addr   plan.Addr
		rule   string
		change func(ctx context.Context, t *testing.T, l *lab) error
	}{
		{"a profile that got another role", prodProfile, "ANC403", func(ctx context.Context, t *testing.T, l *lab) error {
			live := l.profile(t, prodProfile)
			spec := live.Spec()
			spec.RoleARNs = append(spec.RoleARNs, "arn:aws:iam::"+account+":role/other")
			return l.cloud(t).Profiles.Change(ctx, live.ID, profiles.Change{Spec: &spec})
		}},
		{"an anchor that got another environment's issuer", prodAnchor, "ANC604", func(_ context.Context, t *testing.T, l *lab) error {
			certs, err := pki.ParseBundle(l.anchor(t, devAnchor).Bundle)
			if err != nil {
				return err
			}
			return l.replaceCertificate(t, l.anchor(t, prodAnchor).ID, certs[0])
		}},
		{"an anchor that was deleted", prodAnchor, "ANC403", func(ctx context.Context, t *testing.T, l *lab) error {
			return l.cloud(t).Anchors.Delete(ctx, l.anchor(t, prodAnchor).ID)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := converged(t)
			l.disable(t, c.addr)
			_, err := l.apply(t.Context(), estate.ApplyOptions{Approve: func(ctx context.Context, _ estate.Proposal) error {
				return c.change(ctx, t, l)
			}}, nil)
			held(t, err, c.rule)
			for _, one := range l.live(t) {
				if one.tags[ownership.TagResource] == c.addr.String() && one.enabled {
					t.Error("it was enabled")
				}
			}
		})
	}
}
