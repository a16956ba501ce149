package estate

import (
	"fmt"
	"slices"
	"strings"

	"anchorctl/internal/anchors"
	"anchorctl/internal/config"
	"anchorctl/internal/crls"
	"anchorctl/internal/issuers"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
	"anchorctl/internal/roles"
	"anchorctl/internal/rules"
	"anchorctl/internal/store"
)

// The gates of a rotation, by the rules that they hold.
const (
	GateDrained  = "ANC503" // no certificate of the old generation lives
	GateSeen     = "ANC504" // sessions with the new generation succeed
	GateReissued = "ANC505" // every workload has a certificate of the new generation
)

// rotate puts the actions of a rotation in order. An anchor holds two certificates
// at most, so the new one comes in beside the old, and the old one leaves last:
//
//	issuer minted · conditions widened · anchors take it in · cut-over ·
//	anchors give up the old one · its revocation lists deleted · conditions
//	narrowed · its key done away with
func (b *builder) rotate(n store.Rotation, ending []plan.Addr, ended map[plan.Addr]bool) error {
	t := turn{builder: b, rotation: n, ending: ending, ended: ended, from: addressOf(n.Environment, n.From), to: addressOf(n.Environment, n.To)}
	t.tellUnchanged()
	switch {
	case b.options.Rotation.Abort && n.Environment == "":
		return t.run(t.end) // no anchor holds a root
	case b.options.Rotation.Abort:
		return t.run(t.expel, t.unlist, t.narrow, t.end)
	case n.Kind == store.Renewal:
		return t.run(t.renew, t.exchange)
	case n.Environment == "":
		return t.run(t.orphans, t.mint, t.activate, t.resign, t.exchange, t.end)
	case n.Kind == store.Emergency:
		return t.run(t.mint, t.widen, t.activate, t.replace, t.cutOff, t.unlist, t.list, t.narrow, t.end)
	case t.dead():
		return t.run(t.mint, t.widen, t.replace, t.activate, t.unlist, t.list, t.narrow, t.end)
	default:
		return t.run(t.mint, t.widen, t.publish, t.activate, t.withdraw, t.unlist, t.narrow, t.end)
	}
}

// turn is the building of one rotation's actions.
type turn struct {
	*builder

	rotation store.Rotation
	from, to plan.Addr
	ending   []plan.Addr        // roles whose sessions an emergency ends
	ended    map[plan.Addr]bool // roles whose sessions an emergency has ended
	done     []string           // actions so far: what comes next needs them
	aside    []string           // of an emergency, what only its end needs
}

func (t *turn) run(phases ...func() error) error {
	for _, phase := range phases {
		before := len(t.actions)
		if err := phase(); err != nil {
			return err
		}
		for _, a := range t.actions[before:] {
			if t.options.urgent && a.Kind == plan.RoleWiden {
				t.aside = append(t.aside, a.ID) // its team may take its time
				continue
			}
			t.done = append(t.done, a.ID)
		}
	}
	return nil
}

// take adds an action unless building it failed.
func (t *turn) take(a plan.Action, err error) error {
	if err == nil {
		t.add(a)
	}
	return err
}

// dead: the old issuer has expired, and so has all that it signed. The service
// takes no expired certificate beside the new one, and there is nobody left to
// be denied.
func (t *turn) dead() bool {
	cert := t.r.certs[t.from.String()]
	return cert != nil && t.world.Folder.Clock.Now().After(cert.NotAfter)
}

func (t *turn) mint() error {
	if t.r.certs[t.to.String()] != nil {
		return nil
	}
	if t.to.Kind == plan.KindRoot {
		spec, err := issuers.RootSpecOf(t.world.Folder.Config, t.world.Folder.Clock.Now())
		if err != nil {
			return err
		}
		return t.take(spec.Mint(t.to.Generation))
	}
	return t.take(t.d.issuers[t.to.Environment].Mint(t.to.Generation))
}

// activate has certificates come from the new issuer, once sessions with it are
// known to succeed. Where the old one has ended there are no others to protect,
// and waiting would only keep everybody out for longer.
func (t *turn) activate() error {
	if t.r.active[t.to.Environment].Number == t.to.Generation {
		return nil
	}
	a, err := issuers.Activate(t.to, t.needs())
	if t.rotation.Kind == store.Rekey && t.to.Kind == plan.KindIssuer && !t.dead() {
		a.Gate = GateSeen
	}
	return t.take(a, err)
}

// widen has the conditions that teams wrote on the issuer's name let the new one
// in, before anything comes from it.
func (t *turn) widen() error {
	return t.roles(func(addr plan.Addr, live roles.Live) (plan.Action, bool, error) {
		return roles.Widen(addr, live, t.rename(t.from, t.to), t.needs())
	})
}

