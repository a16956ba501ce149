package estate_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"anchorctl/internal/anchors"
	"anchorctl/internal/engine"
	"anchorctl/internal/estate"
	"anchorctl/internal/ownership"
	"anchorctl/internal/pki"
	"anchorctl/internal/pki/pkitest"
	"anchorctl/internal/plan"
	"anchorctl/internal/profiles"
	"anchorctl/internal/rules"
)

var (
	place      = plan.Target{Account: account, Region: "eu-central-1"}
	prodAnchor = plan.Anchor("prod", place)
)

// converged is a lab whose estate has been applied.
func converged(t *testing.T) *lab {
	t.Helper()
	l := newLab(t, twoEnvironments("manage"), "dev-app", "prod-app", "other")
	l.mustApply(t, estate.ApplyOptions{})
	return l
}

func (l *lab) mustApply(t *testing.T, o estate.ApplyOptions) estate.Report {
	t.Helper()
	report, err := l.apply(t.Context(), o, nil)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// refused asserts that err is a refusal by the rule.
func refused(t *testing.T, err error, rule string) {
	t.Helper()
	var refusal *rules.Refusal
	if !errors.As(err, &refusal) || refusal.Findings[0].Rule != rule {
		t.Errorf("error is %v, want a refusal by %s", err, rule)
	}
}

// held asserts that err is a hold by the rule, and returns the first.
func held(t *testing.T, err error, rule string) *engine.HeldError {
	t.Helper()
	var hold *engine.HeldError
	if !errors.As(err, &hold) || hold.Rule != rule {
		t.Fatalf("error is %v, want a hold by %q", err, rule)
	}
	return hold
}

func TestApplyFromEmptyConverges(t *testing.T) {
	l := converged(t)
	l.check(t)
	report := l.mustApply(t, estate.ApplyOptions{})
	if report.Run != "" {
		t.Errorf("a second apply did %v", report.Result.Done)
	}
}

func TestNothingIsEnabledBeforeRolesArePinned(t *testing.T) {
	l := newLab(t, twoEnvironments("manage"), "dev-app", "prod-app")
	p := l.plan(t, estate.Options{})
	at := map[string]int{}
	for i, id := range ids(p.Plan.Actions) {
		at[id] = i
	}
	for _, before := range []string{
		"issuer.mint issuer/prod#1", "anchor.create " + prodAnchor.String(), "role.pin role/111122223333/prod-app",
		"profile.update " + plan.Profile("prod", "app", place).String(),
	} {
		for _, after := range []string{"anchor.enable " + prodAnchor.String(), "profile.enable " + plan.Profile("prod", "app", place).String()} {
			if i, ok := at[before]; !ok || i >= at[after] {
				t.Errorf("%s does not come before %s: %v", before, after, ids(p.Plan.Actions))
			}
		}
	}
}

func TestVerifyHoldsUntilTheDocumentsAreInstalled(t *testing.T) {
	l := newLab(t, twoEnvironments("verify"), "dev-app", "prod-app")
	_, err := l.apply(t.Context(), estate.ApplyOptions{}, nil)
	var run *engine.HeldRun
	if !errors.As(err, &run) || len(run.Held) != 2 {
		t.Fatalf("error is %v, want two holds", err)
	}
	for _, one := range l.live(t) {
		if one.enabled {
			t.Errorf("%s is enabled", one.tags[ownership.TagResource])
		}
	}
	l.checkRecord(t, false)
	l.install(t, run)
	l.mustApply(t, estate.ApplyOptions{})
	l.check(t)
}

func TestAMissingRoleHoldsItsEnvironmentOnly(t *testing.T) {
	l := newLab(t, twoEnvironments("manage"), "dev-app")
	_, err := l.apply(t.Context(), estate.ApplyOptions{}, nil)
	hold := held(t, err, "")
	if hold.Documents[0].At != "role/111122223333/prod-app" || !strings.Contains(hold.Reason, "does not exist") {
		t.Errorf("held is %+v", hold)
	}
	for _, one := range l.live(t) {
		if dev := strings.Contains(one.tags[ownership.TagResource], "/dev"); one.enabled != dev {
			t.Errorf("%s: enabled is %v", one.tags[ownership.TagResource], one.enabled)
		}
	}
}

func TestDriftIsFoundAndPutRight(t *testing.T) {
	type hands struct {
		anchor, profile string
		anchors         anchors.API
		profiles        profiles.API
		spec            profiles.Spec
	}
	profile := plan.Profile("prod", "app", place)
	for name, c := range map[string]struct {
		change func(t *testing.T, h hands) error
		want   []string // actions
		field  string   // in the first one's document after
	}{
		"an anchor disabled": {
			func(t *testing.T, h hands) error {
				return h.anchors.Change(t.Context(), h.anchor, anchors.Change{Disable: true})
			},
			[]string{"anchor.enable " + prodAnchor.String()}, `"enabled":true`,
		},
		"a profile disabled": {
			func(t *testing.T, h hands) error {
				return h.profiles.Change(t.Context(), h.profile, profiles.Change{Disable: true})
			},
			[]string{"profile.enable " + profile.String()}, `"enabled":true`,
		},
		"a notification changed": {
			func(t *testing.T, h hands) error {
				return h.anchors.Change(t.Context(), h.anchor, anchors.Change{Notifications: []anchors.Notification{{Event: anchors.EndEntityExpiry, Enabled: true, Threshold: 45}}})
			},
			[]string{"anchor.update " + prodAnchor.String()}, `"notificationSettings":{"CA_CERTIFICATE_EXPIRY":"47d","END_ENTITY_CERTIFICATE_EXPIRY":"disabled"}`,
		},
		"a tag removed": {
			func(t *testing.T, h hands) error {
				return h.anchors.Change(t.Context(), h.anchor, anchors.Change{DropTags: []string{ownership.TagEstate}})
			},
			[]string{"anchor.tag " + prodAnchor.String()}, ownership.TagEstate,
		},
		"the intent's tag changed": {
			func(t *testing.T, h hands) error {
				return h.profiles.Change(t.Context(), h.profile, profiles.Change{SetTags: map[string]string{ownership.TagIntent: "x"}})
			},
			[]string{"profile.tag " + profile.String()}, ownership.TagIntent,
		},
		"a role added": {
			func(t *testing.T, h hands) error {
				h.spec.RoleARNs = append(h.spec.RoleARNs, "arn:aws:iam::"+account+":role/other")
				return h.profiles.Change(t.Context(), h.profile, profiles.Change{Spec: &h.spec})
			},
			[]string{"profile.narrow " + profile.String()}, `"roles":["arn:aws:iam::111122223333:role/prod-app"]`,
		},
		"a duration changed": {
			func(t *testing.T, h hands) error {
				h.spec.DurationSeconds = 7200
				return h.profiles.Change(t.Context(), h.profile, profiles.Change{Spec: &h.spec})
			},
			[]string{"profile.update " + profile.String()}, `"durationSeconds":3600`,
		},
		"a mapping dropped": {
			func(t *testing.T, h hands) error {
				return h.profiles.Change(t.Context(), h.profile, profiles.Change{DropMappings: map[string][]string{"x509SAN": {"URI"}}})
			},
			[]string{"profile.update " + profile.String()}, `"x509SAN":["URI"]`,
		},
		"a session policy added": {
			func(t *testing.T, h hands) error {
				h.spec.SessionPolicy = `{"Version":"2012-10-17","Statement":[]}`
				return h.profiles.Change(t.Context(), h.profile, profiles.Change{Spec: &h.spec})
			},
			[]string{"profile.update " + profile.String()}, `"sessionPolicy":null`,
		},
		"a profile deleted": {
			func(t *testing.T, h hands) error { return h.profiles.Delete(t.Context(), h.profile) },
			[]string{"profile.create " + profile.String(), "profile.update " + profile.String(), "profile.enable " + profile.String()}, `"enabled":false`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := converged(t)
			cloud := l.cloud(t)
			h := hands{anchors: cloud.Anchors, profiles: cloud.Profiles}
			for arn, one := range l.live(t) {
				id := arn[strings.LastIndex(arn, "/")+1:]
				switch one.tags[ownership.TagResource] {
				case prodAnchor.String():
					h.anchor = id
				case profile.String():
					h.profile = id
				}
			}
			all, err := cloud.Profiles.List(t.Context(), true)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range all {
				if p.ID == h.profile {
					h.spec = p.Spec()
				}
			}
			if err := c.change(t, h); err != nil {
				t.Fatal(err)
			}
			p := l.plan(t, estate.Options{})
			if got := ids(p.Plan.Actions); fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("planned is %v, want %v", got, c.want)
			}
			if len(p.Plan.Actions) > 0 && !strings.Contains(string(p.Plan.Actions[0].After), c.field) {
				t.Errorf("the plan does not show %s: %s", c.field, p.Plan.Actions[0].After)
			}
			l.mustApply(t, estate.ApplyOptions{})
			l.check(t)
		})
	}
}

