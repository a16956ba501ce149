package anchors

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"anchorctl/internal/admission"
	"anchorctl/internal/engine"
	"anchorctl/internal/hint"
	"anchorctl/internal/ownership"
	"anchorctl/internal/plan"
)

// Doers carry out the actions on anchors.
type Doers struct {
	// API gives the anchors of the target that addr lies in.
	API func(ctx context.Context, addr plan.Addr) (API, error)
	// Admit judges the certificate of an issuer generation for the anchor.
	Admit func(ctx context.Context, anchor, issuer plan.Addr) (admission.Admitted, error)
	// Find gives the id of one of our anchors.
	Find func(ctx context.Context, addr plan.Addr) (id string, err error)
	// Known names our certificates.
	Known func(ctx context.Context) (KnownAs, error)
}

// ByKind lists the doers.
func (d Doers) ByKind() map[plan.Kind]engine.Doer {
	return map[plan.Kind]engine.Doer{
		plan.AnchorCreate: {Do: d.create, Look: d.look},
		plan.AnchorUpdate: {Do: d.update},
		plan.AnchorTag:    {Do: d.tag},
		plan.AnchorEnable: {Do: func(ctx context.Context, s engine.Step) (plan.Outcome, error) {
			return d.change(ctx, s.Action, Change{Enable: true})
		}},
		plan.AnchorDisable: {Do: func(ctx context.Context, s engine.Step) (plan.Outcome, error) {
			return d.change(ctx, s.Action, Change{Disable: true})
		}},
		plan.AnchorDelete: {Do: d.remove},
	}
}

func (d Doers) create(ctx context.Context, s engine.Step) (plan.Outcome, error) {
	after, err := decode(s.After)
	if err != nil {
		return plan.Outcome{}, err
	}
	admitted, err := d.admit(ctx, s.Action.Addr, after.Certificates)
	if err != nil {
		return plan.Outcome{}, err
	}
	api, err := d.API(ctx, s.Action.Addr)
	if err != nil {
		return plan.Outcome{}, err
	}
	tags := maps.Clone(after.Tags)
	tags[ownership.TagIntent] = s.Intent
	notifications, err := settings(after.Notifications)
	if err != nil {
		return plan.Outcome{}, err
	}
	live, err := api.Create(ctx, New{
		Name: *after.Name, Certificates: admitted, Tags: tags, ChecksPoints: after.ChecksPoints != nil && *after.ChecksPoints,
		Notifications: notifications,
	})
	if err != nil {
		return plan.Outcome{}, err
	}
	return plan.Outcome{Created: &plan.Object{Addr: s.Action.Addr, ARN: live.ARN, Intent: s.Intent}}, nil
}

// look searches all anchors of the target for the one that carries the intent.
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

// update reads the anchor again just before it writes: the service knows no
// versions, so what somebody changed since the plan must stop it.
func (d Doers) update(ctx context.Context, s engine.Step) (plan.Outcome, error) {
	after, err := decode(s.After)
	if err != nil {
		return plan.Outcome{}, err
	}
	if err := d.unchanged(ctx, s, after); err != nil {
		return plan.Outcome{}, err
	}
	change := Change{Name: after.Name, ChecksPoints: after.ChecksPoints}
	if change.Notifications, err = settings(after.Notifications); err != nil {
		return plan.Outcome{}, err
	}
	if len(after.Certificates) > 0 {
		if change.Certificates, err = d.admit(ctx, s.Action.Addr, after.Certificates); err != nil {
			return plan.Outcome{}, err
		}
	}
	return d.change(ctx, s.Action, change)
}

func (d Doers) unchanged(ctx context.Context, s engine.Step, after Fields) error {
	if after.Certificates == nil {
		return nil
	}
	before, err := decode(s.Before)
	if err != nil {
		return err
	}
	api, id, err := d.find(ctx, s.Action.Addr)
	if err != nil {
		return err
	}
	now, err := d.certificates(ctx, api, id)
	if err != nil {
		return err
	}
	if slices.Equal(now, before.Certificates) || slices.Equal(now, after.Certificates) {
		return nil
	}
	return hint.With(fmt.Errorf("updating %s: its certificates were changed by somebody else since it was planned", s.Action.Addr),
		`run "anchorctl plan" to see what it holds now`)
}

// certificates names what one anchor holds now.
func (d Doers) certificates(ctx context.Context, api API, id string) ([]string, error) {
	all, err := api.List(ctx, false)
	if err != nil {
		return nil, err
	}
	known, err := d.Known(ctx)
	if err != nil {
		return nil, err
	}
	for _, l := range all {
		if l.ID == id {
			return Held(l, known), nil
		}
	}
	return nil, fmt.Errorf("reading anchor %s: it is not there any more", id)
}

func (d Doers) tag(ctx context.Context, s engine.Step) (plan.Outcome, error) {
	after, err := decode(s.After)
	if err != nil {
		return plan.Outcome{}, err
	}
	return d.change(ctx, s.Action, Change{SetTags: after.Tags})
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

func (d Doers) admit(ctx context.Context, anchor plan.Addr, issuers []string) ([]admission.Admitted, error) {
	var admitted []admission.Admitted
	for _, text := range issuers {
		addr, err := plan.ParseAddr(text)
		if err != nil {
			return nil, err
		}
		one, err := d.Admit(ctx, anchor, addr)
		if err != nil {
			return nil, err
		}
		admitted = append(admitted, one)
	}
	if len(admitted) == 0 {
		return nil, errors.New("no certificate to register")
	}
	return admitted, nil
}

func decode(raw json.RawMessage) (Fields, error) {
	var f Fields
	if err := json.Unmarshal(raw, &f); err != nil {
		return Fields{}, fmt.Errorf("reading the action: %w", err)
	}
	return f, nil
}
