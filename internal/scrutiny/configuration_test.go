package scrutiny_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/config"
	"anchorctl/internal/rules"
	"anchorctl/internal/scrutiny"
)

// estate is a configuration in which there is nothing to find.
func estateConfig() *config.Config {
	env := func(name, account string) *config.Environment {
		return &config.Environment{
			Name: name, Limits: config.Limits{RolesPerProfile: 3},
			Targets:   []config.Target{{Account: account, Region: "eu-central-1"}, {Account: account, Region: "us-east-1"}},
			Workloads: map[string]*config.Workload{"backup": {}, "reports": {}},
			Profiles: map[string]*config.Profile{"backup": {
				Roles:                 map[string]*config.RoleUse{name + "-backup": {Workloads: []string{"backup"}}},
				SessionPolicyDocument: `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::example/*"}}`,
			}},
		}
	}
	return &config.Config{
		Estate:       config.Estate{Name: "example", Organization: "Example Corp", TrustDomain: "example.internal"},
		Environments: map[string]*config.Environment{"dev": env("dev", "111122223333"), "prod": env("prod", "111122223333")},
	}
}

// sized is a session policy of some characters.
func sized(characters int, fill string) string {
	const before, after = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::b/`, `"}}`
	return before + strings.Repeat(fill, characters-len(before+after)) + after
}

func hours(n int) config.Duration { return config.Duration(time.Duration(n) * time.Hour) }

