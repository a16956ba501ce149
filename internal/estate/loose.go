package estate

import (
	"fmt"
	"slices"
	"strings"

	"anchorctl/internal/config"
	"anchorctl/internal/gates"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
	"anchorctl/internal/roles"
	"anchorctl/internal/rules"
)

// loose finds roles that accept an enabled anchor of ours by something else
// than their pin: a statement that somebody added, or a profile that somebody
// made, since the anchor was enabled. What a planned pin is going to replace
// does not count.
func (b *builder) loose() error {
	for _, place := range b.o.places() {
		for _, addr := range addresses(b.o.strangers[place]) {
			found := b.o.strangers[place][addr]
			if found.unreadable != "" {
				b.find(addr, found.unreadable)
				continue
			}
			known := b.r.pinsAt(addr, b.d, b.world.Folder.Config)
			b.judgeRole(addr, found.live.Trust, known, func(anchor plan.Addr) bool { return anchor.Target == place })
		}
	}
	for _, addr := range addresses(b.d.pins) {
		live := b.o.roles[addr]
		if !live.Exists {
			continue
		}
		trust, known := live.Trust, b.r.pinsAt(addr, b.d, b.world.Folder.Config)
		if b.world.Folder.Config.Roles == config.Manage {
			resolved, _ := b.resolved(b.d.pins[addr])
			after, err := b.trustAfter(resolved, live)
			if err != nil {
				continue // reported where it is to be pinned
			}
			trust = string(after)
			// A pin that is still to be written names anchors that no record has
			// yet: those of a new target, or in place of one that was deleted.
			for i := range known {
				known[i].AnchorARNs = unique(append(known[i].AnchorARNs, resolved.AnchorARNs...))
			}
		}
		b.judgeRole(addr, trust, known, func(anchor plan.Addr) bool { return anchor.Target.Account == addr.Target.Account })
	}
	return nil
}

// judgeRole adds a finding when the role's trust policy would accept, apart
// from our pins, an enabled anchor of ours among those that reach the role, or
// when it cannot be judged for one. Anchors that are let in alike are said
// together.
func (b *builder) judgeRole(role plan.Addr, trust string, known []roles.Pinned, reaches func(anchor plan.Addr) bool) {
	rest, err := roles.Apart(role, trust, known)
	if err != nil {
		b.find(role, fmt.Sprintf("its trust policy cannot be judged: %v", err))
		return
	}
	let := map[string][]string{} // why, and the anchors
	var whys, unclear []string
	for _, anchor := range addresses(b.o.anchors) {
		live := b.o.anchors[anchor]
		if !live.Enabled || !reaches(anchor) {
			continue
		}
		accepted, why, err := wouldAccept(rest, live.ARN, anchor.Target.Account)
		switch {
		case err != nil:
			unclear = append(unclear, fmt.Sprintf("its trust policy cannot be judged for %s: %v", anchor, err))
		case accepted:
			if let[why] == nil {
				whys = append(whys, why)
			}
			let[why] = append(let[why], anchor.String())
		}
	}
	var evidence []string
	for _, why := range whys {
		evidence = append(evidence, fmt.Sprintf("besides any pin of ours, it would accept the enabled %s: %s", strings.Join(let[why], ", "), why))
	}
	if evidence = append(evidence, unclear...); len(evidence) > 0 {
		b.find(role, strings.Join(evidence, "; "))
	}
}

func (b *builder) find(role plan.Addr, evidence string) {
	f := rules.Find(gateForeignRoles, role.String(), evidence)
	for _, held := range b.proposal.awaited {
		if held.Action == plan.ID(plan.RoleVerify, role) {
			f.Remedy = held.Hints[0]
		}
	}
	b.proposal.Findings = append(b.proposal.Findings, f)
}

// wouldAccept is gates.WouldAccept for what may be no policy at all.
func wouldAccept(trust, anchorARN, account string) (accepted bool, why string, err error) {
	if trust == "" {
		return false, "", nil
	}
	return gates.WouldAccept(trust, anchorARN, account)
}

// pinsAt is what may stand in a role's trust policy as a pin of ours: that of
// the environment whose role it is or, for a role that left the configuration,
// that of any environment. The anchors are those on record.
func (r recorded) pinsAt(role plan.Addr, d desired, c *config.Config) []roles.Pinned {
	envs := environments(r, d)
	if pin, wanted := d.pins[role]; wanted {
		envs = []string{pin.Environment}
	}
	var known []roles.Pinned
	for _, env := range envs {
		p := roles.Pinned{Environment: env, URIPrefix: strings.TrimSuffix(pki.WorkloadURI(env, c.Estate.TrustDomain, "x"), "x")}
		for addr, object := range r.objects {
			if addr.Kind == plan.KindAnchor && addr.Environment == env && addr.Target.Account == role.Target.Account {
				p.AnchorARNs = append(p.AnchorARNs, object.ARN)
			}
		}
		known = append(known, p)
	}
	return known
}

// waived reports whether the configuration accepts what a rule would hold at
// an address, until a date that has not passed.
func (w World) waived(rule string, at plan.Addr) bool {
	return slices.ContainsFunc(w.Folder.Config.Waivers, func(waiver config.Waiver) bool {
		return waiver.Rule == rule && waiver.At == at.String() && waiver.Valid(w.Folder.Clock.Now())
	})
}
