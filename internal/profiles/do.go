package profiles

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	"anchorctl/internal/engine"
	"anchorctl/internal/hint"
	"anchorctl/internal/ownership"
	"anchorctl/internal/plan"
)

// Doers carry out the actions on profiles.
type Doers struct {
	// API gives the profiles of the target that addr lies in.
	API func(ctx context.Context, addr plan.Addr) (API, error)
	// Find gives the id of one of our profiles.
	Find func(ctx context.Context, addr plan.Addr) (id string, err error)
}

// ByKind lists the doers.
func (d Doers) ByKind() map[plan.Kind]engine.Doer {
	return map[plan.Kind]engine.Doer{
		plan.ProfileCreate: {Do: d.create, Look: d.look},
		plan.ProfileNarrow: {Do: d.update},
		plan.ProfileUpdate: {Do: d.update},
		plan.ProfileTag: {Do: func(ctx context.Context, s engine.Step) (plan.Outcome, error) {
			after, err := decode(s.After)
			if err != nil {
				return plan.Outcome{}, err
			}
			return d.change(ctx, s.Action, Change{SetTags: after.Tags})
		}},
		plan.ProfileEnable: {Do: func(ctx context.Context, s engine.Step) (plan.Outcome, error) {
			return d.change(ctx, s.Action, Change{Enable: true})
		}},
		plan.ProfileDisable: {Do: func(ctx context.Context, s engine.Step) (plan.Outcome, error) {
			return d.change(ctx, s.Action, Change{Disable: true})
		}},
		plan.ProfileDelete: {Do: d.remove},
	}
}

func (d Doers) create(ctx context.Context, s engine.Step) (plan.Outcome, error) {
	after, err := decode(s.After)
	if err != nil {
		return plan.Outcome{}, err
	}
	api, err := d.API(ctx, s.Action.Addr)
	if err != nil {
		return plan.Outcome{}, err
	}
	tags := maps.Clone(after.Tags)
	tags[ownership.TagIntent] = s.Intent
	live, err := api.Create(ctx, New{Spec: after.over(Spec{}), Tags: tags})
	if err != nil {
		return plan.Outcome{}, err
	}
	return plan.Outcome{Created: &plan.Object{Addr: s.Action.Addr, ARN: live.ARN, Intent: s.Intent}}, nil
}

// look searches all profiles of the target for the one that carries the intent.
func (d Doers) look(ctx context.Context, s engine.Step) (engine.Sighting, error) {
	api, err := d.API(ctx, s.Action.Addr)
	if err != nil {
		return engine.Sighting{}, err
	}
	all, err := api.List(ctx, true)
	if err != nil {
		return engine.Sighting{}, err
	}
	intents := map[string]string{}
	for _, l := range all {
		intents[l.ARN] = l.Tags[ownership.TagIntent]
	}
	return engine.Trace(s, intents)
}

// update reads the profile again just before it writes: the service replaces
// the whole profile and knows no versions, so what somebody changed since the
// plan must stop it rather than be lost.
func (d Doers) update(ctx context.Context, s engine.Step) (plan.Outcome, error) {
	before, err := decode(s.Before)
	if err != nil {
		return plan.Outcome{}, err
	}
	after, err := decode(s.After)
	if err != nil {
		return plan.Outcome{}, err
	}
	api, id, err := d.find(ctx, s.Action.Addr)
	if err != nil {
		return plan.Outcome{}, err
	}
	live, err := read(ctx, api, id)
	if err != nil {
		return plan.Outcome{}, err
	}
	now, want := live.Spec(), after.over(live.Spec())
	if !Same(now, want) && !Same(now, before.over(now)) {
		return plan.Outcome{}, hint.With(
			fmt.Errorf("updating %s: it was changed by somebody else since it was planned", s.Action.Addr),
			`run "anchorctl plan" to see what it is now`)
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
	return plan.Outcome{}, api.Change(ctx, id, change)
}

func read(ctx context.Context, api API, id string) (Live, error) {
	all, err := api.List(ctx, false)
	if err != nil {
		return Live{}, err
	}
	for _, l := range all {
		if l.ID == id {
			return l, nil
		}
	}
	return Live{}, fmt.Errorf("reading profile %s: it is not there any more", id)
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

func (d Doers) change(ctx context.Context, a plan.Action, c Change) (plan.Outcome, error) {
	api, id, err := d.find(ctx, a.Addr)
	if err != nil {
		return plan.Outcome{}, err
	}
	return plan.Outcome{}, api.Change(ctx, id, c)
}

func (d Doers) remove(ctx context.Context, s engine.Step) (plan.Outcome, error) {
	api, id, err := d.find(ctx, s.Action.Addr)
	if err != nil {
		return plan.Outcome{}, err
	}
	return plan.Outcome{Deleted: true}, api.Delete(ctx, id)
}

func (d Doers) find(ctx context.Context, addr plan.Addr) (API, string, error) {
	id, err := d.Find(ctx, addr)
	if err != nil {
		return nil, "", err
	}
	api, err := d.API(ctx, addr)
	return api, id, err
}

func decode(raw json.RawMessage) (Fields, error) {
	var f Fields
	if len(raw) == 0 {
		return f, nil
	}
	if err := json.Unmarshal(raw, &f); err != nil {
		return Fields{}, fmt.Errorf("reading the action: %w", err)
	}
	return f, nil
}
