package config_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/config"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
)

func TestAllProblemsAreReportedTogetherInTheOrderOfTheFile(t *testing.T) {
	text := full(t)
	for _, change := range []struct{ old, new string }{
		{"version: 1", "version: 7"},
		{"name: example,", "name: EXAMPLE,"},
		{"roles: manage", "roles: nobody\nrolls: manage"},
		{"region: us-east-1", "region: moon"},
		{"x509Subject: [OU, CN]", "x509Subject: [CN]"},
		{`account: "444455556666"`, "account: 444455556666"},
	} {
		text = strings.Replace(text, change.old, change.new, 1)
	}
	_, err := parseFull(text)
	var list *config.Errors
	if !errors.As(err, &list) {
		t.Fatalf("the error is %v", err)
	}
	var lines []int
	for i, p := range list.Problems {
		lines = append(lines, p.Line)
		if p.File != "estate/anchorctl.yaml" || p.Line == 0 || p.Column == 0 || p.Excerpt == "" {
			t.Errorf("a problem has no place: %+v", p)
		}
		if i > 0 && lines[i] < lines[i-1] {
			t.Errorf("the lines are not in order: %v", lines)
		}
	}
	if len(list.Problems) != 6 {
		t.Errorf("there are %d problems, want 6:\n%v", len(list.Problems), err)
	}
	var one *config.Error
	if !errors.As(err, &one) || one.Line != 1 {
		t.Errorf("errors.As gives %v, want the first problem", one)
	}
	for _, part := range []string{
		"6 problems",
		"estate/anchorctl.yaml:5:1: unknown key \"rolls\"\n    5 | rolls: manage\n      | ^\n  → did you mean \"roles\"?",
		"environments.prod.targets[1].region",
		`put it in quotes ("444455556666")`,
	} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the message does not have %q:\n%v", part, err)
		}
	}
}

func TestOneMistakeIsReportedOnce(t *testing.T) {
	for name, change := range map[string]struct{ old, new string }{
		"workloads misspelled":           {"workloads:\n      backup:", "worklods:\n      backup:"},
		"workloads of the wrong kind":    {"workloads: {backup: {}}", "workloads: [backup]"},
		"an account that is a number":    {`account: "444455556666"`, "account: 444455556666"},
		"a root lifetime without a unit": {"lifetime: 3650d", "lifetime: 3650"},
		"a list of workloads as text":    {"workloads: [reports, backup]", "workloads: reports"},
		"a key that stands twice":        {"roles: manage", "roles: manage\nroles: verify"},
		"a limit of the wrong kind":      {"certificateLifetime: 24h", "certificateLifetime: [24h]"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseFull(strings.Replace(full(t), change.old, change.new, 1))
			var list *config.Errors
			if !errors.As(err, &list) || len(list.Problems) != 1 {
				t.Errorf("want one problem, got %v", err)
			}
		})
	}
}

func TestProblemsOfASessionPolicyAreAtTheirPlaceInItsFile(t *testing.T) {
	for name, test := range map[string]struct {
		policy       string
		line, column int
		message      string
	}{
		"broken JSON":         {"{\n  \"Version\": \"2012-10-17\",\n  nonsense\n}", 3, 3, ""},
		"an unknown element":  {"{\n  \"Version\": \"2012-10-17\",\n  \"Statment\": []\n}", 3, 3, "Statment"},
		"nothing":             {"", 1, 1, ""},
		"names a principal":   {`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:Get*", "Resource": "*"}]}`, 1, 41, "cannot name a principal"},
		"more than they take": {`{"Version": "2012-10-17", "Statement": [` + strings.Repeat(" ", 100_000) + `{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}`, 22, 24, "at most 100000"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := config.Parse("estate/anchorctl.yaml", []byte(full(t)), files(map[string]string{"estate/policies/backup.json": test.policy}))
			var p *config.Error
			if !errors.As(err, &p) {
				t.Fatalf("it was accepted, or refused with %v", err)
			}
			if p.Line != test.line || p.Column != test.column || !strings.Contains(p.Message, test.message) {
				t.Errorf("got %s:%d:%d %s", p.File, p.Line, p.Column, p.Message)
			}
			if p.Path != "environments.prod.profiles.backup.sessionPolicy" {
				t.Errorf("the path is %q", p.Path)
			}
		})
	}
}

func TestLoadReadsTheFileAndTheFilesItNames(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "anchorctl.yaml"), full(t))
	write(t, filepath.Join(dir, "policies", "backup.json"), policy)
	c, err := config.Load(filepath.Join(dir, "anchorctl.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Environments["prod"].Profiles["backup"].SessionPolicyDocument; got != policy {
		t.Errorf("the session policy is %q", got)
	}
}

