package profiles

import (
	"context"
	"encoding/json"

	"anchorctl/internal/engine"
	"anchorctl/internal/objects"
	"anchorctl/internal/ownership"
	"anchorctl/internal/plan"
)

// Doers carry out the actions on profiles.
type Doers struct{ Ours }

// ByKind lists the doers.
func (d Doers) ByKind() map[plan.Kind]engine.Doer {
	return map[plan.Kind]engine.Doer{
		plan.ProfileCreate:  {Do: d.create, Look: d.Look},
		plan.ProfileNarrow:  {Do: d.update},
		plan.ProfileUpdate:  {Do: d.update},
		plan.ProfileTag:     {Do: d.tag},
		plan.ProfileEnable:  {Do: d.Always(Change{Enable: true})},
		plan.ProfileDisable: {Do: d.Always(Change{Disable: true})},
		plan.ProfileDelete:  {Do: d.Remove},
	}
}

func (d Doers) create(ctx context.Context, s engine.Step) (plan.Outcome, error) {
	after, err := plan.FieldsOf[Fields](s.After)
	if err != nil {
		return plan.Outcome{}, err
	}
	return d.Create(ctx, s, New{Spec: after.over(Spec{}), Tags: ownership.WithIntent(after.Tags, s.Intent)})
}

func (d Doers) tag(ctx context.Context, s engine.Step) (plan.Outcome, error) {
	after, err := plan.FieldsOf[Fields](s.After)
	if err != nil {
		return plan.Outcome{}, err
	}
	return d.Change(ctx, s.Action.Addr, Change{SetTags: after.Tags})
}

// update writes what is not to change as it was read: the service replaces the
// whole profile.
func (d Doers) update(ctx context.Context, s engine.Step) (plan.Outcome, error) {
	before, err := plan.FieldsOf[Fields](s.Before)
	if err != nil {
		return plan.Outcome{}, err
	}
	after, err := plan.FieldsOf[Fields](s.After)
	if err != nil {
		return plan.Outcome{}, err
	}
	live, err := d.Read(ctx, s.Action.Addr)
	if err != nil {
		return plan.Outcome{}, err
	}
	now, want := live.Spec(), after.over(live.Spec())
	if !Same(now, want) && !Same(now, before.over(now)) {
		return plan.Outcome{}, objects.Changed(s.Action.Addr, "it was")
	}
	if want.SessionPolicy == "" && now.SessionPolicy != "" {
		want.SessionPolicy = Unrestricted
	}
	put, drop := want.Mappings.Changes(now.Mappings)
	change := Change{PutMappings: put, DropMappings: drop}
	if changed := (after.Name != nil || after.Roles != nil || after.ManagedPolicies != nil || after.SessionPolicy != nil ||
		after.DurationSeconds != nil || after.AcceptRoleSessionName != nil); changed {
		change.Spec = &want
	}
	return d.Change(ctx, s.Action.Addr, change)
}

// Same reports whether two specs differ in nothing that a plan would show.
func Same(a, b Spec) bool {
	x, errX := shown(a)
	y, errY := shown(b)
	if errX != nil || errY != nil {
		return false
	}
	dropEqual(&x, &y, a, b)
	rest, err := plan.Canonical(x)
	return err == nil && string(rest) == "{}"
}

// over lays the fields that are set over a spec.
func (f Fields) over(s Spec) Spec {
	if f.Name != nil {
		s.Name = *f.Name
	}
	if f.Roles != nil {
		s.RoleARNs = *f.Roles
	}
	if f.ManagedPolicies != nil {
		s.ManagedPolicyARNs = *f.ManagedPolicies
	}
	if f.SessionPolicy != nil {
		s.SessionPolicy = policyText(f.SessionPolicy)
	}
	if f.DurationSeconds != nil {
		s.DurationSeconds = *f.DurationSeconds
	}
	if f.AcceptRoleSessionName != nil {
		s.AcceptRoleSessionName = *f.AcceptRoleSessionName
	}
	if f.Mappings != nil {
		s.Mappings = f.Mappings
	}
	return s
}

// policyText undoes shown: null is no policy, a string is one that is no JSON.
func policyText(raw json.RawMessage) string {
	var text string
	if string(raw) == "null" {
		return ""
	}
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}
