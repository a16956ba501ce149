package estate

import (
	"context"
	"fmt"
	"strings"

	"anchorctl/internal/anchors"
	"anchorctl/internal/config"
	"anchorctl/internal/crls"
	"anchorctl/internal/engine"
	"anchorctl/internal/folder"
	"anchorctl/internal/hint"
	"anchorctl/internal/plan"
	"anchorctl/internal/profiles"
	"anchorctl/internal/roles"
	"anchorctl/internal/subjects"
)

// Cloud is what one target of an environment offers, with its credentials.
type Cloud struct {
	Account   string // as GetCallerIdentity says
	Partition string
	Bound     string // "aws", or "sandbox:ID": what the store is bound to
	Anchors   anchors.API
	Profiles  profiles.API
	Roles     roles.API
	CRLs      crls.API     // may be nil
	Subjects  subjects.API // may be zero
	// PutRolePolicy writes an inline policy of a role.
	PutRolePolicy func(ctx context.Context, role, policy, document string) error
	// Exists asks past any list whether an anchor, a profile or a revocation
	// list is there.
	Exists func(ctx context.Context, arn string) (bool, error)
}

// World is an estate's folder and its way to AWS.
type World struct {
	Folder *folder.Folder
	// Open opens a target with its credentials and checks whose they are.
	Open func(ctx context.Context, t config.Target) (Cloud, error)
	// Events hears of the progress of a run; it may be nil.
	Events func(engine.Event)
}

// clouds opens each target at most once a command.
type clouds struct {
	world   World
	lineage string
	bound   string
	opened  map[string]Cloud
	failed  map[string]error // what could not be opened, and is not tried again
}

func (w World) clouds(ctx context.Context) (*clouds, error) {
	record, err := w.Folder.Store.Estate(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the estate's record: %w", err)
	}
	return &clouds{world: w, lineage: record.Lineage, bound: record.Bound, opened: map[string]Cloud{}, failed: map[string]error{}}, nil
}

// key tells targets apart by place and by credentials.
func key(t config.Target) string {
	parts := []string{t.Account, t.Region}
	if t.Credentials != nil {
		parts = append(parts, t.Credentials.Profile, t.Credentials.AssumeRole)
	}
	return strings.Join(parts, "|")
}

// open gives the cloud of a target. It refuses one of another account or
// partition, and one of another kind than the store is bound to.
func (c *clouds) open(ctx context.Context, t config.Target) (Cloud, error) {
	if cloud, ok := c.opened[key(t)]; ok {
		return cloud, nil
	}
	if err := c.failed[key(t)]; err != nil {
		return Cloud{}, err
	}
	cloud, err := c.reach(ctx, t)
	if err != nil {
		c.failed[key(t)] = err
		return Cloud{}, err
	}
	c.opened[key(t)] = cloud
	return cloud, nil
}

func (c *clouds) reach(ctx context.Context, t config.Target) (Cloud, error) {
	cloud, err := c.world.Open(ctx, t)
	if err != nil {
		err = fmt.Errorf("opening %s/%s: %w", t.Account, t.Region, err)
		if strings.HasPrefix(c.bound, "sandbox:") && ctx.Err() == nil {
			err = hint.With(err, "this estate lives in "+kind(c.bound)+`: run "anchorctl sandbox exec --state FILE -- anchorctl …" with its state file`)
		}
		return Cloud{}, err
	}
	place := plan.Target{Account: t.Account, Region: t.Region}
	if cloud.Account != t.Account || cloud.Partition != place.Partition() {
		return Cloud{}, hint.With(
			fmt.Errorf("opening %s: the credentials belong to account %s in partition %s", place, cloud.Account, cloud.Partition),
			"give the target the credentials of its account: credentials: {profile: NAME} in anchorctl.yaml")
	}
	if c.bound != "" && c.bound != cloud.Bound {
		return Cloud{}, hint.With(
			fmt.Errorf("opening %s: this estate lives in %s, and this is %s", place, kind(c.bound), kind(cloud.Bound)),
			"an estate made in a sandbox stays there, and one made in AWS never meets a sandbox; make a new folder for the other")
	}
	return cloud, nil
}

// bind records what kind of AWS the estate lives in, before the first change.
func (c *clouds) bind(ctx context.Context) error {
	for _, cloud := range c.opened {
		if c.bound == "" {
			if err := c.world.Folder.Store.Bind(ctx, cloud.Bound); err != nil {
				return fmt.Errorf("binding the estate: %w", err)
			}
			c.bound = cloud.Bound
		}
		if cloud.Bound != c.bound {
			return fmt.Errorf("binding the estate: its targets are in %s and in %s", kind(c.bound), kind(cloud.Bound))
		}
	}
	return nil
}

func kind(bound string) string {
	if id, ok := strings.CutPrefix(bound, "sandbox:"); ok {
		return "the sandbox " + id
	}
	return "AWS"
}

// target is the configured target that addr lies in. What left the
// configuration is reached as another target of its account is, or else with
// the default credentials.
func (w World) target(addr plan.Addr) config.Target {
	environments := w.Folder.Config.Environments
	match := func(env string, t config.Target) bool {
		return t.Account == addr.Target.Account &&
			(addr.Target.Region == "" || t.Region == addr.Target.Region) && (addr.Environment == "" || env == addr.Environment)
	}
	for _, name := range w.Folder.Config.EnvironmentNames() {
		for _, t := range environments[name].Targets {
			if match(name, t) {
				return t
			}
		}
	}
	left := config.Target{Account: addr.Target.Account, Region: addr.Target.Region}
	for _, name := range w.Folder.Config.EnvironmentNames() {
		for _, t := range environments[name].Targets {
			if t.Account == left.Account && left.Credentials == nil {
				left.Credentials = t.Credentials
			}
		}
	}
	return left
}

// openRole opens an account for its roles: by whichever of the environment's targets
// there can be opened, since roles are global.
func (c *clouds) openRole(ctx context.Context, env, account string) (Cloud, error) {
	cloud, err := c.open(ctx, c.world.roleTarget(env, account))
	e := c.world.Folder.Config.Environments[env]
	if err == nil || e == nil {
		return cloud, err
	}
	for _, t := range e.Targets {
		if t.Account != account {
			continue
		}
		if other, otherErr := c.open(ctx, t); otherErr == nil {
			return other, nil
		}
	}
	return cloud, err
}

// roleTarget is the target through which an environment reaches a role: any of
// the account's serves, since roles are global.
func (w World) roleTarget(env, account string) config.Target {
	return w.target(plan.Addr{Environment: env, Target: plan.Target{Account: account}})
}
