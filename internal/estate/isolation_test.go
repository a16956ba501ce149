package estate_test

import (
	"errors"
	"strings"
	"testing"

	"anchorctl/internal/estate"
	"anchorctl/internal/iampolicy"
	"anchorctl/internal/profiles"
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

func TestARoleThatBecomesReachableLaterIsFound(t *testing.T) {
	l := converged(t)
	l.somebodysProfile(t, "other")
	p := l.plan(t, estate.Options{})
	if len(p.Findings) != 2 || p.Findings[0].Rule != "ANC603" || p.Findings[0].At != "role/111122223333/other" {
		t.Errorf("findings are %v, want one for each anchor", p.Findings)
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
	w, done, err := l.world(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	s, err := w.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
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
