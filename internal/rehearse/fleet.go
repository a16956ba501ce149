package rehearse

import (
	"context"
	"crypto"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"anchorctl/internal/config"
	"anchorctl/internal/issuance"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
	"anchorctl/internal/renewal"
	"anchorctl/internal/roles"
	"anchorctl/internal/store"
)

// member is one workload, or one instance of one, with its certificate.
type member struct {
	workload, instance string

	key    crypto.Signer // the same for all of its certificates
	cert   *x509.Certificate
	issued time.Time
	slot   int
	late   bool // it should have renewed long ago, and is taken not to
	gone   bool // not in the configuration any more: it neither renews nor opens sessions
	over   bool // its certificate ended without another
	uses   []*use
}

func (m *member) name() string { return pki.WorkloadName(m.workload, m.instance) }

// life is what a certificate of the fleet is to be.
type life struct {
	workload, instance string
	issued, ends       time.Time
}

// patience is how long after its time a workload is taken to renew still.
const patience = time.Hour

// batchSize is how many certificates are recorded in one transaction.
const batchSize = 1000

// fleet is the workloads of the copy.
type fleet struct {
	*double

	members []*member
	lineage string
	real    int // certificates like those on record
	padded  int
	signer  *issuance.Signer // the generation that signs; nil until somebody renews
	series  *pki.Series
	pending []store.Issued

	tracks
}

// muster gives the copy a fleet like the real one: a certificate like each that
// lives, and as many more workloads as were asked for.
func (d *double) muster(ctx context.Context) (*fleet, error) {
	f := &fleet{double: d, lineage: d.World.Folder.Estate.Lineage, tracks: newTracks()}
	living, err := f.living(ctx)
	if err != nil {
		return nil, err
	}
	f.tell("copying %d certificates", len(living))
	newest := map[string]*member{}
	for _, l := range living { // the newest first
		m, cert, err := f.enlist(ctx, l)
		if err != nil {
			return nil, err
		}
		f.real++
		if newest[m.name()] == nil {
			newest[m.name()] = m
			f.members = append(f.members, m)
			continue
		}
		f.born(cert, l.issued) // superseded, and it still lives
	}
	if err := f.pad(ctx); err != nil {
		return nil, err
	}
	if err := f.flush(ctx); err != nil {
		return nil, err
	}
	return f, f.employ(ctx)
}

// living are the certificates on record that live, the newest first.
func (f *fleet) living(ctx context.Context) ([]life, error) {
	filter := store.Filter{
		Environment: f.Environment, Generation: f.active.Number, Revoked: new(bool), ValidAt: f.World.Folder.Clock.Now().Unix(), Limit: batchSize,
	}
	var all []life
	for {
		list, err := f.World.Folder.Store.ListIssued(ctx, filter)
		if err != nil {
			return nil, fmt.Errorf("reading the certificates of %s: %w", f.Environment, err)
		}
		for _, i := range list {
			if i.Workload == config.ProbeWorkload {
				continue
			}
			all = append(all, life{i.Workload, i.Instance, time.Unix(i.Created, 0).UTC(), time.Unix(i.NotAfter, 0).UTC()})
		}
		if len(list) < batchSize {
			return all, nil
		}
		filter.Before = list[len(list)-1].Entry
	}
}

// enlist makes a member with its certificate.
func (f *fleet) enlist(ctx context.Context, l life) (*member, *x509.Certificate, error) {
	key, err := keys.Generate(keys.P256)
	if err != nil {
		return nil, nil, err
	}
	m := &member{
		workload: l.workload, instance: l.instance, key: key, slot: renewal.Slot(f.lineage, f.Environment, l.workload, l.instance),
		gone: f.environment().Workloads[l.workload] == nil,
	}
	if err := f.certify(ctx, m, l); err != nil {
		return nil, nil, fmt.Errorf("copying the certificate of %s: %w", m.name(), err)
	}
	if len(f.pending) >= batchSize {
		return m, m.cert, f.flush(ctx)
	}
	return m, m.cert, nil
}

