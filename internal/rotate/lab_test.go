package rotate_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"anchorctl/internal/engine"
	"anchorctl/internal/estate"
	"anchorctl/internal/estate/estatetest"
	"anchorctl/internal/issuance"
	"anchorctl/internal/pki"
	"anchorctl/internal/rotate"
	"anchorctl/internal/sandbox"
	"anchorctl/internal/session"
	"anchorctl/internal/sigx509"
	"anchorctl/internal/store"
)

const account = estatetest.Account

// configuration is an estate with one environment at so many regions, with a probe
// role at each.
func configuration(handling string, regions ...string) string {
	var targets strings.Builder
	for _, r := range regions {
		fmt.Fprintf(&targets, "\n      - {account: %q, region: %s, probeRole: probe}", account, r)
	}
	return `version: 1
estate: {name: example, organization: Example Corp, trustDomain: example.internal}
roles: ` + handling + `
environments:
  prod:
    limits: {certificateLifetime: 168h}
    targets:` + targets.String() + `
    workloads: {app: {certificateLifetime: 24h}, slow: {certificateLifetime: 168h}}
    profiles:
      app: {roles: {prod-app: {workloads: [app, slow]}}, attributeMappings: {x509Issuer: [CN]}}
`
}

func twoRegions() string { return configuration("manage", "eu-central-1", "eu-west-1") }

