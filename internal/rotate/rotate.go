package rotate

import (
	"context"
	"fmt"

	"anchorctl/internal/engine"
	"anchorctl/internal/estate"
	"anchorctl/internal/hint"
	"anchorctl/internal/store"
)

// World is an estate, and where its sessions are asked for.
type World struct {
	estate.World

	Endpoint string // of the sessions; "" is AWS
	// Progress hears what a gate is doing; it may be nil.
	Progress func(string)
}

// Options say which rotation to start or to go on with, and who agrees to it.
type Options struct {
	estate.Rotation

	// Emergency goes past the gates. It takes Reason.
	Emergency bool
	// CutOff goes on although workloads have no new certificate yet. It takes
	// Emergency.
	CutOff  bool
	Wait    bool // for another run's lock
	Approve func(ctx context.Context, p estate.Proposal) error
}

// Run starts a rotation, or goes on with the open one, until it is done or a gate
// holds it (*engine.HeldRun, whose holds say when to come back). Other errors are
// those of World.Apply.
func (w World) Run(ctx context.Context, o Options) (estate.Report, error) {
	if o.Emergency && o.Reason == "" {
		return estate.Report{}, hint.With(fmt.Errorf("an emergency goes past what protects sessions: it takes a reason, for the audit log"),
			`write --reason "what happened"`)
	}
	o.Urgent = o.Emergency
	g := gatekeeper{World: w, options: o}
	drained := engine.Gate(g.late)
	if o.Abort {
		drained = (&retreat{gatekeeper: g}).back
	}
	return w.Apply(ctx, estate.ApplyOptions{
		Options: estate.Options{Rotation: &o.Rotation}, Wait: o.Wait, Approve: o.Approve,
		Gates: map[string]engine.Gate{
			estate.GateDrained: drained, estate.GateSeen: g.overridden(g.seen), estate.GateReissued: g.reissued,
		},
	})
}

// gatekeeper answers the gates of one run.
type gatekeeper struct {
	World

	options Options
}

// open is the rotation that the run goes on with, as it is recorded now.
func (w World) open(ctx context.Context, environment string) (store.Rotation, error) {
	all, err := w.Folder.Store.OpenRotations(ctx)
	if err != nil {
		return store.Rotation{}, fmt.Errorf("reading the open rotations: %w", err)
	}
	for _, one := range all {
		if one.Environment == environment {
			return one, nil
		}
	}
	return store.Rotation{}, fmt.Errorf("environment %s: %w", environment, estate.ErrNoRotation)
}

// again is what to type when a gate may be open.
func again(n store.Rotation) string {
	return "anchorctl rotate resume " + nameOfRotation(n.Environment)
}

// comeBack is the hint of a gate that opens by waiting.
func comeBack(n store.Rotation) string {
	return fmt.Sprintf("run %q then: it goes on from here; with --watch it stays until it is done", again(n))
}

func (w World) tell(format string, args ...any) {
	if w.Progress != nil {
		w.Progress(fmt.Sprintf(format, args...))
	}
}
