package vetting_test

import (
	"context"
	"crypto"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"anchorctl/internal/ceremony"
	"anchorctl/internal/clock"
	"anchorctl/internal/folder"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/store"
	"anchorctl/internal/vetting"
)

func now() time.Time { return time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC) }

// begin makes an estate with the configuration, or with a starter of dev and
// prod.
func begin(t *testing.T, configuration string) *folder.Folder {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	dir, state := t.TempDir(), t.TempDir()
	c := clock.Clock{Now: now, Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
	pass := func(context.Context, bool) ([]byte, error) { return []byte("correct horse battery staple"), nil }
	options := ceremony.Options{Dir: dir, StateHome: state, Clock: c, Actor: "test", Passphrase: pass}
	if configuration == "" {
		options.Name, options.Organization, options.TrustDomain = "example", "Example Corp", "example.internal"
		options.Environments = []string{"dev", "prod"}
	} else {
		must(os.WriteFile(filepath.Join(dir, "anchorctl.yaml"), []byte(configuration), 0o600))
	}
	_, err := ceremony.Init(t.Context(), options)
	must(err)
	f, err := folder.Open(t.Context(), folder.Deps{Dir: dir, StateHome: state, Clock: c, Actor: "test", Passphrase: pass})
	must(err)
	t.Cleanup(func() { must(f.Close()) })
	return f
}

// open makes an estate with two generations of prod's issuer and one of dev's.
func open(t *testing.T) *folder.Folder {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	f := begin(t, "")
	parent, err := ceremony.Root(t.Context(), f)
	must(err)
	for _, g := range []struct {
		environment string
		number      int
		status      string
	}{{"dev", 1, store.Active}, {"prod", 1, store.Retired}, {"prod", 2, store.Active}} {
		key, err := f.Ring.Create(t.Context(), "issuer-"+g.environment+"-"+string(rune('0'+g.number)), keys.P256, keys.GuardSecret)
		must(err)
		cert, err := pki.NewIssuer(pki.IssuerSpec{
			Environment: g.environment, Generation: g.number, Organization: f.Config.Estate.Organization,
			TrustDomain: f.Config.Estate.TrustDomain, Lifetime: 24 * time.Hour, Now: now(),
		}, key.Public(), parent)
		must(err)
		must(f.Store.AddGeneration(t.Context(), store.Generation{
			Environment: g.environment, Number: g.number, Certificate: cert.Raw, KeyURI: key.URI,
			Guard: string(keys.GuardSecret), Status: g.status,
		}))
	}
	return f
}

func TestWhatAnEstateKnows(t *testing.T) {
	f := open(t)
	for _, c := range []struct {
		name, environment, want string
	}{
		{"for nobody, every issuer is spoken for", "", "issuer/dev#1 issuer/prod#1(retired) issuer/prod#2"},
		{"for prod, its own active one is free", "prod", "issuer/dev#1 issuer/prod#1(retired)"},
		{"for dev, prod's are not", "dev", "issuer/prod#1(retired) issuer/prod#2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, err := vetting.Estate(t.Context(), f, c.environment)
			if err != nil {
				t.Fatal(err)
			}
			if len(e.Roots) != 1 || !e.Roots[0].IsCA {
				t.Errorf("%d roots", len(e.Roots))
			}
			var names []string
			for _, u := range e.Others {
				name := u.By
				if u.Retired {
					name += "(retired)"
				}
				if u.Certificate == nil {
					t.Errorf("%s has no certificate", u.By)
				}
				names = append(names, name)
			}
			if got := strings.Join(names, " "); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	if _, err := vetting.Estate(t.Context(), f, "nowhere"); err == nil || !strings.Contains(err.Error(), `no environment "nowhere"; there are dev, prod`) {
		t.Errorf("got %v", err)
	}
}

func TestFormerRootsAreProofUntilTheyAreRetired(t *testing.T) {
	root := func(number int, status string) store.Generation {
		cert, err := pki.NewRoot(pki.RootSpec{Name: "example", Organization: "Example Corp", Generation: number, Lifetime: 24 * time.Hour, Now: now()}, signer(t))
		if err != nil {
			t.Fatal(err)
		}
		return store.Generation{Number: number, Certificate: cert.Raw, Status: status}
	}
	e, err := vetting.Known([]store.Generation{
		root(1, store.Retired), root(2, store.Draining), root(3, store.Active), root(4, store.Next),
	}, "prod")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range e.Roots {
		names = append(names, c.Subject.CommonName)
	}
	if got, want := strings.Join(names, ", "), "example root 2, example root 3, example root 4"; got != want {
		t.Errorf("the roots that prove are %q, want %q", got, want)
	}
	if len(e.Others) != 1 || e.Others[0].By != "root#1" || !e.Others[0].Retired {
		t.Errorf("spoken for are %v, want root#1 alone, which is retired", e.Others)
	}
}

func signer(t *testing.T) crypto.Signer {
	t.Helper()
	key, err := keys.Generate(keys.P384)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestWhatAnEstateKnowsOfChains(t *testing.T) {
	f := open(t)
	e, err := vetting.Chain(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	if len(e.Roots) != 1 {
		t.Errorf("%d roots", len(e.Roots))
	}
	var names []string
	for _, i := range e.Issuers {
		name := i.By + " of " + i.Environment
		if i.Retired {
			name += "(retired)"
		}
		if i.Certificate == nil || i.TrustDomain != "example.internal" || i.Limit != time.Duration(f.Config.Environments[i.Environment].Limits.CertificateLifetime) {
			t.Errorf("%s: %+v", name, i)
		}
		names = append(names, name)
	}
	if got, want := strings.Join(names, ", "), "issuer/dev#1 of dev, issuer/prod#1 of prod(retired), issuer/prod#2 of prod"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
