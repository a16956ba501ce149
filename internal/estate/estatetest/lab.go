package estatetest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"anchorctl/internal/awsapi"
	"anchorctl/internal/clock"
	"anchorctl/internal/config"
	"anchorctl/internal/durable"
	"anchorctl/internal/estate"
	"anchorctl/internal/folder"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/sandbox"
	"anchorctl/internal/sandbox/seed"
	"anchorctl/internal/store"
)

const (
	// Account is the account of a laboratory.
	Account = "111122223333"
	// Other is one more, with the same roles, of a laboratory whose configuration names it.
	Other   = "444455556666"
	token   = "the-lab-s-token"
	keyID   = "AKIAEXAMPLELAB"
	otherID = "AKIAEXAMPLEOTHER"
	secret  = "sandbox-only"
	lineage = "6f1c2f0e-7d0a-4b8e-9a55-0d5f3a1f7a11"
)

// TrustNobody is the trust policy of a role that its team has made, and that
// nobody may take yet.
const TrustNobody = `{"Version":"2012-10-17","Statement":[{"Sid":"Team","Effect":"Deny","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

// Start is when a laboratory's time begins.
func Start() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// Lab is one estate beside one sandbox, with the sandbox's clock. Another process
// reaches both with Dir, StateHome and URL alone.
type Lab struct {
	Dir, StateHome string
	URL            string

	// Passes, when set, lives while time passes: it is called after each Step of a
	// wait, and at its end. What it does takes no time.
	Passes func(now time.Time)
	Step   time.Duration

	server  *sandbox.Running
	passing bool

	mu  sync.Mutex
	log func(sandbox.Request)
}

// New founds an estate with the configuration in a fresh sandbox whose roles exist
// and trust nobody.
func New(t testing.TB, configuration string, roleNames ...string) *Lab {
	t.Helper()
	trust := map[string]string{}
	for _, name := range roleNames {
		trust[name] = TrustNobody
	}
	return NewWithTrust(t, configuration, trust)
}

// NewWithTrust is New with roles that have these trust policies.
func NewWithTrust(t testing.TB, configuration string, trust map[string]string) *Lab {
	t.Helper()
	l := &Lab{Dir: folderOf(t), StateHome: folderOf(t)}
	seeded := &seed.Seed{Accounts: map[string]seed.Account{Account: accountOf(keyID, trust)}}
	if strings.Contains(configuration, Other) {
		seeded.Accounts[Other] = accountOf(otherID, trust)
	}
	l.serve(t, sandbox.Options{Seed: seeded})
	l.Write(t, configuration)
	l.found(t)
	return l
}

func accountOf(id string, trust map[string]string) seed.Account {
	a := seed.Account{AccessKeys: []seed.AccessKey{{ID: id, Secret: secret}}, Roles: map[string]seed.Role{}}
	for name, document := range trust {
		a.Roles[name] = seed.Role{MaxSessionDuration: 3600, Trust: document}
	}
	return a
}

// serve starts the sandbox.
func (l *Lab) serve(t testing.TB, o sandbox.Options) {
	t.Helper()
	o.Token, o.Clock = token, clock.Clock{Now: Start}
	o.Log = func(r sandbox.Request) {
		l.mu.Lock()
		hear := l.log
		l.mu.Unlock()
		if hear != nil {
			hear(r)
		}
	}
	server, err := sandbox.Serve(t.Context(), o)
	must(t, err)
	l.server, l.URL = server, server.URL
	l.Reach(t)
}

// Reach points AWS's clients at this laboratory's sandbox, where there are several.
func (l *Lab) Reach(t testing.TB) {
	t.Helper()
	for _, pair := range sandbox.ExecEnv(nil, sandbox.Child{URL: l.URL, Token: token, Key: l.server.Keys()[0]}) {
		name, value, _ := strings.Cut(pair, "=")
		t.Setenv(name, value)
	}
}

// Beside is the estate of another laboratory beside this one's sandbox.
func (l *Lab) Beside(other *Lab) *Lab {
	return &Lab{Dir: other.Dir, StateHome: other.StateHome, URL: l.URL, server: l.server}
}

// Write writes the configuration.
func (l *Lab) Write(t testing.TB, configuration string) {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(l.Dir, "anchorctl.yaml"), []byte(configuration), 0o600))
}

// Deps are what the estate is opened with; step may be nil.
func (l *Lab) Deps(step func(string)) folder.Deps {
	return folder.Deps{
		Dir: l.Dir, StateHome: l.StateHome, Clock: l.Clock(), Step: step, Actor: "lab",
		Passphrase: func(context.Context, bool) ([]byte, error) { return []byte("of a root that is made later"), nil },
	}
}

// found makes the estate as init does, but guards the root with the generated
// secret: stretching a passphrase for each of hundreds of runs proves nothing.
func (l *Lab) found(t testing.TB) {
	t.Helper()
	d, ctx := l.Deps(nil), t.Context()
	c, err := config.Load(d.Layout().Config())
	must(t, err)
	must(t, durable.Files{}.MkdirAll(d.Layout().Keys(), 0o700))
	must(t, durable.Files{}.MkdirAll(filepath.Dir(d.Layout().Secret(lineage)), 0o700))
	generated, err := keys.NewSecret()
	must(t, err)
	must(t, durable.Files{}.Create(d.Layout().Secret(lineage), generated.Text(), 0o600))
	s, err := store.Create(ctx, d.Layout().Store(), store.Estate{Lineage: lineage, Name: c.Estate.Name, TrustDomain: c.Estate.TrustDomain}, d.StoreOptions())
	must(t, err)
	key, err := d.Ring(lineage).Create(ctx, "root-1", keys.Type(c.Root.Key.Type), keys.GuardSecret)
	must(t, err)
	cert, err := pki.NewRoot(pki.RootSpec{
		Name: c.Estate.Name, Organization: c.Estate.Organization, Generation: 1, Lifetime: time.Duration(c.Root.Lifetime), Now: l.Now(),
	}, key)
	must(t, err)
	must(t, s.AddGeneration(ctx, store.Generation{
		Number: 1, Certificate: cert.Raw, KeyURI: key.URI, Guard: string(keys.GuardSecret), Status: store.Active,
	}))
	must(t, s.Close())
}

// World opens the estate and its way to the sandbox; the returned function closes
// it.
func (l *Lab) World(ctx context.Context, step func(string)) (estate.World, func(), error) {
	f, err := folder.Open(ctx, l.Deps(step))
	if err != nil {
		return estate.World{}, nil, err
	}
	pacer := awsapi.NewPacer(f.Clock)
	w := estate.World{Folder: f, Open: func(ctx context.Context, t config.Target) (estate.Cloud, error) {
		o := awsapi.Options{Account: t.Account, Region: t.Region, NamePrefix: f.Config.Estate.Name + "-", Clock: f.Clock, Pacer: pacer}
		if t.Account == Other {
			o.Only = &awsapi.Place{URL: l.URL, KeyID: otherID, Secret: secret}
		}
		target, err := awsapi.Open(ctx, o)
		if err != nil {
			return estate.Cloud{}, err
		}
		id, err := target.Identity(ctx)
		if err != nil {
			return estate.Cloud{}, err
		}
		return target.Cloud(id), nil
	}}
	return w, func() { _ = f.Close() }, nil // nothing is written by closing
}

// Open is World until the test ends.
func (l *Lab) Open(t testing.TB) estate.World {
	t.Helper()
	w, done, err := l.World(t.Context(), nil)
	must(t, err)
	t.Cleanup(done)
	return w
}

// Cloud is the account in a region, as its administrator sees it.
func (l *Lab) Cloud(t testing.TB, region string) estate.Cloud {
	t.Helper()
	w, done, err := l.World(t.Context(), nil)
	must(t, err)
	done()
	c, err := w.Open(t.Context(), config.Target{Account: Account, Region: region})
	must(t, err)
	return c
}

// Apply applies the estate; step may be nil.
func (l *Lab) Apply(ctx context.Context, o estate.ApplyOptions, step func(string)) (estate.Report, error) {
	w, done, err := l.World(ctx, step)
	if err != nil {
		return estate.Report{}, err
	}
	defer done()
	return w.Apply(ctx, o)
}

// folderOf is a folder until the test ends.
func folderOf(t testing.TB) string {
	t.Helper()
	memory := inMemory()
	if memory == "" {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp(memory, "anchorctl-lab-")
	must(t, err)
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
