package estate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"anchorctl/internal/anchors"
	"anchorctl/internal/crls"
	"anchorctl/internal/engine"
	"anchorctl/internal/plan"
	"anchorctl/internal/profiles"
	"anchorctl/internal/roles"
	"anchorctl/internal/rules"
)

// observed is what is there of what concerns us.
type observed struct {
	anchors  map[plan.Addr]anchors.Live
	profiles map[plan.Addr]profiles.Live
	roles    map[plan.Addr]roles.Live
	// crls are our revocation lists, and foreignCRLs the others at places where
	// they were asked for.
	crls        map[plan.Addr]crls.Live
	foreignCRLs []crls.Live
	// strangers are the roles of all enabled profiles at places where an anchor
	// of ours is enabled, but for those we pin: whoever made the profile, our
	// anchor reaches them.
	strangers map[plan.Target]map[plan.Addr]stranger
	// gone are recorded anchors, profiles and lists that the service itself says
	// are not there.
	gone map[plan.Addr]bool
	// unreached are the places that an emergency could not read, and why.
	unreached map[plan.Target]error
	*claims
}

func newObserved(r recorded) observed {
	return observed{
		anchors: map[plan.Addr]anchors.Live{}, profiles: map[plan.Addr]profiles.Live{}, roles: map[plan.Addr]roles.Live{},
		crls: map[plan.Addr]crls.Live{}, strangers: map[plan.Target]map[plan.Addr]stranger{}, gone: map[plan.Addr]bool{}, unreached: map[plan.Target]error{},
		claims: r.claims(),
	}
}

// observe reads every target of the configuration and of the record: two lists
// and their tags per place, and each of our roles once.
func (w World) observe(ctx context.Context, c *clouds, r recorded, d desired, v revoking, scope Options) (observed, error) {
	o := newObserved(r)
	withLists := v.readsLists(r, scope)
	read := map[string]bool{}
	for _, addr := range places(r, d) {
		t := w.target(addr)
		if read[key(t)] || !scope.covers(addr.Environment) || scope.forgets(addr) {
			continue
		}
		cloud, err := c.open(ctx, t)
		err = w.unreached(addr, err)
		if err != nil && w.left(addr, scope) {
			o.notices = append(o.notices, fmt.Sprintf("%s left anchorctl.yaml and was not read: %v", addr, err))
			continue
		}
		read[key(t)] = true
		place := plan.Target{Account: t.Account, Region: t.Region}
		if err == nil {
			err = o.readPlace(ctx, cloud, place, d, scope)
		}
		if err == nil && withLists {
			err = o.readLists(ctx, cloud, place)
		}
		if err != nil && scope.urgent && ctx.Err() == nil {
			o.unreached[place] = err
			continue
		}
		if err != nil {
			return o, err
		}
	}
	if err := w.missing(ctx, c, r, &o, scope); err != nil {
		return o, err
	}
	if err := w.observeRoles(ctx, c, r, d, &o, scope); err != nil || scope.Destroy || scope.Rotation != nil {
		return o, err
	}
	return o, w.readPermissions(ctx, c, d, &o)
}

// left reports whether something left the configuration with its environment
// and nobody has approved that it goes.
func (w World) left(addr plan.Addr, scope Options) bool {
	_, there := w.Folder.Config.Environments[addr.Environment]
	return !there && !scope.Destroy && !slices.Contains(scope.Delete, addr.Environment)
}

