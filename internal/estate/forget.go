package estate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"anchorctl/internal/config"
	"anchorctl/internal/engine"
	"anchorctl/internal/hint"
	"anchorctl/internal/plan"
)

// A target whose account is gone for good would keep every apply from its end, and a
// rotation open: what is on record there can neither be removed nor asked for. A
// person who knows takes it off the record, target by target. Whether the account is
// gone cannot be proven from here: credentials that do not reach it show less. So it
// is refused where they do, and why they do not is said, with what would be left.

// forgets reports whether something lies where all is to be forgotten. Roles lie in an
// account, and go with the last of its targets: see forget.
func (o Options) forgets(addr plan.Addr) bool {
	return !o.Destroy && addr.Target.Region != "" && slices.Contains(o.Forget, addr.Target.String())
}

// names reports whether the configuration names a place.
func (w World) names(at plan.Target) bool {
	for _, env := range w.Folder.Config.Environments {
		for _, t := range env.Targets {
			if t.Account == at.Account && (at.Region == "" || t.Region == at.Region) {
				return true
			}
		}
	}
	return false
}

// unreached adds to why a place could not be opened what can be done when its target
// left the configuration. Its credentials left with it.
func (w World) unreached(addr plan.Addr, err error) error {
	if err == nil || addr.Target.Region == "" || w.names(addr.Target) {
		return err
	}
	return hint.With(err,
		"the target's credentials left anchorctl.yaml with it: to remove what is there, put the profile of its account into AWS_PROFILE for one apply, and write credentials: {profile: NAME} at the targets that need another",
		forgetHint(addr.Target))
}

func forgetHint(at plan.Target) string {
	return fmt.Sprintf("when the account is gone for good, and not only out of reach, run %q: it takes what is there off the record", "anchorctl apply --approve-forget "+at.String())
}

// checkForgotten refuses to forget what is no target that left the configuration.
func (w World) checkForgotten(r recorded, o Options) error {
	var left []string
	leaves := func(addr plan.Addr) {
		if addr.Target.Region != "" && !w.names(addr.Target) {
			left = append(left, addr.Target.String())
		}
	}
	for addr := range r.objects {
		leaves(addr)
	}
	for _, a := range r.unsettled {
		leaves(a.Addr)
	}
	left = unique(left)
	for _, at := range o.Forget {
		if !slices.Contains(left, at) {
			return fmt.Errorf("--approve-forget %s: %w: targets that left anchorctl.yaml, and where something is on record: %v", at, ErrNoSuchApproval, left)
		}
	}
	return nil
}

// gone refuses to forget a target that can be reached, and holds where it cannot be
// told: an apply removes what is there.
func (w World) gone(ctx context.Context, c *clouds, o Options) (why map[string]error, err error) {
	why = map[string]error{}
	for _, at := range unique(o.Forget) {
		place, err := plan.ParseAddr("anchor/x@" + at)
		if err != nil {
			return nil, fmt.Errorf("--approve-forget %s: %w", at, err)
		}
		_, why[at] = c.open(ctx, w.target(plan.Addr{Target: place.Target}))
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case why[at] == nil:
			return nil, hint.With(fmt.Errorf("--approve-forget %s: %w: the account can be reached", at, ErrNoSuchApproval),
				`run "anchorctl apply" without it: it removes what is there`)
		}
		if alive := w.answers(ctx, c, place.Target); alive.Region != "" {
			return nil, hint.With(fmt.Errorf("--approve-forget %s: %w: the account is not gone, since it answers in %s: %w", at, ErrNoSuchApproval, alive.Region, why[at]),
				fmt.Sprintf("see that the region %s is enabled for the account, and open to these credentials: then %q removes what is there", place.Target.Region, "anchorctl apply"))
		}
		if errors.Is(why[at], engine.ErrUnanswered) {
			return nil, engine.Hold(&engine.HeldError{
				Action: at, Reason: "nobody answered, so it is not known whether the account is gone: " + why[at].Error(),
				Hints: []string{"run the same command again when AWS can be reached"},
			})
		}
	}
	return why, nil
}