func TestAReplacedCertificateHoldsUntilItsRemovalIsApproved(t *testing.T) {
	l := converged(t)
	cloud := l.cloud(t)
	strange := pkitest.Root(t).Issuer(t, "prod").Certificate
	all, err := cloud.Anchors.List(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if a.Tags[ownership.TagResource] == prodAnchor.String() {
			if err := l.replaceCertificate(t, a.ID, strange); err != nil {
				t.Fatal(err)
			}
		}
	}
	_, err = l.apply(t.Context(), estate.ApplyOptions{}, nil)
	held(t, err, "ANC604")
	want := "it holds what does not belong there: sha256:" + pki.Fingerprint(strange) + "; its removal takes --approve-restore prod"
	if !strings.Contains(err.Error(), want) {
		t.Errorf("%v does not say %q", err, want)
	}
	l.mustApply(t, estate.ApplyOptions{Options: estate.Options{Restore: []string{"prod"}}})
	l.check(t)
}

func TestAForeignRoleThatWouldAcceptHoldsTheEnabling(t *testing.T) {
	l := newLab(t, twoEnvironments("manage"), "dev-app", "prod-app", "careless")
	l.somebodysProfile(t, "careless")
	_, err := l.apply(t.Context(), estate.ApplyOptions{}, nil)
	hold := held(t, err, "ANC603")
	if !strings.Contains(hold.Reason, "role/111122223333/careless") {
		t.Errorf("the reason does not name the role: %s", hold.Reason)
	}
	for _, one := range l.live(t) {
		if one.enabled && one.tags[ownership.TagEstate] != "" {
			t.Errorf("%s is enabled", one.tags[ownership.TagResource])
		}
	}

	waived := twoEnvironments("manage") + `waivers:
  - {rule: ANC603, at: role/111122223333/careless, reason: being retired, owner: platform, until: 2026-12-31}
`
	l.write(t, waived)
	l.mustApply(t, estate.ApplyOptions{})
	if p := l.plan(t, estate.Options{}); !p.Plan.Empty() {
		t.Errorf("still planned: %v", ids(p.Plan.Actions))
	}
}

func TestAStatementAddedBesideThePinIsFound(t *testing.T) {
	l := converged(t)
	roleAPI := l.cloud(t).Roles
	before, err := roleAPI.Get(t.Context(), "prod-app")
	if err != nil {
		t.Fatal(err)
	}
	l.setTrust(t, "prod-app", withCareless(t, before.Trust))
	p := l.plan(t, estate.Options{})
	// Dev's anchor could take prod's role by it, and prod's any workload.
	if len(p.Findings) != 1 || p.Findings[0].Rule != "ANC603" || p.Findings[0].At != "role/111122223333/prod-app" || !bothAnchors(p.Findings[0]) {
		t.Errorf("findings are %v", p.Findings)
	}
	_, err = l.apply(t.Context(), estate.ApplyOptions{}, nil)
	held(t, err, "ANC603")
	if err := roleAPI.PutTrust(t.Context(), "prod-app", before.Trust); err != nil {
		t.Fatal(err)
	}
	l.check(t)
}
