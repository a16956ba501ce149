package anchors

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"anchorctl/internal/admission"
	"anchorctl/internal/clock"
	"anchorctl/internal/engine"
	"anchorctl/internal/hint"
	"anchorctl/internal/objects"
	"anchorctl/internal/ownership"
	"anchorctl/internal/plan"
)

// Doers carry out the actions on anchors.
type Doers struct {
	Ours

	// Admit judges the certificate of an issuer generation for the anchor.
	Admit func(ctx context.Context, anchor, issuer plan.Addr) (admission.Admitted, error)
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
		plan.AnchorCreate:   {Do: d.create, Look: d.Look},
		plan.AnchorUpdate:   {Do: d.update},
		plan.AnchorPublish:  {Do: d.hold},
		plan.AnchorWithdraw: {Do: d.hold},
		plan.AnchorReplace:  {Do: d.hold},
		plan.AnchorTag:      {Do: d.tag},
		plan.AnchorEnable:   {Do: d.Always(Change{Enable: true})},
		plan.AnchorDisable:  {Do: d.Always(Change{Disable: true})},
		plan.AnchorDelete:   {Do: d.Remove},
	}
}

func (d Doers) create(ctx context.Context, s engine.Step) (plan.Outcome, error) {
	after, err := plan.FieldsOf[Fields](s.After)
	if err != nil {
		return plan.Outcome{}, err
	}
	admitted, err := d.admit(ctx, s.Action.Addr, after.Certificates)
	if err != nil {
		return plan.Outcome{}, err
	}
	notifications, err := settings(after.Notifications)
	if err != nil {
		return plan.Outcome{}, err
	}
	return d.Create(ctx, s, New{
		Name: *after.Name, Certificates: admitted, Tags: ownership.WithIntent(after.Tags, s.Intent),
		ChecksPoints: after.ChecksPoints != nil && *after.ChecksPoints, Notifications: notifications,
	})
}

func (d Doers) update(ctx context.Context, s engine.Step) (plan.Outcome, error) {
	after, err := plan.FieldsOf[Fields](s.After)
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
	return d.Change(ctx, s.Action.Addr, change)
}

func (d Doers) unchanged(ctx context.Context, s engine.Step, after Fields) error {
	if after.Certificates == nil {
		return nil
	}
	before, err := plan.FieldsOf[Fields](s.Before)
	if err != nil {
		return err
	}
	now, err := d.certificates(ctx, s.Action.Addr)
	if err != nil {
		return err
	}
	if slices.Equal(now, before.Certificates) || slices.Equal(now, after.Certificates) {
		return nil
	}
	return objects.Changed(s.Action.Addr, "its certificates were")
}

// certificates names what the anchor holds now.
func (d Doers) certificates(ctx context.Context, addr plan.Addr) ([]string, error) {
	live, err := d.Read(ctx, addr)
	if err != nil {
		return nil, err
	}
	known, err := d.Known(ctx)
	if err != nil {
		return nil, err
	}
	return Held(live, known), nil
}

// hold changes which certificates the anchor holds, in one call, and waits until
// the service shows it: what comes next rests on it.
func (d Doers) hold(ctx context.Context, s engine.Step) (plan.Outcome, error) {
	after, err := plan.FieldsOf[Fields](s.After)
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
	for range looks {
		now, err := d.certificates(ctx, addr)
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
	after, err := plan.FieldsOf[Fields](s.After)
	if err != nil {
		return plan.Outcome{}, err
	}
	return d.Change(ctx, s.Action.Addr, Change{SetTags: after.Tags})
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
