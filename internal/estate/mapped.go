package estate

import (
	"context"
	"fmt"
	"strings"
	"time"

	"anchorctl/internal/config"
	"anchorctl/internal/engine"
	"anchorctl/internal/grants"
	"anchorctl/internal/plan"
	"anchorctl/internal/roles"
	"anchorctl/internal/rules"
	"anchorctl/internal/scrutiny"
)

// mapped judges each role of the configuration that is there: who may take it
// once the plan is done, how long its sessions are, and what it may do.
// Whatever refuses elsewhere holds here: what only closes must still go on.
func (b *builder) mapped() error {
	for _, addr := range addresses(b.d.pins) {
		live := b.o.roles[addr]
		if !live.Exists {
			continue
		}
		resolved, _ := b.resolved(b.d.pins[addr])
		c := roleCase(b.world.Folder.Config, resolved, live)
		c.Trust.Document = b.trustToBe(resolved, live)
		awaited := b.awaited(resolved, live)
		for _, f := range grants.JudgeRole(c) {
			b.standing(addr, f, awaited)
		}
		for _, unread := range live.Unread {
			b.notice("%s: what it may do is not checked: %s", addr, unread)
		}
	}
	return nil
}

// trustToBe is the trust policy that a role is going to have. It is nil when
// nothing can be told of it, which is said where the role is pinned.
func (b *builder) trustToBe(resolved roles.Pin, live roles.Live) []byte {
	if b.world.Folder.Config.Roles == config.Verify {
		if _, _, err := resolved.Installed(live.Trust); err != nil {
			return nil
		}
		return []byte(live.Trust)
	}
	after, err := b.trustAfter(resolved, live)
	if err != nil {
		return nil
	}
	return after
}

// awaited reports whether somebody has to install the pin at a role. Nothing of
// ours is enabled before that, and they need to be told with what ARNs: the
// anchors have to be created first.
func (b *builder) awaited(resolved roles.Pin, live roles.Live) bool {
	if b.world.Folder.Config.Roles != config.Verify {
		return false
	}
	installed, _, err := resolved.Installed(live.Trust)
	return err == nil && !installed
}

// standing adds a finding about a role as it stands. What its trust policy says
// before its pin is installed there is said, and need not hold: the installing
// is waited for.
func (b *builder) standing(role plan.Addr, f rules.Finding, awaited bool) {
	if f.Severity == rules.Refuse {
		f.Severity = rules.Hold
	}
	if awaited && f.Rule >= "ANC304" && f.Rule <= "ANC308" {
		f.Severity = rules.Warn
	}
	// What is not there yet is named by its address.
	for _, anchor := range b.anchorsOf(b.d.pins[role]) {
		f.Remedy = strings.ReplaceAll(f.Remedy, unborn(anchor), engine.Reference(anchor, "arn"))
	}
	if b.told(role, f) {
		return
	}
	b.proposal.Findings = append(b.proposal.Findings, f)
}

// told reports whether a finding about the pins of a statement was said with
// what comes of it: the role accepts an anchor of ours that is enabled. It is
// then evidence of that finding, not a second one.
func (b *builder) told(role plan.Addr, f rules.Finding) bool {
	if f.Rule < "ANC304" || f.Rule > "ANC306" || b.world.waived(gateForeignRoles, role) {
		return false
	}
	for i, other := range b.proposal.Findings {
		// An ended waiver is a finding of that rule as well, and holds nothing.
		if other.Rule == gateForeignRoles && other.At == role.String() && other.Severity == rules.Hold {
			b.proposal.Findings[i].Evidence = fmt.Sprintf("%s; %s: %s [%s]", other.Evidence, f.Element, f.Evidence, f.Rule)
			return true
		}
	}
	return false
}

// roleCase is what the rules need to know of a role of the configuration, with
// its trust policy as it is.
func roleCase(c *config.Config, pin roles.Pin, live roles.Live) grants.RoleCase {
	env := c.Environments[pin.Environment]
	role := grants.RoleCase{
		Trust: grants.TrustCase{
			At: pin.Addr.String(), Document: []byte(live.Trust), Account: pin.Addr.Target.Account,
			Anchors: pin.AnchorARNs, Workloads: pin.WorkloadURIs, Mappings: map[string]map[string][]string{},
		},
		MaxSession: time.Duration(live.MaxSessionSeconds) * time.Second,
		Sensitive:  sensitivity(env, pin.Addr, live),
		Probe:      env.IsProbe(pin.Addr),
		Attached:   live.Attached,
	}
	for _, p := range live.Policies {
		name := "inline policy " + p.Name
		if p.ARN != "" {
			name = "policy " + p.ARN
		}
		role.Policies = append(role.Policies, grants.RolePolicy{Name: name, Document: p.Document})
	}
	for _, profile := range env.ProfilesIn(pin.Addr.Target.Account) {
		if profile.Roles[pin.Addr.Name] == nil {
			continue
		}
		role.Trust.Mappings[env.Name+"/"+profile.Name] = profile.AttributeMappings
		role.Uses = append(role.Uses, grants.RoleUse{
			Profile: "profile " + env.Name + "/" + profile.Name, Roles: len(profile.Roles), Session: time.Duration(profile.SessionDuration),
			MostSensitive: time.Duration(env.Limits.SensitiveSessionDuration),
		})
	}
	return role
}

// sensitivity says what makes a role sensitive, or "".
func sensitivity(env *config.Environment, role plan.Addr, live roles.Live) string {
	if scrutiny.SensitiveRoles(env)[role.Name] {
		return "anchorctl.yaml calls it sensitive"
	}
	for key, value := range live.Tags {
		// IAM tells keys apart without regard to case.
		if strings.EqualFold(key, grants.SensitiveTag) && strings.EqualFold(value, "true") {
			return fmt.Sprintf("it carries the tag %s = %s", key, value)
		}
	}
	return ""
}

// readPermissions reads what the roles of the configuration may do. What the
// credentials may not read is said; it holds nothing, since no isolation rests
// on it.
func (w World) readPermissions(ctx context.Context, c *clouds, d desired, o *observed) error {
	for _, addr := range addresses(d.pins) {
		live := o.roles[addr]
		if !live.Exists {
			continue
		}
		cloud, err := c.open(ctx, w.roleTarget(d.pins[addr].Environment, addr.Target.Account))
		if err != nil {
			return err
		}
		if live.Permissions, err = cloud.Roles.Permissions(ctx, live.Name); err != nil {
			return fmt.Errorf("reading %s: %w", addr, err)
		}
		o.roles[addr] = live
	}
	return nil
}
