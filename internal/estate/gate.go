package estate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"anchorctl/internal/anchors"
	"anchorctl/internal/engine"
	"anchorctl/internal/plan"
	"anchorctl/internal/profiles"
	"anchorctl/internal/roles"
)

// gateForeignRoles is asked before an anchor or a profile is enabled, and
// before a profile that is enabled widens. The trust boundary in AWS is the
// account: any enabled anchor reaches any role of any enabled profile whose
// trust policy accepts it, whoever made either.
const gateForeignRoles = "ANC603"

// doorkeeper asks the gate with one run's clouds.
type doorkeeper struct {
	world   World
	clouds  *clouds
	desired desired
}

// ask reads everything anew: what is about to be enabled must hold exactly what
// was planned, and every role of every enabled profile of its account and
// region, and all roles of its environment, are evaluated against the anchors
// concerned. A role that would accept one apart from its own pin, or that
// cannot be read, holds.
func (k doorkeeper) ask(ctx context.Context, a plan.Action) error {
	cloud, err := k.clouds.open(ctx, k.world.target(a.Addr))
	if err != nil {
		return err
	}
	record, err := k.world.recorded(ctx)
	if err != nil {
		return err
	}
	there, err := readLists(ctx, cloud, a.Addr.Target)
	if err != nil {
		return err
	}
	if held := k.changed(a, record, there.anchors, there.profiles); held != nil {
		return held
	}
	arns := k.anchorsFor(a.Addr, record, there.anchors)
	var reasons []string
	for _, role := range k.rolesFor(a.Addr, there.profiles) {
		reasons = append(reasons, k.accepts(ctx, cloud, record, role, arns)...)
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

// changed holds the enabling of something that is not what was planned:
// somebody changed it while it waited to be enabled.
func (k doorkeeper) changed(a plan.Action, record recorded, liveAnchors []anchors.Live, liveProfiles []profiles.Live) error {
	arn := record.objects[a.Addr].ARN
	now, rule := "it is not there any more", "ANC403"
	switch a.Kind {
	case plan.AnchorEnable:
		want, open := []string{}, record.rotations[a.Addr.Environment].Number > 0
		for _, issuer := range k.desired.anchors[a.Addr].Certificates {
			want = append(want, issuer.String())
		}
		for _, l := range liveAnchors {
			if l.ARN != arn {
				continue
			}
			held := anchors.Held(l, record.knownAs)
			if slices.Equal(held, want) || open && subset(held, want) {
				return nil
			}
			now, rule = fmt.Sprintf("it holds %v instead of %v", held, want), "ANC604"
		}
	case plan.ProfileEnable:
		for _, l := range liveProfiles {
			if l.ARN != arn {
				continue
			}
			if profiles.Same(l.Spec(), k.desired.profiles[a.Addr].Spec) {
				return nil
			}
			now = "somebody changed it since it was planned"
		}
	default:
		return nil
	}
	return &engine.HeldError{
		Action: a.ID, Rule: rule, Reason: now,
		Hints: []string{`run "anchorctl plan" to see what it is now, and find out who changed it`},
	}
}

// subset: an anchor may hold less than a rotation has minted.
func subset(some, all []string) bool {
	return len(some) > 0 && !slices.ContainsFunc(some, func(one string) bool { return !slices.Contains(all, one) })
}

// anchorsFor are the ARNs that the gate is about: the anchor that is to be
// enabled, or for a profile its environment's and all of ours there that are.
func (k doorkeeper) anchorsFor(addr plan.Addr, record recorded, live []anchors.Live) []string {
	arns := []string{}
	if object, ok := record.objects[plan.Anchor(addr.Environment, addr.Target)]; ok {
		arns = append(arns, object.ARN)
	}
	if addr.Kind == plan.KindAnchor {
		return arns
	}
	for other, object := range record.objects {
		enabled := slices.ContainsFunc(live, func(l anchors.Live) bool { return l.ARN == object.ARN && l.Enabled })
		if other.Kind == plan.KindAnchor && enabled {
			arns = append(arns, object.ARN)
		}
	}
	return unique(arns)
}

// rolesFor are the roles that the gate is about.
func (k doorkeeper) rolesFor(addr plan.Addr, live []profiles.Live) []plan.Addr {
	found := map[plan.Addr]bool{}
	for role, pin := range k.desired.pins {
		if pin.Environment == addr.Environment && role.Target.Account == addr.Target.Account {
			found[role] = true
		}
	}
	for _, l := range live {
		for _, arn := range l.RoleARNs {
			if l.Enabled {
				found[roleOf(arn)] = true
			}
		}
	}
	return addresses(found)
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
func (k doorkeeper) accepts(ctx context.Context, cloud Cloud, record recorded, role plan.Addr, arns []string) []string {
	if k.world.waived(gateForeignRoles, role) {
		return nil
	}
	found := readRole(ctx, cloud, role)
	if found.unreadable != "" {
		return []string{role.String() + " " + found.unreadable}
	}
	if !found.live.Exists {
		return nil
	}
	rest, err := roles.Apart(role, found.live.Trust, record.pinsAt(role, k.desired, k.world.Folder.Config))
	if err != nil {
		return []string{err.Error()}
	}
	var reasons []string
	for _, arn := range arns {
		accepted, why, err := wouldAccept(rest, arn, cloud.Account)
		switch {
		case err != nil:
			reasons = append(reasons, fmt.Sprintf("%s cannot be judged: %v", role, err))
		case accepted:
			reasons = append(reasons, fmt.Sprintf("%s would accept %s: %s", role, arn, why))
		}
	}
	return reasons
}

// stranger is a role that an anchor of ours reaches and that we do not pin.
type stranger struct {
	live       roles.Live
	unreadable string // why it could not be read
}

// readRole reads a role of the cloud's account.
func readRole(ctx context.Context, cloud Cloud, role plan.Addr) stranger {
	if role.Target.Account != cloud.Account {
		return stranger{unreadable: "lies in another account and cannot be read"}
	}
	live, err := cloud.Roles.Get(ctx, roles.Name(role))
	if err != nil {
		return stranger{unreadable: fmt.Sprintf("cannot be read: %v", err)}
	}
	return stranger{live: live}
}
