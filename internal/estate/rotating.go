package estate

import (
	"slices"

	"anchorctl/internal/issuers"
	"anchorctl/internal/plan"
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
		return t.run(t.mint, t.revive, t.widen, t.activate, t.replace, t.cutOff, t.unlist, t.list, t.narrow, t.end)
	case t.dead():
		return t.run(t.leftBehind, t.mint, t.revive, t.widen, t.replace, t.activate, t.unlist, t.list, t.narrow, t.end)
	default:
		return t.run(t.leftBehind, t.mint, t.revive, t.widen, t.publish, t.activate, t.withdraw, t.unlist, t.narrow, t.end)
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
func (t *turn) dead() bool { return t.past(t.from) }

func (t *turn) past(issuer plan.Addr) bool {
	cert := t.r.certs[issuer.String()]
	return cert != nil && t.world.Folder.Clock.Now().After(cert.NotAfter)
}

// left reports whether an issuer has ended that another one signs in place of.
func (t *turn) left(issuer plan.Addr) bool {
	return issuer.Generation < t.r.active[issuer.Environment].Number && t.past(issuer)
}

// revive gives the new issuer other dates when it has ended before its rotation did:
// no anchor takes it as it is, and no other rotation is started while this one is
// open. Its key is as good as before.
func (t *turn) revive() error {
	if !t.past(t.to) {
		return nil
	}
	return t.certify(t.to, "it ended before its rotation did")
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

// goesWithout: what goes back, or has nobody left to protect, waits for no anchor
// that somebody deleted. An apply makes it with what is right by then. An emergency
// has left such anchors out before (see reached).
func (t *turn) goesWithout() bool {
	return t.options.Rotation.Abort || t.dead()
}

// renew has the key of the issuer certified again, once in the rotation.
func (t *turn) renew() error { return t.certify(t.from, "its dates are renewed") }

// resign has every issuer that lives certified by the new root: the same keys,
// subjects and key identifiers, so that what they signed stays good. One that is being
// left and has ended stays as it is: nobody needs it, and its key may be in other hands.
func (t *turn) resign() error {
	for _, env := range t.world.Folder.Config.EnvironmentNames() {
		for _, issuer := range t.r.minted(env) {
			if t.signedBy(issuer, t.to) && !t.past(issuer) || t.left(issuer) {
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
	once := t.r.renewed[issuer.String()] >= t.rotation.Started && !t.past(issuer)
	if t.rotation.Kind == store.Renewal && once && t.rotation.Number > 0 {
		return nil
	}
	spec, there := t.d.issuers[issuer.Environment]
	if !there {
		return nil
	}
	return t.take(spec.Renew(issuer.Generation, because, t.needs()))
}

// replaces reports whether an anchor is still to be changed over.
func (t *turn) replaces() bool {
	return slices.ContainsFunc(t.actions, func(a plan.Action) bool { return a.Kind == plan.AnchorReplace })
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
	a, err := issuers.Retire(gone, retirement, append(t.needs(), t.aside...))
	if t.options.Rotation.Abort && gone.Kind == plan.KindIssuer && t.r.certs[gone.String()] != nil {
		a.Gate = GateDrained // no anchor need hold it for workloads to have its certificates
	}
	return t.take(a, err)
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
