package denial

import (
	"context"
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"anchorctl/internal/anchors"
	"anchorctl/internal/config"
	"anchorctl/internal/crls"
	"anchorctl/internal/estate"
	"anchorctl/internal/pki"
	"anchorctl/internal/pki/pkitest"
	"anchorctl/internal/plan"
	"anchorctl/internal/profiles"
	"anchorctl/internal/roles"
	"anchorctl/internal/store"
)

const (
	account    = "111122223333"
	region     = "eu-central-1"
	prodAnchor = "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/00000000-0000-4000-8000-000000000001"
	devAnchor  = "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/00000000-0000-4000-8000-000000000002"
	prodARN    = "arn:aws:rolesanywhere:eu-central-1:111122223333:profile/00000000-0000-4000-8000-000000000003"
	toolsARN   = "arn:aws:rolesanywhere:eu-central-1:111122223333:profile/00000000-0000-4000-8000-000000000004"
	devARN     = "arn:aws:rolesanywhere:eu-central-1:111122223333:profile/00000000-0000-4000-8000-000000000005"
	backupRole = "arn:aws:iam::111122223333:role/prod-backup"
)

// configuration has two environments in one account, and in prod two profiles.
const configuration = `version: 1
estate: {name: example, organization: Example Corp, trustDomain: example.internal}
roles: manage
environments:
  prod:
    targets: [{account: "111122223333", region: eu-central-1}]
    workloads: {backup: {}, reports: {}}
    profiles:
      backup: {roles: {prod-backup: {workloads: [backup]}}}
      tools: {roles: {prod-tools: {workloads: [reports]}}}
  dev:
    targets: [{account: "111122223333", region: eu-central-1}]
    workloads: {backup: {}}
    profiles: {backup: {roles: {dev-backup: {workloads: [backup]}}}}
`

// place is an account and region that stands still: it can be read, and
// whoever changes something in it fails the test.
type place struct {
	anchors  []anchors.Live
	profiles []profiles.Live
	crls     []estate.CRL
	roles    map[string]roles.Live
	fail     map[string]error // by what is read: anchors, profiles, crls, roles, open
}

var errChanged = errors.New("explaining changes nothing")

type anchorList struct{ p *place }

func (a anchorList) List(context.Context, bool) ([]anchors.Live, error) {
	return a.p.anchors, a.p.fail["anchors"]
}
func (anchorList) Create(context.Context, anchors.New) (anchors.Live, error) {
	return anchors.Live{}, errChanged
}
func (anchorList) Change(context.Context, string, anchors.Change) error { return errChanged }
func (anchorList) Delete(context.Context, string) error                 { return errChanged }

type profileList struct{ p *place }

func (l profileList) List(context.Context, bool) ([]profiles.Live, error) {
	return l.p.profiles, l.p.fail["profiles"]
}
func (profileList) Create(context.Context, profiles.New) (profiles.Live, error) {
	return profiles.Live{}, errChanged
}
func (profileList) Change(context.Context, string, profiles.Change) error { return errChanged }
func (profileList) Delete(context.Context, string) error                  { return errChanged }

type roleList struct {
	roles.API // what explaining does not use is not there

	p *place
}

func (l roleList) Get(_ context.Context, name string) (roles.Live, error) {
	if live, ok := l.p.roles[name]; ok {
		return live, l.p.fail["roles"]
	}
	return roles.Live{Name: name}, l.p.fail["roles"]
}

type crlList struct {
	crls.API // reading is all that is asked of it

	p *place
}

func (l crlList) List(context.Context, bool) ([]crls.Live, error) {
	var all []crls.Live
	for _, one := range l.p.crls {
		all = append(all, crls.Live{ARN: one.ARN, AnchorARN: one.AnchorARN, Enabled: one.Enabled, Data: one.Data})
	}
	return all, l.p.fail["crls"]
}

func (p *place) open(context.Context, string, plan.Target) (estate.Cloud, error) {
	return estate.Cloud{
		Account: account, Partition: "aws", Anchors: anchorList{p}, Profiles: profileList{p}, Roles: roleList{p: p},
		CRLs: crlList{p: p},
	}, p.fail["open"]
}

