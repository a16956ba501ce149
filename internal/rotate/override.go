package rotate

import (
	"context"
	"errors"
	"fmt"

	"anchorctl/internal/engine"
	"anchorctl/internal/estate"
	"anchorctl/internal/plan"
	"anchorctl/internal/store"
)

// overridden is a gate that an emergency goes past, also when it cannot find out what
// it is asked. What it would have held for is found out all the same, and the audit log
// has it, with the reason, before anything happens.
func (g gatekeeper) overridden(gate engine.Gate) engine.Gate {
	return func(ctx context.Context, a plan.Action) error {
		err := gate(ctx, a)
		var held *engine.HeldError
		if !g.options.Emergency || err == nil || ctx.Err() != nil {
			return err
		}
		if !errors.As(err, &held) {
			held = &engine.HeldError{Rule: a.Gate, Reason: err.Error()}
		}
		return g.override(ctx, held)
	}
}

// late is the gate of a withdrawal. An emergency goes past it, and past those who
// would be left with nothing only by a second word.
func (g gatekeeper) late(ctx context.Context, a plan.Action) error {
	if g.options.Emergency && !g.options.CutOff {
		if err := g.reissued(ctx, a); err != nil {
			return err
		}
	}
	return g.overridden(g.drained)(ctx, a)
}

func (g gatekeeper) override(ctx context.Context, held *engine.HeldError) error {
	return g.Folder.Store.OverrideGate(ctx, g.options.Environment, held.Rule, g.options.Reason+" (it held because: "+held.Reason+")")
}

// reissued holds the one update of an emergency while a workload would be left
// with nothing but a certificate of the old issuer.
func (g gatekeeper) reissued(ctx context.Context, a plan.Action) error {
	n, err := g.open(ctx, a.Addr.Environment)
	if err != nil {
		return err
	}
	without, err := g.Without(ctx, n)
	if err != nil || len(without) == 0 {
		return err
	}
	held := &engine.HeldError{Action: a.ID, Rule: estate.GateReissued, Reason: SomeOf(without, "has", "have") + " a live certificate of " + from(n) + " and none of " + to(n)}
	if g.options.CutOff {
		return g.override(ctx, held)
	}
	held.Hints = []string{
		"give them new certificates now: anchorctl renew --all due --force --env " + n.Environment + ", or anchorctl issue for each, and bring those to their hosts",
		fmt.Sprintf("then run %q; to cut off whoever has none, add --emergency, --reason and --cut-off", again(n)),
	}
	return held
}

// Without are the workloads, as ENV/WORKLOAD, that have a live certificate of the
// old generation and none of the new one.
func (w World) Without(ctx context.Context, n store.Rotation) ([]string, error) {
	alive, err := w.alive(ctx, n, n.From)
	if err != nil {
		return nil, err
	}
	renewed, err := w.alive(ctx, n, n.To)
	if err != nil {
		return nil, err
	}
	var without []string
	for _, name := range alive.names {
		if !renewed.has[name] {
			without = append(without, name)
		}
	}
	return without, nil
}