// narrow has them let the old one in no longer, once nothing comes from it; or the
// new one, when everything is to be as it was.
func (t *turn) narrow() error {
	gone, stays := t.from, t.to
	if t.options.Rotation.Abort {
		gone, stays = t.to, t.from
	}
	return t.roles(func(addr plan.Addr, live roles.Live) (plan.Action, bool, error) {
		if len(t.id(plan.RoleWiden, addr)) > 0 {
			wide, _, err := roles.Widened(live.Trust, t.name(t.from), t.name(t.to))
			if err != nil {
				return plan.Action{}, false, err
			}
			live.Trust = wide // by then
		}
		return roles.Narrow(addr, live, t.rename(gone, stays), t.needs())
	})
}

func (t *turn) roles(change func(plan.Addr, roles.Live) (plan.Action, bool, error)) error {
	for _, addr := range addresses(t.d.pins) {
		a, needed, err := change(addr, t.o.roles[addr])
		if err != nil && t.options.urgent {
			t.notice("%s: its trust policy is left as it is, which may deny certificates of %s: %v", addr, t.to, err)
			continue
		}
		if err != nil {
			return err
		}
		if needed {
			t.add(a)
		}
	}
	return nil
}

func (t *turn) rename(old, now plan.Addr) roles.Rename {
	return roles.Rename{Old: t.name(old), New: t.name(now), Wait: t.world.Folder.Config.Roles == config.Verify}
}

func (t *turn) name(issuer plan.Addr) string {
	return pki.IssuerName(issuer.Environment, issuer.Generation)
}

