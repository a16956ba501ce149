package config_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/config"
)

const policy = `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}`

func full(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("testdata/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// files reads from a map, under the folder "estate".
func files(named map[string]string) func(string) ([]byte, error) {
	return func(path string) ([]byte, error) {
		text, ok := named[path]
		if !ok {
			return nil, fmt.Errorf("open %s: %w", path, os.ErrNotExist)
		}
		return []byte(text), nil
	}
}

func parseFull(text string) (*config.Config, error) {
	return config.Parse("estate/anchorctl.yaml", []byte(text), files(map[string]string{"estate/policies/backup.json": policy}))
}

func TestTheFullConfigurationIsReadWithItsDefaults(t *testing.T) {
	c, err := parseFull(full(t))
	if err != nil {
		t.Fatal(err)
	}
	prod, staging := c.Environments["prod"], c.Environments["staging"]
	yes := true
	day := 24 * config.Duration(time.Hour)
	want := &config.Environment{
		Name:       "staging",
		Issuer:     config.IssuerSpec{Key: config.KeySpec{Type: "ecdsa-p256"}, Lifetime: 365 * day, NameConstraint: &yes},
		DNSDomains: []string{"staging.example.internal"},
		Limits: config.Limits{
			CertificateLifetime: 7 * day, SessionDuration: day / 2, SensitiveSessionDuration: day / 48, RolesPerProfile: 5},
		CRL: config.CRLSpec{Interval: day, Validity: 7 * day},
		Notifications: config.Notifications{
			CACertificateExpiry:        config.NotificationSetting{Enabled: &yes, Threshold: 47 * day},
			EndEntityCertificateExpiry: config.NotificationSetting{Enabled: new(bool)},
		},
		Targets:   []config.Target{{Account: "444455556666", Region: "eu-central-1"}},
		Workloads: map[string]*config.Workload{"backup": {CertificateLifetime: day}},
		Profiles: map[string]*config.Profile{"backup": {
			Roles:             map[string]*config.RoleUse{"staging-backup": {Workloads: []string{"backup"}}},
			SessionDuration:   day / 24,
			AttributeMappings: map[string][]string{"x509Subject": {"CN", "OU"}, "x509SAN": {"URI"}},
		}},
	}
	if diff := cmp.Diff(want, staging); diff != "" {
		t.Error(diff)
	}
	mapped := map[string][]string{"x509Subject": {"CN", "OU"}, "x509SAN": {"Name/*", "URI"}, "x509Issuer": {"*"}}
	if diff := cmp.Diff(mapped, prod.Profiles["backup"].AttributeMappings); diff != "" {
		t.Error(diff)
	}
	for _, got := range []struct {
		what      string
		got, want any
	}{
		{"the session policy", prod.Profiles["backup"].SessionPolicyDocument, policy},
		{"the lifetime of backup", prod.LifetimeOf("backup"), 12 * time.Hour},
		{"the lifetime of reports", prod.LifetimeOf("reports"), 24 * time.Hour},
		{"the lifetime of nobody", prod.LifetimeOf("nobody"), time.Duration(0)},
		{"the duration of backup", prod.DurationOf("backup"), time.Hour},
		{"the environments", fmt.Sprint(c.EnvironmentNames()), "[prod staging]"},
		{"the workloads", fmt.Sprint(prod.WorkloadNames()), "[backup reports]"},
		{"the profiles", fmt.Sprint(prod.ProfileNames()), "[backup reports]"},
		{"the roles", fmt.Sprint(prod.Profiles["backup"].RoleNames()), "[team/prod-backup]"},
		{"an anchor's name", c.AnchorName("prod"), "example-prod"},
		{"a profile's name", c.ProfileName("prod", "backup"), "example-prod-backup"},
		{"the waiver's end", c.Waivers[0].Until.String(), "2027-03-31"},
	} {
		if got.got != got.want {
			t.Errorf("%s is %v, want %v", got.what, got.got, got.want)
		}
	}
}

func TestAWaiverHoldsUntilTheEndOfItsLastDay(t *testing.T) {
	c, err := parseFull(full(t))
	if err != nil {
		t.Fatal(err)
	}
	end := time.Date(2027, 4, 1, 0, 0, 0, 0, time.UTC)
	if w := c.Waivers[0]; !w.Valid(end.Add(-time.Second)) || w.Valid(end) {
		t.Errorf("it is valid a second before %s: %v, then: %v", end, w.Valid(end.Add(-time.Second)), w.Valid(end))
	}
}

func TestWhatTheServicesWouldRefuseIsRefusedAtItsPlace(t *testing.T) {
	long := strings.Repeat("a", 300)
	for _, test := range []struct {
		name, old, new string
		at             string // where the problem is: the first place of this text
		message        string
	}{
		{"another version", "version: 1", "version: 2", "2", "reads version 1"},
		{"a version that is text", "version: 1", `version: "1"`, `"1"`, "expected a number, found text"},
		{"a version with a leading zero", "version: 1", "version: 01", "01", "expected a whole number"},
		{"no estate", "estate: {", "esttate: {", "version", `the key "estate" is missing`},
		{"an estate's name in capitals", "name: example", "name: Example", "Example", "must be a lower-case letter"},
		{"an estate's name of 33 characters", "name: example", "name: " + long[:33], long[:33], "must be a lower-case letter"},
		{"a comma in the organization", "Example Corp", `"Example, Inc"`, `"Example,`, `holds ','`},
		{"an organization of 65 characters", "Example Corp", long[:65], long[:65], "is too long"},
		{"white space at the end of the organization", "Example Corp", `"Example "`, `"Example "`, "white space"},
		{"an organization that is a number", "Example Corp", "42", "42", "expected text, found a number (42)"},
		{"a trust domain in capitals", "trustDomain: example.internal", "trustDomain: Example.internal", "Example.internal", "lower case"},
		{"a trust domain with a scheme", "trustDomain: example.internal", `trustDomain: "spiffe://example.internal"`, `"spiffe`, "without a scheme"},
		{"a trust domain that is an address", "trustDomain: example.internal", "trustDomain: 192.0.2.1", "192.0.2.1", "IP address"},
		{"a trust domain with an underscore", "trustDomain: example.internal", "trustDomain: my_example.internal", "my_example", "no host name"},
		{"a trust domain with a port", "trustDomain: example.internal", `trustDomain: "example.internal:8443"`, `"example.internal:8443"`, "no host name"},
		{"a trust domain that ends in a dot", "trustDomain: example.internal", "trustDomain: example.internal.", "example.internal.", "end in a dot"},
		{"a trust domain of 182 characters", "trustDomain: example.internal", "trustDomain: " + strings.Repeat("a.", 90) + "ab", "a.a.a", "too long"},
		{"a root with a weaker key", "root: {key: {type: ecdsa-p384}", "root: {key: {type: ecdsa-p256}", "ecdsa-p256", "must be ecdsa-p384 or rsa-4096 for a root"},
		{"a root of 26 years", "lifetime: 3650d", "lifetime: 9490d", "9490d", "longer than 9125d"},
		{"a lifetime without a unit", "lifetime: 3650d", "lifetime: 3650", "3650}", "found the number 3650"},
		{"a lifetime in years", "lifetime: 3650d", "lifetime: 10y", "10y", "must be whole days"},
		{"a lifetime of nothing", "lifetime: 3650d", "lifetime: 0d", "0d", "longer than nothing"},
		{"roles handled otherwise", "roles: manage", "roles: mangae", "mangae", `must be "verify" or "manage"`},
		{"a store in PostgreSQL", "store: .anchorctl/state.db", "store: postgres://db/anchorctl", "postgres:", "not supported in this version"},
		{"a store elsewhere", "store: .anchorctl/state.db", "store: /var/lib/state.db", "/var", `must be ".anchorctl/state.db"`},
		{"revocation lists every minute", "limits: {certificateLifetime: 24h", "crl: {interval: 1m}\n    limits: {certificateLifetime: 24h", "1m}", "shorter than 10m"},
		{"revocation lists that die before they are warned about", "limits: {certificateLifetime: 24h", "crl: {interval: 4d, validity: 7d}\n    limits: {certificateLifetime: 24h", "7d}", "two of those"},
		{"a distribution point over LDAP", "limits: {certificateLifetime: 24h", "crl: {distributionPoint: \"ldap://x/y\"}\n    limits: {certificateLifetime: 24h", "\"ldap", "no http or https URL"},
		{"a distribution point with a query", "limits: {certificateLifetime: 24h", "crl: {distributionPoint: \"http://x/y?z\"}\n    limits: {certificateLifetime: 24h", "\"http://x", "more than a host and a path"},
		{"a distribution point with a slash at its end", "limits: {certificateLifetime: 24h", "crl: {distributionPoint: \"http://x/\"}\n    limits: {certificateLifetime: 24h", "\"http://x", "end in a slash"},
		{"a check of no distribution point", "limits: {certificateLifetime: 24h", "crl: {checkDistributionPoint: true}\n    limits: {certificateLifetime: 24h", "true}\n    limits", "no distribution point"},
		{"a notification less than a day before", "limits: {certificateLifetime: 24h", "notifications: {caCertificateExpiry: {threshold: 12h}}\n    limits: {certificateLifetime: 24h", "12h}}\n    limits", "shorter than 24h"},
		{"a notification more than 360 days before", "limits: {certificateLifetime: 24h", "notifications: {endEntityCertificateExpiry: {threshold: 361d}}\n    limits: {certificateLifetime: 24h", "361d", "longer than 360d"},
		{"a notification in part of a day", "limits: {certificateLifetime: 24h", "notifications: {caCertificateExpiry: {threshold: 36h}}\n    limits: {certificateLifetime: 24h", "36h", "not a number of whole days"},
		{"a threshold of nothing", "limits: {certificateLifetime: 24h", "notifications: {caCertificateExpiry: {enabled: false, threshold: 50d}}\n    limits: {certificateLifetime: 24h", "50d}}", "says nothing of a notification that is disabled"},
		{"a notification of another event", "limits: {certificateLifetime: 24h", "notifications: {crlExpiry: {enabled: true}}\n    limits: {certificateLifetime: 24h", "crlExpiry", "crlExpiry"},
		{"an environment in capitals", "  staging:", "  Staging:", "Staging", "the name of an environment"},
		{"a root that is somebody else's and has a key", "root: {key: {type: ecdsa-p384}, lifetime: 3650d}", "root: {certificate: policies/backup.json, lifetime: 3650d}", "3650d}", "its key and its lifetime are what they are"},
		{"a root that is the copy of the root", "root: {key: {type: ecdsa-p384}, lifetime: 3650d}", "root: {certificate: ./root.pem}", "./root.pem", "root.pem is the copy"},
		{"a root outside", "root: {key: {type: ecdsa-p384}, lifetime: 3650d}", "root: {certificate: ../root.pem}", "../root.pem", "stays below it"},
		{"a root that is not there", "root: {key: {type: ecdsa-p384}, lifetime: 3650d}", "root: {certificate: corp.pem}", "corp.pem", "reading the root's certificate: open estate/corp.pem"},
		{"an environment that is called like the root", "  staging:", "  root:", "root:\n    dnsDomains: [staging", `"root" is what commands such as "rotate start root" call the estate's root`},
		{"an environment whose name ends in a hyphen", "  staging:", "  staging-:", "staging-:", "cannot end in a hyphen"},
		{"a workload whose name ends in a hyphen", "workloads: {backup: {}}", "workloads: {backup: {}, backup-: {}}", "backup-:", `"backup-" cannot end in a hyphen`},
		{"an environment of nothing", "  staging:\n    dnsDomains: [staging.example.internal]\n    targets: [{account: \"444455556666\", region: eu-central-1}]\n    workloads: {backup: {}}\n    profiles:\n      backup: {roles: {staging-backup: {workloads: [backup]}}}", "  staging:", "staging", "expected a mapping, found nothing"},
		{"an issuer's key that is too weak", "type: ecdsa-p256", "type: rsa-2048", "rsa-2048", "must be ecdsa-p256, ecdsa-p384 or rsa-3072"},
		{"an issuer of three years", "lifetime: 365d", "lifetime: 1095d", "1095d", "longer than 730d"},
		{"an issuer that outlives the root", "lifetime: 3650d", "lifetime: 364d", "365d", "would outlive the root"},
		{"a truth value in words", "nameConstraint: true", "nameConstraint: yes", "yes", "expected true or false, found text"},
		{"a DNS domain that is a wildcard", "dnsDomains: [prod.example.internal", `dnsDomains: ["*.prod.example.internal"`, `"*.prod`, "must not be a wildcard"},
		{"a DNS domain twice", "prod.example.net]\n", "prod.example.internal]\n", "prod.example.internal]", "a second time"},
		{"a DNS domain below another environment's", "dnsDomains: [staging.example.internal]", "dnsDomains: [staging.prod.example.net]", "staging.prod", `lies in "prod.example.net", which is environment prod's`},
		{"a DNS domain in another environment's trust domain", "dnsDomains: [staging.example.internal]", "dnsDomains: [prod.example.internal]", "prod.example.internal]\n    targets: [{", "environment prod's"},
		{"a certificate limit above the issuer's lifetime", "certificateLifetime: 24h", "certificateLifetime: 366d", "366d", "longer than 365d"},
		{"a session limit over the service's", "sessionDuration: 2h", "sessionDuration: 13h", "13h", "longer than 12h"},
		{"a sensitive limit that is not short", "rolesPerProfile: 3", "sensitiveSessionDuration: 61m", "61m", "longer than 1h"},
		{"a sensitive limit under the service's least", "rolesPerProfile: 3", "sensitiveSessionDuration: 14m", "14m", "15m"},
		{"a sensitivity in words", "roles: {team/prod-backup: {workloads: [backup]}}", "roles: {team/prod-backup: {workloads: [backup], sensitive: very}}", "very", "expected true or false, found text"},
		{"a negative limit", "rolesPerProfile: 3", "rolesPerProfile: -3", "-3", "expected a whole number from 1"},
		{"a limit of more roles than the service takes", "rolesPerProfile: 3", "rolesPerProfile: 251", "251", "at most 250 roles"},
		{"no target", `targets: [{account: "444455556666", region: eu-central-1}]`, "targets: []", "[]", "at least one account and region"},
		{"targets left out", `targets: [{account: "444455556666", region: eu-central-1}]`, "", "dnsDomains: [staging", `the key "targets" is missing`},
		{"an account without quotes", `account: "444455556666"`, "account: 444455556666", "444455556666", "expected text, found a number (444455556666)"},
		{"an account that begins with a zero, without quotes", `account: "444455556666"`, "account: 012345678901", "012345678901", "expected text, found a number (012345678901)"},
		{"an account that reads as an octal number", `account: "444455556666"`, "account: 012345670123", "012345670123", "expected text, found a number (012345670123)"},
		{"an account of 11 digits", `account: "444455556666"`, `account: "44445555666"`, `"44445555666"`, "the 12 digits"},
		{"an account with hyphens", `account: "444455556666"`, `account: 4444-5555-6666`, `4444-`, "the 12 digits"},
		{"a zone for a region", "region: us-east-1", "region: us-east-1a", "us-east-1a", "must be the code of an AWS region"},
		{"a target twice", "region: us-east-1", "region: eu-central-1", "account: \"111122223333\"\n", "are a target of this environment already"},
		{"credentials that say nothing", "credentials: {profile: prod-admin}", "credentials: {}", "{}", "says nothing"},
		{"credentials of another account", "iam::111122223333:role/ops", "iam::444455556666:role/ops", `"arn:aws:iam::444455556666:role`, "the role is of account 444455556666, the target is account 111122223333"},
		{"a role to assume that is no ARN", `assumeRole: "arn:aws:iam::111122223333:role/ops/anchorctl"`, "assumeRole: anchorctl", "anchorctl}", "must be the ARN of a role"},
		{"a probe role that is an ARN", "probeRole: anchorctl-probe", `probeRole: "arn:aws:iam::111122223333:role/x"`, `"arn:aws:iam::111122223333:role/x`, "is an ARN"},
		{"a probe role that the environment maps", "probeRole: anchorctl-probe", "probeRole: team/prod-backup", "team/prod-backup}", "also mapped by profile backup of environment prod"},
		{"a probe role that differs from a mapped one in path and case", "probeRole: anchorctl-probe", "probeRole: x/PROD-Backup", "x/PROD-Backup}", "also mapped by profile backup of environment prod"},
		{"a probe role that another environment maps", `targets: [{account: "444455556666", region: eu-central-1}]`,
			`targets: [{account: "111122223333", region: eu-west-1, probeRole: prod-reports}]`, "prod-reports}]", "also mapped by profile reports of environment prod"},
		{"a probe role of two environments", `targets: [{account: "444455556666", region: eu-central-1}]`,
			`targets: [{account: "111122223333", region: eu-west-1, probeRole: ANCHORCTL-probe}]`, "ANCHORCTL-probe}]", "also the probe role of environment prod"},
		{"a probe role that is written in two ways", "region: us-east-1\n", "region: us-east-1\n        probeRole: x/anchorctl-probe\n", "x/anchorctl-probe", `also written as "anchorctl-probe"`},
		{"a workload by the probe's name", "      reports: {}", "      anchorctl-probe: {}", "anchorctl-probe: {}", "the name of the built-in probe workload"},
		{"a profile by the probe's name", "      reports:\n        roles", "      anchorctl-probe:\n        roles", "anchorctl-probe:\n", "the name of the built-in probe profile"},
		{"a role for the probe", "workloads: [reports, backup]", "workloads: [reports, anchorctl-probe]", "anchorctl-probe]", `has no workload "anchorctl-probe"`},
		{"a workload with an underscore", "      reports: {}", "      my_reports: {}", "my_reports", "the name of a workload"},
		{"a certificate longer than the limit", "certificateLifetime: 12h", "certificateLifetime: 25h", "25h", "longer than the environment's limit of 24h"},
		{"a certificate longer than a week, without a limit", "workloads: {backup: {}}", "workloads: {backup: {certificateLifetime: 8d}}", "8d", "longer than the environment's limit of 7d"},
		{"a certificate of a minute", "certificateLifetime: 12h", "certificateLifetime: 1m", "1m", "shorter than 5m"},
		{"a DNS name outside the environment's domains", "dns: [backup.prod.example.internal", "dns: [backup.example.internal", "backup.example.internal", "under none of the environment's dnsDomains"},
		{"a DNS name that only ends like the domain", "dns: [backup.prod.example.internal", "dns: [backupprod.example.internal", "backupprod.example.internal", "under none of the environment's dnsDomains"},
		{"a DNS name twice", "dns: [backup.prod.example.internal, prod.example.net]", "dns: [prod.example.net, prod.example.net]", "prod.example.net]}", "a second time"},
		{"a text for a list", "dns: [backup.prod.example.internal, prod.example.net]", "dns: prod.example.net", "prod.example.net}", "expected a list, found text"},
		{"a profile without roles", "roles: {team/prod-backup: {workloads: [backup]}}", "roles: {}", "{}\n        sessionPolicy", "gives no session"},
		{"a profile with roles left out", "roles: {team/prod-backup: {workloads: [backup]}}", "", "sessionPolicy", `the key "roles" is missing`},
		{"a role without workloads", "workloads: [reports, backup]", "workloads: []", "[]", "no workload may take the role [ANC203]"},
		{"a role with workloads left out", "{team/prod-backup: {workloads: [backup]}}", "{team/prod-backup: {}}", "{}}", `the key "workloads" is missing`},
		{"a role for a workload that is not there", "workloads: [reports, backup]", "workloads: [report, backup]", "report, backup", `environment prod has no workload "report"`},
		{"a role for a workload of another environment", "staging-backup: {workloads: [backup]}", "staging-backup: {workloads: [reports]}", "reports]}}}", `environment staging has no workload "reports"`},
		{"a role for the same workload twice", "workloads: [reports, backup]", "workloads: [backup, backup]", "backup]\n  staging", "a second time"},
		{"a role for all workloads", "workloads: [reports, backup]", `workloads: ["*"]`, `"*"]` + "\n  staging", `has no workload "*"`},
		{"a role with a wildcard", "team/prod-backup: {", "team/prod-*: {", "team/prod-*", "wildcard"},
		{"a role that is an ARN", "team/prod-backup: {", `"arn:aws:iam::111122223333:role/x": {`, `"arn:aws:iam::111122223333:role/x`, "is an ARN"},
		{"a role that begins with a slash", "team/prod-backup: {", "/team/prod-backup: {", "/team", "begin with a slash"},
		{"a role with an empty piece of path", "team/prod-backup: {", "team//prod-backup: {", "team//", "no role's path and name"},
		{"a role's name of 65 characters", "team/prod-backup: {", "team/" + long[:65] + ": {", "team/aa", "no role's path and name"},
		{"a role's path of 513 characters", "team/prod-backup: {", long + "/" + long[:210] + "/x: {", "aaaa", "path of more than 512"},
		{"a role with other workloads in another profile", "prod-reports:", "team/prod-backup:", "team/prod-backup:\n", "lists other workloads"},
		{"a session longer than the limit", "sessionDuration: 1h", "sessionDuration: 3h", "3h", "longer than the environment's limit of 2h"},
		{"a session shorter than the service gives", "sessionDuration: 1h", "sessionDuration: 14m59s", "14m59s", "shorter than 15m"},
		{"a managed policy without an ARN", `"arn:aws:iam::aws:policy/ReadOnlyAccess"`, "ReadOnlyAccess", "ReadOnlyAccess", "must be the ARN of a managed policy"},
		{"a managed policy of another account", "iam::111122223333:policy/team", "iam::444455556666:policy/team", `"arn:aws:iam::444455556666:policy`, "the policy is of account 444455556666"},
		{"a managed policy of 201 characters", "arn:aws:iam::111122223333:policy/team/narrow", "arn:aws:iam::111122223333:policy/" + long[:168], `"arn:aws:iam::111122223333:policy`, "more than 200 characters"},
		{"a managed policy twice", "arn:aws:iam::111122223333:policy/team/narrow", "arn:aws:iam::aws:policy/ReadOnlyAccess", `"arn:aws:iam::aws:policy/ReadOnlyAccess"]`, "a second time"},
		{"a mapping without OU", "x509Subject: [OU, CN]", "x509Subject: [CN]", "[CN]", "without x509Subject/OU no trust policy can tell the environment"},
		{"a mapping without URI", "x509SAN: [URI, Name]", "x509SAN: [DNS]", "[DNS]", "without x509SAN/URI no trust policy can tell the workload"},
		{"a mapping of nothing", "x509Subject: [OU, CN]", "x509Subject: []", "[]", "without x509Subject/OU"},
		{"a mapping of an unknown field", "x509Issuer: [", "x509Serial: [", "x509Serial", `no field "x509Serial"`},
		{"a specifier of 61 characters", "x509Subject: [OU, CN]", "x509Subject: [OU, " + long[:61] + "]", long[:61], "more than 60 characters"},
		{"a specifier twice", "x509Subject: [OU, CN]", "x509Subject: [OU, OU]", "OU]", "a second time"},
		{"a specifier that SANs do not have", "x509SAN: [URI, Name]", "x509SAN: [URI, EMAIL]", "EMAIL", "must be DNS, URI, Name/*"},
		{"a specifier with a slash", "x509Subject: [OU, CN]", "x509Subject: [OU, CN/x]", "CN/x", "must be * or an attribute"},
		{"a session policy outside", "sessionPolicy: policies/backup.json", "sessionPolicy: ../backup.json", "../backup", "stays below it"},
		{"a session policy by an absolute path", "sessionPolicy: policies/backup.json", "sessionPolicy: /etc/backup.json", "/etc/", "stays below it"},
		{"a session policy that is not there", "sessionPolicy: policies/backup.json", "sessionPolicy: policies/back.json", "policies/back.json", "open estate/policies/back.json"},
		{"a waiver of no rule", "rule: ANC303", "rule: ANC", "ANC", "number of a rule"},
		{"a waiver at no address", "at: role/111122223333/team/prod-backup", "at: prod-backup", "prod-backup, reason", "is no address"},
		{"a waiver without a reason", "reason: migration, ", "", "{rule", `the key "reason" is missing`},
		{"a waiver with an empty owner", "owner: platform", `owner: ""`, `""`, "is empty"},
		{"a waiver until no day", "until: 2027-03-31", "until: 2027-02-30", "2027-02-30", "must be a day"},
	} {
		t.Run(test.name, func(t *testing.T) {
			original := full(t)
			if !strings.Contains(original, test.old) {
				t.Fatalf("the configuration has no %q", test.old)
			}
			text := strings.Replace(original, test.old, test.new, 1)
			_, err := parseFull(text)
			var list *config.Errors
			if !errors.As(err, &list) {
				t.Fatalf("it was accepted, or refused with %v", err)
			}
			line, column := placeOf(t, text, test.at)
			for _, p := range list.Problems {
				if strings.Contains(p.Message, test.message) {
					if p.Line != line || p.Column != column {
						t.Errorf("%q is at %d:%d, want %d:%d\n%s", p.Message, p.Line, p.Column, line, column, p.Excerpt)
					}
					return
				}
			}
			t.Errorf("no problem says %q:\n%v", test.message, err)
		})
	}
}

func placeOf(t *testing.T, text, part string) (line, column int) {
	t.Helper()
	before, _, found := strings.Cut(text, part)
	if !found {
		t.Fatalf("the configuration has no %q", part)
	}
	last := before[strings.LastIndexByte(before, '\n')+1:]
	return strings.Count(before, "\n") + 1, len([]rune(last)) + 1
}
