package estate_test

import (
	"fmt"
	"strings"
	"testing"

	"anchorctl/internal/config"
	"anchorctl/internal/estate"
	"anchorctl/internal/iampolicy"
	"anchorctl/internal/rules"
)

// longDev is a configuration whose dev issuer outlives prod's, which lives a
// year, by another.
func longDev() string {
	return strings.Replace(twoEnvironments("manage"), "  dev:\n", "  dev:\n    issuer: {lifetime: 700d}\n", 1)
}

const overAYear = "8800h"

func longLab(t *testing.T) *lab {
	t.Helper()
	l := newLab(t, longDev(), "dev-app", "prod-app", "other")
	l.mustApply(t, estate.ApplyOptions{})
	return l
}

func (l *lab) nothingRecordedOf(t *testing.T, env string) {
	t.Helper()
	for _, addr := range l.recorded(t) {
		if strings.Contains(addr, env) {
			t.Errorf("%s is still recorded", addr)
		}
	}
}

func TestAnExpiredIssuerDoesNotStopAnotherEnvironment(t *testing.T) {
	l := longLab(t)
	l.advance(t, overAYear)
	l.write(t, strings.Replace(longDev(), "dev-app: {workloads", "other: {workloads", 1))
	report := l.mustApply(t, estate.ApplyOptions{})
	if got := l.profile(t, devProfile).RoleARNs; len(got) != 1 || !strings.HasSuffix(got[0], "role/other") {
		t.Errorf("dev's profile lists %v after %v", got, report.Result.Done)
	}
	if len(report.Proposal.Findings) == 0 {
		t.Error("nothing is said of the expired issuer")
	}
	for _, f := range report.Proposal.Findings {
		if f.At != "issuer/prod#1" || f.Severity != rules.Warn {
			t.Errorf("found is %s as %s", f, f.Severity)
		}
	}
	l.mustApply(t, estate.ApplyOptions{Options: estate.Options{Destroy: true}})
	if left := l.live(t); len(left) > 0 {
		t.Errorf("left are %v", left)
	}
}

func TestAnExpiredIssuerOfARemovedEnvironmentSaysNothing(t *testing.T) {
	l := longLab(t)
	l.write(t, withoutProd(longDev()))
	l.mustApply(t, estate.ApplyOptions{Options: estate.Options{Delete: []string{"prod"}}})
	l.advance(t, overAYear)
	report := l.mustApply(t, estate.ApplyOptions{})
	if len(report.Proposal.Findings)+len(report.Proposal.Notices) > 0 {
		t.Errorf("it says %v %v", report.Proposal.Findings, report.Proposal.Notices)
	}
	l.check(t)
}

// apart is a configuration whose environments lie in two regions and are
// reached with credentials of their own.
func apart() string {
	text := strings.Replace(twoEnvironments("manage"), "region: eu-central-1}", "region: eu-central-1, credentials: {profile: dev}}", 1)
	return strings.Replace(text, "region: eu-central-1}", "region: eu-west-1, credentials: {profile: prod}}", 1)
}

// reach lets each region be opened with the credentials of its environment.
func reach(_ *estate.Cloud, target config.Target) error {
	with := "none"
	if target.Credentials != nil {
		with = target.Credentials.Profile
	}
	if want := map[string]string{"eu-central-1": "dev", "eu-west-1": "prod"}[target.Region]; with != want {
		return fmt.Errorf("the credentials %s do not reach %s", with, target.Region)
	}
	return nil
}

