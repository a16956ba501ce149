package vetting_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/folder"
	"anchorctl/internal/grants"
	"anchorctl/internal/plan"
	"anchorctl/internal/vetting"
)

const (
	here      = "111122223333"
	there     = "444455556666"
	anchorOne = "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/11111111-2222-3333-4444-555555555555"
	anchorTwo = "arn:aws:rolesanywhere:eu-central-1:444455556666:trust-anchor/22222222-2222-3333-4444-555555555555"
	anchorDev = "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/33333333-2222-3333-4444-555555555555"
)

// record makes what an apply would have recorded.
func record(t *testing.T, f *folder.Folder, objects ...plan.Object) {
	t.Helper()
	ctx := t.Context()
	const run = "run-1"
	digest, err := plan.DigestOf(map[string]any{})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Store.StartRun(ctx, plan.Run{ID: run, Command: "apply", Digest: digest}, []byte(`{}`)); err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		a, err := plan.NewAction(plan.AnchorCreate, o.Addr, nil, map[string]any{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		intent, err := f.Store.Begin(ctx, run, a)
		if err != nil {
			t.Fatal(err)
		}
		o.Intent = intent
		if err := f.Store.Finish(ctx, run, intent, a, plan.Outcome{Status: plan.Done, Created: &o}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTrust(t *testing.T) {
	f := begin(t, `version: 1
estate: {name: example, organization: Example Corp, trustDomain: example.internal}
environments:
  dev:
    targets: [{account: "111122223333", region: eu-central-1}]
    workloads: {app: {}}
    profiles: {app: {roles: {dev-app: {workloads: [app]}}}}
  prod:
    targets: [{account: "111122223333", region: eu-central-1}, {account: "444455556666", region: eu-central-1, probeRole: probe}]
    workloads: {app: {}, batch: {}}
    profiles:
      app: {roles: {team/prod-app: {workloads: [app]}}}
      both: {roles: {team/prod-app: {workloads: [app]}, prod-batch: {workloads: [batch]}}, attributeMappings: {x509Subject: [OU]}}
`)
	at := func(env, account string) plan.Addr {
		return plan.Anchor(env, plan.Target{Account: account, Region: "eu-central-1"})
	}
	record(t, f, plan.Object{Addr: at("prod", here), ARN: anchorOne}, plan.Object{Addr: at("prod", there), ARN: anchorTwo},
		plan.Object{Addr: at("dev", here), ARN: anchorDev})
	app, batch, probe := "spiffe://prod.example.internal/app", "spiffe://prod.example.internal/batch", "spiffe://prod.example.internal/anchorctl-probe"
	byDefault := map[string][]string{"x509Subject": {"CN", "OU"}, "x509SAN": {"URI"}}
	for _, c := range []struct {
		name string
		role vetting.Role
		want grants.TrustCase
	}{
		{"an environment of one account", vetting.Role{Environment: "dev"},
			grants.TrustCase{Account: here, Anchors: []string{anchorDev}, Workloads: []string{"spiffe://dev.example.internal/app"}}},
		{"an environment of two accounts", vetting.Role{Environment: "prod"},
			grants.TrustCase{Anchors: []string{anchorOne, anchorTwo}, Workloads: []string{probe, app, batch}}},
		{"one of its accounts", vetting.Role{Environment: "prod", Account: there},
			grants.TrustCase{Account: there, Anchors: []string{anchorTwo}, Workloads: []string{probe, app, batch}}},
		{"a probe role", vetting.Role{Environment: "prod", Account: there, Name: "probe"},
			grants.TrustCase{Account: there, Anchors: []string{anchorTwo}, Workloads: []string{probe}, Mappings: map[string]map[string][]string{"anchorctl-probe": byDefault}}},
		{"a role of two profiles", vetting.Role{Environment: "prod", Account: here, Name: "team/prod-app"},
			grants.TrustCase{Account: here, Anchors: []string{anchorOne}, Workloads: []string{app},
				Mappings: map[string]map[string][]string{"app": byDefault, "both": {"x509Subject": {"OU"}, "x509SAN": {"URI"}}}}},
	} {
		got, err := vetting.Trust(t.Context(), f, c.role)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
	for want, role := range map[string]vetting.Role{
		`there is no environment "stage"; there are dev, prod`:                                   {Environment: "stage"},
		`the environment "dev" has no target in account 444455556666; it has some in ` + here:    {Environment: "dev", Account: there},
		`no profile of the environment "prod" hands out a role "probe"; they hand out`:           {Environment: "prod", Account: here, Name: "probe"},
		`no profile of the environment "dev" hands out a role "prod-app"; they hand out dev-app`: {Environment: "dev", Name: "prod-app"},
	} {
		if _, err := vetting.Trust(t.Context(), f, role); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
