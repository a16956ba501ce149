package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"anchorctl/internal/clock"
	"anchorctl/internal/hint"
	"anchorctl/internal/plan"
)

// Journal is where the engine records what it begins and what came of it. Each
// method is durable when it returns.
type Journal interface {
	// Begin records the intent to do a and returns its id.
	Begin(ctx context.Context, run string, a plan.Action) (intent string, err error)
	// Finish records the outcome, and the object it made, in one transaction.
	Finish(ctx context.Context, run, intent string, a plan.Action, o plan.Outcome) error
	// Abandon records that the intent did not happen, or does not matter.
	Abandon(ctx context.Context, intent, why string) error
}

// Step is an action as its doer gets it: Before and After have their
// references resolved.
type Step struct {
	Action plan.Action
	Intent string
	Before json.RawMessage
	After  json.RawMessage
}

// Sighting is one look at the world for the trace of an intent.
type Sighting struct {
	Created *plan.Object // what carries the intent, or nil
	View    string       // a digest of everything that was looked at
}

// Trace is the sighting of a look at objects: which intent each carries in its
// tag, by ARN.
func Trace(s Step, intents map[string]string) (Sighting, error) {
	arns := slices.Sorted(maps.Keys(intents))
	var created *plan.Object
	for _, arn := range arns {
		if intents[arn] == s.Intent {
			created = &plan.Object{Addr: s.Action.Addr, ARN: arn, Intent: s.Intent}
		}
	}
	view, err := plan.DigestOf(arns)
	return Sighting{Created: created, View: view}, err
}

// Doer carries out the actions of one kind.
type Doer struct {
	// Do performs the action. Unless the action is marked once, doing it again
	// must lead to the same state.
	Do func(ctx context.Context, s Step) (plan.Outcome, error)
	// Look searches for what an action marked once would have made.
	Look func(ctx context.Context, s Step) (Sighting, error)
}

// Gate is asked just before an action that names it. It returns nil, a
// *HeldError, or an error that ends the run.
type Gate func(ctx context.Context, a plan.Action) error

// Resolve answers a reference to a field of something in AWS.
type Resolve func(ctx context.Context, addr plan.Addr, field string) (string, error)

// EventKind says what an Event tells.
type EventKind string

// The events of a run.
const (
	Started  EventKind = "started"
	Finished EventKind = "done"
	WasHeld  EventKind = "held"
	Skipped  EventKind = "skipped"
	Broke    EventKind = "failed"
	Settling EventKind = "settling"
)

// Event is what the engine tells while it works. It never prints.
type Event struct {
	Kind         EventKind
	Action       plan.Action
	Index, Total int           // of the action in the run, from 1
	Wait         time.Duration // of Settling: how long it is going to wait
	Notes        []string
	Err          error
}

// Engine runs plans. All fields but Events must be set; Gates and Resolve may
// be nil when no plan uses them.
type Engine struct {
	Journal Journal
	Doers   map[plan.Kind]Doer
	Gates   map[string]Gate
	Resolve Resolve
	Clock   clock.Clock
	Events  func(Event)
}

// Result says what a run did.
type Result struct {
	Done    []string `json:"done"`    // action IDs, in order
	Held    []string `json:"held"`    // at a gate
	Skipped []string `json:"skipped"` // because they need what was held
	Notes   []string `json:"notes"`
}

// Run carries out actions in order. It returns a *HeldRun when something was
// held and the rest is done, an *InterruptedError when ctx ended between two
// actions, and otherwise the first error, with all before it done and
// recorded. An action in progress is never cut off by ctx.
func (e Engine) Run(ctx context.Context, run string, actions []plan.Action) (Result, error) {
	result := Result{Done: []string{}, Held: []string{}, Skipped: []string{}, Notes: []string{}}
	stopped := map[string]bool{} // held or skipped
	var held []*HeldError
	for i, a := range actions {
		if ctx.Err() != nil {
			return result, withHolds(&InterruptedError{Done: len(result.Done), Left: len(actions) - i}, held)
		}
		event := Event{Kind: Started, Action: a, Index: i + 1, Total: len(actions)}
		if needsAny(a, stopped) {
			stopped[a.ID] = true
			result.Skipped = append(result.Skipped, a.ID)
			event.Kind = Skipped
			e.tell(event)
			continue
		}
		e.tell(event)
		outcome, err := e.step(ctx, run, a)
		if hold := (*HeldError)(nil); errors.As(err, &hold) {
			stopped[a.ID] = true
			held = append(held, hold)
			result.Held = append(result.Held, a.ID)
			event.Kind, event.Err = WasHeld, hold
			e.tell(event)
			continue
		}
		if err != nil {
			event.Kind, event.Err = Broke, err
			e.tell(event)
			return result, withHolds(err, held)
		}
		result.Done = append(result.Done, a.ID)
		result.Notes = append(result.Notes, outcome.Notes...)
		event.Kind, event.Notes = Finished, outcome.Notes
		e.tell(event)
	}
	return result, Hold(held...)
}

