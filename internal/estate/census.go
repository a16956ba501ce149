package estate

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"anchorctl/internal/grants"
	"anchorctl/internal/hint"
	"anchorctl/internal/plan"
	"anchorctl/internal/roles"
)

// Census is a scene with every role of its accounts, and what the rules need
// to know of those that are mapped.
type Census struct {
	Scene

	Accounts []AccountRoles // in order
	// Mapped are the roles of the configuration that are there and could be
	// read, with their trust policies as they are.
	Mapped map[plan.Addr]MappedRole
	// Pinned is what may stand as a pin of ours in the trust policy of each
	// role that profiles list.
	Pinned map[plan.Addr][]roles.Pinned
}

// AccountRoles are the roles of an account.
type AccountRoles struct {
	Account  string
	Roles    []roles.Live // every one there is, in the order of their ARNs
	Unlisted string       // why they could not be listed
}

// MappedRole is a role that the configuration gives to an environment.
type MappedRole struct {
	Environment string
	Case        grants.RoleCase
	Unread      []string // what of its permissions could not be read, and why
}

// Census looks at every account of the estate, or at one of them. It changes
// nothing and takes no lock.
func (w World) Census(ctx context.Context, account string) (Census, error) {
	c, err := w.clouds(ctx)
	if err != nil {
		return Census{}, err
	}
	r, err := w.recorded(ctx)
	if err != nil {
		return Census{}, err
	}
	d := want(w.Folder.Config, r.estate.Lineage, r)
	if err := knownAccount(account, r, d); err != nil {
		return Census{}, err
	}
	l := look{clouds: c, claims: r.claims(), scene: w.scene(r), accounts: map[string]Cloud{}, only: account}
	scene, err := l.run(ctx, d)
	if err != nil {
		return Census{}, err
	}
	census := Census{Scene: scene, Mapped: map[plan.Addr]MappedRole{}, Pinned: map[plan.Addr][]roles.Pinned{}}
	for addr := range scene.Roles {
		census.Pinned[addr] = r.pinsAt(addr, d, w.Folder.Config)
	}
	if err := census.list(ctx, l.accounts); err != nil {
		return Census{}, err
	}
	return census, census.read(ctx, l.accounts, r, d)
}

func knownAccount(account string, r recorded, d desired) error {
	var known []string
	for _, addr := range places(r, d) {
		known = append(known, addr.Target.Account)
	}
	if known = unique(known); account == "" || slices.Contains(known, account) {
		return nil
	}
	return hint.With(fmt.Errorf("checking account %q: the estate has no such account, it has %s", account, strings.Join(known, ", ")),
		`run "anchorctl check account" to check all of them`)
}

// list reads every role of the accounts. One whose roles may not be listed is
// said to be so; the roles that profiles list were read all the same.
func (c *Census) list(ctx context.Context, accounts map[string]Cloud) error {
	for _, account := range slices.Sorted(maps.Keys(accounts)) {
		all, err := accounts[account].Roles.List(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		one := AccountRoles{Account: account, Roles: all}
		if err != nil {
			one.Unlisted = strings.Join(append([]string{err.Error()}, hint.Of(err)...), "; ")
		}
		c.Accounts = append(c.Accounts, one)
	}
	return nil
}

// read reads what the mapped roles may do.
func (c *Census) read(ctx context.Context, accounts map[string]Cloud, r recorded, d desired) error {
	for _, addr := range addresses(d.pins) {
		live, read := c.Roles[addr]
		if !read || !live.Exists {
			continue
		}
		pin := d.pins[addr]
		pin.AnchorARNs = r.anchorsOf(pin.Environment, addr.Target.Account)
		permissions, err := accounts[addr.Target.Account].Roles.Permissions(ctx, live.Name)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			permissions.Unread = append(permissions.Unread, err.Error())
		}
		live.Permissions = permissions
		c.Roles[addr] = live
		c.Mapped[addr] = MappedRole{Environment: pin.Environment, Case: c.roleCase(pin, live), Unread: permissions.Unread}
	}
	return nil
}

// roleCase is the case of a mapped role with the profiles that list it as they
// are, foreign ones too.
func (c *Census) roleCase(pin roles.Pin, live roles.Live) grants.RoleCase {
	role := roleCase(c.Config, pin, live)
	most := time.Duration(c.Config.Environments[pin.Environment].Limits.SensitiveSessionDuration)
	role.Uses, role.Trust.Mappings = nil, map[string]map[string][]string{}
	for _, place := range c.Places {
		for _, profile := range place.Profiles {
			if !slices.ContainsFunc(profile.Live.RoleARNs, func(arn string) bool { return roleOf(arn) == pin.Addr }) {
				continue
			}
			mapped := map[string][]string{} // nil would mean the defaults, and the service shows those
			maps.Copy(mapped, profile.Live.Mappings)
			role.Trust.Mappings[profile.Name()] = mapped
			role.Uses = append(role.Uses, grants.RoleUse{
				Profile: profile.Name(), Roles: len(profile.Live.RoleARNs),
				Session: time.Duration(profile.Live.DurationSeconds) * time.Second, MostSensitive: most,
			})
		}
	}
	return role
}

// Name is the address of a profile of ours, and the ARN of another.
func (p PlacedProfile) Name() string {
	if p.Environment == "" {
		return p.Live.ARN
	}
	return p.Addr.String()
}

// Name is the address of an anchor of ours, and the ARN of another.
func (a PlacedAnchor) Name() string {
	if a.Environment == "" {
		return a.Live.ARN
	}
	return a.Addr.String()
}

// anchorsOf are the ARNs of an environment's recorded anchors in an account.
// They are never nil: where there is none, no ARN is the right one.
func (r recorded) anchorsOf(env, account string) []string {
	arns := []string{}
	for _, addr := range addresses(r.objects) {
		if addr.Kind == plan.KindAnchor && addr.Environment == env && addr.Target.Account == account {
			arns = append(arns, r.objects[addr].ARN)
		}
	}
	return arns
}
