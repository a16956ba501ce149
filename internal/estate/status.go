package estate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"anchorctl/internal/config"
	"anchorctl/internal/engine"
	"anchorctl/internal/plan"
	"anchorctl/internal/rules"
	"anchorctl/internal/store"
)

// Status is how an estate stands.
type Status struct {
	Estate       string              `json:"estate"`
	Lineage      string              `json:"lineage"`
	Bound        string              `json:"bound,omitempty"` // what kind of AWS it lives in
	Root         Authority           `json:"root"`
	Environments []EnvironmentStatus `json:"environments"`
	OpenRun      *OpenRun            `json:"openRun,omitempty"`
	Drift        []plan.Action       `json:"drift"` // what applying would do
	Notices      []string            `json:"notices"`
	Documents    []engine.Document   `json:"documents"` // what somebody has to install
	Findings     []rules.Finding     `json:"-"`         // shown in the envelope

	// Anchors are those on record that were read, and Unread the others.
	Anchors []PlacedAnchor `json:"-"`
	Unread  []Unread       `json:"-"`
}

// Authority is the root or an issuer.
type Authority struct {
	Addr     string     `json:"addr,omitempty"` // empty when there is none yet
	NotAfter *time.Time `json:"notAfter,omitempty"`
	DaysLeft int        `json:"daysLeft"`
}

// EnvironmentStatus is how one environment stands.
type EnvironmentStatus struct {
	Name         string         `json:"name"`
	Issuer       Authority      `json:"issuer"`
	Objects      []ObjectStatus `json:"objects"`
	Certificates int            `json:"certificates"` // of workloads, valid now
	Probes       int            `json:"probes"`       // those of the built-in probe, besides
	Revocation   []ListStatus   `json:"revocation"`   // by generation of the issuer
}

// ObjectStatus is how an anchor, a revocation list, a profile or a role stands.
type ObjectStatus struct {
	Addr    string `json:"addr"`
	ARN     string `json:"arn,omitempty"`
	Enabled *bool  `json:"enabled,omitempty"` // of anchors and profiles
	// State is ok; missing; pending, when a run that is still open left it so;
	// drifted, when somebody else did; or unwanted, when it left the
	// configuration and is still there.
	State string `json:"state"`
}

// OpenRun is a run that did not come to its end.
type OpenRun struct {
	ID      string    `json:"id"`
	Command string    `json:"command"`
	Status  string    `json:"status"`
	Actor   string    `json:"actor"`
	Started time.Time `json:"started"`
	Done    int       `json:"done"`
}

// Status reads how the estate stands. It changes nothing. With an error comes
// what is known all the same: what the store says, and every anchor that could
// be read, but no object and no drift.
func (w World) Status(ctx context.Context) (Status, error) {
	c, err := w.clouds(ctx)
	if err != nil {
		return Status{}, err
	}
	p, failed := w.propose(ctx, c, Options{})
	if failed != nil && (ctx.Err() != nil || p.recorded.estate.Lineage == "") {
		return Status{Findings: p.Findings}, failed
	}
	if p.revoking.states == nil {
		if p.revoking, err = w.revoking(ctx, p.recorded, desired{}); err != nil {
			return Status{Findings: p.Findings}, errors.Join(failed, err)
		}
	}
	s := Status{
		Estate: w.Folder.Config.Estate.Name, Lineage: p.recorded.estate.Lineage, Bound: p.recorded.estate.Bound,
		Root: w.authority(p.recorded, ""), Drift: p.Plan.Actions, Notices: p.Notices, Documents: p.Documents(), Findings: p.Findings,
	}
	if s.OpenRun, err = w.openRun(ctx); err != nil {
		return s, errors.Join(failed, err)
	}
	for _, env := range environments(p.recorded, p.desired) {
		e, err := w.environmentStatus(ctx, p, env)
		if err != nil {
			return s, errors.Join(failed, err)
		}
		if failed == nil {
			e.Objects = p.objects(env, s.OpenRun.leavesOpen())
		}
		s.Environments = append(s.Environments, e)
	}
	s.Anchors, s.Unread = w.holdings(ctx, c, p, failed == nil)
	return s, failed
}

