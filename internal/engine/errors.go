package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"anchorctl/internal/hint"
)

// ErrUnclear is wrapped by the error of an effect that may or may not have
// happened: the answer was lost, or the service failed while working.
var ErrUnclear = errors.New("the outcome is unknown")

// ErrUnanswered is an error's when nobody answered, or the service had no answer just
// then: it says nothing of what is there.
var ErrUnanswered = errors.New("nobody answered")

// Document is a text that somebody has to install before a gate opens.
type Document struct {
	At    string `json:"at"`    // where it belongs, such as role/111122223333/prod-backup
	Title string `json:"title"` // what it is
	Text  string `json:"text"`
}

// HeldError says that an action waits for something outside of the program:
// nothing is wrong with the run, and applying again goes on from there.
type HeldError struct {
	Action    string
	Rule      string // the rule that holds it, if one does
	Reason    string
	Documents []Document
	Hints     []string
	Until     time.Time // when it is worth coming back; zero: nobody can tell
}

func (e *HeldError) Error() string {
	text := fmt.Sprintf("holding %s: %s", e.Action, e.Reason)
	if e.Rule != "" {
		text += " [" + e.Rule + "]"
	}
	if !e.Until.IsZero() {
		text += "; come back at " + e.Until.UTC().Format(time.RFC3339)
	}
	return text
}

// HeldRun is the error of a run that did all it could and was held at one or
// more actions.
type HeldRun struct {
	Held []*HeldError
}

func (e *HeldRun) Error() string {
	lines := make([]string, len(e.Held))
	for i, h := range e.Held {
		lines[i] = h.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives the single holds.
func (e *HeldRun) Unwrap() []error {
	errs := make([]error, len(e.Held))
	for i, h := range e.Held {
		errs[i] = h
	}
	return errs
}

// Hold makes one error of holds, with all their hints; of none, it is nil.
func Hold(held ...*HeldError) error {
	if len(held) == 0 {
		return nil
	}
	var hints []string
	for _, h := range held {
		hints = append(hints, h.Hints...)
	}
	return hint.With(&HeldRun{Held: held}, hints...)
}

// HoldFailure makes the failure of an action a hold, with further hints: it stops
// only what needs the action. What is held already stays as it is.
func HoldFailure(action string, err error, hints ...string) error {
	var already *HeldError
	if err == nil || errors.As(err, &already) {
		return err
	}
	return errors.Join(&HeldError{Action: action, Reason: err.Error(), Hints: append(hint.Of(err), hints...)}, err)
}

// InterruptedError says that the run was asked to stop and stopped between two
// actions, with everything recorded.
type InterruptedError struct {
	Done, Left int
}

func (e *InterruptedError) Error() string {
	return fmt.Sprintf("stopped with %d steps done and %d left", e.Done, e.Left)
}

// Is makes an interruption a cancellation, which is what caused it.
func (e *InterruptedError) Is(target error) bool { return target == context.Canceled }
