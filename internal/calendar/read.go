package calendar

import (
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"anchorctl/internal/config"
	"anchorctl/internal/estate"
	"anchorctl/internal/folder"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
	"anchorctl/internal/store"
)

const (
	// forgotten: what ended longer ago is taken to be out of use.
	forgotten = 30 * day
	// listed is how many certificates that were not renewed are named for each
	// environment.
	listed = 1000
	// counted is how many are counted: with as many, the exact number says no
	// more, and status has to be quick on the day when nothing was renewed.
	counted = 100_000
)

// Read makes the calendar of an estate out of its store and of what its status
// read, which may be less than all.
func Read(ctx context.Context, f *folder.Folder, s estate.Status) (Calendar, error) {
	facts := Facts{Now: f.Clock.Now().UTC().Truncate(time.Second), Terms: map[string]Terms{}, Fleets: []Fleet{}, NotRead: []NotRead{}}
	for name, env := range f.Config.Environments {
		facts.Terms[name] = Terms{Certificate: time.Duration(env.Limits.CertificateLifetime), Issuer: time.Duration(env.Issuer.Lifetime)}
	}
	generations, err := f.Store.AllGenerations(ctx)
	if err != nil {
		return Calendar{}, fmt.Errorf("reading the recorded issuers: %w", err)
	}
	for _, g := range generations {
		cert, err := x509.ParseCertificate(g.Certificate)
		if err != nil {
			return Calendar{}, fmt.Errorf("reading the recorded certificate of %s: %w", g.Addr(), err)
		}
		facts.Generations = append(facts.Generations, Generation{g.Addr().String(), g.Environment, g.Status, cert.NotAfter.UTC()})
	}
	for _, a := range s.Anchors {
		facts.Anchors = append(facts.Anchors, held(a))
	}
	for _, u := range s.Unread {
		facts.NotRead = append(facts.NotRead, NotRead{u.Addr.String(), u.Why})
	}
	for _, e := range s.Environments {
		for _, l := range e.Revocation {
			facts.Lists = append(facts.Lists, listFacts(l))
		}
		fleet, err := readFleet(ctx, f, e, facts.Now)
		if err != nil {
			return Calendar{}, err
		}
		facts.Fleets = append(facts.Fleets, fleet)
	}
	return Of(facts), nil
}

func held(a estate.PlacedAnchor) Anchor {
	out := Anchor{Addr: a.Addr.String(), Environment: a.Environment}
	for i, cert := range a.Certificates {
		name := a.Known[i].String()
		if a.Known[i] == (plan.Addr{}) {
			name = fmt.Sprintf("%q, which is not ours,", cert.Subject)
		}
		out.Certificates = append(out.Certificates, Certificate{name, cert.NotAfter.UTC()})
	}
	return out
}

func listFacts(l estate.ListStatus) ListFacts {
	out := ListFacts{Issuer: l.Issuer, Due: l.Due}
	if l.ThisUpdate != nil && l.NextUpdate != nil {
		out.ThisUpdate, out.NextUpdate = *l.ThisUpdate, *l.NextUpdate
	}
	return out
}

// readFleet asks the store by index alone, however many certificates there are.
func readFleet(ctx context.Context, f *folder.Folder, e estate.EnvironmentStatus, now time.Time) (Fleet, error) {
	fleet := Fleet{Environment: e.Name, Valid: e.Certificates, Unrenewed: []Workload{}}
	valid := store.Filter{Environment: e.Name, ValidAt: now.Unix(), Revoked: new(bool), Order: store.EndsFirst}
	probes, err := countProbes(ctx, f, valid)
	if err != nil {
		return fleet, err
	}
	valid.Limit = probes + 1
	first, err := f.Store.ListIssued(ctx, valid)
	if err != nil {
		return fleet, err
	}
	if at := slices.IndexFunc(first, func(i store.Issued) bool { return i.Workload != config.ProbeWorkload }); at >= 0 {
		w := workload(first[at], OK)
		fleet.First = &w
	}
	env := f.Config.Environments[e.Name]
	if env == nil { // nothing of it is issued or renewed any more
		return fleet, nil
	}
	window := renewedWithin(env)
	fleet.Window = config.Duration(window).String()
	valid.EndsBefore = now.Add(window).Unix()
	if fleet.Ending, err = f.Store.CountIssued(ctx, valid); err != nil {
		return fleet, err
	}
	if probes, err = countProbes(ctx, f, valid); err != nil {
		return fleet, err
	}
	fleet.Ending -= probes
	between := time.Duration(env.Limits.RenewalInterval)
	err = f.Store.Unrenewed(ctx, e.Name, now.Add(-forgotten).Unix(), now.Unix(), func(i store.Issued) bool {
		if env.Workloads[i.Workload] != nil { // what left the configuration is not renewed on purpose
			fleet.note(workload(i, Unrenewed(now, time.Unix(i.Created, 0), time.Unix(i.NotAfter, 0), between)))
		}
		fleet.More = fleet.Expired+fleet.Overdue >= counted
		return !fleet.More
	})
	return fleet, err
}

// countProbes counts those of the built-in probe, which live for an hour while a
// rotation goes on: nobody renews them, and their end is no news.
func countProbes(ctx context.Context, f *folder.Folder, chosen store.Filter) (int, error) {
	chosen.Workload = config.ProbeWorkload
	return f.Store.CountIssued(ctx, chosen)
}

// renewedWithin is the last third of the longest life that workloads have.
func renewedWithin(env *config.Environment) time.Duration {
	var longest time.Duration
	for name := range env.Workloads {
		longest = max(longest, env.LifetimeOf(name))
	}
	return longest / 3
}

func (f *Fleet) note(w Workload) {
	switch w.State {
	case Expired:
		f.Expired++
	case Overdue:
		f.Overdue++
	default:
		return
	}
	if len(f.Unrenewed) < listed {
		f.Unrenewed = append(f.Unrenewed, w)
	}
}

func workload(i store.Issued, state string) Workload {
	return Workload{
		Name: i.Environment + "/" + pki.WorkloadName(i.Workload, i.Instance), Issuer: plan.Issuer(i.Environment, i.Generation).String(), Serial: i.Serial,
		NotAfter: time.Unix(i.NotAfter, 0).UTC(), State: state,
	}
}