func (w World) environmentStatus(ctx context.Context, p Proposal, env string) (EnvironmentStatus, error) {
	e := EnvironmentStatus{
		Name: env, Issuer: w.authority(p.recorded, env), Objects: []ObjectStatus{}, Revocation: w.listStatus(p.revoking, env),
	}
	valid := store.Filter{Environment: env, ValidAt: w.Folder.Clock.Now().Unix(), Revoked: new(bool)}
	all, err := w.Folder.Store.CountIssued(ctx, valid)
	if err != nil {
		return e, fmt.Errorf("counting certificates: %w", err)
	}
	valid.Workload = config.ProbeWorkload
	if e.Probes, err = w.Folder.Store.CountIssued(ctx, valid); err != nil {
		return e, fmt.Errorf("counting certificates of the probe: %w", err)
	}
	e.Certificates = all - e.Probes
	return e, nil
}

func (w World) authority(r recorded, env string) Authority {
	g, ok := r.active[env]
	if !ok {
		return Authority{}
	}
	end := r.certs[g.Addr().String()].NotAfter
	return Authority{Addr: g.Addr().String(), NotAfter: &end, DaysLeft: int(end.Sub(w.Folder.Clock.Now()).Hours() / 24)}
}

// leavesOpen reports whether what differs may be what the run has left. A run that
// is restricted waits for days and leaves everything else alone.
func (r *OpenRun) leavesOpen() bool {
	return r != nil && (r.Command == "apply" || r.Command == "destroy")
}

func (w World) openRun(ctx context.Context) (*OpenRun, error) {
	run, open, err := w.Folder.Store.OpenRun(ctx)
	if err != nil || !open {
		return nil, err
	}
	return &OpenRun{
		ID: run.ID, Command: run.Command, Status: string(run.Status), Actor: run.Actor,
		Started: time.Unix(run.Started, 0).UTC(), Done: len(run.Done),
	}, nil
}

// objects are the anchors, profiles and roles of an environment, and whether
// the plan leaves each alone.
func (p Proposal) objects(env string, open bool) []ObjectStatus {
	touched := map[plan.Addr]bool{}
	for _, a := range p.Plan.Actions {
		touched[a.Addr] = true
	}
	list := []ObjectStatus{}
	add := func(addr plan.Addr, arn string, enabled *bool, there bool) {
		state := "ok"
		switch {
		case touched[addr] && open:
			state = "pending"
		case touched[addr]:
			state = "drifted"
		}
		if !there {
			state = "missing"
		}
		list = append(list, ObjectStatus{Addr: addr.String(), ARN: arn, Enabled: enabled, State: state})
	}
	for _, addr := range addresses(p.desired.anchors) {
		if live, there := p.observed.anchors[addr]; addr.Environment == env {
			add(addr, live.ARN, &live.Enabled, there)
		}
	}
	for _, addr := range addresses(p.revoking.specs) {
		if live, there := p.observed.crls[addr]; addr.Environment == env {
			add(addr, live.ARN, &live.Enabled, there)
		}
	}
	for _, addr := range addresses(p.desired.profiles) {
		if live, there := p.observed.profiles[addr]; addr.Environment == env {
			add(addr, live.ARN, &live.Enabled, there)
		}
	}
	for _, addr := range addresses(p.desired.pins) {
		if live := p.observed.roles[addr]; p.desired.pins[addr].Environment == env {
			add(addr, live.ARN, nil, live.Exists)
		}
	}
	return append(list, p.unwanted(env)...)
}

// unwanted are the anchors and profiles of an environment that are there and
// that the configuration does not name any more.
func (p Proposal) unwanted(env string) []ObjectStatus {
	var list []ObjectStatus
	for _, addr := range addresses(p.recorded.objects) {
		_, anchorWanted := p.desired.anchors[addr]
		_, profileWanted := p.desired.profiles[addr]
		_, listWanted := p.revoking.specs[addr]
		if addr.Environment != env || anchorWanted || profileWanted || listWanted {
			continue
		}
		if live, there := p.observed.anchors[addr]; there {
			list = append(list, ObjectStatus{Addr: addr.String(), ARN: live.ARN, Enabled: &live.Enabled, State: "unwanted"})
		}
		if live, there := p.observed.crls[addr]; there {
			list = append(list, ObjectStatus{Addr: addr.String(), ARN: live.ARN, Enabled: &live.Enabled, State: "unwanted"})
		}
		if live, there := p.observed.profiles[addr]; there {
			list = append(list, ObjectStatus{Addr: addr.String(), ARN: live.ARN, Enabled: &live.Enabled, State: "unwanted"})
		}
	}
	return list
}
