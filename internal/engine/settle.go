package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"anchorctl/internal/plan"
)

// SettleTime is how long after a create the service's lists are trusted to
// show it.
const SettleTime = 60 * time.Second

// Settle finds out what came of intents that were begun and never finished,
// by an earlier run that was killed or lost an answer. Whatever may be
// repeated is simply abandoned: the next plan contains it again. Of what may
// not, it is searched for in AWS.
func (e Engine) Settle(ctx context.Context, intents []plan.Intent) error {
	for _, intent := range intents {
		if !intent.Action.Once {
			if err := e.Journal.Abandon(ctx, intent.ID, "repeatable; planned anew"); err != nil {
				return fmt.Errorf("settling %s: %w", intent.Action.ID, err)
			}
			continue
		}
		doer, ok := e.Doers[intent.Action.Kind]
		if !ok || doer.Look == nil {
			return fmt.Errorf("settling %s: nothing here looks for %q", intent.Action.ID, intent.Action.Kind)
		}
		if err := e.settle(ctx, intent, intent.Action.After, doer); err != nil {
			return err
		}
	}
	return nil
}

// settle looks for the trace of an intent. Found: it happened, and is recorded
// as done. Not found: only when the settle time has passed and two looks in a
// row saw the same world without it is it said not to have happened. Anything
// else is held: making a second one would be worse than waiting.
func (e Engine) settle(ctx context.Context, intent plan.Intent, after []byte, doer Doer) error {
	step := Step{Action: intent.Action, Intent: intent.ID, After: after}
	first, err := e.look(ctx, step, doer)
	if err != nil || first.Created != nil {
		return e.settled(ctx, intent, first, err)
	}
	if wait := SettleTime - e.Clock.Now().Sub(time.Unix(intent.Begun, 0)); wait > 0 {
		e.tell(Event{Kind: Settling, Action: intent.Action, Wait: wait})
		if err := e.Clock.Wait(ctx, wait); err != nil {
			return e.unsettled(intent, "the wait was cut short")
		}
		if first, err = e.look(ctx, step, doer); err != nil || first.Created != nil {
			return e.settled(ctx, intent, first, err)
		}
	}
	if err := e.Clock.Wait(ctx, time.Second); err != nil {
		return e.unsettled(intent, "the wait was cut short")
	}
	second, err := e.look(ctx, step, doer)
	if err != nil || second.Created != nil {
		return e.settled(ctx, intent, second, err)
	}
	if first.View != second.View {
		return e.unsettled(intent, "two lists in a row differ, so neither can be trusted")
	}
	if err := e.Journal.Abandon(ctx, intent.ID, "not found in two equal lists after the settle time"); err != nil {
		return fmt.Errorf("settling %s: %w", intent.Action.ID, err)
	}
	return nil
}

func (e Engine) look(ctx context.Context, step Step, doer Doer) (Sighting, error) {
	sighting, err := doer.Look(ctx, step)
	if err != nil {
		return Sighting{}, fmt.Errorf("looking for the trace of %s: %w", step.Action.ID, err)
	}
	return sighting, nil
}

func (e Engine) settled(ctx context.Context, intent plan.Intent, s Sighting, err error) error {
	if err != nil {
		return errors.Join(e.unsettled(intent, "AWS could not be read"), err)
	}
	outcome := plan.Outcome{Status: plan.Done, Created: s.Created}
	steady := context.WithoutCancel(ctx)
	if err := e.Journal.Finish(steady, intent.Run, intent.ID, intent.Action, outcome); err != nil {
		return fmt.Errorf("recording the outcome of %s: %w", intent.Action.ID, err)
	}
	return nil
}

func (e Engine) unsettled(intent plan.Intent, why string) error {
	return Hold(&HeldError{
		Action: intent.Action.ID,
		Reason: "it was sent, its answer was lost, and " + why + "; nothing was created again",
		Hints:  []string{`run the same command again in a minute: it looks once more before it does anything`},
	})
}
