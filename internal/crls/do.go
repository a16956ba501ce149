package crls

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"anchorctl/internal/engine"
	"anchorctl/internal/hint"
	"anchorctl/internal/ownership"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
)

// Doers carry out the actions on revocation lists.
type Doers struct {
	Signer

	// API gives the lists of the target that addr lies in.
	API func(ctx context.Context, addr plan.Addr) (API, error)
	// Find gives the id of one of our lists.
	Find func(ctx context.Context, addr plan.Addr) (id string, err error)
}

// ByKind lists the doers.
func (d Doers) ByKind() map[plan.Kind]engine.Doer {
	return map[plan.Kind]engine.Doer{
		plan.CRLSign:   {Do: d.sign},
		plan.CRLImport: {Do: d.bring, Look: d.look},
		plan.CRLUpdate: {Do: d.update},
		plan.CRLTag:    {Do: d.tag},
		plan.CRLEnable: {Do: func(ctx context.Context, s engine.Step) (plan.Outcome, error) {
			return d.change(ctx, s.Action.Addr, Change{Enable: true})
		}},
		plan.CRLDelete: {Do: d.remove},
	}
}

func (d Doers) bring(ctx context.Context, s engine.Step) (plan.Outcome, error) {
	after, err := decode(s.After)
	if err != nil {
		return plan.Outcome{}, err
	}
	data, err := d.data(ctx, s.Action.Addr, after.Number)
	if err != nil {
		return plan.Outcome{}, err
	}
	api, err := d.API(ctx, s.Action.Addr)
	if err != nil {
		return plan.Outcome{}, err
	}
	if err := room(ctx, api, s.Action.ID, after.Anchor); err != nil {
		return plan.Outcome{}, err
	}
	tags := maps.Clone(after.Tags)
	tags[ownership.TagIntent] = s.Intent
	live, err := api.Import(ctx, New{Name: *after.Name, AnchorARN: after.Anchor, Data: data, Tags: tags})
	if err != nil {
		return plan.Outcome{}, err
	}
	return plan.Outcome{Created: &plan.Object{Addr: s.Action.Addr, ARN: live.ARN, Intent: s.Intent}}, nil
}

// room holds an import at an anchor that has all the lists it takes: what
// others put there is theirs to take away.
func room(ctx context.Context, api API, action, anchorARN string) error {
	all, err := api.List(ctx, false)
	if err != nil {
		return err
	}
	there := slices.DeleteFunc(all, func(l Live) bool { return l.AnchorARN != anchorARN })
	if len(there) < PerAnchor {
		return nil
	}
	held := &engine.HeldError{Action: action, Reason: fmt.Sprintf("the anchor has %d revocation lists, and takes no more", len(there))}
	for _, l := range there {
		held.Hints = append(held.Hints, fmt.Sprintf("%q (%s) is at %s: find out whose it is, and have one of them deleted", l.Name, l.ARN, anchorARN))
	}
	return held
}

// data is a recorded list as the service takes it.
func (d Doers) data(ctx context.Context, addr plan.Addr, number string) ([]byte, error) {
	newest, there, err := d.Store.NewestCRL(ctx, addr.Environment, addr.Generation)
	if err != nil {
		return nil, err
	}
	if !there || number != numberNext && number != strconv.FormatInt(newest.Number, 10) {
		return nil, hint.With(fmt.Errorf("reading revocation list %s of %s: the newest on record is %d", number, addr, newest.Number),
			`run "anchorctl plan" to see what is to be done now`)
	}
	data := pki.EncodeCRL(newest.DER)
	if len(data) > pki.MaxRevocationList {
		return nil, hint.With(fmt.Errorf("the list has %d bytes, and the service takes %d", len(data), pki.MaxRevocationList),
			`run "anchorctl explain ANC702"`)
	}
	return data, nil
}

// look searches all lists of the target for the one that carries the intent.
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

// update reads the list again just before it writes: the service knows no
// versions, so what somebody changed since the plan must stop it.
func (d Doers) update(ctx context.Context, s engine.Step) (plan.Outcome, error) {
	after, err := decode(s.After)
	if err != nil {
		return plan.Outcome{}, err
	}
	change := Change{Name: after.Name}
	if after.Number != "" {
		if err := d.unchanged(ctx, s); err != nil {
			return plan.Outcome{}, err
		}
		if change.Data, err = d.data(ctx, s.Action.Addr, after.Number); err != nil {
			return plan.Outcome{}, err
		}
	}
	return d.change(ctx, s.Action.Addr, change)
}

func (d Doers) unchanged(ctx context.Context, s engine.Step) error {
	before, err := decode(s.Before)
	if err != nil {
		return err
	}
	api, id, err := d.find(ctx, s.Action.Addr)
	if err != nil {
		return err
	}
	all, err := api.List(ctx, false)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(l Live) bool { return l.ID == id })
	if i < 0 {
		return fmt.Errorf("reading %s: it is not there any more", s.Action.Addr)
	}
	if now := numberOf(all[i]); now != before.Number {
		return hint.With(fmt.Errorf("updating %s: it was changed by somebody else since it was planned: its number is %s now", s.Action.Addr, now),
			`run "anchorctl plan" to see what it is now`)
	}
	return nil
}

func (d Doers) tag(ctx context.Context, s engine.Step) (plan.Outcome, error) {
	after, err := decode(s.After)
	if err != nil {
		return plan.Outcome{}, err
	}
	return d.change(ctx, s.Action.Addr, Change{SetTags: after.Tags})
}

func (d Doers) change(ctx context.Context, addr plan.Addr, c Change) (plan.Outcome, error) {
	api, id, err := d.find(ctx, addr)
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