func TestJudgeConfig(t *testing.T) {
	now := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	role := func(workloads ...string) *config.RoleUse { return &config.RoleUse{Workloads: workloads} }
	day := func(text string) (d config.Date) {
		if err := d.UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, c := range []struct {
		name   string
		change func(c *config.Config, prod *config.Environment, backup *config.Profile)
		want   []string
	}{
		{"nothing to find", nil, nil},
		{"the same role name in two accounts is two roles", func(c *config.Config, prod *config.Environment, backup *config.Profile) {
			prod.Targets = []config.Target{{Account: "444455556666", Region: "eu-central-1"}}
			backup.Roles = map[string]*config.RoleUse{"dev-backup": role("backup")}
		}, nil},
		{"two profiles of an environment with one role", func(_ *config.Config, prod *config.Environment, backup *config.Profile) {
			prod.Profiles["reports"] = &config.Profile{Roles: backup.Roles}
		}, nil},
		{"a probe role of another environment", func(c *config.Config, prod *config.Environment, _ *config.Profile) {
			prod.Targets[0].ProbeRole, c.Environments["dev"].Targets[1].ProbeRole = "probe", "team/Probe"
		}, []string{"ANC301"}},
		{"a probe role that another environment maps", func(_ *config.Config, prod *config.Environment, _ *config.Profile) {
			prod.Targets[0].ProbeRole = "dev-backup"
		}, []string{"ANC301"}},
		{"probes, whose certificates are never renewed", func(c *config.Config, prod *config.Environment, _ *config.Profile) {
			prod.Targets[0].ProbeRole, prod.Limits.CertificateLifetime, prod.Limits.RenewalInterval = "probe", hours(1), hours(1)
		}, nil},
		{"an environment without workloads", func(_ *config.Config, prod *config.Environment, _ *config.Profile) {
			prod.Workloads, prod.Profiles = nil, nil
		}, []string{"ANC203"}},
		{"a profile without roles", func(_ *config.Config, _ *config.Environment, backup *config.Profile) { backup.Roles = nil }, []string{"ANC203"}},
		{"a role that nobody may take", func(_ *config.Config, _ *config.Environment, backup *config.Profile) {
			backup.Roles["prod-backup"] = role()
		}, []string{"ANC203"}},
		{"a role for a workload that does not exist", func(_ *config.Config, _ *config.Environment, backup *config.Profile) {
			backup.Roles["prod-backup"] = role("backup", "nobody")
		}, []string{"ANC203"}},
		{"a role of another environment", func(_ *config.Config, _ *config.Environment, backup *config.Profile) {
			backup.Roles["dev-backup"] = role("backup")
		}, []string{"ANC301"}},
		{"a role of another environment, by another path and case", func(_ *config.Config, _ *config.Environment, backup *config.Profile) {
			backup.Roles["team/Dev-Backup"] = role("backup")
		}, []string{"ANC301"}},
		{"a role that is written twice", func(_ *config.Config, _ *config.Environment, backup *config.Profile) {
			backup.Roles["team/prod-backup"] = role("backup")
		}, []string{"ANC301"}},
		{"a role with a wildcard", func(_ *config.Config, _ *config.Environment, backup *config.Profile) {
			backup.Roles["prod-*"] = role("backup")
		}, []string{"ANC301"}},
		{"a role by ARN", func(_ *config.Config, _ *config.Environment, backup *config.Profile) {
			backup.Roles["arn:aws:iam::999999999999:role/x"] = role("backup")
		}, []string{"ANC301"}},
		{"a service-linked role", func(_ *config.Config, _ *config.Environment, backup *config.Profile) {
			backup.Roles["aws-service-role/x.amazonaws.com/AWSServiceRoleForX"] = role("backup")
		}, []string{"ANC301"}},
		{"a path without a name", func(_ *config.Config, _ *config.Environment, backup *config.Profile) {
			backup.Roles["team/"] = role("backup")
		}, []string{"ANC301"}},
		{"as many roles as allowed", func(_ *config.Config, _ *config.Environment, backup *config.Profile) {
			backup.Roles["b"], backup.Roles["c"] = role("backup"), role("backup")
		}, nil},
		{"one role too many", func(_ *config.Config, _ *config.Environment, backup *config.Profile) {
			backup.Roles["b"], backup.Roles["c"], backup.Roles["d"] = role("backup"), role("backup"), role("backup")
		}, []string{"ANC302"}},
		{"a role for too many workloads", func(_ *config.Config, prod *config.Environment, backup *config.Profile) {
			var names []string
			for i := range 50 {
				name := fmt.Sprintf("workload-number-%d", i)
				prod.Workloads[name] = &config.Workload{}
				names = append(names, name)
			}
			backup.Roles["prod-backup"] = role(names...)
		}, []string{"ANC310"}},
		{"a role of too many regions", func(_ *config.Config, prod *config.Environment, _ *config.Profile) {
			for i := range 20 {
				prod.Targets = append(prod.Targets, config.Target{Account: "111122223333", Region: fmt.Sprintf("eu-central-%d", i+2)})
			}
		}, []string{"ANC310"}},
		{"a session policy of exactly 2,048 characters", func(_ *config.Config, _ *config.Environment, backup *config.Profile) {
			backup.SessionPolicyDocument = sized(2048, "ä")
		}, nil},
		{"a session policy of one more", func(_ *config.Config, _ *config.Environment, backup *config.Profile) {
			backup.SessionPolicyDocument = sized(2049, "ä")
		}, []string{"ANC311"}},
		{"a session policy that is too long for its white space", func(_ *config.Config, _ *config.Environment, backup *config.Profile) {
			backup.SessionPolicyDocument = sized(200, "a") + strings.Repeat(" ", 2049-200)
		}, []string{"ANC311 warn"}},
		{"a session policy that managed policies make too long", func(_ *config.Config, _ *config.Environment, backup *config.Profile) {
			backup.SessionPolicyDocument = sized(2002, "a")
			backup.ManagedPolicies = []string{"arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"}
		}, []string{"ANC311"}},
		{"ten managed policies", func(_ *config.Config, _ *config.Environment, backup *config.Profile) {
			backup.ManagedPolicies = slices.Repeat([]string{"arn:aws:iam::aws:policy/A"}, 10)
		}, nil},
		{"eleven managed policies", func(_ *config.Config, _ *config.Environment, backup *config.Profile) {
			backup.ManagedPolicies = slices.Repeat([]string{"arn:aws:iam::aws:policy/A"}, 11)
		}, []string{"ANC311"}},
		{"a session policy that is none", func(_ *config.Config, _ *config.Environment, backup *config.Profile) {
			backup.SessionPolicyDocument = `{"Version":"2012-10-17","Statement":[]}`
		}, []string{"ANC312 session policy: line 1, column 37"}},
		{"a session policy that narrows nothing", func(_ *config.Config, _ *config.Environment, backup *config.Profile) {
			backup.SessionPolicyDocument = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
		}, []string{"ANC313 warn session policy: statement 1 (line 1, column 37)", "ANC314 warn session policy: statement 1 (line 1, column 37)", "ANC316 warn session policy: statement 1 (line 1, column 37)"}},
		{"a session policy of all but some", func(_ *config.Config, _ *config.Environment, backup *config.Profile) {
			backup.SessionPolicyDocument = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","NotAction":"iam:*","NotResource":"arn:aws:s3:::b"}}`
		}, []string{"ANC315 warn session policy: statement 1 (line 1, column 37)"}},
		{"a session policy that allows nothing", func(_ *config.Config, _ *config.Environment, backup *config.Profile) {
			backup.SessionPolicyDocument = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::b"}}`
		}, []string{"ANC317 warn session policy: statement 1 (line 1, column 37)"}},
		{"a managed session policy that narrows nothing", func(_ *config.Config, _ *config.Environment, backup *config.Profile) {
			backup.ManagedPolicies = []string{"arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws-cn:iam::aws:policy/AdministratorAccess"}
		}, []string{"ANC303 warn"}},
		{"a renewal that has room for two runs", func(_ *config.Config, prod *config.Environment, _ *config.Profile) {
			prod.Workloads["reports"].CertificateLifetime, prod.Limits.RenewalInterval = hours(8), hours(1)
		}, nil},
		{"a renewal that has room for one run", func(_ *config.Config, prod *config.Environment, _ *config.Profile) {
			prod.Workloads["reports"].CertificateLifetime, prod.Limits.RenewalInterval = hours(8)-4, hours(1)
		}, []string{"ANC205 warn"}},
		{"a renewal that just has room for one run", func(_ *config.Config, prod *config.Environment, _ *config.Profile) {
			prod.Workloads["reports"].CertificateLifetime, prod.Limits.RenewalInterval = hours(4), hours(1)
		}, []string{"ANC205 warn"}},
		{"a renewal that can come too late", func(_ *config.Config, prod *config.Environment, _ *config.Profile) {
			prod.Workloads["reports"].CertificateLifetime, prod.Limits.RenewalInterval = hours(4)-4, hours(1)
		}, []string{"ANC205"}},
		{"80 minutes, which the usual timer renews in time", func(_ *config.Config, prod *config.Environment, _ *config.Profile) {
			prod.Workloads["reports"].CertificateLifetime = config.Duration(80 * time.Minute)
		}, nil},
		{"five minutes, and nothing said of renewals", func(_ *config.Config, prod *config.Environment, _ *config.Profile) {
			prod.Workloads["reports"].CertificateLifetime = config.Duration(5 * time.Minute)
		}, []string{"ANC205 warn"}},
		{"sessions as long as the last quarter of their certificates", func(_ *config.Config, prod *config.Environment, backup *config.Profile) {
			prod.Workloads["backup"].CertificateLifetime, backup.SessionDuration = hours(8), hours(2)
		}, nil},
		{"sessions that outlive a certificate that is renewed", func(_ *config.Config, prod *config.Environment, backup *config.Profile) {
			prod.Workloads["backup"].CertificateLifetime, backup.SessionDuration = hours(8), hours(3)
		}, []string{"ANC205 warn"}},
		{"sessions longer than their certificates", func(_ *config.Config, prod *config.Environment, backup *config.Profile) {
			prod.Workloads["backup"].CertificateLifetime, backup.SessionDuration = hours(8), hours(9)
		}, []string{"ANC205 warn"}},
		{"long sessions of another workload's profile", func(_ *config.Config, prod *config.Environment, backup *config.Profile) {
			prod.Workloads["reports"].CertificateLifetime, backup.SessionDuration = hours(8), hours(9)
		}, nil},
		{"revocation lists as often as certificates end", func(_ *config.Config, prod *config.Environment, _ *config.Profile) {
			prod.Workloads["backup"].CertificateLifetime, prod.Workloads["reports"].CertificateLifetime = hours(8), hours(24)
			prod.CRL = config.CRLSpec{Interval: hours(24), DistributionPoint: "http://crl.example.internal/a"}
		}, nil},
		{"revocation lists at a distribution point more seldom than that", func(_ *config.Config, prod *config.Environment, _ *config.Profile) {
			prod.Workloads["backup"].CertificateLifetime, prod.Workloads["reports"].CertificateLifetime = hours(8), hours(23)
			prod.CRL = config.CRLSpec{Interval: hours(24), DistributionPoint: "http://crl.example.internal/a"}
		}, []string{"ANC205 warn"}},
		{"revocation lists that only the anchors get, at once", func(_ *config.Config, prod *config.Environment, _ *config.Profile) {
			prod.Workloads["reports"].CertificateLifetime, prod.CRL = hours(8), config.CRLSpec{Interval: hours(24)}
		}, nil},
		{"a waiver on its last day", func(c *config.Config, _ *config.Environment, _ *config.Profile) {
			c.Waivers = []config.Waiver{{Rule: "ANC603", At: "role/111122223333/x", Owner: "platform", Until: day("2026-11-02")}}
		}, nil},
		{"a waiver that ended the day before", func(c *config.Config, _ *config.Environment, _ *config.Profile) {
			c.Waivers = []config.Waiver{{Rule: "ANC603", At: "role/111122223333/x", Owner: "platform", Until: day("2026-11-01")}}
		}, []string{"ANC603 warn"}},
		{"a waiver of what cannot be waived", func(c *config.Config, _ *config.Environment, _ *config.Profile) {
			c.Waivers = []config.Waiver{{Rule: "ANC001", At: "anchor/prod", Owner: "platform", Until: day("2027-11-01")}}
		}, []string{"ANC001"}},
		{"a waiver of no rule", func(c *config.Config, _ *config.Environment, _ *config.Profile) {
			c.Waivers = []config.Waiver{{Rule: "ANC999", At: "anchor/prod", Owner: "platform", Until: day("2027-11-01")}}
		}, []string{"ANC999 warn"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := estateConfig()
			if c.change != nil {
				c.change(cfg, cfg.Environments["prod"], cfg.Environments["prod"].Profiles["backup"])
			}
			findings := scrutiny.JudgeConfig(cfg, now)
			if diff := cmp.Diff(c.want, summary(findings)); diff != "" {
				t.Errorf("findings (-want +got):\n%s%s", diff, (&rules.Refusal{Findings: findings}).Error())
			}
			for _, f := range findings {
				if f.At == "" || f.Evidence == "" || f.Remedy == "" {
					t.Errorf("incomplete: %+v", f)
				}
			}
		})
	}
}

// summary is each finding once: its rule, whether it is a warning, and where.
func summary(findings []rules.Finding) []string {
	var out []string
	for _, f := range findings {
		s := f.Rule
		if f.Severity == rules.Warn {
			s += " warn"
		}
		if f.Element != "" {
			s += " " + f.Element
		}
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return out
}
