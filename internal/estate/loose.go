package estate

import (
	"fmt"

	"anchorctl/internal/config"
	"anchorctl/internal/gates"
	"anchorctl/internal/iampolicy"
	"anchorctl/internal/plan"
	"anchorctl/internal/roles"
	"anchorctl/internal/rules"
)

// loose finds roles that accept an enabled anchor of ours by something else
// than their pin: a statement that somebody added, or a profile that somebody
// made, since the anchor was enabled. What a planned pin is going to replace
// does not count.
func (b *builder) loose() error {
	for place, found := range b.o.strangers {
		for _, addr := range addresses(found) {
			if err := b.looseStranger(place, addr, found[addr]); err != nil {
				return err
			}
		}
	}
	return b.loosePins()
}

func (b *builder) looseStranger(place plan.Target, addr plan.Addr, live roles.Live) error {
	if !live.Exists || b.world.waived(gateForeignRoles, addr) {
		return nil
	}
	trust, err := b.apartFromPins(addr, live)
	if err != nil {
		b.proposal.Findings = append(b.proposal.Findings, unreadableRole(addr, err))
		return nil
	}
	for _, anchor := range addresses(b.o.anchors) {
		l := b.o.anchors[anchor]
		if !l.Enabled || anchor.Target != place {
			continue
		}
		if err := b.judgeRole(addr, trust, anchor, l.ARN); err != nil {
			return err
		}
	}
	return nil
}

// apartFromPins is a role's trust policy without the pins that we wrote, when
// it is a role that we pinned: one that is on its way out is no stranger.
func (b *builder) apartFromPins(addr plan.Addr, live roles.Live) (string, error) {
	if _, ours := b.r.objects[addr]; !ours {
		return live.Trust, nil
	}
	for _, env := range environments(b.r, b.d) {
		if !hasStatement(live.Trust, iampolicy.Sid(env)) {
			continue
		}
		doc, err := roles.Without(live, env)
		if err != nil {
			return "", err
		}
		live.Trust = string(doc)
	}
	return live.Trust, nil
}

func (b *builder) loosePins() error {
	for _, addr := range addresses(b.d.pins) {
		pin, live := b.d.pins[addr], b.o.roles[addr]
		if !live.Exists || b.world.waived(gateForeignRoles, addr) {
			continue
		}
		resolved, _ := b.resolved(pin)
		trust := live.Trust
		if b.world.Folder.Config.Roles == config.Manage {
			after, err := b.trustAfter(resolved, live)
			if err != nil {
				continue // reported where it is to be pinned
			}
			trust = string(after)
		}
		if err := b.looseRole(resolved, trust); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) looseRole(pin roles.Pin, trust string) error {
	_, rest, err := pin.Installed(trust)
	if err != nil {
		b.proposal.Findings = append(b.proposal.Findings, unreadableRole(pin.Addr, err))
		return nil
	}
	for _, anchor := range addresses(b.o.anchors) {
		live := b.o.anchors[anchor]
		if !live.Enabled || anchor.Target.Account != pin.Addr.Target.Account {
			continue
		}
		whole := trust
		if anchor.Environment == pin.Environment {
			whole = rest
		}
		if err := b.judgeRole(pin.Addr, whole, anchor, live.ARN); err != nil {
			return err
		}
	}
	return nil
}

// judgeRole adds a finding when a trust policy, apart from our pin, would
// accept an enabled anchor, or cannot be judged.
func (b *builder) judgeRole(role plan.Addr, trust string, anchor plan.Addr, anchorARN string) error {
	accepted, why, err := wouldAccept(trust, anchorARN, anchor.Target.Account)
	evidence := ""
	switch {
	case err != nil:
		evidence = fmt.Sprintf("its trust policy cannot be judged for %s: %v", anchor, err)
	case accepted:
		evidence = fmt.Sprintf("besides any pin of ours, it would accept %s, which is enabled: %s", anchor, why)
	default:
		return nil
	}
	b.proposal.Findings = append(b.proposal.Findings, rules.Find(gateForeignRoles, role.String(), evidence))
	return nil
}

// wouldAccept is gates.WouldAccept for what may be no policy at all.
func wouldAccept(trust, anchorARN, account string) (accepted bool, why string, err error) {
	if trust == "" {
		return false, "", nil
	}
	return gates.WouldAccept(trust, anchorARN, account)
}

// waived reports whether the configuration accepts what a rule would hold at
// an address, until a date that has not passed.
func (w World) waived(rule string, at plan.Addr) bool {
	for _, waiver := range w.Folder.Config.Waivers {
		if waiver.Rule == rule && waiver.At == at.String() && waiver.Valid(w.Folder.Clock.Now()) {
			return true
		}
	}
	return false
}