func TestLoadRefusesWhatIsNoRegularFile(t *testing.T) {
	dir := t.TempDir()
	_, err := config.Load(filepath.Join(dir, "anchorctl.yaml"))
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	if _, err := config.Load(dir); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a directory: %v", err)
	}
	write(t, filepath.Join(dir, "big.yaml"), strings.Repeat("#\n", 1<<20))
	if _, err := config.Load(filepath.Join(dir, "big.yaml")); err == nil || !strings.Contains(err.Error(), "more than 1048576 bytes") {
		t.Errorf("a large file: %v", err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func digest(t *testing.T, text, policyPath, policy string) string {
	t.Helper()
	c, err := config.Parse("estate/anchorctl.yaml", []byte(text), files(map[string]string{"estate/" + policyPath: policy}))
	if err != nil {
		t.Fatal(err)
	}
	d, err := c.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestTheDigestIsOfTheMeaning(t *testing.T) {
	base := full(t)
	want := digest(t, base, "policies/backup.json", policy)
	same := func(name, text, path, policy string) {
		if digest(t, text, path, policy) != want {
			t.Errorf("%s changes the digest", name)
		}
	}
	same("white space in a policy", base, "policies/backup.json", strings.ReplaceAll(policy, " ", "\n"))
	same("moving a policy", strings.Replace(base, "policies/backup.json", "p.json", 1), "p.json", policy)
	for _, c := range []struct{ name, old, new string }{
		{"the order of workloads", "[reports, backup]", "[backup, reports]"},
		{"the order of specifiers", "[OU, CN]", "[CN, OU]"},
		{"the order of DNS domains", "[prod.example.internal, prod.example.net]", "[prod.example.net, prod.example.internal]"},
		{"another unit", "sessionDuration: 1h", "sessionDuration: 60m"},
		{"a default written out", "reports: {}", "reports: {certificateLifetime: 24h}"},
	} {
		same(c.name, strings.Replace(base, c.old, c.new, 1), "policies/backup.json", policy)
	}
	if digest(t, base, "policies/backup.json", strings.Replace(policy, "s3:GetObject", "s3:PutObject", 1)) == want {
		t.Error("another session policy does not change the digest")
	}
	for _, c := range []struct{ old, new string }{
		{"name: example,", "name: sample,"}, {"Example Corp", "Example Org"}, {"trustDomain: example.internal", "trustDomain: example.test"},
		{"type: ecdsa-p384", "type: rsa-4096"}, {"lifetime: 3650d", "lifetime: 3651d"}, {"roles: manage", "roles: verify"},
		{"type: ecdsa-p256", "type: rsa-3072"}, {"lifetime: 365d", "lifetime: 366d"}, {"nameConstraint: true", "nameConstraint: false"},
		{"prod.example.net]\n", "prod.example.net, prod.example.org]\n"}, {"certificateLifetime: 24h", "certificateLifetime: 25h"},
		{"sessionDuration: 2h", "sessionDuration: 3h"}, {"rolesPerProfile: 3", "rolesPerProfile: 4"}, {"rolesPerProfile: 3", "rolesPerProfile: 3, sensitiveSessionDuration: 15m"},
		{"team/prod-backup: {workloads: [backup]}", "team/prod-backup: {workloads: [backup], sensitive: true}"},
		{"region: us-east-1", "region: us-east-2"}, {"profile: prod-admin", "profile: admin"}, {"role/ops/anchorctl", "role/anchorctl"},
		{"limits: {certificateLifetime: 24h", "notifications: {caCertificateExpiry: {threshold: 50d}}\n    limits: {certificateLifetime: 24h"},
		{"limits: {certificateLifetime: 24h", "notifications: {endEntityCertificateExpiry: {enabled: true}}\n    limits: {certificateLifetime: 24h"},
		{"probeRole: anchorctl-probe", "probeRole: probe"}, {"certificateLifetime: 12h", "certificateLifetime: 11h"},
		{"dns: [backup.prod.example.internal, prod.example.net]", "dns: [prod.example.net, backup.prod.example.internal]"},
		{"reports: {}", "rapports: {}\n      reports: {}"}, {"team/prod-backup:", "team/prod-backups:"}, {"[reports, backup]", "[reports]"},
		{`"arn:aws:iam::aws:policy/ReadOnlyAccess", `, ""}, {"sessionDuration: 1h", "sessionDuration: 2h"}, {", x509Issuer: [\"*\"]", ""},
		{"  staging:", "  stage:"}, {"rule: ANC303", "rule: ANC308"}, {"until: 2027-03-31", "until: 2027-03-30"}, {"owner: platform", "owner: others"},
	} {
		if !strings.Contains(base, c.old) {
			t.Fatalf("the configuration has no %q", c.old)
		}
		text := strings.Replace(base, c.old, c.new, 1)
		if digest(t, text, "policies/backup.json", policy) == want {
			t.Errorf("%q for %q does not change the digest", c.new, c.old)
		}
	}
}

func TestWhatWasReadCanBeWrittenAndReadAgain(t *testing.T) {
	c, err := parseFull(full(t))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if digest(t, string(text), "policies/backup.json", policy) != digest(t, full(t), "policies/backup.json", policy) {
		t.Errorf("the digest differs after\n%s", text)
	}
}

func TestDurationsKeepTheirTextForm(t *testing.T) {
	for text, want := range map[string]string{
		"3650d": "3650d", "24h": "24h", "1d": "24h", "48h": "2d", "1d12h": "36h", "90m": "1h30m", "2d30m": "2d30m", "3600s": "1h", "36525d": "36525d",
	} {
		d, err := config.ParseDuration(text)
		if err != nil || d.String() != want {
			t.Errorf("%q is %s, %v, want %s", text, d, err, want)
		}
		again, err := config.ParseDuration(d.String())
		if err != nil || again != d {
			t.Errorf("%q does not come back: %s, %v", text, again, err)
		}
	}
	for _, text := range []string{"", "0s", "0d0h", "1", "1w", "1y", "-1h", "1.5h", "1h ", "1m1h", "36526d", "999999d", "99999999h", "1H", "876601h"} {
		if d, err := config.ParseDuration(text); err == nil {
			t.Errorf("%q was read as %s", text, d)
		}
	}
}

func TestProfilesOfTheSameNameInTheSamePlaceAreRefused(t *testing.T) {
	text := small[:len(small)-4] + `
  prod:
    targets: [{account: "111122223333", region: us-east-1}]
    workloads: {w: {}}
    profiles: {eu-backup: {roles: {r1: {workloads: [w]}}}}
  prod-eu:
    targets: [{account: "111122223333", region: us-east-1}]
    workloads: {w: {}}
    profiles: {backup: {roles: {r2: {workloads: [w]}}}}
`
	_, err := config.Parse("a.yaml", []byte(text), noFiles)
	var p *config.Error
	if !errors.As(err, &p) || p.Path != "environments.prod-eu.profiles.backup" || !strings.Contains(p.Message, `"example-prod-eu-backup"`) {
		t.Errorf("got %v", err)
	}
	probed := strings.NewReplacer("backup: {roles: {r2", "probe: {roles: {r2", "prod-eu:", "prod-anchorctl:", "region: us-east-1}", "region: us-east-1, probeRole: p1}").
		Replace(strings.Replace(text, `us-east-1}]`, `us-east-1, probeRole: p2}]`, 1))
	if _, err := config.Parse("a.yaml", []byte(probed), noFiles); !errors.As(err, &p) || !strings.Contains(p.Message, `"example-prod-anchorctl-probe"`) {
		t.Errorf("the probe's: got %v", err)
	}
	elsewhere := strings.Replace(text, "region: us-east-1", "region: us-east-2", 1)
	if _, err := config.Parse("a.yaml", []byte(elsewhere), noFiles); err != nil {
		t.Errorf("in another region: %v", err)
	}
}

// The caps are said twice, here and where certificates are made; this holds
// them equal.
func TestTheCapsAreThoseOfTheCertificates(t *testing.T) {
	for _, test := range []struct {
		key   string
		most  time.Duration
		write func(d config.Duration) string
	}{
		{"root.lifetime", pki.MaxRootLifetime, func(d config.Duration) string { return "lifetime: " + d.String() + "}\nroles" }},
		{"issuer.lifetime", pki.MaxIssuerLifetime, func(d config.Duration) string { return "lifetime: " + d.String() + ", nameConstraint" }},
	} {
		old := map[string]string{"root.lifetime": "lifetime: 3650d}\nroles", "issuer.lifetime": "lifetime: 365d, nameConstraint"}[test.key]
		if _, err := parseFull(strings.Replace(full(t), old, test.write(config.Duration(test.most)), 1)); err != nil {
			t.Errorf("%s at the cap: %v", test.key, err)
		}
		over := config.Duration(test.most + time.Second)
		if _, err := parseFull(strings.Replace(full(t), old, test.write(over), 1)); err == nil {
			t.Errorf("%s of %s is over the cap and was accepted", test.key, over)
		}
	}
}

func TestTheKindsOfKeysAreThoseThatCanBeMade(t *testing.T) {
	accepted := map[string]string{}
	for _, kind := range append(keys.Types(), "ed25519", "ecdsa-p521") {
		for level, old := range map[string]string{"root": "ecdsa-p384", "issuer": "ecdsa-p256"} {
			if _, err := parseFull(strings.Replace(full(t), old, string(kind), 1)); err == nil {
				accepted[level] += " " + string(kind)
			}
		}
	}
	want := map[string]string{"root": " ecdsa-p384 rsa-4096", "issuer": " ecdsa-p256 ecdsa-p384 rsa-3072"}
	if diff := cmp.Diff(want, accepted); diff != "" {
		t.Error(diff)
	}
}
