package anchors

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"anchorctl/internal/admission"
	"anchorctl/internal/clock"
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
	// Keeps refuses certificates that would leave the anchor without the issuer
	// that signs.
	Keeps func(ctx context.Context, anchor plan.Addr, certificates []string) error
	Clock clock.Clock
}

// ByKind lists the doers.
func (d Doers) ByKind() map[plan.Kind]engine.Doer {
	return map[plan.Kind]engine.Doer{
		plan.AnchorCreate:   {Do: d.create, Look: d.look},
		plan.AnchorUpdate:   {Do: d.update},
		plan.AnchorPublish:  {Do: d.hold},
		plan.AnchorWithdraw: {Do: d.hold},
		plan.AnchorReplace:  {Do: d.hold},
		plan.AnchorTag:      {Do: d.tag},
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

// hold changes which certificates the anchor holds, in one call, and waits until
// the service shows it: what comes next rests on it.
func (d Doers) hold(ctx context.Context, s engine.Step) (plan.Outcome, error) {
	after, err := decode(s.After)
	if err != nil {
		return plan.Outcome{}, err
	}
	if err := d.Keeps(ctx, s.Action.Addr, after.Certificates); err != nil {
		return plan.Outcome{}, err
	}
	if _, err := d.update(ctx, s); err != nil {
		return plan.Outcome{}, err
	}
	return plan.Outcome{}, d.readBack(ctx, s.Action.Addr, after.Certificates)
}

// readBack: the service's lists may show an older state for a while.
func (d Doers) readBack(ctx context.Context, addr plan.Addr, want []string) error {
	const looks = 25
	api, id, err := d.find(ctx, addr)
	if err != nil {
		return err
	}
	for range looks {
		now, err := d.certificates(ctx, api, id)
		if err != nil {
			return err
		}
		if slices.Equal(now, want) {
			return nil
		}
		if err := d.Clock.Wait(ctx, 2*time.Second); err != nil {
			return fmt.Errorf("reading back %s: %w", addr, err)
		}
	}
	return hint.With(fmt.Errorf("reading back %s: the service still shows other certificates", addr),
		"run the same command again in a minute: it goes on from what is there then")
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
		addr, err := plan.ParseAddr(text) // of a generation's certificate as it is now: no former one is sent
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