// answers is a target at which an account can be reached, though not at this one:
// there, only the region may be closed. Besides those that are known, it is the region
// that no account can disable
// (https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html).
func (w World) answers(ctx context.Context, c *clouds, not plan.Target) plan.Target {
	var elsewhere []config.Target
	for _, name := range w.Folder.Config.EnvironmentNames() {
		for _, t := range w.Folder.Config.Environments[name].Targets {
			if t.Account == not.Account {
				elsewhere = append(elsewhere, t)
			}
		}
	}
	home := map[string]string{"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}[not.Partition()]
	if home != "" {
		elsewhere = append(elsewhere, w.target(plan.Addr{Target: plan.Target{Account: not.Account, Region: home}}))
	}
	for _, t := range elsewhere {
		if _, err := c.open(ctx, t); err == nil {
			return plan.Target{Account: t.Account, Region: t.Region}
		}
	}
	return plan.Target{}
}

// forget takes what is on record at the targets off it, and the roles of accounts of
// which no target is left.
func (b *builder) forget() error {
	stays := func(account string) bool {
		return b.world.names(plan.Target{Account: account}) || slices.ContainsFunc(addresses(b.r.objects), func(a plan.Addr) bool {
			return a.Target.Account == account && a.Target.Region != "" && !b.options.forgets(a)
		})
	}
	accounts := map[string]bool{}
	for _, addr := range addresses(b.r.objects) {
		if b.options.forgets(addr) {
			accounts[addr.Target.Account] = true
		}
	}
	for _, a := range b.r.unsettled {
		if a.Once && b.options.forgets(a.Addr) {
			b.notice("%s was sent and never answered: whether it made something is not known, and nobody looks any more", a.ID)
		}
	}
	gone := slices.DeleteFunc(addresses(b.r.objects), func(a plan.Addr) bool {
		return !b.options.forgets(a) && (a.Kind != plan.KindRole || !accounts[a.Target.Account] || stays(a.Target.Account))
	})
	// The roles go first: nothing would ask for them any more after a kill.
	slices.SortStableFunc(gone, func(a, b plan.Addr) int { return cmp.Compare(len(a.Target.Region), len(b.Target.Region)) })
	for _, addr := range gone {
		if err := b.forgetOne(addr); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) forgetOne(addr plan.Addr) error {
	object := b.r.objects[addr]
	a, err := plan.NewAction(plan.Forget, addr, struct {
		ARN string `json:"arn"`
	}{object.ARN}, nil, nil)
	if err != nil {
		return err
	}
	b.add(a)
	if addr.Kind == plan.KindAnchor {
		b.notice("%s is taken off the record as it is, since its account was not reached: %v; should that be there still, %s goes on letting in whoever has a certificate of the issuers in it, until somebody deletes it",
			addr, b.proposal.forgotten[addr.Target.String()], object.ARN)
	}
	return nil
}

// forgotten is all that forgetting does: what is on record goes with the outcome.
func forgotten(_ context.Context, s engine.Step) (plan.Outcome, error) {
	return plan.Outcome{Deleted: true}, nil
}

// abandon settles what earlier runs left open at targets that are forgotten.
func (r *runner) abandon(ctx context.Context) error {
	if len(r.options.Forget) == 0 {
		return nil
	}
	intents, err := r.world.Folder.Store.OpenIntents(ctx)
	if err != nil {
		return fmt.Errorf("reading what earlier runs left open: %w", err)
	}
	for _, i := range intents {
		if r.options.forgets(i.Action.Addr) {
			if err := r.world.Folder.Store.Abandon(ctx, i.ID, "its target is forgotten"); err != nil {
				return err
			}
		}
	}
	return nil
}
