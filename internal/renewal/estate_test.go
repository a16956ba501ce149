package renewal_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"anchorctl/internal/clock"
	"anchorctl/internal/config"
	"anchorctl/internal/durable"
	"anchorctl/internal/folder"
	"anchorctl/internal/issuance"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/store"
)

func start() time.Time { return time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC) }

const lineage = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"

// configuration is that of an estate with a workload that lives twelve hours.
func configuration() *config.Config {
	day := config.Duration(24 * time.Hour)
	return &config.Config{
		Version: 1,
		Estate:  config.Estate{Name: "example", Organization: "Example Corp", TrustDomain: "example.internal"},
		Environments: map[string]*config.Environment{"prod": {
			Name: "prod", Limits: config.Limits{CertificateLifetime: day, SessionDuration: config.Duration(time.Hour)},
			Workloads: map[string]*config.Workload{"backup": {CertificateLifetime: day / 2}, "reports": {CertificateLifetime: day}},
		}},
	}
}

// opened opens the estate in a folder at a time, with a step of the test's own.
func opened(ctx context.Context, dir string, now time.Time, step func(string)) (*folder.Folder, error) {
	c := clock.Clock{
		Now:  func() time.Time { return now },
		Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
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

// newEstate makes an estate with an issuer, and issues a certificate at start.
func newEstate(t testing.TB) (dir, out string) {
	t.Helper()
	dir = t.TempDir()
	secret, err := keys.NewSecret()
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "secret"), secret.Text(), 0o600))
	s, err := store.Create(t.Context(), filepath.Join(dir, "state.db"),
		store.Estate{Lineage: lineage, Name: "example", TrustDomain: "example.internal"}, store.Options{Now: start})
	must(t, err)
	must(t, s.Close())
	f := open(t, dir, start())
	root, err := f.Ring.Create(t.Context(), "root-1", keys.P384, keys.GuardSecret)
	must(t, err)
	rootCert, err := pki.NewRoot(pki.RootSpec{Name: "example", Organization: "Example Corp", Generation: 1, Lifetime: 3650 * 24 * time.Hour, Now: start()}, root)
	must(t, err)
	issuer, err := f.Ring.Create(t.Context(), "issuer-prod-1", keys.P256, keys.GuardSecret)
	must(t, err)
	issuerCert, err := pki.NewIssuer(pki.IssuerSpec{Environment: "prod", Generation: 1, Organization: "Example Corp", TrustDomain: "example.internal",
		Lifetime: 365 * 24 * time.Hour, Now: start()}, issuer.Public(), pki.Parent{Certificate: rootCert, Key: root})
	must(t, err)
	for _, g := range []store.Generation{
		{Environment: "", Certificate: rootCert.Raw, KeyURI: root.URI}, {Environment: "prod", Certificate: issuerCert.Raw, KeyURI: issuer.URI},
	} {
		g.Number, g.Guard, g.Status = 1, string(keys.GuardSecret), store.Active
		must(t, f.Store.AddGeneration(t.Context(), g))
	}
	r, err := issuance.Issue(t.Context(), f, issuance.Request{Environment: "prod", Workload: "backup"})
	must(t, err)
	return dir, filepath.Dir(r.KeyFile)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