func TestALeftEnvironmentWithOtherCredentialsDoesNotStopTheRest(t *testing.T) {
	l := newLab(t, apart(), "dev-app", "prod-app", "other")
	if _, err := l.open(t, reach).Apply(t.Context(), estate.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	l.write(t, strings.Replace(withoutProd(apart()), "dev-app: {workloads", "other: {workloads", 1))
	w := l.open(t, reach)
	p, err := w.Plan(t.Context(), estate.Options{})
	if err != nil || !strings.Contains(strings.Join(p.Notices, "\n"), "anchor/prod@111122223333/eu-west-1 left anchorctl.yaml and was not read") {
		t.Errorf("notices are %v (%v)", p.Notices, err)
	}
	if _, err := w.Status(t.Context()); err != nil {
		t.Errorf("status: %v", err)
	}
	if _, err := w.Apply(t.Context(), estate.ApplyOptions{}); err != nil {
		t.Errorf("apply: %v", err)
	}
	if got := l.profile(t, devProfile).RoleARNs; len(got) != 1 || !strings.HasSuffix(got[0], "role/other") {
		t.Errorf("dev's profile lists %v", got)
	}
	_, err = w.Apply(t.Context(), estate.ApplyOptions{Options: estate.Options{Delete: []string{"prod"}}})
	if err == nil || !strings.Contains(err.Error(), "do not reach eu-west-1") {
		t.Errorf("an approved removal that cannot be done says %v", err)
	}
}

func TestALeftEnvironmentIsReachedWithItsAccountsCredentials(t *testing.T) {
	whole := strings.ReplaceAll(twoEnvironments("manage"), "region: eu-central-1}", "region: eu-central-1, credentials: {profile: dev}}")
	l := newLab(t, whole, "dev-app", "prod-app")
	if _, err := l.open(t, reach).Apply(t.Context(), estate.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	l.write(t, withoutProd(whole))
	w := l.open(t, reach)
	for name, o := range map[string]estate.Options{"an approved removal": {Delete: []string{"prod"}}, "destroying": {Destroy: true}} {
		if _, err := w.Plan(t.Context(), o); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := w.Apply(t.Context(), estate.ApplyOptions{Options: estate.Options{Delete: []string{"prod"}}}); err != nil {
		t.Error(err)
	}
	l.nothingRecordedOf(t, "prod")
}

func TestARoleWhoseStatementIsGoneIsForgotten(t *testing.T) {
	l := converged(t)
	l.write(t, strings.Replace(twoEnvironments("manage"), "prod-app: {workloads", "other: {workloads", 1))
	l.setTrust(t, "prod-app", trustEC2) // its team was faster
	l.mustApply(t, estate.ApplyOptions{})
	for _, addr := range l.recorded(t) {
		if addr == "role/111122223333/prod-app" {
			t.Errorf("%s is still recorded", addr)
		}
	}
	l.check(t)
}

func TestALeftEnvironmentThatSomebodyDeletedIsForgotten(t *testing.T) {
	l := converged(t)
	l.write(t, small())
	if err := l.cloud(t).Profiles.Delete(t.Context(), l.profile(t, prodProfile).ID); err != nil {
		t.Fatal(err)
	}
	if err := l.cloud(t).Anchors.Delete(t.Context(), l.anchor(t, prodAnchor).ID); err != nil {
		t.Fatal(err)
	}
	l.mustApply(t, estate.ApplyOptions{Options: estate.Options{Delete: []string{"prod"}}})
	l.nothingRecordedOf(t, "prod")
	if p := l.plan(t, estate.Options{}); len(p.Notices) > 0 {
		t.Errorf("notices are %v", p.Notices)
	}
	l.check(t)
}

// onlyOurs is the policy without its team's statement.
func onlyOurs(t *testing.T, trust string) string {
	t.Helper()
	rest, left, err := iampolicy.WithoutStatement([]byte(trust), "Team")
	if err != nil || left != 1 {
		t.Fatalf("%d statements left: %v", left, err)
	}
	return string(rest)
}

func TestMovingARoleThatHoldsOnlyOurStatementTakesOneApply(t *testing.T) {
	l := converged(t)
	l.setTrust(t, "prod-app", onlyOurs(t, l.trust(t, "prod-app")))
	l.check(t)
	l.write(t, strings.NewReplacer("dev-app: {workloads", "prod-app: {workloads", "prod-app: {workloads", "other: {workloads").
		Replace(twoEnvironments("manage")))
	l.mustApply(t, estate.ApplyOptions{})
	trust := l.trust(t, "prod-app")
	doc, err := iampolicy.Parse([]byte(trust))
	if err != nil {
		t.Fatal(err)
	}
	pin, there := doc.Statement(iampolicy.Sid("dev"))
	if !there || len(doc.Statements) != 1 || pin.Effect != iampolicy.Allow {
		t.Errorf("the role trusts %s, want dev's pin alone, which allows", trust)
	}
	l.check(t)
}

func TestAnIssuerThatExistsKeepsItsOrganizationAndThatIsSaid(t *testing.T) {
	l := converged(t)
	l.write(t, strings.ReplaceAll(twoEnvironments("manage"), "Example Corp", "Other Corp"))
	report := l.mustApply(t, estate.ApplyOptions{})
	if report.Run != "" || len(report.Proposal.Notices) != 2 || !strings.Contains(report.Proposal.Notices[0], "an issuer that exists does not change") {
		t.Errorf("it did %v and says %v", report.Result.Done, report.Proposal.Notices)
	}
}

func TestAnEstateDoesNotChangeItsNameOrTrustDomain(t *testing.T) {
	for name, c := range map[string][2]string{
		"the trust domain": {"trustDomain: example.internal", "trustDomain: other.internal"},
		"the name":         {"name: example,", "name: other,"},
	} {
		t.Run(name, func(t *testing.T) {
			l := converged(t)
			l.write(t, strings.ReplaceAll(twoEnvironments("manage"), c[0], c[1]))
			if _, err := l.apply(t.Context(), estate.ApplyOptions{}, nil); err == nil || !strings.Contains(err.Error(), "of different estates") {
				t.Errorf("error is %v", err)
			}
		})
	}
}
