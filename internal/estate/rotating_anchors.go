package estate

import (
	"fmt"
	"slices"
	"strings"

	"anchorctl/internal/anchors"
	"anchorctl/internal/hint"
	"anchorctl/internal/plan"
	"anchorctl/internal/rules"
	"anchorctl/internal/store"
)

// publish has each anchor take the new certificate in beside the old one, and
// nothing else: what somebody put there has to leave first.
func (t *turn) publish() error {
	return t.anchors(plan.AnchorPublish, "", func(held []string) []string {
		former := slices.Index(held, anchors.FormerName(t.to.String()))
		switch {
		case former >= 0: // it was revived
			held = slices.Clone(held)
			held[former] = t.to.String()
			return held
		case t.cutOver() || slices.Contains(held, t.to.String()):
			return held
		}
		return []string{t.from.String(), t.to.String()}
	})
}

func (t *turn) withdraw() error {
	return t.anchors(plan.AnchorWithdraw, GateDrained, func([]string) []string { return []string{t.to.String()} })
}

// replace has each anchor change over in one update: from then on, whoever holds
// a certificate of the old key is denied.
func (t *turn) replace() error {
	gate := GateReissued
	if t.rotation.Kind == store.Rekey {
		gate = GateDrained
	}
	return t.anchors(plan.AnchorReplace, gate, func([]string) []string { return []string{t.to.String()} })
}

// expel has each anchor give the new certificate up again. One that has given up the
// old one shows that the cut-over was, whatever the store says: only where the old
// issuer has ended do anchors change over before it, and then there is no way back.
func (t *turn) expel() error {
	goOn := fmt.Sprintf("run %q: it goes on to the end; to leave the new key again, start another rotation afterwards", "anchorctl "+resume(*t.options.Rotation))
	for _, addr := range addresses(t.d.anchors) {
		live, there := t.o.anchors[addr]
		held := anchors.Held(live, t.r.knownAs)
		switch {
		case !there || !slices.Contains(held, t.to.String()):
		case t.dead():
			return hint.With(fmt.Errorf("%s: %w: %s has ended, and no trust anchor takes it back in", t.options.Rotation.address(), ErrNoWayBack, t.from), goOn)
		case !slices.Contains(held, t.from.String()):
			return heldAnchor(addr, fmt.Sprintf("it holds %s and %s no more, which comes after the cut-over: the store was restored from a backup of before it, and workloads hold certificates of %s",
				t.to, t.from, t.to), goOn)
		}
	}
	return t.anchors(plan.AnchorWithdraw, GateDrained, func([]string) []string { return []string{t.from.String()} })
}

// exchange has each anchor hold the certificates that its issuers have by then.
// One that is not there yet is made with those. No anchor takes one again that has
// ended, and that the issuer which signs is beside.
func (t *turn) exchange() error {
	for _, addr := range addresses(t.d.anchors) {
		if _, there := t.o.anchors[addr]; !there {
			continue
		}
		held, err := t.willHold(addr)
		if err != nil {
			return err
		}
		var before, after []string
		for _, name := range held {
			issuer, _ := anchors.Former(name)
			before, after = append(before, name), append(after, issuer)
		}
		before, after = unique(before), unique(after)
		if rest := slices.DeleteFunc(slices.Clone(after), func(name string) bool { return t.left(parse(name)) }); len(rest) > 0 {
			after = rest
		}
		if slices.Equal(before, after) {
			continue
		}
		if err := t.take(anchors.Hold(plan.AnchorPublish, addr, before, after, t.needs())); err != nil {
			return err
		}
	}
	return nil
}

// anchors adds an action for each anchor that has to hold something else by then.
func (t *turn) anchors(kind plan.Kind, gate string, after func(held []string) []string) error {
	for _, addr := range addresses(t.d.anchors) {
		if _, there := t.o.anchors[addr]; !there && t.goesWithout() {
			t.notice("%s is not there, so it holds no issuer: run %q afterwards to make it again", addr, "anchorctl apply")
			continue
		}
		held, err := t.willHold(addr)
		if err != nil {
			return err
		}
		wanted := after(held)
		if slices.Equal(held, wanted) {
			continue
		}
		a, err := anchors.Hold(kind, addr, held, wanted, t.needs())
		if err != nil {
			return err
		}
		a.Gate = gate
		t.add(a)
	}
	return nil
}

// willHold is what an anchor holds once the actions so far are done. What is not
// the rotation's own stops it, but for an emergency, which takes it out.
func (t *turn) willHold(addr plan.Addr) ([]string, error) {
	held, err := t.heldBy(addr)
	if err != nil {
		return nil, err
	}
	if strange := t.strange(addr, held); len(strange) > 0 {
		f := t.strangers(addr, fmt.Sprintf("it holds what does not belong there: %s", strings.Join(strange, ", ")))
		if t.rotation.Kind == store.Emergency {
			f.Severity = rules.Warn
		}
		if !slices.ContainsFunc(t.proposal.Findings, func(o rules.Finding) bool { return o.Rule == f.Rule && o.At == f.At }) {
			t.proposal.Findings = append(t.proposal.Findings, f)
		}
	}
	held = slices.Clone(held)
	for i, name := range held {
		if len(t.id(plan.IssuerRenew, parse(name))) > 0 {
			held[i] = anchors.FormerName(name) // by the time that it is exchanged
		}
	}
	for _, a := range t.actions {
		if a.Addr == addr {
			if held, err = anchors.Holds(a); err != nil {
				return nil, err
			}
		}
	}
	return slices.Clone(held), nil
}

// strange are the certificates in an anchor that this rotation does not account
// for.
func (t *turn) strange(addr plan.Addr, held []string) []string {
	own := []string{t.from.String(), t.to.String(), anchors.FormerName(t.to.String())}
	if t.rotation.Kind == store.Renewal || t.rotation.Environment == "" {
		for _, issuer := range t.r.minted(addr.Environment) {
			own = append(own, issuer.String(), anchors.FormerName(issuer.String()))
		}
	}
	return slices.DeleteFunc(slices.Clone(held), func(name string) bool { return slices.Contains(own, name) })
}

// leftBehind holds a rotation while an anchor is there whose target left the
// configuration: nothing of the plan would reach it, and it would trust the old issuer
// for good.
func (t *turn) leftBehind() error {
	if t.options.Rotation.Urgent {
		return nil // it reaches what is recorded, and names what it cannot
	}
	for _, addr := range addresses(t.r.objects) {
		if _, wanted := t.d.anchors[addr]; addr.Kind == plan.KindAnchor && addr.Environment == t.from.Environment && !wanted {
			return heldAnchor(addr, "its target left anchorctl.yaml, and it is there still",
				`run "anchorctl apply" first, which removes it, or put the target back into the file`, forgetHint(addr.Target))
		}
	}
	return nil
}

// orphans holds the end of a root under which something still lives that no
// configuration speaks of.
func (t *turn) orphans() error {
	for _, g := range t.r.generations {
		_, configured := t.world.Folder.Config.Environments[g.Environment]
		if g.Environment == "" || configured || g.Status == store.Retired || !t.signedBy(g.Addr(), t.from) {
			continue
		}
		if anchored := slices.ContainsFunc(addresses(t.r.objects), func(a plan.Addr) bool {
			return a.Kind == plan.KindAnchor && a.Environment == g.Environment
		}); anchored {
			return heldAnchor(g.Addr(), "its environment left anchorctl.yaml, and trust anchors hold it still",
				fmt.Sprintf("run %q first, or put the environment back into the file", "anchorctl apply --approve-delete "+g.Environment))
		}
	}
	return nil
}
