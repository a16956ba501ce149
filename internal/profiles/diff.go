package profiles

import (
	"encoding/json"
	"slices"

	"anchorctl/internal/ownership"
	"anchorctl/internal/plan"
)

// Fields are those of a profile that a plan shows, before and after.
type Fields struct {
	Name                  *string           `json:"name,omitempty"`
	Roles                 *[]string         `json:"roles,omitempty"`
	ManagedPolicies       *[]string         `json:"managedPolicies,omitempty"`
	SessionPolicy         json.RawMessage   `json:"sessionPolicy,omitempty"`
	DurationSeconds       *int              `json:"durationSeconds,omitempty"`
	AcceptRoleSessionName *bool             `json:"acceptRoleSessionName,omitempty"`
	Mappings              Mappings          `json:"attributeMappings,omitempty"`
	Enabled               *bool             `json:"enabled,omitempty"`
	Tags                  map[string]string `json:"tags,omitempty"`
}

// Create is the action that makes the profile of d, disabled. The mappings
// follow in an Update of Born: the service's CreateProfile does not take them.
func Create(d Desired) (plan.Action, error) {
	off := false
	after, err := shown(d.Spec)
	if err != nil {
		return plan.Action{}, err
	}
	after.Mappings, after.Enabled, after.Tags = nil, &off, d.Tags
	return plan.NewAction(plan.ProfileCreate, d.Addr, nil, after, nil)
}

// Born is the profile as its creation leaves it.
func Born(d Desired) Live {
	return Live{
		Name: d.Spec.Name, RoleARNs: d.Spec.RoleARNs, ManagedPolicyARNs: d.Spec.ManagedPolicyARNs,
		SessionPolicy: d.Spec.SessionPolicy, DurationSeconds: d.Spec.DurationSeconds,
		AcceptRoleSessionName: d.Spec.AcceptRoleSessionName, Mappings: DefaultMappings(), Tags: d.Tags,
	}
}

// Narrow lists the actions that come before role trust policies change: tags
// restored, and roles that should not be in the profile taken out of it.
func Narrow(d Desired, l Live) ([]plan.Action, error) {
	var actions []plan.Action
	var needs []string
	if missing, now := ownership.Missing(d.Tags, l.Tags); len(missing) > 0 {
		a, err := plan.NewAction(plan.ProfileTag, d.Addr, Fields{Tags: now}, Fields{Tags: missing}, nil)
		if err != nil {
			return nil, err
		}
		actions, needs = append(actions, a), []string{a.ID}
	}
	have, kept := sorted(l.RoleARNs), Narrowed(l.RoleARNs, d.Spec.RoleARNs)
	if slices.Equal(have, kept) {
		return actions, nil
	}
	a, err := plan.NewAction(plan.ProfileNarrow, d.Addr, Fields{Roles: &have}, Fields{Roles: &kept}, needs)
	return append(actions, a), err
}

// Update lists the actions that come after role trust policies changed: all
// that differs still. before are the actions of Create or Narrow.
func Update(d Desired, l Live, before []plan.Action) ([]plan.Action, error) {
	have := l.Spec()
	var needs []string
	for _, a := range before {
		needs = append(needs, a.ID)
		if a.Kind == plan.ProfileNarrow {
			have.RoleARNs = Narrowed(l.RoleARNs, d.Spec.RoleARNs)
		}
	}
	return update(d, have, needs)
}

// Spec is all that the live profile says, besides whether it is enabled.
func (l Live) Spec() Spec {
	return Spec{
		Name: l.Name, RoleARNs: sorted(l.RoleARNs), ManagedPolicyARNs: sorted(l.ManagedPolicyARNs),
		SessionPolicy: l.SessionPolicy, DurationSeconds: l.DurationSeconds,
		AcceptRoleSessionName: l.AcceptRoleSessionName, Mappings: l.Mappings,
	}
}

func update(d Desired, have Spec, needs []string) ([]plan.Action, error) {
	before, err := shown(have)
	if err != nil {
		return nil, err
	}
	after, err := shown(d.Spec)
	if err != nil {
		return nil, err
	}
	dropEqual(&before, &after, have, d.Spec)
	a, err := plan.NewAction(plan.ProfileUpdate, d.Addr, before, after, needs)
	if err != nil || a.After == nil {
		return nil, err
	}
	return []plan.Action{a}, nil
}

// dropEqual leaves in before and after only what differs.
func dropEqual(before, after *Fields, have, want Spec) {
	if have.Name == want.Name {
		before.Name, after.Name = nil, nil
	}
	if slices.Equal(sorted(have.RoleARNs), sorted(want.RoleARNs)) {
		before.Roles, after.Roles = nil, nil
	}
	if slices.Equal(sorted(have.ManagedPolicyARNs), sorted(want.ManagedPolicyARNs)) {
		before.ManagedPolicies, after.ManagedPolicies = nil, nil
	}
	if SamePolicy(have.SessionPolicy, want.SessionPolicy) {
		before.SessionPolicy, after.SessionPolicy = nil, nil
	}
	if have.DurationSeconds == want.DurationSeconds {
		before.DurationSeconds, after.DurationSeconds = nil, nil
	}
	if have.AcceptRoleSessionName == want.AcceptRoleSessionName {
		before.AcceptRoleSessionName, after.AcceptRoleSessionName = nil, nil
	}
	if want.Mappings.Equal(have.Mappings) {
		before.Mappings, after.Mappings = nil, nil
	}
}

// shown are all fields of a spec. A session policy that is not JSON (somebody
// else's doing) is shown as a string.
func shown(s Spec) (Fields, error) {
	managed, roles := sorted(s.ManagedPolicyARNs), sorted(s.RoleARNs)
	f := Fields{
		Name: &s.Name, Roles: &roles, ManagedPolicies: &managed,
		DurationSeconds: &s.DurationSeconds, AcceptRoleSessionName: &s.AcceptRoleSessionName, Mappings: s.Mappings,
	}
	f.SessionPolicy = json.RawMessage("null")
	if s.SessionPolicy != "" {
		f.SessionPolicy = json.RawMessage(s.SessionPolicy)
	}
	if json.Valid(f.SessionPolicy) {
		return f, nil
	}
	text, err := plan.Canonical(s.SessionPolicy)
	f.SessionPolicy = text
	return f, err
}

// Enable is the action that enables the profile.
func Enable(addr plan.Addr, needs []string) (plan.Action, error) {
	return switched(plan.ProfileEnable, addr, true, needs)
}

// Disable is the action that disables the profile.
func Disable(addr plan.Addr, needs []string) (plan.Action, error) {
	return switched(plan.ProfileDisable, addr, false, needs)
}

// Delete is the action that deletes the profile.
func Delete(addr plan.Addr, l Live, needs []string) (plan.Action, error) {
	return plan.NewAction(plan.ProfileDelete, addr, Fields{Name: &l.Name}, nil, needs)
}

func switched(kind plan.Kind, addr plan.Addr, on bool, needs []string) (plan.Action, error) {
	off := !on
	return plan.NewAction(kind, addr, Fields{Enabled: &off}, Fields{Enabled: &on}, needs)
}
