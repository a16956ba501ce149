package rehearse

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"anchorctl/internal/config"
	"anchorctl/internal/engine"
	"anchorctl/internal/estate"
	"anchorctl/internal/hint"
	"anchorctl/internal/plan"
	"anchorctl/internal/roles"
	"anchorctl/internal/rules"
	"anchorctl/internal/sandbox"
	"anchorctl/internal/store"
)

// original is what is read of the real environment.
type original struct {
	roles   map[plan.Addr]roles.Live // empty when AWS was not read
	anchors map[plan.Target]string   // ARNs on record
	notes   []string
}

// read reads the environment, and asks what a rotation of it would be refused for.
func (o Options) read(ctx context.Context) (original, error) {
	n := original{roles: map[plan.Addr]roles.Live{}, anchors: map[plan.Target]string{}}
	objects, err := o.World.Folder.Store.Objects(ctx)
	if err != nil {
		return n, fmt.Errorf("reading the recorded AWS objects: %w", err)
	}
	for _, object := range objects {
		if object.Addr.Kind == plan.KindAnchor && object.Addr.Environment == o.Environment {
			n.anchors[object.Addr.Target] = object.ARN
		}
	}
	if o.Offline {
		n.notes = append(n.notes, "AWS was not read: roles are as the configuration wants them, without what their teams wrote")
		return n, nil
	}
	o.tell("asking what a rotation of %s would meet", o.Environment)
	proposal, err := o.World.Plan(ctx, estate.Options{Rotation: &estate.Rotation{Environment: o.Environment, Kind: o.Kind}})
	if err != nil {
		return n, unread(err)
	}
	n.notes = append(n.notes, proposal.Notices...)
	for _, f := range proposal.Findings {
		note := fmt.Sprintf("%s: %s [%s]", f.At, f.Evidence, f.Rule)
		if f.Severity == rules.Hold {
			note = "in AWS the rotation would not begin: " + note + "; " + f.Remedy
		}
		n.notes = append(n.notes, note)
	}
	for _, t := range o.environment().Targets {
		if err := o.readRoles(ctx, t, &n); err != nil {
			return n, err
		}
	}
	return n, nil
}

// unread says how to do without AWS, when that is what was in the way and not the
// state of the estate.
func unread(err error) error {
	var refused *rules.Refusal
	var held *engine.HeldRun
	if errors.Is(err, estate.ErrNotReady) || errors.Is(err, context.Canceled) || errors.As(err, &refused) || errors.As(err, &held) {
		return err
	}
	return hint.With(err, "to rehearse without reading AWS, add --offline")
}

// readRoles reads the roles of the environment in the account of a target.
func (o Options) readRoles(ctx context.Context, t config.Target, n *original) error {
	place := plan.Target{Account: t.Account, Region: t.Region}
	cloud, err := o.World.Reach(ctx, o.Environment, place)
	if err != nil {
		return unread(err)
	}
	for _, addr := range rolesOf(o.environment(), t.Account) {
		if _, known := n.roles[addr]; known {
			continue
		}
		o.tell("reading %s", addr)
		live, err := cloud.Roles.Get(ctx, roles.Name(addr))
		if err != nil {
			return err
		}
		if live.Exists {
			if live.Permissions, err = cloud.Roles.Permissions(ctx, roles.Name(addr)); err != nil {
				return err
			}
		}
		n.roles[addr] = live
	}
	return nil
}

// rolesOf are the roles that an environment's profiles list in an account.
func rolesOf(env *config.Environment, account string) []plan.Addr {
	var all []plan.Addr
	for _, p := range env.ProfilesIn(account) {
		for _, name := range p.RoleNames() {
			if addr := plan.Role(account, name); !slices.Contains(all, addr) {
				all = append(all, addr)
			}
		}
	}
	return all
}

// seed is what the sandbox starts from: the accounts, each with a key of its own
// and the roles. Whom they trust is written once there are anchors.
func (n original) seed(env *config.Environment) *sandbox.Seed {
	seed := &sandbox.Seed{Accounts: map[string]sandbox.SeedAccount{}}
	for _, t := range env.Targets {
		if _, known := seed.Accounts[t.Account]; known {
			continue
		}
		account := sandbox.SeedAccount{
			Partition:  plan.Target{Account: t.Account, Region: t.Region}.Partition(),
			AccessKeys: []sandbox.SeedKey{{ID: "AKIAREHEARSAL" + t.Account, Secret: "sandbox-only"}},
			Roles:      map[string]sandbox.SeedRole{}, Policies: map[string]string{},
		}
		for _, addr := range rolesOf(env, t.Account) {
			if role, there := n.role(addr, account.Policies, env); there {
				account.Roles[addr.Name] = role
			}
		}
		seed.Accounts[t.Account] = account
	}
	return seed
}

// role is the copy of a role, and puts the documents of the customer's own policies
// that are attached to it beside it.
func (n original) role(addr plan.Addr, policies map[string]string, env *config.Environment) (sandbox.SeedRole, bool) {
	live, read := n.roles[addr]
	if !read {
		longest := 0
		for _, p := range env.ProfilesIn(addr.Target.Account) {
			longest = max(longest, int(time.Duration(p.SessionDuration).Seconds()))
		}
		return sandbox.SeedRole{MaxSessionDuration: max(longest, leastMaxSession)}, true
	}
	role := sandbox.SeedRole{MaxSessionDuration: live.MaxSessionSeconds, Tags: live.Tags, InlinePolicies: map[string]string{}}
	documents := map[string]string{}
	for _, p := range live.Policies {
		if p.ARN == "" {
			role.InlinePolicies[p.Name] = p.Document
			continue
		}
		documents[p.ARN] = p.Document
	}
	for _, arn := range live.Attached {
		_, name, ours := strings.Cut(arn, ":"+addr.Target.Account+":policy/")
		if ours && documents[arn] == "" {
			continue // it could not be read
		}
		if ours {
			policies[name] = documents[arn]
		}
		role.AttachedPolicies = append(role.AttachedPolicies, arn)
	}
	return role, live.Exists
}

// leastMaxSession is what IAM gives a role that nobody said anything about.
const leastMaxSession = 3600

// trusts are the trust policies as they are, with the copy's anchors in place of
// the real ones.
func (n original) trusts(copied map[plan.Target]string) map[plan.Addr]string {
	var pairs []string
	for place, arn := range n.anchors {
		if copied[place] != "" {
			pairs = append(pairs, arn, copied[place])
		}
	}
	replace := strings.NewReplacer(pairs...)
	all := map[plan.Addr]string{}
	for addr, live := range n.roles {
		if live.Exists {
			all[addr] = replace.Replace(live.Trust)
		}
	}
	return all
}

// refuseOpen refuses to rehearse a rotation while another is under way: the
// rehearsal begins where a rotation does.
func (o Options) refuseOpen(ctx context.Context) error {
	open, err := o.World.Folder.Store.OpenRotations(ctx)
	if err != nil {
		return fmt.Errorf("reading the open rotations: %w", err)
	}
	if i := slices.IndexFunc(open, func(r store.Rotation) bool { return r.Environment == o.Environment || r.Environment == "" }); i >= 0 {
		name := open[i].Environment
		if name == "" {
			name = "root"
		}
		return hint.With(fmt.Errorf("rehearsing %s: a rotation of %s is open, and a rehearsal begins before one", o.Environment, name),
			fmt.Sprintf("run \"anchorctl rotate status %s\" to see how it stands", name))
	}
	return nil
}
