package estate

import (
	"context"
	"fmt"
	"strings"

	"anchorctl/internal/engine"
	"anchorctl/internal/plan"
	"anchorctl/internal/roles"
)

// gateForeignRoles is asked before an anchor or a profile is enabled, and
// before a profile widens. The trust boundary in AWS is the account: any
// enabled anchor reaches any role of any enabled profile whose trust policy
// accepts it, whoever made either.
const gateForeignRoles = "ANC603"

// doorkeeper asks the gate with one run's clouds.
type doorkeeper struct {
	world  World
	clouds *clouds
	pins   map[plan.Addr]roles.Pin
}

// ask evaluates roles against anchors: for an anchor, every role of every
// enabled profile of its account and region, and all roles that are about to
// be; for a profile, its own roles against all of our enabled anchors there.
// A role that would accept, apart from its own pin, or that cannot be read,
// holds.
func (k doorkeeper) ask(ctx context.Context, a plan.Action) error {
	cloud, err := k.clouds.open(ctx, k.world.target(a.Addr))
	if err != nil {
		return err
	}
	anchorARNs, err := k.anchorsFor(ctx, cloud, a.Addr)
	if err != nil {
		return err
	}
	names, err := k.rolesFor(ctx, cloud, a.Addr)
	if err != nil {
		return err
	}
	var reasons []string
	for _, role := range names {
		reasons = append(reasons, k.accepts(ctx, cloud, role, anchorARNs)...)
	}
	if len(reasons) == 0 {
		return nil
	}
	return &engine.HeldError{
		Action: a.ID, Rule: gateForeignRoles, Reason: strings.Join(reasons, "; "),
		Hints: []string{
			`give each of these roles a trust policy that names its own anchors in aws:SourceArn, then run "anchorctl apply" again`,
			`run "anchorctl explain ANC603"`,
		},
	}
}

// anchorsFor are the ARNs that the gate is about, with the environment each
// belongs to.
func (k doorkeeper) anchorsFor(ctx context.Context, cloud Cloud, addr plan.Addr) (map[string]string, error) {
	r, err := k.world.recorded(ctx)
	if err != nil {
		return nil, err
	}
	own := plan.Anchor(addr.Environment, addr.Target)
	found := map[string]string{}
	if object, ok := r.objects[own]; ok {
		found[object.ARN] = own.Environment
	}
	if addr.Kind == plan.KindAnchor {
		return found, nil
	}
	live, err := cloud.Anchors.List(ctx, false)
	if err != nil {
		return nil, err
	}
	for other, object := range r.objects {
		for _, l := range live {
			if other.Kind == plan.KindAnchor && l.ARN == object.ARN && l.Enabled {
				found[l.ARN] = other.Environment
			}
		}
	}
	return found, nil
}

// rolesFor are the addresses of the roles that the gate is about.
func (k doorkeeper) rolesFor(ctx context.Context, cloud Cloud, addr plan.Addr) ([]plan.Addr, error) {
	found := map[plan.Addr]bool{}
	for role, pin := range k.pins {
		if pin.Environment == addr.Environment && role.Target.Account == addr.Target.Account {
			found[role] = true
		}
	}
	if addr.Kind == plan.KindAnchor {
		live, err := cloud.Profiles.List(ctx, false)
		if err != nil {
			return nil, err
		}
		for _, l := range live {
			for _, arn := range l.RoleARNs {
				if l.Enabled {
					found[roleOf(arn)] = true
				}
			}
		}
	}
	return addresses(found), nil
}

// roleOf is the address of the role with that ARN.
func roleOf(arn string) plan.Addr {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return plan.Role("", arn)
	}
	return plan.Role(parts[4], strings.TrimPrefix(parts[5], "role/"))
}

// accepts says why a role holds the gate; nothing when it does not.
func (k doorkeeper) accepts(ctx context.Context, cloud Cloud, role plan.Addr, anchorARNs map[string]string) []string {
	if k.world.waived(gateForeignRoles, role) {
		return nil
	}
	if role.Target.Account != cloud.Account {
		return []string{fmt.Sprintf("%s lies in another account and cannot be read", role)}
	}
	live, err := cloud.Roles.Get(ctx, roles.Name(role))
	if err != nil {
		return []string{fmt.Sprintf("%s cannot be read: %v", role, err)}
	}
	if !live.Exists {
		return nil
	}
	var reasons []string
	for _, arn := range sortedKeys(anchorARNs) {
		trust, err := k.apart(ctx, role, live.Trust, anchorARNs[arn])
		if err != nil {
			reasons = append(reasons, err.Error())
			continue
		}
		accepted, why, err := wouldAccept(trust, arn, cloud.Account)
		switch {
		case err != nil:
			reasons = append(reasons, fmt.Sprintf("%s cannot be judged: %v", role, err))
		case accepted:
			reasons = append(reasons, fmt.Sprintf("%s would accept %s: %s", role, arn, why))
		}
	}
	return reasons
}

// apart is the trust policy without the pin that lets this environment in.
func (k doorkeeper) apart(ctx context.Context, role plan.Addr, trust, env string) (string, error) {
	pin, ours := k.pins[role]
	if !ours || pin.Environment != env {
		return trust, nil
	}
	arns := make([]string, 0, len(pin.AnchorARNs))
	r, err := k.world.recorded(ctx)
	if err != nil {
		return "", err
	}
	for addr, object := range r.objects {
		if addr.Kind == plan.KindAnchor && addr.Environment == env && addr.Target.Account == role.Target.Account {
			arns = append(arns, object.ARN)
		}
	}
	pin.AnchorARNs = unique(arns)
	_, rest, err := pin.Installed(trust)
	return rest, err
}
