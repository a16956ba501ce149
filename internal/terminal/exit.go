package terminal

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"anchorctl/internal/config"
	"anchorctl/internal/durable"
	"anchorctl/internal/engine"
	"anchorctl/internal/estate"
	"anchorctl/internal/hint"
	"anchorctl/internal/rules"
	"anchorctl/internal/store"
)

// What the program exits with.
const (
	ExitDone        = 0   // done
	ExitFailed      = 1   // failed
	ExitUsage       = 2   // the command line is wrong
	ExitChanges     = 3   // there are changes, and it was asked to say so
	ExitRefused     = 4   // refused by a rule
	ExitHeld        = 5   // held at a gate; come back later
	ExitLocked      = 6   // another run holds the estate, or the folder that would be written to
	ExitInterrupted = 130 // interrupted; what was begun can be resumed
)

// Meaning is the sentence that help texts give an exit number.
func Meaning(code int) string {
	switch code {
	case ExitDone:
		return "done"
	case ExitFailed:
		return "failed"
	case ExitUsage:
		return "the command line is wrong"
	case ExitChanges:
		return "there are changes"
	case ExitRefused:
		return "refused by a rule"
	case ExitHeld:
		return "held at a gate: resume later"
	case ExitLocked:
		return "another run holds the estate, or the folder"
	case ExitInterrupted:
		return "interrupted; what was begun can be resumed"
	default:
		return ""
	}
}

// ErrInterrupted is the cause of a context that a signal cancelled.
var ErrInterrupted = errors.New("interrupted")

// ErrUntouched is what a question comes to that an interrupt ended: questions
// are asked before anything is changed.
var ErrUntouched = fmt.Errorf("%w, nothing was changed", ErrInterrupted)

// ErrDeclined is what a question answered with anything but yes comes to.
var ErrDeclined = errors.New("not confirmed, nothing was changed")

// UsageError is a command line that makes no sense.
type UsageError struct{ Message string }

func (u *UsageError) Error() string { return u.Message }

// Usage is a UsageError with hints.
func Usage(message string, hints ...string) error {
	return hint.With(&UsageError{Message: message}, hints...)
}

// ChildStatus is the exit number of a program that was run on the user's
// behalf; it has said itself whatever there is to say.
type ChildStatus int

func (c ChildStatus) Error() string { return "the command ended with a failure" }

// Failure is an error in words and numbers.
type Failure struct {
	Exit     int             `json:"-"`
	Code     string          `json:"code"` // failed, usage, refused, held, locked, interrupted
	Message  string          `json:"message"`
	Hints    []string        `json:"hints"`
	Findings []rules.Finding `json:"-"`
	Silent   bool            `json:"-"` // somebody has already said it
}

// Explain is the one place where errors become words and numbers.
func Explain(err error) Failure {
	f := Failure{Exit: ExitFailed, Code: "failed", Message: err.Error(), Hints: []string{}}
	f.hint(hint.Of(err))
	var (
		usage   *UsageError
		unknown *config.UnknownEnvironmentError
		child   ChildStatus
		refusal *rules.Refusal
		stopped *engine.InterruptedError
	)
	switch {
	case errors.As(err, &unknown):
		// The same words for the same slip, whatever was about to be done.
		f.Exit, f.Code, f.Message = ExitUsage, "usage", unknown.Error()
	case errors.As(err, &usage), errors.Is(err, estate.ErrNoSuchApproval):
		f.Exit, f.Code = ExitUsage, "usage"
	case errors.As(err, &child):
		f.Exit, f.Silent = int(child), true
	case errors.As(err, &refusal):
		f.Exit, f.Code, f.Findings = ExitRefused, "refused", refusal.Findings
		f.hint(refusalHints(refusal.Findings))
	case first(err, isHeld):
		f.Exit, f.Code = ExitHeld, "held"
		f.hint(heldHints(err))
	case first(err, isLocked):
		f.Exit, f.Code = ExitLocked, "locked"
	case errors.As(err, &stopped), errors.Is(err, ErrInterrupted), errors.Is(err, context.Canceled):
		f.Exit, f.Code = ExitInterrupted, "interrupted"
	}
	if errors.Is(err, ErrUntouched) {
		f.Message = ErrUntouched.Error()
	}
	return f
}

// first reports whether an error is of a kind. Of several errors, the first
// decides: a run that broke may have had holds besides.
func first(err error, kind func(error) bool) bool {
	for err != nil {
		if kind(err) {
			return true
		}
		many, ok := err.(interface{ Unwrap() []error }) //nolint:errorlint // each link of the chain is visited by this walk itself
		if !ok {
			err = errors.Unwrap(err)
			continue
		}
		all := many.Unwrap()
		if len(all) == 0 {
			return false
		}
		err = all[0]
	}
	return false
}

func isHeld(err error) bool {
	switch err.(type) { //nolint:errorlint // one link of a chain
	case *engine.HeldRun, *engine.HeldError:
		return true
	}
	return false
}

func isLocked(err error) bool {
	switch err.(type) { //nolint:errorlint // one link of a chain
	case *store.LockedError, *durable.BusyError:
		return true
	}
	return false
}

// hint adds hints, each once.
func (f *Failure) hint(hints []string) {
	for _, h := range hints {
		if !slices.Contains(f.Hints, h) {
			f.Hints = append(f.Hints, h)
		}
	}
}

// heldHints are the hints of everything that held.
func heldHints(err error) []string {
	var run *engine.HeldRun
	var one *engine.HeldError
	var hints []string
	if errors.As(err, &run) {
		for _, h := range run.Held {
			hints = append(hints, h.Hints...)
		}
	} else if errors.As(err, &one) {
		hints = one.Hints
	}
	return hints
}

// refusalHints say for each rule that refused what to do and where to read on.
func refusalHints(findings []rules.Finding) []string {
	var hints []string
	for _, f := range findings {
		if f.Severity != rules.Refuse {
			continue
		}
		if f.Remedy != "" {
			hints = append(hints, f.Remedy)
		}
		hints = append(hints, fmt.Sprintf("run %q", Program+" explain "+f.Rule))
	}
	return hints
}