// withHolds keeps what a broken run had held: it has to be seen to all the same.
func withHolds(err error, held []*HeldError) error {
	if len(held) == 0 {
		return err
	}
	return errors.Join(err, Hold(held...))
}

func needsAny(a plan.Action, stopped map[string]bool) bool {
	for _, need := range a.Needs {
		if stopped[need] {
			return true
		}
	}
	return false
}

// step asks the gate, records the intent, performs the action and records what
// came of it. From the moment the intent is recorded it no longer listens to
// ctx's end: a request that was sent has an answer worth waiting for.
func (e Engine) step(ctx context.Context, run string, a plan.Action) (plan.Outcome, error) {
	doer, ok := e.Doers[a.Kind]
	if !ok {
		return plan.Outcome{}, fmt.Errorf("doing %s: nothing here does %q", a.ID, a.Kind)
	}
	if err := e.ask(ctx, a); err != nil {
		return plan.Outcome{}, err
	}
	before, err := e.resolve(ctx, a.Before)
	if err != nil {
		return plan.Outcome{}, fmt.Errorf("doing %s: %w", a.ID, err)
	}
	after, err := e.resolve(ctx, a.After)
	if err != nil {
		return plan.Outcome{}, fmt.Errorf("doing %s: %w", a.ID, err)
	}
	steady := context.WithoutCancel(ctx)
	intent, err := e.Journal.Begin(steady, run, a)
	if err != nil {
		return plan.Outcome{}, fmt.Errorf("recording the start of %s: %w", a.ID, err)
	}
	step := Step{Action: a, Intent: intent, Before: before, After: after}
	outcome, err := doer.Do(steady, step)
	if err != nil {
		return plan.Outcome{}, e.failed(ctx, run, step, doer, err)
	}
	outcome.Status = plan.Done
	if err := e.Journal.Finish(steady, run, intent, a, outcome); err != nil {
		return plan.Outcome{}, fmt.Errorf("recording the outcome of %s: %w", a.ID, err)
	}
	return outcome, nil
}

func (e Engine) ask(ctx context.Context, a plan.Action) error {
	if a.Gate == "" {
		return nil
	}
	gate, ok := e.Gates[a.Gate]
	if !ok {
		return fmt.Errorf("doing %s: no gate is called %q", a.ID, a.Gate)
	}
	if err := gate(ctx, a); err != nil {
		return fmt.Errorf("asking %s before %s: %w", a.Gate, a.ID, err)
	}
	return nil
}

// failed records what is known of an action that returned an error. A once-
// action whose outcome is unknown is settled at once: when it turns out to
// have happened, the next run finds it recorded.
func (e Engine) failed(ctx context.Context, run string, s Step, doer Doer, cause error) error {
	cause = fmt.Errorf("doing %s: %w", s.Action.ID, cause)
	if s.Action.Once && errors.Is(cause, ErrUnclear) {
		intent := plan.Intent{Run: run, Action: s.Action, ID: s.Intent, Begun: e.Clock.Now().Unix()}
		if err := e.settle(ctx, intent, s.After, doer); err != nil {
			return errors.Join(cause, err)
		}
		return hint.With(cause, "run the same command again: what came of it has been looked up, and it goes on from there")
	}
	steady := context.WithoutCancel(ctx)
	if err := e.Journal.Abandon(steady, s.Intent, cause.Error()); err != nil {
		return errors.Join(cause, fmt.Errorf("recording the failure of %s: %w", s.Action.ID, err))
	}
	return cause
}

func (e Engine) tell(event Event) {
	if e.Events != nil {
		e.Events(event)
	}
}
