package objects

import (
	"context"
	"fmt"

	"anchorctl/internal/engine"
	"anchorctl/internal/hint"
	"anchorctl/internal/ownership"
	"anchorctl/internal/plan"
)

// Live is an object as the service shows it.
type Live interface {
	// Identity is how one object is told from another, and whose it is.
	Identity() (id, arn string, tags map[string]string)
}

// API is what the objects of one kind at one target need of AWS: L is what one
// is, N what one is created from, C a change of one. Implementations pace
// themselves.
type API[L Live, N, C any] interface {
	// List returns all objects of the target with their tags. With fresh, tags
	// are read one by one with ListTagsForResource, which never lags.
	List(ctx context.Context, fresh bool) ([]L, error)
	// Create is sent once and never retried; an error of it says with
	// errors.Is(err, engine.ErrUnclear) that it may have happened all the same.
	Create(ctx context.Context, n N) (L, error)
	Change(ctx context.Context, id string, c C) error
	// Delete deletes the object; one that is gone already is no error.
	Delete(ctx context.Context, id string) error
}

// Ours are our objects of one kind.
type Ours[L Live, N, C any] struct {
	// API gives the objects of the target that addr lies in.
	API func(ctx context.Context, addr plan.Addr) (API[L, N, C], error)
	// Find gives the id of one of ours.
	Find func(ctx context.Context, addr plan.Addr) (id string, err error)
}

func (o Ours[L, N, C]) find(ctx context.Context, addr plan.Addr) (API[L, N, C], string, error) {
	id, err := o.Find(ctx, addr)
	if err != nil {
		return nil, "", err
	}
	api, err := o.API(ctx, addr)
	return api, id, err
}

// Create makes the object of a step. Its tags have to have the step's intent.
func (o Ours[L, N, C]) Create(ctx context.Context, s engine.Step, n N) (plan.Outcome, error) {
	api, err := o.API(ctx, s.Action.Addr)
	if err != nil {
		return plan.Outcome{}, err
	}
	live, err := api.Create(ctx, n)
	if err != nil {
		return plan.Outcome{}, err
	}
	_, arn, _ := live.Identity()
	return plan.Outcome{Created: &plan.Object{Addr: s.Action.Addr, ARN: arn, Intent: s.Intent}}, nil
}

// Look searches all objects of the target for the one that carries the intent.
func (o Ours[L, N, C]) Look(ctx context.Context, s engine.Step) (engine.Sighting, error) {
	api, err := o.API(ctx, s.Action.Addr)
	if err != nil {
		return engine.Sighting{}, err
	}
	all, err := api.List(ctx, true)
	if err != nil {
		return engine.Sighting{}, err
	}
	intents := map[string]string{}
	for _, l := range all {
		_, arn, tags := l.Identity()
		intents[arn] = tags[ownership.TagIntent]
	}
	return engine.Trace(s, intents)
}

// Read reads the object at addr again, just before it is written: the service
// knows no versions, so what somebody changed since the plan must stop it rather
// than be lost. Changed is the error for that.
func (o Ours[L, N, C]) Read(ctx context.Context, addr plan.Addr) (L, error) {
	var none L
	api, wanted, err := o.find(ctx, addr)
	if err != nil {
		return none, err
	}
	all, err := api.List(ctx, false)
	if err != nil {
		return none, err
	}
	for _, l := range all {
		if id, _, _ := l.Identity(); id == wanted {
			return l, nil
		}
	}
	return none, fmt.Errorf("reading %s: it is not there any more", addr)
}

// Changed is the error of an object that is neither what was planned from nor
// what is wanted. What says of what that is true: "its name was".
func Changed(addr plan.Addr, what string) error {
	return hint.With(fmt.Errorf("updating %s: %s changed by somebody else since it was planned", addr, what),
		`run "anchorctl plan" to see what it is now`)
}

// Change changes the object at addr.
func (o Ours[L, N, C]) Change(ctx context.Context, addr plan.Addr, c C) (plan.Outcome, error) {
	api, id, err := o.find(ctx, addr)
	if err != nil {
		return plan.Outcome{}, err
	}
	return plan.Outcome{}, api.Change(ctx, id, c)
}

// Always makes the same change of any object.
func (o Ours[L, N, C]) Always(c C) func(context.Context, engine.Step) (plan.Outcome, error) {
	return func(ctx context.Context, s engine.Step) (plan.Outcome, error) { return o.Change(ctx, s.Action.Addr, c) }
}

// Remove deletes the object at addr. One that is gone is deleted too: the store
// forgets it by that.
func (o Ours[L, N, C]) Remove(ctx context.Context, s engine.Step) (plan.Outcome, error) {
	api, id, err := o.find(ctx, s.Action.Addr)
	if err != nil {
		return plan.Outcome{}, err
	}
	return plan.Outcome{Deleted: true}, api.Delete(ctx, id)
}
