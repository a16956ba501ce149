package rehearse

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"anchorctl/internal/config"
	"anchorctl/internal/engine"
	"anchorctl/internal/estate"
	"anchorctl/internal/hint"
	"anchorctl/internal/rotate"
	"anchorctl/internal/store"
)

// Options say what to rehearse.
type Options struct {
	World       estate.World // the real one: it is read, and nothing of it is changed
	Environment string
	Kind        store.RotationKind
	Workloads   int    // how many to simulate at least; 0: those on record
	Offline     bool   // AWS is not read
	Dir         string // a private folder for the copy; whoever made it removes it
	// Progress hears what is under way; it may be nil.
	Progress func(string)

	active  store.Generation
	retired []store.Generation
}

// DeniedError says that a rotation would deny sessions.
type DeniedError struct{ Denied, Opened int }

func (e *DeniedError) Error() string {
	return fmt.Sprintf("%d sessions were denied in the rehearsal, and %d given", e.Denied, e.Opened)
}

// Run rehearses. Its errors are those that the rotation itself would end with, and
// *DeniedError. With most of them there is a report all the same: what came of it by
// then; it has an environment.
func Run(ctx context.Context, o Options) (report Report, err error) {
	if _, err := o.World.Folder.Config.Environment(o.Environment); err != nil {
		return Report{}, err
	}
	if err := o.refuseOpen(ctx); err != nil {
		return Report{}, err
	}
	if err := o.generations(ctx); err != nil {
		return Report{}, err
	}
	n, err := o.read(ctx)
	if err != nil {
		return Report{}, err
	}
	d, err := o.open(ctx, n)
	defer func() { err = errors.Join(err, d.close()) }()
	if err != nil {
		return Report{}, err
	}
	f, err := d.muster(ctx)
	if err != nil {
		return Report{}, err
	}
	return f.rehearse(ctx)
}

// generations reads the issuer that signs, and those that did.
func (o *Options) generations(ctx context.Context) error {
	all, err := o.World.Folder.Store.Generations(ctx, o.Environment)
	if err != nil {
		return err
	}
	for _, g := range all {
		switch g.Status {
		case store.Active:
			o.active = g
		case store.Retired:
			o.retired = append(o.retired, g)
		}
	}
	if o.active.Number == 0 {
		return hint.With(fmt.Errorf("rehearsing %s: it has no issuer yet", o.Environment), `run "anchorctl apply"`)
	}
	return nil
}

func (o Options) environment() *config.Environment {
	return o.World.Folder.Config.Environments[o.Environment]
}

func (o Options) tell(format string, args ...any) {
	if o.Progress != nil {
		o.Progress(fmt.Sprintf(format, args...))
	}
}

func (o Options) from() string { return o.active.Addr().String() }

func (o Options) to() string {
	next := o.active
	for _, g := range o.retired {
		next.Number = max(next.Number, g.Number)
	}
	if next.Number++; o.Kind == store.Renewal {
		next = o.active
	}
	return next.Addr().String()
}

// quiet is how long the fleet is watched before the rotation begins.
const quiet = 15 * time.Minute

// rehearse has the rotation done while the fleet works.
func (f *fleet) rehearse(ctx context.Context) (Report, error) {
	f.pace()
	f.tally.begin()
	f.schedule.before = f.look
	f.schedule.after = f.flush
	if err := f.schedule.wait(ctx, quiet); err != nil {
		return Report{}, err
	}
	f.begun = f.schedule.time()
	w := rotate.World{World: f.world(), Endpoint: f.box.URL}
	w.Events = f.event
	options := rotate.Options{Rotation: estate.Rotation{Environment: f.Environment, Kind: f.Kind}}
	_, err := w.Watch(ctx, options, func(held *engine.HeldRun, until time.Time) {
		f.tell("%s: %s; going on to %s", f.state, counted(f), until.UTC().Format(time.RFC3339))
		f.waiting(ctx, w, held)
	})
	f.ended = f.schedule.time()
	outcome := "done"
	var held *engine.HeldRun
	switch {
	case errors.As(err, &held):
		outcome = "held"
	case err != nil:
		return Report{}, err
	default:
		f.enter(rotate.Retired)
		if err := f.schedule.wait(ctx, f.longestSession()); err != nil {
			return Report{}, err
		}
	}
	r := f.report(outcome)
	if err == nil && r.Denied > 0 {
		err = &DeniedError{Denied: r.Denied, Opened: r.Opened}
	}
	return r, err
}

// longestSession is how long it takes until every workload has come back once.
func (f *fleet) longestSession() time.Duration {
	longest := quiet
	for _, m := range f.members {
		for _, u := range m.uses {
			longest = max(longest, u.duration)
		}
	}
	return longest + time.Minute
}

// pace chooses which sessions are asked for in earnest: so many that they are
// spread over the whole time.
func (f *fleet) pace() {
	expected := 0
	span := 2 * f.environment().LongestLifetime()
	for _, m := range f.members {
		for _, u := range m.uses {
			expected += int(span / u.duration)
		}
	}
	f.stride = max(1, expected/mostReal)
}

func counted(f *fleet) string {
	opened, denied := 0, 0
	for _, c := range f.counts {
		opened, denied = opened+c.Opened, denied+c.Denied
	}
	return fmt.Sprintf("%d sessions, %d denied", opened, denied)
}

// waiting names, once, whom a gate waits for.
func (f *fleet) waiting(ctx context.Context, w rotate.World, held *engine.HeldRun) {
	drains := func(h *engine.HeldError) bool { return h.Rule == estate.GateDrained }
	i := slices.IndexFunc(f.waits, func(w *Wait) bool { return w.Gate == estate.GateDrained })
	if i < 0 || len(f.waits[i].Stragglers) > 0 || !slices.ContainsFunc(held.Held, drains) {
		return
	}
	open, err := f.folder.Store.OpenRotations(ctx)
	if err != nil || len(open) == 0 {
		return // the next run meets the same error, and ends with it
	}
	if _, some, err := w.Living(ctx, open[0]); err == nil {
		f.waits[i].Stragglers = append(f.waits[i].Stragglers, some...)
	}
}