// missing finds out about recorded objects that no list shows. Lists lag: one
// that is there all the same must not be made a second time, so that holds.
func (w World) missing(ctx context.Context, c *clouds, r recorded, o *observed, scope Options) error {
	for _, addr := range addresses(r.objects) {
		if addr.Kind == plan.KindRole || !scope.covers(addr.Environment) || o.unreached[addr.Target] != nil {
			continue
		}
		err := w.missingAt(ctx, c, addr, o)
		if err != nil && scope.urgent && ctx.Err() == nil {
			if addr.Kind == plan.KindAnchor {
				o.unreached[addr.Target] = err
			}
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w World) missingAt(ctx context.Context, c *clouds, addr plan.Addr, o *observed) error {
	object, recorded := o.record.objects[addr]
	_, anchor := o.anchors[addr]
	_, profile := o.profiles[addr]
	_, list := o.crls[addr]
	cloud, opened := c.opened[key(w.target(addr))]
	if !recorded || anchor || profile || list || o.denied[addr] || !opened { // one that is not opened is reported already
		return nil
	}
	there, err := cloud.Exists(ctx, object.ARN)
	if err != nil {
		return fmt.Errorf("asking for %s: %w", addr, err)
	}
	if there {
		return engine.Hold(&engine.HeldError{
			Action: addr.String(), Reason: "it is there, and the service's list does not show it yet",
			Hints: []string{"run the same command again in a minute"},
		})
	}
	o.gone[addr] = true
	return nil
}

// places are the targets at which strangers were read, in order.
func (o observed) places() []plan.Target {
	list := make([]plan.Target, 0, len(o.strangers))
	for place := range o.strangers {
		list = append(list, place)
	}
	slices.SortFunc(list, func(a, b plan.Target) int { return strings.Compare(a.String(), b.String()) })
	return list
}

// places are the addresses of all anchors and profiles that are wanted or
// recorded.
func places(r recorded, d desired) []plan.Addr {
	all := map[plan.Addr]bool{}
	for addr := range d.anchors {
		all[addr] = true
	}
	for addr := range d.profiles {
		all[addr] = true
	}
	for addr := range r.objects {
		if addr.Kind != plan.KindRole {
			all[addr] = true
		}
	}
	return addresses(all)
}

func (o *observed) readPlace(ctx context.Context, cloud Cloud, place plan.Target, d desired, scope Options) error {
	there, err := readLists(ctx, cloud, place)
	if err != nil {
		return err
	}
	enabled := false
	for _, l := range there.anchors {
		if addr, ours := o.own(place, l.ARN, l.Tags); ours {
			o.anchors[addr] = l
			enabled = enabled || l.Enabled
		}
	}
	for _, l := range there.profiles {
		if addr, ours := o.own(place, l.ARN, l.Tags); ours {
			o.profiles[addr] = l
		}
	}
	if enabled && !scope.Destroy && scope.Rotation == nil {
		o.readStrangers(ctx, cloud, place, there.profiles, d)
	}
	return nil
}

// readStrangers reads the roles that an enabled anchor of ours reaches at a
// place besides those we pin.
func (o *observed) readStrangers(ctx context.Context, cloud Cloud, place plan.Target, all []profiles.Live, d desired) {
	found := map[plan.Addr]stranger{}
	for _, l := range all {
		for _, arn := range l.RoleARNs {
			addr := roleOf(arn)
			_, pinned := d.pins[addr]
			_, read := found[addr]
			if pinned || read || !l.Enabled {
				continue
			}
			if one := readRole(ctx, cloud, addr); one.live.Exists || one.unreadable != "" {
				found[addr] = one
			}
		}
	}
	o.strangers[place] = found
}

// observeRoles reads each role that is pinned or should be. Accounts that the
// configuration no longer names are left alone: their anchors are gone first.
func (w World) observeRoles(ctx context.Context, c *clouds, r recorded, d desired, o *observed, scope Options) error {
	for _, addr := range mappedRoles(r, d) {
		if _, wanted := d.pins[addr]; !wanted && scope.Rotation != nil && !scope.urgent {
			continue
		}
		t := w.roleTarget(d.pins[addr].Environment, addr.Target.Account)
		if t.Region == "" {
			continue
		}
		cloud, err := c.openRole(ctx, d.pins[addr].Environment, addr.Target.Account)
		if err != nil && !scope.urgent {
			return err
		}
		var live roles.Live
		if err == nil {
			live, err = cloud.Roles.Get(ctx, roles.Name(addr))
		}
		if err != nil && scope.urgent && ctx.Err() == nil {
			o.notices = append(o.notices, fmt.Sprintf("%s could not be read, so its trust policy stays as it is: %v", addr, err))
			continue
		}
		if err != nil {
			return fmt.Errorf("reading %s: %w", addr, err)
		}
		if live.Exists && strings.TrimPrefix(live.Path+live.Name, "/") != addr.Name {
			o.findings = append(o.findings, rules.Find("ANC301", addr.String(),
				fmt.Sprintf("the role of that name lies at %s%s: write its path in anchorctl.yaml", live.Path, live.Name)))
		}
		o.roles[addr] = live
	}
	return nil
}

// mappedRoles are the roles that are pinned or should be.
func mappedRoles(r recorded, d desired) []plan.Addr {
	all := map[plan.Addr]bool{}
	for addr := range d.pins {
		all[addr] = true
	}
	for addr := range r.objects {
		if addr.Kind == plan.KindRole {
			all[addr] = true
		}
	}
	return addresses(all)
}

// digests are what a plan rests on of all this, per place and account.
func (o observed) digests() (map[string]string, error) {
	parts := map[string][]any{}
	for _, addr := range addresses(o.anchors) {
		l := o.anchors[addr]
		l.Updated = time.Time{}
		parts[addr.Target.String()] = append(parts[addr.Target.String()], addr.String(), l)
	}
	for _, addr := range addresses(o.profiles) {
		parts[addr.Target.String()] = append(parts[addr.Target.String()], addr.String(), o.profiles[addr])
	}
	for _, addr := range addresses(o.crls) {
		parts[addr.Target.String()] = append(parts[addr.Target.String()], digestOfList(addr, o.crls[addr])...)
	}
	for _, addr := range addresses(o.roles) {
		account, l := "account "+addr.Target.Account, o.roles[addr]
		// No action comes of them, and who plans may be able to read less of
		// them than who applies.
		l.Tags, l.Permissions = nil, roles.Permissions{}
		parts[account] = append(parts[account], addr.String(), l)
	}
	digests := map[string]string{}
	for place, list := range parts {
		digest, err := plan.DigestOf(list)
		if err != nil {
			return nil, err
		}
		digests[place] = digest
	}
	return digests, nil
}