// lab is an estate whose prod/backup is given prod-backup.
type lab struct {
	k     *Estate
	place *place
	made  *pkitest.Estate
	leaf  pkitest.Cert
	c     Case // of prod/backup, for prod-backup
}

func newLab(t testing.TB, options ...pkitest.Option) *lab {
	t.Helper()
	cfg, err := config.Parse("anchorctl.yaml", []byte(configuration), nil)
	if err != nil {
		t.Fatal(err)
	}
	l := &lab{made: pkitest.NewEstate(t, "prod", "dev"), k: &Estate{Config: cfg}}
	at := plan.Target{Account: account, Region: region}
	for addr, arn := range map[plan.Addr]string{
		plan.Anchor("prod", at): prodAnchor, plan.Anchor("dev", at): devAnchor, plan.Profile("prod", "backup", at): prodARN,
		plan.Profile("prod", "tools", at): toolsARN, plan.Profile("dev", "backup", at): devARN,
	} {
		l.k.objects = append(l.k.objects, plan.Object{Addr: addr, ARN: arn})
	}
	for _, env := range []string{"dev", "prod"} {
		l.k.issuers = append(l.k.issuers, issuer{plan.Issuer(env, 1), l.made.Issuers[env].Certificate, store.Active})
	}
	l.place = l.live()
	l.leaf = l.made.Leaf(t, "prod", "backup", options...)
	l.c = Case{Leaf: l.leaf.Certificate, Key: l.leaf.Key.Public(), Time: pkitest.Now()}
	return l
}

// live is what the configuration makes of the account.
func (l *lab) live() *place {
	bundle := func(env string) string { return string(pki.EncodePEM(l.made.Issuers[env].Certificate)) }
	mappings := profiles.Mappings{"x509Subject": {"CN", "OU"}, "x509SAN": {"URI"}}
	profile := func(arn string, roleNames ...string) profiles.Live {
		live := profiles.Live{ARN: arn, Enabled: true, DurationSeconds: 3600, Mappings: mappings}
		for _, name := range roleNames {
			live.RoleARNs = append(live.RoleARNs, "arn:aws:iam::111122223333:role/"+name)
		}
		return live
	}
	role := func(env, name string) roles.Live {
		pin := l.k.pin(env, plan.Role(account, name))
		return roles.Live{Name: name, Path: "/", ARN: "arn:aws:iam::111122223333:role/" + name, Exists: true, MaxSessionSeconds: 3600, Trust: string(trustDocument(pin))}
	}
	return &place{
		anchors: []anchors.Live{
			{ARN: prodAnchor, Enabled: true, SourceType: anchors.SourceBundle, Bundle: bundle("prod")},
			{ARN: devAnchor, Enabled: true, SourceType: anchors.SourceBundle, Bundle: bundle("dev")},
		},
		profiles: []profiles.Live{profile(prodARN, "prod-backup"), profile(toolsARN, "prod-tools"), profile(devARN, "dev-backup")},
		roles: map[string]roles.Live{
			"prod-backup": role("prod", "prod-backup"), "prod-tools": role("prod", "prod-tools"), "dev-backup": role("dev", "dev-backup"),
		},
		fail: map[string]error{},
	}
}

// explain explains what names mean.
func (l *lab) explain(t testing.TB, choice Choice) Result {
	t.Helper()
	cases, err := l.k.Cases(l.c, choice)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Explainer{Estate: l.k, Open: l.place.open, Must: true, Now: pkitest.Now()}.Explain(t.Context(), cases)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// alone explains what ARNs mean, without an estate.
func (l *lab) alone(t testing.TB, anchor, profile, role string) Result {
	t.Helper()
	c, err := l.c.ARNs(anchor, profile, role)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Explainer{Open: l.place.open, Now: pkitest.Now()}.Explain(t.Context(), []Case{c})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func backup() Choice { return Choice{Environment: "prod", Role: "prod-backup"} }

func chain(n int, c *x509.Certificate) []*x509.Certificate {
	var all []*x509.Certificate
	for range n {
		all = append(all, c)
	}
	return all
}

func ago(d time.Duration) time.Time { return pkitest.Now().Add(-d) }
