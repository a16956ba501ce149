package estate

import (
	"fmt"
	"slices"

	"anchorctl/internal/anchors"
	"anchorctl/internal/crls"
	"anchorctl/internal/ownership"
	"anchorctl/internal/plan"
	"anchorctl/internal/profiles"
	"anchorctl/internal/rules"
)

// removals proposes the removal of what is recorded and no longer wanted. A
// whole environment that left the file needs an approval by name.
func (b *builder) removals() error {
	return b.remove(func(addr plan.Addr) bool {
		_, anchor := b.d.anchors[addr]
		_, profile := b.d.profiles[addr]
		_, list := b.v.specs[addr]
		if anchor || profile || list {
			return false
		}
		return b.mayLose(addr.Environment)
	})
}

// mayLose reports whether something of an environment may be taken out of AWS:
// it is still in the file, or its removal is approved. Otherwise that is said,
// once.
func (b *builder) mayLose(env string) bool {
	if _, there := b.world.Folder.Config.Environments[env]; there || slices.Contains(b.options.Delete, env) {
		return true
	}
	notice := fmt.Sprintf("environment %s left anchorctl.yaml; what it has in AWS stays until its removal is approved with --approve-delete %s", env, env)
	if !slices.Contains(b.proposal.Notices, notice) {
		b.proposal.Notices = append(b.proposal.Notices, notice)
	}
	return false
}

// remove proposes the removal of recorded anchors and profiles, in the order
// that never leaves a way in half open: disable all, then delete profiles,
// revocation lists, and anchors. Only what the tags confirm is deleted.
func (b *builder) remove(unwanted func(plan.Addr) bool) error {
	var goneProfiles, goneLists, goneAnchors []plan.Addr
	var off []string
	for _, addr := range addresses(b.r.objects) {
		if addr.Kind == plan.KindRole || !unwanted(addr) {
			continue
		}
		live, anchor := b.o.anchors[addr]
		profile, there := b.o.profiles[addr]
		list, listed := b.o.crls[addr]
		switch {
		case listed && b.confirmed(addr, list.Tags), addr.Kind == plan.KindCRL && b.o.gone[addr]:
			goneLists = append(goneLists, addr)
		case anchor && b.confirmed(addr, live.Tags):
			goneAnchors = append(goneAnchors, addr)
		case there && b.confirmed(addr, profile.Tags):
			goneProfiles = append(goneProfiles, addr)
		case b.o.gone[addr]:
			// Deleting what is gone is no error, and makes the store forget it.
			if addr.Kind == plan.KindAnchor {
				goneAnchors = append(goneAnchors, addr)
			} else {
				goneProfiles = append(goneProfiles, addr)
			}
		default:
			continue
		}
		if !live.Enabled && !profile.Enabled {
			continue
		}
		a, err := disable(addr)
		if err != nil {
			return err
		}
		b.add(a)
		off = append(off, a.ID)
	}
	for _, addr := range goneProfiles {
		a, err := profiles.Delete(addr, b.o.profiles[addr], off)
		if err != nil {
			return err
		}
		b.add(a)
		off = append(off, a.ID)
	}
	for _, addr := range goneLists {
		// Nothing that an anchor may still accept becomes good again by it.
		needs := append(b.id(plan.AnchorUpdate, plan.Anchor(addr.Environment, addr.Target)), off...)
		a, err := crls.Delete(addr, b.o.crls[addr], needs)
		if err != nil {
			return err
		}
		b.add(a)
		off = append(off, a.ID)
	}
	for _, addr := range goneAnchors {
		a, err := anchors.Delete(addr, b.o.anchors[addr], off)
		if err != nil {
			return err
		}
		b.add(a)
	}
	return nil
}

func disable(addr plan.Addr) (plan.Action, error) {
	if addr.Kind == plan.KindAnchor {
		return anchors.Disable(addr, nil)
	}
	return profiles.Disable(addr, nil)
}

func (b *builder) confirmed(addr plan.Addr, tags map[string]string) bool {
	if ownership.Read(ownership.Tags(b.r.estate.Lineage, addr), tags) == ownership.Confirmed {
		return true
	}
	b.proposal.Findings = append(b.proposal.Findings, rules.Find("ANC403", addr.String(),
		"the store lists it, and its tags do not confirm that it is ours; it is not deleted"))
	return false
}
