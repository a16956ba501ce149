package estate

import (
	"slices"

	"anchorctl/internal/config"
	"anchorctl/internal/crls"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
	"anchorctl/internal/roles"
)

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
