package rehearse

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/config"
	"anchorctl/internal/durable"
	"anchorctl/internal/estate"
	"anchorctl/internal/folder"
	"anchorctl/internal/plan"
	"anchorctl/internal/roles"
)

const everything = `version: 1
estate: {name: example, organization: Example Corp, trustDomain: example.internal}
root: {key: {type: rsa-4096}, lifetime: 3650d}
roles: verify
environments:
  dev:
    targets: [{account: "444455556666", region: eu-central-1}]
    workloads: {app: {}}
    profiles: {app: {roles: {dev-app: {workloads: [app]}}}}
  prod:
    issuer: {key: {type: ecdsa-p384}, lifetime: 200d, nameConstraint: true}
    dnsDomains: [prod.example.internal]
    limits: {certificateLifetime: 36h, sessionDuration: 2h, sensitiveSessionDuration: 30m, renewalInterval: 15m, rolesPerProfile: 2}
    crl: {interval: 12h, validity: 3d}
    targets:
      - {account: "111122223333", region: eu-central-1, credentials: {profile: prod-admin}, probeRole: probes/probe}
      - {account: "222233334444", region: us-east-1, credentials: {assumeRole: "arn:aws:iam::222233334444:role/ops"}}
    workloads:
      backup: {certificateLifetime: 12h, dns: [backup.prod.example.internal]}
      reports: {}
    profiles:
      backup:
        roles: {team/prod-backup: {workloads: [backup], sensitive: true}}
        sessionPolicy: policies/backup.json
        sessionDuration: 30m
        managedPolicies: ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
        attributeMappings: {x509Issuer: [CN], x509SAN: [URI, DNS], x509Subject: [CN, OU]}
      reports:
        roles: {prod-reports: {workloads: [reports, backup]}}
        sessionDuration: 2h
waivers:
  - {rule: ANC303, at: role/111122223333/team/prod-backup, reason: migration, owner: platform, until: 2027-03-31}
`

// loaded is the configuration as a file would be read.
func loaded(t *testing.T) *config.Config {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "policies"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"anchorctl.yaml":       everything,
		"policies/backup.json": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::backups/*"}]}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := config.Load(filepath.Join(dir, "anchorctl.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func dates() cmp.Option {
	return cmp.Comparer(func(a, b config.Date) bool { return a.Time().Equal(b.Time()) })
}

func TestTheCopiedConfigurationIsTheEnvironmentsPart(t *testing.T) {
	real := loaded(t)
	d := &double{
		Options: Options{World: estate.World{Folder: &folder.Folder{Config: real}}, Environment: "prod"},
		deps:    folder.Deps{Dir: t.TempDir()},
	}
	if err := (durable.Files{}).MkdirAll(d.deps.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, handling := range []config.RoleHandling{config.Manage, config.Verify} {
		if err := d.configure(handling); err != nil {
			t.Fatal(err)
		}
		copied, err := config.Load(d.deps.Layout().Config())
		if err != nil {
			t.Fatal(err)
		}
		want := loaded(t)
		delete(want.Environments, "dev")
		want.Roles = handling
		want.Environments["prod"].Targets[0].Credentials, want.Environments["prod"].Targets[1].Credentials = nil, nil
		want.Environments["prod"].Profiles["backup"].SessionPolicy = "policy-backup.json"
		if diff := cmp.Diff(want, copied, dates()); diff != "" {
			t.Error(diff)
		}
	}
	if diff := cmp.Diff(loaded(t), real, dates()); diff != "" {
		t.Errorf("copying changed the real one:\n%s", diff)
	}
}

func TestTheSandboxHasTheRolesAsTheyAre(t *testing.T) {
	c := loaded(t)
	backup, probe := plan.Role("111122223333", "team/prod-backup"), plan.Role("111122223333", "probes/probe")
	n := original{roles: map[plan.Addr]roles.Live{
		backup: {
			Name: "prod-backup", Path: "/team/", Exists: true, MaxSessionSeconds: 7200, Tags: map[string]string{"team": "backup"},
			Permissions: roles.Permissions{
				Attached: []string{"arn:aws:iam::111122223333:policy/team/own", "arn:aws:iam::111122223333:policy/unread", "arn:aws:iam::aws:policy/ReadOnlyAccess"},
				Policies: []roles.Policy{{Name: "s3", Document: "inline"}, {Name: "own", ARN: "arn:aws:iam::111122223333:policy/team/own", Document: "own"}},
			},
		},
		probe: {Name: "probe"}, // it is not there
	}}
	seed := n.seed(c.Environments["prod"])
	account := seed.Accounts["111122223333"]
	role := account.Roles["team/prod-backup"]
	if diff := cmp.Diff([]string{"arn:aws:iam::111122223333:policy/team/own", "arn:aws:iam::aws:policy/ReadOnlyAccess"}, role.AttachedPolicies); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]string{"team/own": "own"}, account.Policies); diff != "" {
		t.Error(diff)
	}
	if role.MaxSessionDuration != 7200 || role.Tags["team"] != "backup" || role.InlinePolicies["s3"] != "inline" || role.Trust != "" {
		t.Errorf("the role is %+v", role)
	}
	if _, there := account.Roles["probes/probe"]; there {
		t.Error("a role that is not in AWS is in the sandbox")
	}
	// A role that was not read is as the configuration wants it: its sessions may be as long as the longest.
	if got := seed.Accounts["222233334444"].Roles["prod-reports"].MaxSessionDuration; got != 7200 {
		t.Errorf("the longest session of a role that was not read is %d", got)
	}
}

func TestTrustPoliciesNameTheCopysAnchors(t *testing.T) {
	here := plan.Target{Account: "111122223333", Region: "eu-central-1"}
	there := plan.Target{Account: "111122223333", Region: "us-east-1"}
	role := plan.Role("111122223333", "app")
	n := original{
		anchors: map[plan.Target]string{here: "arn:real/1", there: "arn:real/2"},
		roles: map[plan.Addr]roles.Live{
			role:                                {Exists: true, Trust: `["arn:real/1","arn:real/2","arn:foreign/1"]`},
			plan.Role("111122223333", "absent"): {Trust: "nothing"},
		},
	}
	got := n.trusts(map[plan.Target]string{here: "arn:copy/1"})
	if diff := cmp.Diff(map[plan.Addr]string{role: `["arn:copy/1","arn:real/2","arn:foreign/1"]`}, got); diff != "" {
		t.Error(diff)
	}
}