// certify gives a member a certificate of the generation that signs.
func (f *fleet) certify(ctx context.Context, m *member, l life) error {
	if f.signer == nil {
		signer, err := issuance.OpenSigner(ctx, f.folder, f.Environment)
		if err != nil {
			return err
		}
		series, err := pki.NewSeries(signer.Parent, signer.Roots, f.schedule.time())
		if err != nil {
			return err
		}
		f.signer, f.series = &signer, series
	}
	spec := issuance.Spec(f.folder.Config, f.environment(), m.workload, m.instance)
	spec.Now, spec.Lifetime = l.issued, l.ends.Sub(l.issued)
	cast, err := f.series.Issue(spec, m.key.Public())
	if err != nil {
		return err
	}
	if m.cert, err = x509.ParseCertificate(cast.DER); err != nil {
		return err
	}
	m.issued = l.issued
	f.pending = append(f.pending, store.Issued{
		Environment: f.Environment, Workload: m.workload, Instance: m.instance, Generation: f.signer.Generation.Number,
		Serial: cast.Serial, Certificate: cast.DER, SPKI: cast.KeyDigest,
		NotBefore: cast.NotBefore.Unix(), NotAfter: cast.NotAfter.Unix(), Created: l.issued.Unix(),
	})
	return nil
}

// flush records what was issued, before anybody else looks.
func (f *fleet) flush(ctx context.Context) error {
	for part := range slices.Chunk(f.pending, batchSize) {
		if err := f.folder.Store.RecordIssued(ctx, part...); err != nil {
			return err
		}
	}
	f.pending = f.pending[:0]
	return nil
}

// employ puts the members to work: what each opens sessions for, and when, and when
// it renews.
func (f *fleet) employ(ctx context.Context) error {
	objects, err := f.folder.Store.Objects(ctx)
	if err != nil {
		return err
	}
	arns := map[plan.Addr]string{}
	for _, o := range objects {
		arns[o.Addr] = o.ARN
	}
	places := f.places(arns)
	now := f.schedule.time()
	for _, m := range f.members {
		f.born(m.cert, m.issued)
		if m.gone {
			continue
		}
		m.uses = usesOf(m, places)
		for _, u := range m.uses {
			wait := time.Duration(float64(u.duration) * fraction(f.lineage, m.name(), u.place.at.String(), u.profile, u.role))
			f.schedule.add(now.Add(wait), func(ctx context.Context) error { return f.session(ctx, m, u) })
		}
		due := renewal.Due(m.issued, m.cert.NotAfter, m.slot)
		if m.late = now.After(due.Add(patience)); !m.late {
			f.schedule.add(later(due, now), func(ctx context.Context) error { return f.renew(ctx, m) })
		}
	}
	f.targets = places
	return nil
}

// places are the targets, with what workloads open sessions for there.
func (f *fleet) places(arns map[plan.Addr]string) []*place {
	var all []*place
	for _, t := range f.environment().Targets {
		at := plan.Target{Account: t.Account, Region: t.Region}
		p := &place{at: at, anchorARN: arns[plan.Anchor(f.Environment, at)], seconds: map[int64]int{}, ways: map[string][]use{}}
		for _, name := range f.environment().ProfileNames() {
			profile := f.environment().Profiles[name]
			for _, role := range profile.RoleNames() {
				for _, workload := range profile.Roles[role].Workloads {
					p.ways[workload] = append(p.ways[workload], use{
						place: p, profile: arns[plan.Profile(f.Environment, name, at)], role: roles.ARN(at.Partition(), plan.Role(at.Account, role)),
						duration: f.environment().DurationOf(name),
					})
				}
			}
		}
		all = append(all, p)
	}
	return all
}

func usesOf(m *member, places []*place) []*use {
	var all []*use
	for _, p := range places {
		for _, way := range p.ways[m.workload] {
			all = append(all, &way)
		}
	}
	return all
}

// renew gives a member its next certificate, from whoever signs now.
func (f *fleet) renew(ctx context.Context, m *member) error {
	now := f.schedule.time().Truncate(time.Second)
	if now.After(m.cert.NotAfter) {
		return nil
	}
	if err := f.certify(ctx, m, life{m.workload, m.instance, now, now.Add(f.environment().LifetimeOf(m.workload))}); err != nil {
		f.failed(m, err)
		return nil
	}
	f.born(m.cert, now)
	f.count().Renewals++
	f.schedule.add(renewal.Due(now, m.cert.NotAfter, m.slot), func(ctx context.Context) error { return f.renew(ctx, m) })
	return nil
}
