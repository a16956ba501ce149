package issuance_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"anchorctl/internal/clock"
	"anchorctl/internal/config"
	"anchorctl/internal/durable"
	"anchorctl/internal/folder"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
	"anchorctl/internal/store"
)

func start() time.Time { return time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC) }

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

// opened opens the estate in a folder the way folder.Open does, with a clock and
// a step of the test's own.
func opened(ctx context.Context, dir string, now time.Time, step func(string)) (*folder.Folder, error) {
	c := clock.Clock{
		Now:  func() time.Time { return now },
		Wait: func(ctx context.Context, d time.Duration) error { now = now.Add(d); return ctx.Err() },
	}
	s, err := store.Open(ctx, filepath.Join(dir, "state.db"), store.Options{Now: c.Now, Wait: c.Wait, Step: step, Actor: "test"})
	if err != nil {
		return nil, err
	}
	estate, err := s.Estate(ctx)
	if err != nil {
		return nil, err
	}
	files := durable.Files{Step: step}
	return &folder.Folder{
		Dir: dir, Config: configuration(), Store: s, Clock: c, Files: files, Actor: "test", Estate: estate,
		Ring: &keys.Ring{Dir: filepath.Join(dir, "keys"), Files: files, Secret: func(context.Context) (keys.Secret, error) {
			text, err := os.ReadFile(filepath.Join(dir, "secret"))
			if err != nil {
				return keys.Secret{}, err
			}
			return keys.ParseSecret(text)
		}},
	}, nil
}

// newEstate makes an estate with an issuer for prod, none for dev.
func newEstate(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	secret, err := keys.NewSecret()
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "secret"), secret.Text(), 0o600))
	s, err := store.Create(t.Context(), filepath.Join(dir, "state.db"),
		store.Estate{Lineage: "6f9619ff-8b86-4d01-b42d-00cf4fc964ff", Name: "example", TrustDomain: "example.internal"},
		store.Options{Now: start})
	must(t, err)
	must(t, s.Close())
	f := open(t, dir, start())
	root, err := f.Ring.Create(t.Context(), "root-1", keys.P384, keys.GuardSecret)
	must(t, err)
	rootCert, err := pki.NewRoot(pki.RootSpec{Name: "example", Organization: "Example Corp", Generation: 1, Lifetime: 3650 * 24 * time.Hour, Now: start()}, root)
	must(t, err)
	addGeneration(t, f, "", 1, rootCert, root.URI)
	issuer, err := f.Ring.Create(t.Context(), "issuer-prod-1", keys.P256, keys.GuardSecret)
	must(t, err)
	issuerCert, err := pki.NewIssuer(pki.IssuerSpec{Environment: "prod", Generation: 1, Organization: "Example Corp", TrustDomain: "example.internal",
		DNSDomains: []string{"prod.example.internal"}, Lifetime: 365 * 24 * time.Hour, Now: start()}, issuer.Public(),
		pki.Parent{Certificate: rootCert, Key: root})
	must(t, err)
	addGeneration(t, f, "prod", 1, issuerCert, issuer.URI)
	return dir
}

func addGeneration(t testing.TB, f *folder.Folder, env string, number int, c *x509.Certificate, uri string) {
	t.Helper()
	must(t, f.Store.AddGeneration(t.Context(), store.Generation{Environment: env, Number: number, Certificate: c.Raw,
		KeyURI: uri, Guard: string(keys.GuardSecret), Status: store.Active}))
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

func open(t testing.TB, dir string, now time.Time) *folder.Folder {
	t.Helper()
	f, err := opened(context.Background(), dir, now, nil)
	must(t, err)
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
