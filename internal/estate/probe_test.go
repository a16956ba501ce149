package estate_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"anchorctl/internal/config"
	"anchorctl/internal/engine"
	"anchorctl/internal/estate"
	"anchorctl/internal/plan"
)

// probing has a probe role in prod, at two targets of its account.
func probing(roleHandling string) string {
	before, prod, _ := strings.Cut(twoEnvironments(roleHandling), "  prod:\n")
	return before + "  prod:\n" + strings.Replace(prod, "region: eu-central-1}]",
		`region: eu-central-1, probeRole: probe}, {account: "`+account+`", region: eu-west-1, probeRole: probe}]`, 1)
}

// still asserts that another apply has nothing to do.
func (l *lab) still(t *testing.T) {
	t.Helper()
	if report := l.mustApply(t, estate.ApplyOptions{}); report.Run != "" {
		t.Errorf("another apply did %v", report.Result.Done)
	}
}

const probeRole = "role/111122223333/probe"

func TestAProbeRoleIsListedByItsProfileAndPinnedToItsWorkload(t *testing.T) {
	l := newLab(t, probing("manage"), "dev-app", "prod-app", "probe")
	l.mustApply(t, estate.ApplyOptions{})
	l.still(t)
	for _, region := range []string{"eu-central-1", "eu-west-1"} {
		w, done, err := l.world(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		done()
		cloud, err := w.Open(t.Context(), config.Target{Account: account, Region: region})
		if err != nil {
			t.Fatal(err)
		}
		list, err := cloud.Profiles.List(t.Context(), false)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, p := range list {
			if p.Name != "example-prod-anchorctl-probe" {
				if slices.Contains(p.RoleARNs, "arn:aws:iam::111122223333:role/probe") {
					t.Errorf("%s lists the probe role", p.Name)
				}
				continue
			}
			n++
			if !p.Enabled || p.DurationSeconds != 900 || !slices.Equal(p.RoleARNs, []string{"arn:aws:iam::111122223333:role/probe"}) {
				t.Errorf("in %s, the probe's profile is %+v", region, p)
			}
		}
		if n != 1 {
			t.Errorf("in %s there are %d profiles of the probe, want 1", region, n)
		}
	}
	trust := l.trust(t, "probe")
	for _, want := range []string{`"AnchorctlProd"`, ":eu-central-1:111122223333:trust-anchor/", ":eu-west-1:111122223333:trust-anchor/", `"spiffe://prod.example.internal/anchorctl-probe"`} {
		if !strings.Contains(trust, want) {
			t.Errorf("the probe role's trust policy has no %s: %s", want, trust)
		}
	}
	if strings.Contains(trust, "prod.example.internal/app") || strings.Contains(l.trust(t, "prod-app"), "anchorctl-probe") {
		t.Error("the probe and the workload may take each other's role")
	}
}

func TestAProbeRoleThatLeavesIsUnpinnedAndItsProfileGoes(t *testing.T) {
	l := newLab(t, probing("manage"), "dev-app", "prod-app", "probe")
	l.mustApply(t, estate.ApplyOptions{})
	l.write(t, strings.ReplaceAll(probing("manage"), ", probeRole: probe", ""))
	report := l.mustApply(t, estate.ApplyOptions{})
	for _, want := range []string{
		"profile.delete profile/prod/anchorctl-probe@111122223333/eu-central-1", "profile.delete profile/prod/anchorctl-probe@111122223333/eu-west-1",
		"role.unpin " + probeRole,
	} {
		if !slices.Contains(report.Result.Done, want) {
			t.Errorf("it did not %s: %v", want, report.Result.Done)
		}
	}
	l.still(t)
}

func TestVerifyHoldsTheProbeUntilItsRoleIsPinned(t *testing.T) {
	l := newLab(t, probing("verify"), "dev-app", "prod-app", "probe")
	_, err := l.apply(t.Context(), estate.ApplyOptions{}, nil)
	var run *engine.HeldRun
	if !errors.As(err, &run) || !strings.Contains(err.Error(), probeRole) {
		t.Fatalf("error is %v, want a hold at %s", err, probeRole)
	}
	l.install(t, run)
	l.mustApply(t, estate.ApplyOptions{})
	l.still(t)
}

func TestAProbeRoleWithPermissionsIsHeldUntilItIsWaived(t *testing.T) {
	l := newLab(t, probing("manage"), "dev-app", "prod-app", "probe")
	l.grant(t, "probe", "reads", "s3:GetObject", "arn:aws:s3:::backups/*")
	report, err := l.apply(t.Context(), estate.ApplyOptions{}, nil)
	held(t, err, "ANC319")
	if len(report.Result.Done) > 0 {
		t.Errorf("it did %v", report.Result.Done)
	}
	waived := "waivers:\n  - {rule: ANC319, at: " + probeRole + ", reason: it goes, owner: platform, until: 2026-12-31}\n"
	l.write(t, probing("manage")+waived)
	l.mustApply(t, estate.ApplyOptions{})
	l.still(t)
}

func TestADraftHasTheProbe(t *testing.T) {
	l := newLab(t, probing("manage"), "dev-app", "prod-app", "probe")
	w, done, err := l.world(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	s, err := w.Draft(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !s.Roles[plan.Role(account, "probe")].Exists {
		t.Error("its role is not in the draft")
	}
	for _, p := range s.Places {
		if !slices.ContainsFunc(p.Profiles, func(one estate.PlacedProfile) bool {
			return one.Addr == plan.Profile("prod", "anchorctl-probe", p.Target)
		}) {
			t.Errorf("%s has no profile of it", p.Target)
		}
	}
}
