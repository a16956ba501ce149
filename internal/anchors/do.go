package anchors

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"anchorctl/internal/engine"
	"anchorctl/internal/ownership"
	"anchorctl/internal/plan"
	"anchorctl/internal/rules"
)

// Doers carry out the actions on anchors.
type Doers struct {
	// API gives the anchors of the target that addr lies in.
	API func(ctx context.Context, addr plan.Addr) (API, error)
	// Admit judges the certificate of an issuer generation for the anchor.
	Admit func(ctx context.Context, anchor, issuer plan.Addr) (rules.Admitted, error)
	// Find gives the id of one of our anchors.
	Find func(ctx context.Context, addr plan.Addr) (id string, err error)
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
	live, err := api.Create(ctx, New{Name: *after.Name, Certificates: admitted, Tags: tags})
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
	arns := []string{}
	var created *plan.Object
	for _, l := range all {
		arns = append(arns, l.ARN)
		if l.Tags[ownership.TagIntent] == s.Intent {
			created = &plan.Object{Addr: s.Action.Addr, ARN: l.ARN, Intent: s.Intent}
		}
	}
	view, err := plan.DigestOf(arns)
	return engine.Sighting{Created: created, View: view}, err
}

func (d Doers) update(ctx context.Context, s engine.Step) (plan.Outcome, error) {
	after, err := decode(s.After)
	if err != nil {
		return plan.Outcome{}, err
	}
	change := Change{Name: after.Name}
	if len(after.Certificates) > 0 {
		if change.Certificates, err = d.admit(ctx, s.Action.Addr, after.Certificates); err != nil {
			return plan.Outcome{}, err
		}
	}
	return d.change(ctx, s.Action, change)
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

func (d Doers) admit(ctx context.Context, anchor plan.Addr, issuers []string) ([]rules.Admitted, error) {
	var admitted []rules.Admitted
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
