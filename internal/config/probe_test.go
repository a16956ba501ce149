package config_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/config"
	"anchorctl/internal/plan"
)

const probing = `
version: 1
estate: {name: example, organization: Example Corp, trustDomain: example.internal}
environments:
  prod:
    limits: {certificateLifetime: 12h}
    targets:
      - {account: "111122223333", region: eu-central-1, probeRole: probe}
      - {account: "111122223333", region: eu-west-1, probeRole: other/probe2}
      - {account: "111122223333", region: us-east-1}
      - {account: "444455556666", region: eu-central-1, probeRole: probe}
    workloads: {backup: {}}
    profiles: {backup: {roles: {prod-backup: {workloads: [backup]}}}}
  dev:
    targets: [{account: "111122223333", region: eu-central-1}]
    workloads: {backup: {}}
    profiles: {backup: {roles: {dev-backup: {workloads: [backup]}}}}
`

func TestTheProbeIsAtTheTargetsThatNameARoleForIt(t *testing.T) {
	c, err := config.Parse("a.yaml", []byte(probing), noFiles)
	if err != nil {
		t.Fatal(err)
	}
	prod, dev := c.Environments["prod"], c.Environments["dev"]
	shown := func(list []config.NamedProfile) string {
		var all []string
		for _, p := range list {
			for _, role := range p.RoleNames() {
				all = append(all, fmt.Sprintf("%s: %s by %s for %s", p.Name, role, strings.Join(p.Roles[role].Workloads, " "), p.SessionDuration))
			}
		}
		return strings.Join(all, "\n")
	}
	at := func(account, region string) string {
		return shown(prod.ProfilesAt(plan.Target{Account: account, Region: region}))
	}
	const backup, one, two = "backup: prod-backup by backup for 1h", "anchorctl-probe: probe by anchorctl-probe for 15m", "anchorctl-probe: other/probe2 by anchorctl-probe for 15m"
	for _, test := range []struct{ name, got, want string }{
		{"at a target with a probe role", at("111122223333", "eu-central-1"), one + "\n" + backup},
		{"at one with another", at("111122223333", "eu-west-1"), two + "\n" + backup},
		{"at one without", at("111122223333", "us-east-1"), backup},
		{"in an account with two", shown(prod.ProfilesIn("111122223333")), one + "\n" + two + "\n" + backup},
		{"in an account with one", shown(prod.ProfilesIn("444455556666")), one + "\n" + backup},
		{"anywhere", shown(prod.ProfilesIn("")), one + "\n" + two + "\n" + backup},
		{"in an environment without", shown(dev.ProfilesIn("")), "backup: dev-backup by backup for 1h"},
		{"who holds certificates", fmt.Sprint(prod.Holders(), dev.Holders()), "[anchorctl-probe backup] [backup]"},
		{"who is written in the file", fmt.Sprint(prod.WorkloadNames(), prod.ProfileNames()), "[backup] [backup]"},
		{"how long its certificates live", prod.LifetimeOf(config.ProbeWorkload).String(), time.Hour.String()},
		{"how long they live where there is none", dev.LifetimeOf(config.ProbeWorkload).String(), "0s"},
		{"the longest lifetime", prod.LongestLifetime().String() + " " + dev.LongestLifetime().String(), "12h0m0s 24h0m0s"},
		{"which roles are the probe's", fmt.Sprint(prod.IsProbe(plan.Role("444455556666", "probe")), prod.IsProbe(plan.Role("444455556666", "other/probe2")),
			prod.IsProbe(plan.Role("111122223333", "prod-backup"))), "true false false"},
	} {
		if diff := cmp.Diff(test.want, test.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
	if p := prod.ProfileAt(plan.Target{Account: "111122223333", Region: "us-east-1"}, config.ProbeProfile); p != nil {
		t.Errorf("a target without a probe role has %v", p.RoleNames())
	}
}

func TestTheProbeKeepsToTheLimits(t *testing.T) {
	c, err := config.Parse("a.yaml", []byte(strings.Replace(probing, "certificateLifetime: 12h", "certificateLifetime: 30m", 1)), noFiles)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Environments["prod"].LifetimeOf(config.ProbeWorkload); got != 30*time.Minute {
		t.Errorf("its certificates live %s, want 30m", got)
	}
}
