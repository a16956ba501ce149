package scrutiny_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/config"
	"anchorctl/internal/rules"
	"anchorctl/internal/scrutiny"
)

func TestASensitiveRoleIsAloneShortAndOfOneWorkload(t *testing.T) {
	minutes := func(n int) config.Duration { return config.Duration(n) * config.Duration(time.Minute) }
	for _, c := range []struct {
		name   string
		change func(prod *config.Environment, backup *config.Profile)
		want   []string
	}{
		{"alone, short, of one workload", func(*config.Environment, *config.Profile) {}, nil},
		{"exactly as long as the limit says", func(prod *config.Environment, backup *config.Profile) {
			prod.Limits.SensitiveSessionDuration, backup.SessionDuration = minutes(45), minutes(45)
		}, nil},
		{"in two profiles, alone in each", func(prod *config.Environment, backup *config.Profile) {
			prod.Profiles["again"] = &config.Profile{Roles: map[string]*config.RoleUse{"prod-backup": {Workloads: []string{"backup"}}}, SessionDuration: minutes(15)}
		}, nil},
		{"beside another role", func(_ *config.Environment, backup *config.Profile) {
			backup.Roles["prod-reports"] = &config.RoleUse{Workloads: []string{"reports"}}
		}, []string{"ANC318"}},
		{"a minute too long", func(_ *config.Environment, backup *config.Profile) { backup.SessionDuration = minutes(31) }, []string{"ANC318"}},
		{"for two workloads", func(_ *config.Environment, backup *config.Profile) {
			backup.Roles["prod-backup"].Workloads = []string{"backup", "reports"}
		}, []string{"ANC318"}},
		{"called so in another profile alone, where it has company here", func(prod *config.Environment, backup *config.Profile) {
			prod.Profiles["again"] = &config.Profile{Roles: backup.Roles, SessionDuration: minutes(15)}
			backup.Roles = map[string]*config.RoleUse{"prod-backup": {Workloads: []string{"backup"}}, "prod-reports": {Workloads: []string{"reports"}}}
		}, []string{"ANC318"}},
		{"all of it", func(_ *config.Environment, backup *config.Profile) {
			backup.SessionDuration = minutes(60)
			backup.Roles["prod-backup"].Workloads = []string{"backup", "reports"}
			backup.Roles["prod-reports"] = &config.RoleUse{Workloads: []string{"reports"}}
		}, []string{"ANC318"}},
		{"company and long sessions are fine where nothing is sensitive", func(_ *config.Environment, backup *config.Profile) {
			backup.SessionDuration = minutes(60)
			backup.Roles["prod-backup"] = &config.RoleUse{Workloads: []string{"backup", "reports"}}
			backup.Roles["prod-reports"] = &config.RoleUse{Workloads: []string{"reports"}}
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := estateConfig()
			prod := cfg.Environments["prod"]
			prod.Limits.SensitiveSessionDuration = minutes(30)
			backup := prod.Profiles["backup"]
			backup.SessionDuration = minutes(30)
			backup.Roles["prod-backup"] = &config.RoleUse{Workloads: []string{"backup"}, Sensitive: true}
			c.change(prod, backup)
			findings := scrutiny.JudgeConfig(cfg, time.Unix(0, 0))
			if diff := cmp.Diff(c.want, summary(findings)); diff != "" {
				t.Errorf("findings (-want +got):\n%s%s", diff, (&rules.Refusal{Findings: findings}).Error())
			}
			if c.name == "all of it" && len(findings) != 3 {
				t.Errorf("%d findings, want one for each", len(findings))
			}
		})
	}
}

func TestWaiversAcceptWhatTheyNameAndNoMore(t *testing.T) {
	const role = "role/111122223333/prod-backup"
	until := func(text string) (d config.Date) {
		if err := d.UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
		return d
	}
	waiver := func(rule, at, day string) config.Waiver {
		return config.Waiver{Rule: rule, At: at, Reason: "migration", Owner: "platform", Until: until(day)}
	}
	found := []rules.Finding{rules.Find("ANC603", role, "one"), rules.Find("ANC603", role, "two")}
	for _, c := range []struct {
		name    string
		found   []rules.Finding
		waivers []config.Waiver
		rest    int
		waived  []string
	}{
		{"none", found, nil, 2, nil},
		{"all findings of a rule at an address", found, []config.Waiver{waiver("ANC603", role, "2026-11-02")}, 0, []string{
			role + ": one [ANC603]: waived by platform until 2026-11-02: migration", role + ": two [ANC603]: waived by platform until 2026-11-02: migration",
		}},
		{"one that has ended", found, []config.Waiver{waiver("ANC603", role, "2026-11-01")}, 2, nil},
		{"one of another address", found, []config.Waiver{waiver("ANC603", role+"s", "2027-01-01")}, 2, nil},
		{"one of another rule", found, []config.Waiver{waiver("ANC604", role, "2027-01-01")}, 2, nil},
		{"one of a rule that cannot be waived", []rules.Finding{rules.Find("ANC604", role, "x")}, []config.Waiver{waiver("ANC604", role, "2027-01-01")}, 1, nil},
		{"an ended one beside one that has not", found[:1], []config.Waiver{waiver("ANC603", role, "2026-01-01"), waiver("ANC603", role, "2027-01-01")}, 0, []string{
			role + ": one [ANC603]: waived by platform until 2027-01-01: migration",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			rest, waived := scrutiny.Waive(c.found, c.waivers, time.Date(2026, 11, 2, 23, 0, 0, 0, time.UTC))
			var got []string
			for _, w := range waived {
				got = append(got, w.String())
			}
			if diff := cmp.Diff(c.waived, got); diff != "" || len(rest) != c.rest {
				t.Errorf("%d are left, want %d; waived: %s", len(rest), c.rest, diff)
			}
		})
	}
}
