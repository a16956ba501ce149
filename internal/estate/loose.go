package estate

import (
	"fmt"

	"anchorctl/internal/config"
	"anchorctl/internal/gates"
	"anchorctl/internal/plan"
	"anchorctl/internal/roles"
	"anchorctl/internal/rules"
)

// loose finds roles of ours that accept an enabled anchor of ours by something
// else than their pin: a statement that somebody added since the anchor was
// enabled. What a planned pin is going to replace does not count.
func (b *builder) loose() error {
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
		accepted, why, err := wouldAccept(whole, live.ARN, pin.Addr.Target.Account)
		if err != nil {
			return fmt.Errorf("judging %s: %w", pin.Addr, err)
		}
		if accepted {
			b.proposal.Findings = append(b.proposal.Findings, rules.Find(gateForeignRoles, pin.Addr.String(),
				fmt.Sprintf("besides its pin, the role would accept %s, which is enabled: %s", anchor, why)))
		}
	}
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
