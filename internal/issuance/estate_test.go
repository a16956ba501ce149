package issuance_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"anchorctl/internal/config"
	"anchorctl/internal/folder"
	"anchorctl/internal/folder/foldertest"
	"anchorctl/internal/plan"
)

func start() time.Time { return foldertest.Start() }

// configuration is that of an estate with two environments.
func configuration() *config.Config {
	limits := config.Limits{CertificateLifetime: config.Duration(24 * time.Hour), SessionDuration: config.Duration(time.Hour)}
	return &config.Config{
		Version: 1,
		Estate:  config.Estate{Name: "example", Organization: "Example Corp", TrustDomain: "example.internal"},
		Environments: map[string]*config.Environment{
			"dev": {Name: "dev", Limits: limits, Workloads: map[string]*config.Workload{"backup": {CertificateLifetime: config.Duration(24 * time.Hour)}}},
			"prod": {
				Name: "prod", Limits: limits, DNSDomains: []string{"prod.example.internal"},
				Targets: []config.Target{{Account: "111122223333", Region: "eu-central-1"}},
				Workloads: map[string]*config.Workload{
					"backup":  {CertificateLifetime: config.Duration(12 * time.Hour), DNS: []string{"backup.prod.example.internal"}},
					"reports": {CertificateLifetime: config.Duration(24 * time.Hour)},
				},
				Profiles: map[string]*config.Profile{
					"backup": {SessionDuration: config.Duration(30 * time.Minute), Roles: map[string]*config.RoleUse{
						"team/prod-backup": {Workloads: []string{"backup"}},
						"prod-restore":     {Workloads: []string{"backup", "reports"}},
					}},
				},
			},
		},
	}
}

// opened opens the estate in a folder, with a clock and a step of the test's own.
func opened(ctx context.Context, dir string, now time.Time, step func(string)) (*folder.Folder, error) {
	return foldertest.Open(ctx, dir, configuration(), now, step)
}

func open(t testing.TB, dir string, now time.Time) *folder.Folder {
	t.Helper()
	return foldertest.Opened(t, dir, configuration(), now, nil)
}

// newEstate makes an estate with an issuer for prod, none for dev.
func newEstate(t testing.TB) string {
	t.Helper()
	return foldertest.New(t, configuration())
}

// addObjects records an anchor and a profile of prod, as an apply does.
func addObjects(t testing.TB, f *folder.Folder, partition string) {
	t.Helper()
	target := plan.Target{Account: "111122223333", Region: "eu-central-1"}
	raw, err := plan.Plan{}.Encode()
	must(t, err)
	digest, err := plan.Plan{}.Digest()
	must(t, err)
	run := plan.Run{ID: "3f0d2c7e-0000-4000-8000-000000000001", Digest: digest, Command: "apply", Actor: "test", Status: plan.Begun, Started: start().Unix()}
	must(t, f.Store.StartRun(t.Context(), run, raw))
	for kind, addr := range map[plan.Kind]plan.Addr{
		plan.AnchorCreate:  plan.Anchor("prod", target),
		plan.ProfileCreate: plan.Profile("prod", "backup", target),
	} {
		a := plan.Action{ID: plan.ID(kind, addr), Kind: kind, Addr: addr, Target: &target}
		intent, err := f.Store.Begin(t.Context(), run.ID, a)
		must(t, err)
		arn := fmt.Sprintf("arn:%s:rolesanywhere:eu-central-1:111122223333:%s/x", partition, addr.Kind)
		must(t, f.Store.Finish(t.Context(), run.ID, intent, a, plan.Outcome{Status: plan.Done, Created: &plan.Object{Addr: addr, ARN: arn, Intent: intent}}))
	}
	must(t, f.Store.EndRun(t.Context(), run.ID, plan.Done))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
