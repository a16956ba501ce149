package estate

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"anchorctl/internal/plan"
	"anchorctl/internal/roles"
)

// Revocation restricts a run to what ends trust in certificates: the
// revocation lists of some environments, and statements that deny sessions to
// roles. Nothing else of the estate is read or judged, so that nothing else can
// stand in its way.
type Revocation struct {
	Environments []string // whose lists are made and brought to their anchors
	Deny         []roles.Denial
}

// commandRevocation is what such runs are called.
const commandRevocation = "crl refresh"

// revokes reports whether such a run does actions of a kind.
func revokes(k plan.Kind) bool {
	switch k {
	case plan.CRLSign, plan.CRLImport, plan.CRLUpdate, plan.CRLTag, plan.CRLEnable, plan.RoleDeny:
		return true
	default:
		return false
	}
}

// proposeRevocation computes what a restricted run would do.
func (w World) proposeRevocation(ctx context.Context, c *clouds, o Options) (Proposal, error) {
	r, err := w.recorded(ctx)
	if err != nil {
		return Proposal{}, err
	}
	p := Proposal{recorded: r, desired: want(w.Folder.Config, r.estate.Lineage, r.generation)}
	if p.revoking, err = w.revoking(ctx, r, p.desired); err != nil {
		return p, err
	}
	p.revoking = p.revoking.of(o.Revocation.Environments, r)
	if p.observed, err = w.observeLists(ctx, c, r, p.revoking); err != nil {
		return p, err
	}
	p.Findings, p.Notices = p.observed.findings, p.observed.notices
	b := &builder{world: w, r: r, d: p.desired, o: p.observed, v: p.revoking, options: o, proposal: &p, ready: map[plan.Addr][]string{}}
	b.foreignLists()
	if err := b.lists(); err != nil {
		return p, err
	}
	if err := b.deny(o.Revocation.Deny); err != nil {
		return p, err
	}
	p.Plan.Actions = b.actions
	p.Plan.Basis, err = w.basis(r, p.revoking, p.observed, o)
	return p, err
}

// of keeps what some environments need, and of the anchors those that are made.
func (v revoking) of(environments []string, r recorded) revoking {
	kept := revoking{states: maps.Clone(v.states), specs: maps.Clone(v.specs)}
	for addr := range v.states {
		if !slices.Contains(environments, addr.Environment) {
			delete(kept.states, addr)
		}
	}
	for addr, spec := range v.specs {
		if _, made := r.objects[spec.Anchor]; !made || !slices.Contains(environments, addr.Environment) {
			delete(kept.specs, addr)
		}
	}
	return kept
}

// observeLists reads the revocation lists of the places that are concerned.
func (w World) observeLists(ctx context.Context, c *clouds, r recorded, v revoking) (observed, error) {
	o := newObserved(r)
	set := map[plan.Target]bool{}
	for _, addr := range addresses(v.specs) {
		if set[addr.Target] {
			continue
		}
		set[addr.Target] = true
		cloud, err := c.open(ctx, w.target(addr))
		if err != nil {
			return o, err
		}
		if err := o.readLists(ctx, cloud, addr.Target); err != nil {
			return o, err
		}
	}
	for _, addr := range addresses(v.specs) {
		if err := w.missingAt(ctx, c, addr, &o); err != nil {
			return o, err
		}
	}
	return o, nil
}

// deny proposes statements that end sessions, one action for each role.
func (b *builder) deny(denials []roles.Denial) error {
	byRole := map[plan.Addr][]roles.Denial{}
	for _, d := range denials {
		byRole[d.Role] = append(byRole[d.Role], d)
	}
	for _, addr := range addresses(byRole) {
		a, err := roles.Deny(addr, byRole[addr])
		if err != nil {
			return fmt.Errorf("ending sessions of %s: %w", addr, err)
		}
		b.add(a)
	}
	return nil
}