// publish has each anchor take the new certificate in beside the old one, and
// nothing else: what somebody put there has to leave first.
func (t *turn) publish() error {
	return t.anchors(plan.AnchorPublish, "", func(held []string) []string {
		if t.cutOver() || slices.Contains(held, t.to.String()) {
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

// expel has each anchor give the new certificate up again.
func (t *turn) expel() error {
	return t.anchors(plan.AnchorWithdraw, "", func([]string) []string { return []string{t.from.String()} })
}

// exchange has each anchor hold the certificates that its issuers have by then.
// One that is not there yet is made with those.
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
			issuer, former := anchors.Former(name)
			if len(t.id(plan.IssuerRenew, parse(issuer))) > 0 {
				former = true // by the time that it is exchanged
			}
			if after = append(after, issuer); former {
				name = anchors.FormerName(issuer)
			}
			before = append(before, name)
		}
		before, after = unique(before), unique(after)
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

// goesWithout: what goes back, or has nobody left to protect, waits for no anchor
// that somebody deleted. An apply makes it with what is right by then. An emergency
// has left such anchors out before (see reached).
func (t *turn) goesWithout() bool {
	return t.options.Rotation.Abort || t.dead()
}

// willHold is what an anchor holds once the actions so far are done. What is not
// the rotation's own stops it, but for an emergency, which takes it out.
func (t *turn) willHold(addr plan.Addr) ([]string, error) {
	held, err := t.heldBy(addr)
	if err != nil {
		return nil, err
	}
	if strange := t.strange(addr, held); len(strange) > 0 {
		f := strangers(addr, fmt.Sprintf("it holds what does not belong there: %s", strings.Join(strange, ", ")))
		if t.rotation.Kind == store.Emergency {
			f.Severity = rules.Warn
		}
		if !slices.ContainsFunc(t.proposal.Findings, func(o rules.Finding) bool { return o.Rule == f.Rule && o.At == f.At }) {
			t.proposal.Findings = append(t.proposal.Findings, f)
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
	own := []string{t.from.String(), t.to.String()}
	if t.rotation.Kind == store.Renewal || t.rotation.Environment == "" {
		for _, issuer := range t.r.minted(addr.Environment) {
			own = append(own, issuer.String(), anchors.FormerName(issuer.String()))
		}
	}
	return slices.DeleteFunc(slices.Clone(held), func(name string) bool { return slices.Contains(own, name) })
}

// renew has the key of the issuer certified again, once in the rotation.
func (t *turn) renew() error { return t.certify(t.from, "its dates are renewed") }

// resign has every issuer that lives certified by the new root: the same keys,
// subjects and key identifiers, so that what they signed stays good.
func (t *turn) resign() error {
	for _, env := range t.world.Folder.Config.EnvironmentNames() {
		for _, issuer := range t.r.minted(env) {
			if t.signedBy(issuer, t.to) {
				continue
			}
			if err := t.certify(issuer, "the root is another one"); err != nil {
				return err
			}
		}
	}
	return nil
}

// signedBy reports whether an issuer's certificate names the key of a root.
func (t *turn) signedBy(issuer, root plan.Addr) bool {
	cert := t.r.certs[root.String()]
	return cert != nil && string(t.r.certs[issuer.String()].AuthorityKeyId) == string(cert.SubjectKeyId)
}

func (t *turn) certify(issuer plan.Addr, because string) error {
	if t.rotation.Kind == store.Renewal && t.r.renewed[issuer.String()] >= t.rotation.Started && t.rotation.Number > 0 {
		return nil
	}
	spec, there := t.d.issuers[issuer.Environment]
	if !there {
		return nil
	}
	return t.take(spec.Renew(issuer.Generation, because, t.needs()))
}

// unlist deletes the revocation lists of the issuer that leaves, once no anchor
// holds it.
func (t *turn) unlist() error {
	gone := t.from
	if t.options.Rotation.Abort {
		gone = t.to
	}
	for _, addr := range addresses(t.r.objects) {
		if addr.Kind != plan.KindCRL || addr.Environment != gone.Environment || addr.Generation != gone.Generation {
			continue
		}
		if live, there := t.o.crls[addr]; there || t.o.gone[addr] {
			if err := t.take(crls.Delete(addr, live, t.needs())); err != nil {
				return err
			}
		}
	}
	return nil
}

// list brings the list of the issuer that came to anchors that have changed over to it
// at once: before that, they took none of it, whatever was revoked.
func (t *turn) list() error {
	for _, addr := range addresses(t.v.specs) {
		spec := t.v.specs[addr]
		_, listed := t.o.crls[addr]
		_, there := t.o.anchors[spec.Anchor]
		if listed || !there || spec.Number == 0 || addr.Environment != t.to.Environment || addr.Generation != t.to.Generation {
			continue
		}
		if err := t.take(crls.Import(spec, t.needs())); err != nil {
			return err
		}
	}
	return nil
}

// EndedWith are the roles of an environment whose sessions an emergency ends: all
// but those of the probe, which may do nothing.
func EndedWith(c *config.Config, environment string) []plan.Addr {
	env := c.Environments[environment]
	return slices.DeleteFunc(addresses(wantPins(c, env)), env.IsProbe)
}

// cutOff ends the sessions that were given out until then, of every role of the
// environment: which of them the compromised key opened, nobody can tell.
func (t *turn) cutOff() error {
	for _, role := range t.ending {
		if t.world.Folder.Config.Roles == config.Verify {
			t.notice("%s: its sessions are not ended here, since its team writes its policies: run \"anchorctl revoke --end-all-sessions %s\" for the statement", role, role)
			continue
		}
		live, read := t.o.roles[role]
		switch {
		case read && !live.Exists:
			t.notice("%s does not exist, so it has no sessions", role)
			continue
		case t.ended[role] && !t.replaces():
			continue
		}
		a, err := roles.DenyUntilDone(role, t.needs())
		if err := t.take(a, err); err != nil {
			return err
		}
	}
	return nil
}

// replaces reports whether an anchor is still to be changed over.
func (t *turn) replaces() bool {
	return slices.ContainsFunc(t.actions, func(a plan.Action) bool { return a.Kind == plan.AnchorReplace })
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

// end does away with the key that is not used any more.
func (t *turn) end() error {
	if t.proposal.unreached != nil {
		return nil // an anchor may hold it still
	}
	gone, retirement := t.from, issuers.Retirement{Key: issuers.KeyDestroyed, Rotation: "done"}
	if t.options.Rotation.Abort {
		gone, retirement.Rotation = t.to, "aborted"
	}
	if t.rotation.KeepKey || gone == t.from && gone.Kind == plan.KindRoot {
		retirement.Key = issuers.KeyArchived
	}
	return t.take(issuers.Retire(gone, retirement, append(t.needs(), t.aside...)))
}

func (t *turn) needs() []string { return slices.Clone(t.done) }

func (t *turn) cutOver() bool { return t.rotation.CutOver != 0 }

func addressOf(environment string, generation int) plan.Addr {
	return store.Generation{Environment: environment, Number: generation}.Addr()
}

// parse is the address that a name is, or none.
func parse(name string) plan.Addr {
	addr, err := plan.ParseAddr(name)
	if err != nil {
		return plan.Addr{}
	}
	return addr
}

// minted are the generations of an environment that anchors may hold, in order.
func (r recorded) minted(environment string) []plan.Addr {
	var list []plan.Addr
	for _, g := range r.generations {
		if g.Environment == environment && g.Status != store.Retired {
			list = append(list, g.Addr())
		}
	}
	return list
}
