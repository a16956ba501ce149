package prove_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere/types"

	"anchorctl/internal/awsapi"
	"anchorctl/internal/clock"
	"anchorctl/internal/config"
	"anchorctl/internal/durable"
	"anchorctl/internal/estate"
	"anchorctl/internal/folder"
	"anchorctl/internal/keys"
	"anchorctl/internal/ownership"
	"anchorctl/internal/pki"
	"anchorctl/internal/sandbox"
	"anchorctl/internal/sandbox/seed"
	"anchorctl/internal/store"
)

const (
	account = "111122223333"
	region  = "eu-central-1"
	token   = "the-lab-s-token"
)

func start() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// lab is one estate beside one sandbox, with the sandbox's clock.
type lab struct {
	t              *testing.T
	dir, stateHome string
	url            string
}

const trustNobody = `{"Version":"2012-10-17","Statement":[{"Sid":"Team","Effect":"Deny","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

// newLab founds an estate with the configuration beside a fresh sandbox whose
// roles exist and trust nobody.
func newLab(t *testing.T, configuration string, roleNames ...string) *lab {
	t.Helper()
	l := &lab{t: t, dir: t.TempDir(), stateHome: t.TempDir()}
	seeded := &seed.Seed{Accounts: map[string]seed.Account{account: {
		AccessKeys: []seed.AccessKey{{ID: "AKIAEXAMPLELAB", Secret: "sandbox-only"}}, Roles: map[string]seed.Role{},
	}}}
	for _, name := range roleNames {
		seeded.Accounts[account].Roles[name] = seed.Role{MaxSessionDuration: 3600, Trust: trustNobody}
	}
	server, err := sandbox.Serve(t.Context(), sandbox.Options{Seed: seeded, Token: token, Clock: clock.Clock{Now: start}})
	l.must(err)
	l.url = server.URL
	for _, pair := range sandbox.ExecEnv(nil, sandbox.Child{URL: server.URL, Token: token, Key: server.Keys()[0]}) {
		name, value, _ := strings.Cut(pair, "=")
		t.Setenv(name, value)
	}
	l.must(os.WriteFile(filepath.Join(l.dir, "anchorctl.yaml"), []byte(configuration), 0o600))
	l.found()
	return l
}

// applied is a lab whose configuration is applied.
func applied(t *testing.T, configuration string, roleNames ...string) *lab {
	t.Helper()
	l := newLab(t, configuration, roleNames...)
	l.apply()
	return l
}

func (l *lab) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

func (l *lab) deps() folder.Deps {
	return folder.Deps{Dir: l.dir, StateHome: l.stateHome, Clock: l.clock(), Actor: "lab"}
}

// found makes the estate as init does, but guards the root with the generated
// secret.
func (l *lab) found() {
	l.t.Helper()
	d, ctx, lineage := l.deps(), l.t.Context(), "6f1c2f0e-7d0a-4b8e-9a55-0d5f3a1f7a11"
	c, err := config.Load(d.Layout().Config())
	l.must(err)
	l.must(durable.Files{}.MkdirAll(d.Layout().Keys(), 0o700))
	l.must(durable.Files{}.MkdirAll(filepath.Dir(d.Layout().Secret(lineage)), 0o700))
	secret, err := keys.NewSecret()
	l.must(err)
	l.must(durable.Files{}.Create(d.Layout().Secret(lineage), secret.Text(), 0o600))
	s, err := store.Create(ctx, d.Layout().Store(), store.Estate{Lineage: lineage, Name: c.Estate.Name, TrustDomain: c.Estate.TrustDomain}, d.StoreOptions())
	l.must(err)
	key, err := d.Ring(lineage).Create(ctx, "root-1", keys.Type(c.Root.Key.Type), keys.GuardSecret)
	l.must(err)
	cert, err := pki.NewRoot(pki.RootSpec{
		Name: c.Estate.Name, Organization: c.Estate.Organization, Generation: 1, Lifetime: time.Duration(c.Root.Lifetime), Now: start(),
	}, key)
	l.must(err)
	l.must(s.AddGeneration(ctx, store.Generation{Number: 1, Certificate: cert.Raw, KeyURI: key.URI, Guard: string(keys.GuardSecret), Status: store.Active}))
	l.must(s.Close())
}

// clock is the sandbox's own: waiting moves it.
func (l *lab) clock() clock.Clock {
	return clock.Clock{
		Now: func() time.Time {
			var answer struct{ Now time.Time }
			l.must(l.control(http.MethodGet, "clock", nil, &answer))
			return answer.Now.UTC()
		},
		Wait: func(ctx context.Context, d time.Duration) error {
			l.must(l.control(http.MethodPost, "clock", map[string]string{"advance": d.String()}, nil))
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

// world opens the estate until the test ends.
func (l *lab) world() estate.World {
	l.t.Helper()
	f, err := folder.Open(l.t.Context(), l.deps())
	l.must(err)
	l.t.Cleanup(func() { _ = f.Close() }) // nothing is written by closing
	pacer := awsapi.NewPacer(f.Clock)
	return estate.World{Folder: f, Open: func(ctx context.Context, t config.Target) (estate.Cloud, error) {
		target, err := awsapi.Open(ctx, awsapi.Options{
			Account: t.Account, Region: t.Region, NamePrefix: f.Config.Estate.Name + "-", Clock: f.Clock, Pacer: pacer,
		})
		if err != nil {
			return estate.Cloud{}, err
		}
		id, err := target.Identity(ctx)
		return estate.Cloud{
			Account: id.Account, Partition: id.Partition, Bound: id.Bound,
			Anchors: target.Anchors(), Profiles: target.Profiles(), Roles: target.Roles(), Exists: target.Exists,
			CRLs: target.CRLs(),
		}, err
	}}
}

func (l *lab) apply() {
	l.t.Helper()
	_, err := l.world().Apply(l.t.Context(), estate.ApplyOptions{})
	l.must(err)
}

func (l *lab) look() estate.Scene {
	l.t.Helper()
	s, err := l.world().Look(l.t.Context())
	l.must(err)
	return s
}

func (l *lab) cloud() estate.Cloud {
	l.t.Helper()
	c, err := l.world().Open(l.t.Context(), config.Target{Account: account, Region: region})
	l.must(err)
	return c
}

// arn is the ARN of an anchor or a profile of ours.
func (l *lab) arn(addr string) string {
	l.t.Helper()
	found := func(arn string, tags map[string]string) bool { return tags[ownership.TagResource] == addr }
	anchors, err := l.cloud().Anchors.List(l.t.Context(), true)
	l.must(err)
	for _, a := range anchors {
		if found(a.ARN, a.Tags) {
			return a.ARN
		}
	}
	profiles, err := l.cloud().Profiles.List(l.t.Context(), true)
	l.must(err)
	for _, p := range profiles {
		if found(p.ARN, p.Tags) {
			return p.ARN
		}
	}
	l.t.Fatalf("%s is not there", addr)
	return ""
}

// What people do in the account with their own hands, through the AWS SDK.

func (l *lab) sdk() *rolesanywhere.Client {
	l.t.Helper()
	cfg, err := awsconfig.LoadDefaultConfig(l.t.Context(), awsconfig.WithRegion(region))
	l.must(err)
	return rolesanywhere.NewFromConfig(cfg)
}

func (l *lab) setTrust(role, document string) {
	l.t.Helper()
	l.must(l.cloud().Roles.PutTrust(l.t.Context(), role, document))
}

func (l *lab) trust(role string) string {
	l.t.Helper()
	live, err := l.cloud().Roles.Get(l.t.Context(), role)
	l.must(err)
	return live.Trust
}

// issuers are the certificates of our generations, by address.
func (l *lab) certificate(addr string) string {
	l.t.Helper()
	s := l.look()
	i := slices.IndexFunc(s.Issuers, func(g estate.SceneIssuer) bool { return g.Addr.String() == addr })
	if i < 0 {
		l.t.Fatalf("there is no %s", addr)
	}
	return string(pki.EncodePEM(s.Issuers[i].Certificate))
}

func source(bundle string) *types.Source {
	return &types.Source{SourceType: types.TrustAnchorTypeCertificateBundle, SourceData: &types.SourceDataMemberX509CertificateData{Value: bundle}}
}

func (l *lab) makeAnchor(name, bundle string) string {
	l.t.Helper()
	out, err := l.sdk().CreateTrustAnchor(l.t.Context(), &rolesanywhere.CreateTrustAnchorInput{
		Name: aws.String(name), Enabled: aws.Bool(true), Source: source(bundle),
	})
	l.must(err)
	return aws.ToString(out.TrustAnchor.TrustAnchorArn)
}

func (l *lab) fillAnchor(addr, bundle string) {
	l.t.Helper()
	arn := l.arn(addr)
	_, err := l.sdk().UpdateTrustAnchor(l.t.Context(), &rolesanywhere.UpdateTrustAnchorInput{
		TrustAnchorId: aws.String(arn[strings.LastIndex(arn, "/")+1:]), Source: source(bundle),
	})
	l.must(err)
}

func (l *lab) makeProfile(name string, enabled bool, roleNames ...string) string {
	l.t.Helper()
	var arns []string
	for _, role := range roleNames {
		arns = append(arns, "arn:aws:iam::"+account+":role/"+role)
	}
	out, err := l.sdk().CreateProfile(l.t.Context(), &rolesanywhere.CreateProfileInput{
		Name: aws.String(name), Enabled: aws.Bool(enabled), RoleArns: arns, DurationSeconds: aws.Int32(3600),
	})
	l.must(err)
	return aws.ToString(out.Profile.ProfileArn)
}

// environments is a configuration of environments that share an account, each
// with a workload app and a role of its own.
func environments(names ...string) string {
	var b strings.Builder
	b.WriteString("version: 1\nestate: {name: example, organization: Example Corp, trustDomain: example.internal}\nroles: manage\nenvironments:\n")
	for _, name := range names {
		fmt.Fprintf(&b, `  %[1]s:
    targets: [{account: "%[2]s", region: %[3]s}]
    workloads: {app: {}}
    profiles:
      app: {roles: {%[1]s-app: {workloads: [app]}}}
`, name, account, region)
	}
	return b.String()
}
