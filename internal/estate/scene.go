package estate

import (
	"cmp"
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"anchorctl/internal/anchors"
	"anchorctl/internal/config"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
	"anchorctl/internal/profiles"
	"anchorctl/internal/roles"
	"anchorctl/internal/rules"
)

// Scene is everything that is there, ours and foreign, read once and kept
// apart from any plan: what those look at who judge it.
type Scene struct {
	Now         time.Time
	Lineage     string
	TrustDomain string
	Config      *config.Config
	Places      []Place // every account and region, in order
	// Roles are every role that a profile lists, and every mapped one. A role
	// that is not there has Exists false.
	Roles map[plan.Addr]roles.Live
	// Unread says of each of those roles that could not be read why. Such a
	// role is not in Roles.
	Unread map[plan.Addr]string
	// Closed are places that left the configuration and could not be opened.
	Closed   []plan.Target
	Issuers  []SceneIssuer
	Notices  []string
	Findings []rules.Finding // ANC403: what is listed as ours or tagged so, and not both
}

// SceneIssuer is a generation of the root (Environment "") or of an issuer.
type SceneIssuer struct {
	Addr        plan.Addr
	Environment string
	Certificate *x509.Certificate // nil when it is planned
	Status      string            // store.Active, store.Retired or, in a draft, Planned
}

// Place is an account and region as it stands.
type Place struct {
	Target    plan.Target
	Account   string
	Partition string
	Anchors   []PlacedAnchor
	Profiles  []PlacedProfile
	CRLs      []CRL
	// CRLsUnread says why the revocation lists could not be read.
	CRLsUnread string
}

// PlacedAnchor is a trust anchor; Addr and Environment are empty for one that
// is not ours.
type PlacedAnchor struct {
	Live        anchors.Live
	Addr        plan.Addr
	Environment string
	// Certificates are those the anchor holds; Known names each, in the same
	// order, or is zero for one that is no generation of ours. In a draft, the
	// certificate of an issuer that is to be minted is nil.
	Certificates []*x509.Certificate
	Known        []plan.Addr
	// Unreadable says why there are no certificates.
	Unreadable string
}

// PlacedProfile is a profile; Addr and Environment are empty for one that is
// not ours.
type PlacedProfile struct {
	Live        profiles.Live
	Addr        plan.Addr
	Environment string
}

// RoleAddr is the address of the role with that ARN.
func RoleAddr(arn string) plan.Addr { return roleOf(arn) }

// Look reads every place of the configuration and of the record, and every
// role that any profile there lists. It plans nothing, changes nothing and
// takes no lock.
func (w World) Look(ctx context.Context) (Scene, error) {
	c, err := w.clouds(ctx)
	if err != nil {
		return Scene{}, err
	}
	r, err := w.recorded(ctx)
	if err != nil {
		return Scene{}, err
	}
	l := look{clouds: c, claims: r.claims(), scene: w.scene(r), accounts: map[string]Cloud{}}
	return l.run(ctx, want(w.Folder.Config, r.estate.Lineage, r))
}

// scene is what is known without asking AWS.
func (w World) scene(r recorded) Scene {
	s := Scene{
		Now: w.Folder.Clock.Now(), Lineage: r.estate.Lineage, TrustDomain: r.estate.TrustDomain, Config: w.Folder.Config,
		Roles: map[plan.Addr]roles.Live{}, Unread: map[plan.Addr]string{},
	}
	for _, g := range r.generations {
		s.Issuers = append(s.Issuers, SceneIssuer{
			Addr: g.Addr(), Environment: g.Environment, Certificate: r.certs[g.Addr().String()], Status: g.Status,
		})
	}
	return s
}

// look is a reading under way.
type look struct {
	clouds   *clouds
	accounts map[string]Cloud // one that reaches the roles of each account
	only     string           // the account to look at; empty is all
	scene    Scene
	*claims
}

func (l *look) run(ctx context.Context, d desired) (Scene, error) {
	for _, addr := range places(l.record, d) {
		if l.leaves(addr) {
			continue
		}
		if err := l.place(ctx, addr); err != nil {
			return Scene{}, err
		}
	}
	for _, addr := range l.roles(d) {
		l.role(ctx, addr)
		if err := ctx.Err(); err != nil {
			return Scene{}, err
		}
	}
	return l.done(), nil
}

// leaves reports whether what is at an address is not looked at.
func (l *look) leaves(addr plan.Addr) bool { return l.only != "" && addr.Target.Account != l.only }

