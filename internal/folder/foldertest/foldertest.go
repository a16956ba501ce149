package foldertest

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
	"anchorctl/internal/store"
)

// Lineage is that of every estate which is made here.
const Lineage = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"

// environment is the one that has an issuer.
const environment = "prod"

// Start is when estates are made.
func Start() time.Time { return time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC) }

// Open opens the estate in a folder the way folder.Open does, but for its
// configuration, at a time that only its own waiting moves. step, when set, is
// called before every step of store and files that a crash could fall on.
func Open(ctx context.Context, dir string, c *config.Config, now time.Time, step func(string)) (*folder.Folder, error) {
	moving := clock.Clock{
		Now:  func() time.Time { return now },
		Wait: func(ctx context.Context, d time.Duration) error { now = now.Add(d); return ctx.Err() },
	}
	s, err := store.Open(ctx, filepath.Join(dir, "state.db"), store.Options{Now: moving.Now, Wait: moving.Wait, Step: step, Actor: "test"})
	if err != nil {
		return nil, err
	}
	estate, err := s.Estate(ctx)
	if err != nil {
		return nil, err
	}
	files := durable.Files{Step: step}
	return &folder.Folder{
		Dir: dir, Config: c, Store: s, Clock: moving, Files: files, Actor: "test", Estate: estate,
		Ring: &keys.Ring{Dir: filepath.Join(dir, "keys"), Files: files, Secret: func(context.Context) (keys.Secret, error) {
			text, err := os.ReadFile(filepath.Join(dir, "secret"))
			if err != nil {
				return keys.Secret{}, err
			}
			return keys.ParseSecret(text)
		}},
	}, nil
}

// Opened is Open for as long as a test runs.
func Opened(t testing.TB, dir string, c *config.Config, now time.Time, step func(string)) *folder.Folder {
	t.Helper()
	f, err := Open(context.Background(), dir, c, now, step)
	must(t, err)
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// New makes an estate with a root and an issuer for prod, and none for the other
// environments.
func New(t testing.TB, c *config.Config) (dir string) {
	t.Helper()
	dir = t.TempDir()
	secret, err := keys.NewSecret()
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "secret"), secret.Text(), 0o600))
	e := store.Estate{Lineage: Lineage, Name: c.Estate.Name, TrustDomain: c.Estate.TrustDomain}
	s, err := store.Create(t.Context(), filepath.Join(dir, "state.db"), e, store.Options{Now: Start})
	must(t, err)
	must(t, s.Close())
	f, err := Open(t.Context(), dir, c, Start(), nil)
	must(t, err)
	key, err := f.Ring.Create(t.Context(), "root-1", keys.P384, keys.GuardSecret)
	must(t, err)
	root, err := pki.NewRoot(pki.RootSpec{
		Name: c.Estate.Name, Organization: c.Estate.Organization, Generation: 1, Lifetime: 3650 * 24 * time.Hour, Now: Start(),
	}, key)
	must(t, err)
	add(t, f, "", 1, root, key.URI, store.Active)
	AddIssuer(t, f, 1, store.Active)
	must(t, f.Close())
	return dir
}

// AddIssuer makes a generation of prod's issuer, and returns it with its key.
func AddIssuer(t testing.TB, f *folder.Folder, number int, status string) pki.Parent {
	t.Helper()
	key, err := f.Ring.Create(t.Context(), fmt.Sprintf("issuer-%s-%d", environment, number), keys.P256, keys.GuardSecret)
	must(t, err)
	c, err := pki.NewIssuer(pki.IssuerSpec{
		Environment: environment, Generation: number, Organization: f.Config.Estate.Organization, TrustDomain: f.Config.Estate.TrustDomain,
		DNSDomains: f.Config.Environments[environment].DNSDomains, Lifetime: 365 * 24 * time.Hour, Now: Start(),
	}, key.Public(), root(t, f))
	must(t, err)
	add(t, f, environment, number, c, key.URI, status)
	return pki.Parent{Certificate: c, Key: key}
}

func root(t testing.TB, f *folder.Folder) pki.Parent {
	t.Helper()
	g, _, err := f.Store.Active(t.Context(), "")
	must(t, err)
	key, err := f.Ring.Open(t.Context(), g.KeyURI, keys.GuardSecret)
	must(t, err)
	c, err := x509.ParseCertificate(g.Certificate)
	must(t, err)
	return pki.Parent{Certificate: c, Key: key}
}

func add(t testing.TB, f *folder.Folder, env string, number int, c *x509.Certificate, uri, status string) {
	t.Helper()
	must(t, f.Store.AddGeneration(t.Context(), store.Generation{
		Environment: env, Number: number, Certificate: c.Raw, KeyURI: uri, Guard: string(keys.GuardSecret), Status: status,
	}))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
