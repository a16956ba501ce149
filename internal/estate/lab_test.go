package estate_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
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
	"anchorctl/internal/plan"
	"anchorctl/internal/sandbox"
	"anchorctl/internal/sandbox/seed"
	"anchorctl/internal/store"
)

const (
	account = "111122223333"
	token   = "the-lab-s-token"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// lab is one estate beside one sandbox, with the sandbox's clock.
type lab struct {
	dir, stateHome string
	url            string
}

// newLab founds an estate with the configuration in a fresh sandbox whose
// roles exist and trust nobody, by a statement of their team.
func newLab(t *testing.T, configuration string, roleNames ...string) *lab {
	t.Helper()
	l := &lab{dir: t.TempDir(), stateHome: t.TempDir()}
	seeded := &seed.Seed{Accounts: map[string]seed.Account{account: {
		AccessKeys: []seed.AccessKey{{ID: "AKIAEXAMPLELAB", Secret: "sandbox-only"}}, Roles: map[string]seed.Role{},
	}}}
	for _, name := range roleNames {
		seeded.Accounts[account].Roles[name] = seed.Role{MaxSessionDuration: 3600, Trust: trustNobody}
	}
	server, err := sandbox.Serve(t.Context(), sandbox.Options{
		Seed: seeded, Token: token, Clock: clock.Clock{Now: func() time.Time { return start }, Wait: nil},
	})
	if err != nil {
		t.Fatal(err)
	}
	l.url = server.URL
	for _, pair := range sandbox.ExecEnv(nil, sandbox.Child{URL: server.URL, Token: token, Key: server.Keys()[0]}) {
		name, value, _ := strings.Cut(pair, "=")
		t.Setenv(name, value)
	}
	l.write(t, configuration)
	l.found(t)
	return l
}

const trustNobody = `{"Version":"2012-10-17","Statement":[{"Sid":"Team","Effect":"Deny","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

const trustEC2 = `{"Version":"2012-10-17","Statement":[{"Sid":"Team","Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

func (l *lab) write(t *testing.T, configuration string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(l.dir, "anchorctl.yaml"), []byte(configuration), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (l *lab) deps(step func(string)) folder.Deps {
	return folder.Deps{Dir: l.dir, StateHome: l.stateHome, Clock: l.clock(), Step: step, Actor: "lab"}
}

// found makes the estate as init does, but guards the root with the generated
// secret: stretching a passphrase for each of hundreds of runs proves nothing.
func (l *lab) found(t *testing.T) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	d, ctx, lineage := l.deps(nil), t.Context(), "6f1c2f0e-7d0a-4b8e-9a55-0d5f3a1f7a11"
	c, err := config.Load(d.Layout().Config())
	must(err)
	must(durable.Files{}.MkdirAll(d.Layout().Keys(), 0o700))
	must(durable.Files{}.MkdirAll(filepath.Dir(d.Layout().Secret(lineage)), 0o700))
	secret, err := keys.NewSecret()
	must(err)
	must(durable.Files{}.Create(d.Layout().Secret(lineage), secret.Text(), 0o600))
	s, err := store.Create(ctx, d.Layout().Store(), store.Estate{Lineage: lineage, Name: c.Estate.Name, TrustDomain: c.Estate.TrustDomain}, d.StoreOptions())
	must(err)
	key, err := d.Ring(lineage).Create(ctx, "root-1", keys.Type(c.Root.Key.Type), keys.GuardSecret)
	must(err)
	cert, err := pki.NewRoot(pki.RootSpec{
		Name: c.Estate.Name, Organization: c.Estate.Organization, Generation: 1, Lifetime: time.Duration(c.Root.Lifetime), Now: l.clock().Now(),
	}, key)
	must(err)
	must(s.AddGeneration(ctx, store.Generation{
		Number: 1, Certificate: cert.Raw, KeyURI: key.URI, Guard: string(keys.GuardSecret), Status: store.Active,
	}))
	must(s.Close())
}

// clock is the sandbox's own: waiting moves it.
func (l *lab) clock() clock.Clock {
	return clock.Clock{
		Now: func() time.Time {
			var answer struct{ Now time.Time }
			if err := l.control(http.MethodGet, "clock", nil, &answer); err != nil {
				panic(err) // without a clock no test means anything
			}
			return answer.Now.UTC()
		},
		Wait: func(ctx context.Context, d time.Duration) error {
			if err := l.control(http.MethodPost, "clock", map[string]string{"advance": d.String()}, nil); err != nil {
				return err
			}
			return ctx.Err()
		},
	}
}

func (l *lab) control(method, what string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequest(method, l.url+"/_sandbox/"+what, bytes.NewReader(body)) //nolint:noctx // ends with the sandbox
	if err != nil {
		return err
	}
	req.Header.Set(sandbox.HeaderToken, token)
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }() // read to its end below
	raw, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %d %s %w", method, what, answer.StatusCode, raw, err)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(raw, out)
}

func (l *lab) order(t *testing.T, faults ...sandbox.Fault) {
	t.Helper()
	if err := l.control(http.MethodPost, "faults", faults, nil); err != nil {
		t.Fatal(err)
	}
}

func (l *lab) calm(t *testing.T) {
	t.Helper()
	if err := l.control(http.MethodDelete, "faults", nil, nil); err != nil {
		t.Fatal(err)
	}
}

// world opens the estate; the returned function closes it.
func (l *lab) world(ctx context.Context, step func(string)) (estate.World, func(), error) {
	f, err := folder.Open(ctx, l.deps(step))
	if err != nil {
		return estate.World{}, nil, err
	}
	pacer := awsapi.NewPacer(f.Clock)
	w := estate.World{Folder: f, Open: func(ctx context.Context, t config.Target) (estate.Cloud, error) {
		target, err := awsapi.Open(ctx, awsapi.Options{
			Account: t.Account, Region: t.Region, NamePrefix: f.Config.Estate.Name + "-", Clock: f.Clock, Pacer: pacer,
		})
		if err != nil {
			return estate.Cloud{}, err
		}
		id, err := target.Identity(ctx)
		if err != nil {
			return estate.Cloud{}, err
		}
		return estate.Cloud{
			Account: id.Account, Partition: id.Partition, Bound: id.Bound,
			Anchors: target.Anchors(), Profiles: target.Profiles(), Roles: target.Roles(), Exists: target.Exists, CRLs: target.CRLs(), PutRolePolicy: target.PutRolePolicy,
		}, nil
	}}
	return w, func() { _ = f.Close() }, nil // nothing is written by closing
}

func (l *lab) apply(ctx context.Context, o estate.ApplyOptions, step func(string)) (estate.Report, error) {
	w, done, err := l.world(ctx, step)
	if err != nil {
		return estate.Report{}, err
	}
	defer done()
	return w.Apply(ctx, o)
}

func (l *lab) plan(t *testing.T, o estate.Options) estate.Proposal {
	t.Helper()
	w, done, err := l.world(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	p, err := w.Plan(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func ids(actions []plan.Action) []string {
	list := []string{}
	for _, a := range actions {
		list = append(list, a.ID)
	}
	return list
}

// cloud is the account as its administrator sees it.
func (l *lab) cloud(t *testing.T) estate.Cloud {
	t.Helper()
	w, done, err := l.world(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	done()
	c, err := w.Open(t.Context(), config.Target{Account: account, Region: "eu-central-1"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// twoEnvironments is a small estate: two environments that share an account.
func twoEnvironments(roleHandling string) string {
	environment := func(name string) string {
		return fmt.Sprintf(`  %[1]s:
    targets: [{account: "%[2]s", region: eu-central-1}]
    workloads: {app: {}}
    profiles:
      app: {roles: {%[1]s-app: {workloads: [app]}}}
`, name, account)
	}
	return `version: 1
estate: {name: example, organization: Example Corp, trustDomain: example.internal}
roles: ` + roleHandling + `
environments:
` + environment("dev") + environment("prod")
}