// place reads the place of addr unless it has been.
func (l *look) place(ctx context.Context, addr plan.Addr) error {
	at := addr.Target
	if slices.ContainsFunc(l.scene.Places, func(p Place) bool { return p.Target == at }) {
		return nil
	}
	w := l.clouds.world
	cloud, err := l.clouds.open(ctx, w.target(addr))
	if err != nil && w.left(addr, Options{}) {
		if !slices.Contains(l.scene.Closed, at) {
			l.scene.Closed = append(l.scene.Closed, at)
			l.notices = append(l.notices, fmt.Sprintf("%s left anchorctl.yaml and was not read: %v", addr, err))
		}
		return nil
	}
	if err != nil {
		return err
	}
	there, err := readLists(ctx, cloud, at)
	if err != nil {
		return err
	}
	l.scene.Closed = slices.DeleteFunc(l.scene.Closed, func(t plan.Target) bool { return t == at })
	if _, known := l.accounts[at.Account]; !known {
		l.accounts[at.Account] = cloud
	}
	p := Place{Target: at, Account: cloud.Account, Partition: cloud.Partition}
	for _, live := range there.anchors {
		p.Anchors = append(p.Anchors, l.anchor(at, live))
	}
	for _, live := range there.profiles {
		addr, _ := l.own(at, live.ARN, live.Tags)
		p.Profiles = append(p.Profiles, PlacedProfile{Live: live, Addr: addr, Environment: addr.Environment})
	}
	slices.SortFunc(p.Anchors, func(a, b PlacedAnchor) int {
		return cmp.Or(oursFirst(a.Addr, b.Addr), cmp.Compare(a.Live.Name, b.Live.Name), cmp.Compare(a.Live.ARN, b.Live.ARN))
	})
	slices.SortFunc(p.Profiles, func(a, b PlacedProfile) int {
		return cmp.Or(oursFirst(a.Addr, b.Addr), cmp.Compare(a.Live.Name, b.Live.Name), cmp.Compare(a.Live.ARN, b.Live.ARN))
	})
	l.lists(ctx, cloud, &p)
	l.scene.Places = append(l.scene.Places, p)
	return ctx.Err()
}

// oursFirst orders what has an address before what has none, and by it: ARNs are
// in no order that means anything.
func oursFirst(a, b plan.Addr) int {
	if (a.Kind == "") != (b.Kind == "") {
		return -strings.Compare(string(a.Kind), string(b.Kind))
	}
	return strings.Compare(a.String(), b.String())
}

func (l *look) anchor(at plan.Target, live anchors.Live) PlacedAnchor {
	addr, _ := l.own(at, live.ARN, live.Tags)
	return l.record.placed(addr, live)
}

// placed is an anchor with what it holds.
func (r recorded) placed(addr plan.Addr, live anchors.Live) PlacedAnchor {
	a := PlacedAnchor{Live: live, Addr: addr, Environment: addr.Environment}
	if live.SourceType != anchors.SourceBundle {
		a.Unreadable = "it is of the source " + live.SourceType + ", which does not show its certificates"
		return a
	}
	certs, err := pki.ParseBundle(live.Bundle)
	if err != nil {
		a.Unreadable = err.Error()
		return a
	}
	a.Certificates = certs
	for _, cert := range certs {
		a.Known = append(a.Known, r.generationOf(pki.Fingerprint(cert)))
	}
	return a
}

// lists reads the revocation lists of a place. One that cannot be read keeps
// its data and has no list.
func (l *look) lists(ctx context.Context, cloud Cloud, p *Place) {
	if cloud.CRLs == nil {
		p.CRLsUnread = "they were not asked for"
		return
	}
	lists, err := cloud.Lists(ctx)
	if err != nil {
		p.CRLsUnread = err.Error()
		l.notices = append(l.notices, fmt.Sprintf("the revocation lists at %s were not read: %v", p.Target, err))
		return
	}
	for _, crl := range lists {
		if crl.List, err = pki.ParseRevocationList(crl.Data); err != nil {
			l.notices = append(l.notices, fmt.Sprintf("%s is not understood: %v", crl.ARN, err))
		}
		p.CRLs = append(p.CRLs, crl)
	}
}

// roles are those that any profile lists, and those that are mapped.
func (l *look) roles(d desired) []plan.Addr {
	all := map[plan.Addr]bool{}
	for _, addr := range mappedRoles(l.record, d) {
		if !l.leaves(addr) {
			all[addr] = true
		}
	}
	for _, p := range l.scene.Places {
		for _, profile := range p.Profiles {
			for _, arn := range profile.Live.RoleARNs {
				all[roleOf(arn)] = true
			}
		}
	}
	return addresses(all)
}

func (l *look) role(ctx context.Context, addr plan.Addr) {
	found := stranger{unreadable: "lies in an account that was not opened"}
	if cloud, opened := l.accounts[addr.Target.Account]; opened {
		found = readRole(ctx, cloud, addr)
	}
	if found.unreadable == "" {
		l.scene.Roles[addr] = found.live
		return
	}
	l.scene.Unread[addr] = found.unreadable
	l.notices = append(l.notices, addr.String()+" "+found.unreadable)
}

// done is the scene in order, with all that has to be said about it.
func (l *look) done() Scene {
	s := l.scene
	slices.SortFunc(s.Places, func(a, b Place) int { return strings.Compare(a.Target.String(), b.Target.String()) })
	there := map[string]bool{}
	for _, p := range s.Places {
		for _, a := range p.Anchors {
			there[a.Live.ARN] = true
		}
		for _, profile := range p.Profiles {
			there[profile.Live.ARN] = true
		}
		for _, crl := range p.CRLs {
			there[crl.ARN] = true
		}
	}
	for _, addr := range addresses(l.record.objects) {
		object := l.record.objects[addr]
		if addr.Kind != plan.KindRole && !there[object.ARN] && !slices.Contains(s.Closed, addr.Target) && !l.leaves(addr) {
			l.notices = append(l.notices, fmt.Sprintf("%s is recorded as %s, and no list shows it", addr, object.ARN))
		}
	}
	s.Notices, s.Findings = l.notices, l.findings
	return s
}
