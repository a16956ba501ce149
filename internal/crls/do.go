package crls

import (
	"context"
	"fmt"
	"slices"

	"anchorctl/internal/engine"
	"anchorctl/internal/hint"
	"anchorctl/internal/objects"
	"anchorctl/internal/ownership"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
)

// Doers carry out the actions on revocation lists. What fails at one anchor is
// held, and the lists of others go on: what is not closed at one place must be at
// the others.
type Doers struct {
	Signer
	Ours
}

// ByKind lists the doers.
func (d Doers) ByKind() map[plan.Kind]engine.Doer {
	return map[plan.Kind]engine.Doer{
		plan.CRLSign:   {Do: d.sign},
		plan.CRLImport: {Do: d.bring, Look: d.Look},
		plan.CRLUpdate: {Do: d.update},
		plan.CRLTag:    {Do: d.tag},
		plan.CRLEnable: {Do: func(ctx context.Context, s engine.Step) (plan.Outcome, error) {
			return d.change(ctx, s.Action, Change{Enable: true})
		}},
		plan.CRLDelete: {Do: d.Remove},
	}
}

func (d Doers) bring(ctx context.Context, s engine.Step) (plan.Outcome, error) {
	after, err := plan.FieldsOf[Fields](s.After)
	if err != nil {
		return plan.Outcome{}, err
	}
	data, err := d.data(ctx, s.Action)
	if err != nil {
		return plan.Outcome{}, err
	}
	api, err := d.API(ctx, s.Action.Addr)
	if err != nil {
		return plan.Outcome{}, engine.HoldFailure(s.Action.ID, err)
	}
	if err := room(ctx, api, s.Action.ID, after.Anchor); err != nil {
		return plan.Outcome{}, err
	}
	made, err := d.Create(ctx, s, New{
		Name: *after.Name, AnchorARN: after.Anchor, Data: data, Tags: ownership.WithIntent(after.Tags, s.Intent),
	})
	return made, engine.HoldFailure(s.Action.ID, err)
}

// room holds an import at an anchor that has all the lists it takes: what
// others put there is theirs to take away.
func room(ctx context.Context, api API, action, anchorARN string) error {
	all, err := api.List(ctx, false)
	if err != nil {
		return engine.HoldFailure(action, err)
	}
	there := slices.DeleteFunc(all, func(l Live) bool { return l.AnchorARN != anchorARN })
	if len(there) < PerAnchor {
		return nil
	}
	full := &engine.HeldError{Action: action, Reason: fmt.Sprintf("the anchor has %d revocation lists, and takes no more", len(there))}
	for _, l := range there {
		full.Hints = append(full.Hints, fmt.Sprintf("%q (%s) is at %s: find out whose it is, and have one of them deleted", l.Name, l.ARN, anchorARN))
	}
	return full
}

// data is the newest list on record, as the service takes it.
func (d Doers) data(ctx context.Context, a plan.Action) ([]byte, error) {
	newest, there, err := d.Store.NewestCRL(ctx, a.Addr.Environment, a.Addr.Generation)
	if err != nil {
		return nil, err
	}
	if !there {
		return nil, fmt.Errorf("reading the revocation list of %s: there is none on record", a.Addr)
	}
	data := pki.EncodeCRL(newest.DER)
	if len(data) > pki.MaxRevocationList {
		return nil, engine.HoldFailure(a.ID, hint.With(fmt.Errorf("the list has %d bytes, and the service takes %d", len(data), pki.MaxRevocationList),
			`run "anchorctl explain ANC702"`))
	}
	return data, nil
}

func (d Doers) update(ctx context.Context, s engine.Step) (plan.Outcome, error) {
	after, err := plan.FieldsOf[Fields](s.After)
	if err != nil {
		return plan.Outcome{}, err
	}
	change := Change{Name: after.Name}
	if after.Number != "" {
		if err := d.unchanged(ctx, s); err != nil {
			return plan.Outcome{}, engine.HoldFailure(s.Action.ID, err)
		}
		if change.Data, err = d.data(ctx, s.Action); err != nil {
			return plan.Outcome{}, err
		}
	}
	return d.change(ctx, s.Action, change)
}

func (d Doers) unchanged(ctx context.Context, s engine.Step) error {
	before, err := plan.FieldsOf[Fields](s.Before)
	if err != nil {
		return err
	}
	live, err := d.Read(ctx, s.Action.Addr)
	if err != nil {
		return err
	}
	if now := numberOf(live); now != before.Number {
		return objects.Changed(s.Action.Addr, fmt.Sprintf("its number is %s now: it was", now))
	}
	return nil
}

func (d Doers) tag(ctx context.Context, s engine.Step) (plan.Outcome, error) {
	after, err := plan.FieldsOf[Fields](s.After)
	if err != nil {
		return plan.Outcome{}, err
	}
	return d.change(ctx, s.Action, Change{SetTags: after.Tags})
}

func (d Doers) change(ctx context.Context, a plan.Action, c Change) (plan.Outcome, error) {
	outcome, err := d.Change(ctx, a.Addr, c)
	return outcome, engine.HoldFailure(a.ID, err)
}
