package estate

import (
	"fmt"
	"maps"
	"slices"

	"anchorctl/internal/anchors"
	"anchorctl/internal/keys"
	"anchorctl/internal/plan"
	"anchorctl/internal/profiles"
	"anchorctl/internal/store"
)

// builder puts the actions of a plan in order. The order is by phase over all
// environments, because a role that moves from one to another must leave the
// one before it is pinned to the other:
//
//	issuers minted · anchors created (disabled) or put right · revocation
//	lists signed, imported or put right · what left the
//	configuration removed · profiles created (disabled) or narrowed · roles
//	pinned · profiles widened · anchors enabled · profiles enabled
type builder struct {
	world    World
	r        recorded
	d        desired
	o        observed
	v        revoking
	options  Options
	proposal *Proposal

	actions []plan.Action
	ready   map[plan.Addr][]string      // what must be done before the object may be enabled
	narrow  map[plan.Addr][]plan.Action // what creates or narrows a profile
}

func (b *builder) build() error {
	b.ready, b.narrow = map[plan.Addr][]string{}, map[plan.Addr][]plan.Action{}
	b.withdrawnLists()
	b.foreignLists()
	if b.options.Destroy {
		return b.remove(func(plan.Addr) bool { return true })
	}
	for _, phase := range []func() error{
		b.mint, b.anchors, b.lists, b.removals, b.forget, b.narrowed, b.unpin, b.pin, b.loose, b.mapped, b.updated, b.enableAnchors, b.enableProfiles,
	} {
		if err := phase(); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) add(actions ...plan.Action) {
	b.actions = append(b.actions, actions...)
}

// id is the action of that kind and address if the plan has it.
func (b *builder) id(kind plan.Kind, addr plan.Addr) []string {
	id := plan.ID(kind, addr)
	if slices.ContainsFunc(b.actions, func(a plan.Action) bool { return a.ID == id }) {
		return []string{id}
	}
	return nil
}

func (b *builder) mint() error {
	b.openRotations()
	b.otherRoot()
	for _, env := range b.world.Folder.Config.EnvironmentNames() {
		if g, ok := b.r.active[env]; ok {
			for _, words := range b.d.issuers[env].Drift(b.r.certs[g.Addr().String()]) {
				b.notice("%s: %s; an issuer that exists does not change", g.Addr(), words)
			}
			continue
		}
		a, err := b.d.issuers[env].Mint(b.r.generation(env))
		if err != nil {
			return err
		}
		b.add(a)
	}
	return nil
}

// otherRoot says that the configuration has the root be somebody else's, or ours,
// and the one that signs is not.
func (b *builder) otherRoot() {
	g, c := b.r.active[""], b.world.Folder.Config.Root
	if _, turning := b.r.rotations[""]; turning || (g.KeyURI == keys.Elsewhere) == (c.Certificate != "") {
		return
	}
	now := "is ours"
	if g.KeyURI == keys.Elsewhere {
		now = "is somebody else's"
	}
	b.notice("the root that signs, %s, %s, and by root.certificate it should not be: run %q", g.Addr(), now, "anchorctl rotate start root")
}

// openRotations says what is under way, and what does not go together with it.
func (b *builder) openRotations() {
	for _, env := range slices.Sorted(maps.Keys(b.r.rotations)) {
		n, at := b.r.rotations[env], Rotation{Environment: env}
		what := "this leaves its certificates to it"
		if env == "" || n.Kind == store.Renewal {
			what = "anchors get the certificates that it has made so far"
		}
		if _, there := b.world.Folder.Config.Environments[env]; env != "" && !there {
			b.notice("%s: a rotation is open since %s, and it left anchorctl.yaml: put it back, and run %q", at.address(), day(n.Started), "anchorctl "+resume(at))
			continue
		}
		b.notice("%s: a rotation is open since %s, and %s: run %q", at.address(), day(n.Started), what, "anchorctl "+resume(at))
	}
}

func (b *builder) notice(format string, args ...any) {
	b.proposal.Notices = append(b.proposal.Notices, fmt.Sprintf(format, args...))
}

func (b *builder) anchors() error {
	for _, addr := range addresses(b.d.anchors) {
		spec := b.d.anchors[addr]
		live, there := b.o.anchors[addr]
		if !there {
			spec.Certificates = b.trusted(spec)
			a, err := anchors.Create(spec, b.id(plan.IssuerMint, spec.Certificates[0]))
			if err != nil {
				return err
			}
			b.add(a)
			b.ready[addr] = []string{a.ID}
			continue
		}
		spec.Tags = b.r.withIntent(addr, spec.Tags)
		spec.Certificates = b.leave(spec, live)
		actions, foreign, err := anchors.Update(spec, live, b.r.knownAs)
		if err != nil {
			return err
		}
		if foreign {
			b.foreign(addr, live)
		}
		b.add(actions...)
		for _, a := range actions {
			b.ready[addr] = append(b.ready[addr], a.ID)
		}
	}
	return nil
}

// leave is what the anchor should hold. While a rotation is open, that is the
// rotation's to change: of ours the anchor keeps what it has, and what is not ours
// is all that may go.
func (b *builder) leave(spec anchors.Spec, live anchors.Live) []plan.Addr {
	if _, open := b.r.rotations[spec.Addr.Environment]; !open {
		return spec.Certificates
	}
	var own []plan.Addr
	for _, addr := range b.issuersIn(live) {
		if slices.Contains(spec.Certificates, addr) {
			own = append(own, addr)
		}
	}
	if len(own) == 0 {
		return b.trusted(spec)
	}
	return own
}

// trusted is what an anchor that has none of our issuers should hold: those that
// the spec names, but for one whose key is compromised, once there is another.
func (b *builder) trusted(spec anchors.Spec) []plan.Addr {
	n := b.r.rotations[spec.Addr.Environment]
	if n.Kind != store.Emergency || n.CutOver == 0 {
		return spec.Certificates
	}
	return []plan.Addr{addressOf(n.Environment, n.To)}
}

// issuersIn are the issuers whose certificates an anchor holds, those that they
// have now or had before a renewal. What is not ours is no address.
func (b *builder) issuersIn(live anchors.Live) []plan.Addr {
	var list []plan.Addr
	for _, name := range anchors.Held(live, b.r.knownAs) {
		issuer, _ := anchors.Former(name)
		if addr := parse(issuer); !slices.Contains(list, addr) {
			list = append(list, addr)
		}
	}
	return list
}

// narrowed comes before the pins: profiles are created, disabled, or lose the
// roles that they should not list.
func (b *builder) narrowed() error {
	for _, addr := range addresses(b.d.profiles) {
		spec := b.d.profiles[addr]
		if live, there := b.o.profiles[addr]; there {
			spec.Tags = b.r.withIntent(addr, spec.Tags)
			actions, err := profiles.Narrow(spec, live)
			if err != nil {
				return err
			}
			b.narrow[addr] = actions
		} else {
			create, err := profiles.Create(spec)
			if err != nil {
				return err
			}
			b.narrow[addr] = []plan.Action{create}
		}
		b.add(b.narrow[addr]...)
		for _, a := range b.narrow[addr] {
			b.ready[addr] = append(b.ready[addr], a.ID)
		}
	}
	return nil
}

// updated comes after the pins: what it adds to a live profile must find its
// roles pinned.
func (b *builder) updated() error {
	for _, addr := range addresses(b.d.profiles) {
		spec := b.d.profiles[addr]
		live, there := b.o.profiles[addr]
		if !there {
			live = profiles.Born(spec)
		}
		actions, err := profiles.Update(spec, live, b.narrow[addr])
		if err != nil {
			return err
		}
		for _, a := range actions {
			a.Needs = append(a.Needs, b.pinsOf(addr)...)
			if live.Enabled {
				// One that is disabled is asked about when it is enabled.
				a.Gate = gateForeignRoles
			}
			b.add(a)
			b.ready[addr] = append(b.ready[addr], a.ID)
		}
	}
	return nil
}

func (b *builder) enableAnchors() error {
	for _, addr := range addresses(b.d.anchors) {
		if live, there := b.o.anchors[addr]; there && live.Enabled {
			continue
		}
		a, err := anchors.Enable(b.d.anchors[addr], append(b.ready[addr], b.pinsOf(addr)...))
		if err != nil {
			return err
		}
		a.Gate = gateForeignRoles
		b.add(a)
	}
	return nil
}

func (b *builder) enableProfiles() error {
	for _, addr := range addresses(b.d.profiles) {
		if live, there := b.o.profiles[addr]; there && live.Enabled {
			continue
		}
		needs := append(b.ready[addr], b.pinsOf(addr)...)
		needs = append(needs, b.id(plan.AnchorEnable, plan.Anchor(addr.Environment, addr.Target))...)
		a, err := profiles.Enable(addr, unique(needs))
		if err != nil {
			return err
		}
		a.Gate = gateForeignRoles
		b.add(a)
	}
	return nil
}

// pinsOf are the planned actions on the roles of addr's environment in its
// account.
func (b *builder) pinsOf(addr plan.Addr) []string {
	var ids []string
	for _, role := range addresses(b.d.pins) {
		if b.d.pins[role].Environment != addr.Environment || role.Target.Account != addr.Target.Account {
			continue
		}
		ids = append(ids, b.id(plan.RolePin, role)...)
		ids = append(ids, b.id(plan.RoleVerify, role)...)
	}
	return ids
}
