package estate

import (
	"context"
	"errors"
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
	Revoke       bool // revoke brings what it has just recorded
}

// commandRevocation is what such runs are called, revoke's too: it is the command
// that goes on with one.
const commandRevocation = "crl refresh"

// holder is the command that whoever finds the estate locked is told of.
func (v Revocation) holder() string {
	if v.Revoke {
		return "revoke"
	}
	return commandRevocation
}

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
	p := Proposal{recorded: r, desired: want(w.Folder.Config, r.estate.Lineage, r)}
	if p.revoking, err = w.revoking(ctx, r, p.desired); err != nil {
		return p, err
	}
	p.revoking = p.revoking.of(o.Revocation.Environments, r)
	if p.observed, p.unreached = w.observeLists(ctx, c, r, p.revoking); ctx.Err() != nil {
		return p, ctx.Err()
	}
	p.Findings, p.Notices = p.observed.findings, p.observed.notices
	b := &builder{world: w, r: r, d: p.desired, o: p.observed, v: p.revoking, options: o, proposal: &p, ready: map[plan.Addr][]string{}}
	b.withdrawnLists()
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

// observeLists reads the revocation lists of the places that are concerned. One
// that cannot be read is left out of what is wanted, and said: what is not
// closed there must be at the others.
func (w World) observeLists(ctx context.Context, c *clouds, r recorded, v revoking) (observed, error) {
	o := newObserved(r)
	failed := map[plan.Target]error{}
	read := map[plan.Target]bool{}
	for _, addr := range addresses(v.specs) {
		if !read[addr.Target] {
			read[addr.Target] = true
			failed[addr.Target] = w.observeList(ctx, c, addr, &o)
		}
		if failed[addr.Target] == nil {
			failed[addr.Target] = w.missingAt(ctx, c, addr, &o)
		}
	}
	var unreached []error
	for _, addr := range addresses(v.specs) {
		if err := failed[addr.Target]; err != nil {
			delete(v.specs, addr)
			unreached = append(unreached, fmt.Errorf("bringing the revocation list to %s: %w", addr, err))
		}
	}
	return o, errors.Join(unreached...)
}

func (w World) observeList(ctx context.Context, c *clouds, addr plan.Addr, o *observed) error {
	cloud, err := c.open(ctx, w.target(addr))
	if err != nil {
		return err
	}
	if len(o.record.rotations) > 0 {
		o.readHolders(ctx, cloud)
	}
	return o.readLists(ctx, cloud, addr.Target)
}

// readHolders reads which issuers our anchors hold at a place, while a rotation
// changes that: an anchor takes no list of another issuer. Where it cannot be read,
// nothing is known, and no list is left out.
func (o *observed) readHolders(ctx context.Context, cloud Cloud) {
	all, err := cloud.Anchors.List(ctx, false)
	if err != nil {
		return
	}
	for _, l := range all {
		if addr, ours := o.byARN[l.ARN]; ours {
			o.anchors[addr] = l
		}
	}
}

// Listed reports whether a restricted run left the lists at every anchor,
// whatever else of it failed.
func (r Report) Listed() bool {
	return r.Run != "" && r.Proposal.unreached == nil && !slices.ContainsFunc(r.Proposal.Plan.Actions, func(a plan.Action) bool {
		return a.Kind != plan.RoleDeny && !slices.Contains(r.Result.Done, a.ID)
	})
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
