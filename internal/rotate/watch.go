package rotate

import (
	"context"
	"errors"
	"time"

	"anchorctl/internal/engine"
	"anchorctl/internal/estate"
)

// How often a run that stays looks again: soon enough that sessions with the new
// issuer are spread over the time that they have to succeed for, and seldom enough
// for the service's one request a second.
const (
	watchEach = 5 * time.Minute
	watchMost = time.Hour
)

// Watch goes on with a rotation until it is done, or until it is held by something
// that no waiting mends. Each time that it waits, waiting hears until when, and
// what for. Somebody has agreed to the first plan; what is left of it needs no
// second word.
func (w World) Watch(ctx context.Context, o Options, waiting func(held *engine.HeldRun, until time.Time)) (estate.Report, error) {
	for {
		report, err := w.Run(ctx, o)
		var held *engine.HeldRun
		if !errors.As(err, &held) {
			return report, err
		}
		until, ok := back(held)
		if !ok {
			return report, err
		}
		now := w.Folder.Clock.Now()
		until = latest(until, now.Add(time.Second))
		if next := now.Add(watchEach); report.Proposal.Rotation != nil && report.Proposal.Rotation.CutOver == 0 && until.After(next) {
			until = next // a session now and then
		} else if next := now.Add(watchMost); until.After(next) {
			until = next
		}
		if waiting != nil {
			waiting(held, until)
		}
		if err := w.Folder.Clock.Wait(ctx, until.Sub(now)); err != nil {
			return report, err
		}
		o.Approve, o.Kind = nil, ""
	}
}

// back is when the first of the holds may be over; not ok when one of them waits
// for somebody.
func back(held *engine.HeldRun) (first time.Time, ok bool) {
	for _, h := range held.Held {
		if h.Until.IsZero() {
			return time.Time{}, false
		}
		if first.IsZero() || h.Until.Before(first) {
			first = h.Until
		}
	}
	return first, !first.IsZero()
}