// teamsOwn is a trust policy in which a team holds sessions to the issuer by its
// name, in both ways of writing one value.
func teamsOwn(name string) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[`+
		`{"Sid":"TeamOne","Effect":"Deny","Principal":{"Service":"rolesanywhere.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"StringNotEquals":{"aws:PrincipalTag/x509Issuer/CN":%[1]q}}},`+
		`{"Sid":"TeamTwo","Effect":"Deny","Principal":{"Service":"rolesanywhere.amazonaws.com"},"Action":"sts:TagSession","Condition":{"StringNotEquals":{"aws:PrincipalTag/x509Issuer/CN":[%[1]q]}}}]}`, name)
}

// lab is a laboratory whose rotations are watched.
type lab struct {
	*estatetest.Lab
	*warden

	fleet *fleet // what lives in it; may be nil
}

// newLab is an estate that was applied, whose roles trust as their teams say
// besides.
func newLab(t *testing.T, configuration string, trust map[string]string) *lab {
	t.Helper()
	for _, name := range []string{"prod-app", "probe"} {
		if trust[name] == "" {
			trust[name] = estatetest.TrustNobody
		}
	}
	l := &lab{Lab: estatetest.NewWithTrust(t, configuration, trust)}
	if _, err := l.Apply(t.Context(), estate.ApplyOptions{}, nil); err != nil {
		t.Fatal(err)
	}
	l.warden = guard(t, l.Lab)
	return l
}

// moved is another laboratory in the same state, with its fleet.
func (l *lab) moved(t *testing.T) *lab {
	t.Helper()
	c := &lab{Lab: l.Copy(t)}
	c.warden = guard(t, c.Lab)
	c.dead(l.revoked...)
	c.off = l.off
	live := *l.fleet
	live.t, live.lab, live.folder, live.members = t, c, c.Open(t).Folder, slices.Clone(l.fleet.members)
	c.Step, c.Passes, c.fleet = l.Step, live.pass, &live
	return c
}

// living counts the certificates of the old generation that live.
func (l *lab) living(t *testing.T) int {
	t.Helper()
	w, done, err := l.World(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	no := false
	n, err := w.Folder.Store.CountIssued(t.Context(), store.Filter{Environment: "prod", Generation: 1, Revoked: &no, ValidAt: l.Now().Unix()})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// narrowed asserts that the team's conditions name one issuer, and not the other.
func (l *lab) narrowed(t *testing.T, name, not string) {
	t.Helper()
	s, err := l.Stage()
	if err != nil {
		t.Fatal(err)
	}
	if trust := s.Trust["prod-app"]; strings.Count(trust, name) != 2 || strings.Contains(trust, not) {
		t.Errorf("the team's conditions should name %s alone: %s", name, trust)
	}
}

// run starts a rotation, or goes on with it, until it is done or held.
func (l *lab) run(ctx context.Context, o rotate.Options, step func(string)) (estate.Report, error) {
	w, done, err := l.World(ctx, step)
	if err != nil {
		return estate.Report{}, err
	}
	defer done()
	return rotate.World{World: w, Endpoint: l.URL}.Run(ctx, o)
}

func start(kind store.RotationKind) rotate.Options {
	o := rotate.Options{Rotation: estate.Rotation{Environment: "prod", Kind: kind}}
	if kind == store.Emergency {
		o.Emergency, o.Reason = true, "the key was stolen"
	}
	return o
}

func resume() rotate.Options {
	return rotate.Options{Rotation: estate.Rotation{Environment: "prod"}}
}

func abort() rotate.Options {
	return rotate.Options{Rotation: estate.Rotation{Environment: "prod", Abort: true}}
}

// holds are what held a run, none when the error is another one.
func holds(err error) []*engine.HeldError {
	var held *engine.HeldRun
	if errors.As(err, &held) {
		return held.Held
	}
	return nil
}

// heldBy asserts that a run was held, and by one rule.
func heldBy(t *testing.T, err error, rule string) *engine.HeldError {
	t.Helper()
	all := holds(err)
	if len(all) == 0 {
		t.Fatalf("error is %v, want a hold by %s", err, rule)
	}
	for _, h := range all {
		if h.Rule != rule {
			t.Fatalf("held by %s: %s, want %s", h.Rule, h.Reason, rule)
		}
	}
	return all[0]
}

// until is when the first of the holds may be over.
func until(t *testing.T, err error) time.Time {
	t.Helper()
	all := holds(err)
	if len(all) == 0 || all[0].Until.IsZero() {
		t.Fatalf("error is %v, want holds that time ends", err)
	}
	return slices.MinFunc(all, func(a, b *engine.HeldError) int { return a.Until.Compare(b.Until) }).Until
}

// come lets time pass until the holds may be over.
func (l *lab) come(t *testing.T, err error) {
	t.Helper()
	if at := until(t, err); at.After(l.Now()) {
		l.Advance(t, at.Sub(l.Now()))
	}
}

// through goes on with the rotation until it is done, as a person would who comes
// back when it says so, and who tries again when something fails.
func (l *lab) through(t *testing.T, o rotate.Options) {
	t.Helper()
	failures := 0
	for range 40 {
		_, err := l.run(t.Context(), o, nil)
		o.Rotation.Kind = "" // from now on it goes on
		switch {
		case err == nil, errors.Is(err, estate.ErrNoRotation):
			return
		case len(holds(err)) > 0 && holds(err)[0].Rule == estate.GateReissued:
			l.renewEarly(t)
		case len(holds(err)) > 0:
			l.come(t, err)
		default:
			if failures++; failures > 3 {
				t.Fatalf("it does not go on: %v", err)
			}
			t.Logf("going on: %v", err)
		}
	}
	t.Fatal("it does not end")
}

// again is what somebody types who knows only that the command broke off: start
// when that never came to begin, resume otherwise.
func (l *lab) again(t *testing.T, kind store.RotationKind) rotate.Options {
	t.Helper()
	if len(l.rotations(t)) == 0 {
		return start(kind)
	}
	o := resume()
	if kind == store.Emergency {
		o.Emergency, o.Reason = true, "the key was stolen"
	}
	return o
}

// renewEarly gives all of the fleet certificates of the new key, which no anchor holds
// yet: an emergency replaces one issuer by the other at once.
func (l *lab) renewEarly(t *testing.T) {
	t.Helper()
	l.fleet.hurry(l.Now())
}

// rotations are those of prod, newest first.
func (l *lab) rotations(t *testing.T) []store.Rotation {
	t.Helper()
	w, done, err := l.World(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	all, err := w.Folder.Store.Rotations(t.Context(), "prod")
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// issue gives a workload a certificate whose key stays in memory.
func (l *lab) issue(t *testing.T, workload, instance string) issuance.Unfiled {
	t.Helper()
	w, done, err := l.World(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	made, err := issuance.IssueUnfiled(t.Context(), w.Folder, issuance.Request{Environment: "prod", Workload: workload, Instance: instance})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// ask asks for a session with a certificate in a region, as its host would.
func (l *lab) ask(ctx context.Context, region string, with issuance.Unfiled) error {
	s, err := l.Stage()
	if err != nil {
		return err
	}
	return l.askAt(ctx, s, region, with)
}

func (l *lab) askAt(ctx context.Context, s estatetest.Stage, region string, with issuance.Unfiled) error {
	anchor, profile := s.Anchor("anchor/prod@"+account+"/"+region), s.Profile("profile/prod/app@"+account+"/"+region)
	if anchor == nil || profile == nil {
		return fmt.Errorf("there is no anchor or no profile in %s", region)
	}
	_, err := session.Client{Clock: l.Clock()}.CreateSession(ctx, session.Request{
		Endpoint: l.URL, AnchorARN: anchor.ARN, ProfileARN: profile.ARN, RoleARN: s.Roles["prod-app"].ARN,
		Signer: sigx509.Signer{Certificate: with.Certificate, Key: with.Key},
	})
	return err
}

// generations are the statuses of prod's generations, in order.
func (l *lab) generations(t *testing.T) []string {
	t.Helper()
	w, done, err := l.World(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	all, err := w.Folder.Store.Generations(t.Context(), "prod")
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, g := range all {
		list = append(list, g.Status)
	}
	return list
}

// revoke revokes a certificate and has the lists brought to the anchors.
func (l *lab) revoke(t *testing.T, made issuance.Unfiled) {
	t.Helper()
	w, done, err := l.World(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	record, found, err := w.Folder.Store.IssuedBySPKI(t.Context(), pki.SPKIDigest(made.Certificate))
	if err != nil || !found {
		t.Fatalf("it is not on record: %v", err)
	}
	_, err = w.Folder.Store.Revoke(t.Context(), store.Revocation{
		Environment: "prod", Generation: record.Generation, Serial: record.Serial, NotAfter: record.NotAfter,
	})
	if err != nil {
		t.Fatal(err)
	}
	l.refresh(t)
}

// refresh is "crl refresh".
func (l *lab) refresh(t *testing.T) {
	t.Helper()
	o := estate.ApplyOptions{Options: estate.Options{Revocation: &estate.Revocation{Environments: []string{"prod"}}}}
	if _, err := l.Apply(t.Context(), o, nil); err != nil {
		t.Fatal(err)
	}
}

func faultAt(nth int, f sandbox.Fault) sandbox.Fault {
	f.Nth = nth
	return f
}

// active is the certificate of the generation that signs.
func (l *lab) active(t *testing.T) *x509.Certificate {
	t.Helper()
	w, done, err := l.World(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	g, _, err := w.Folder.Store.Active(t.Context(), "prod")
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(g.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
