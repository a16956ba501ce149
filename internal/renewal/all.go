package renewal

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"anchorctl/internal/durable"
	"anchorctl/internal/engine"
	"anchorctl/internal/folder"
	"anchorctl/internal/issuance"
)

// Selection says which folders are looked at.
type Selection struct {
	Roots       []string          // the folders below which they lie; none: the estate's own
	Environment string            // only its certificates; "" is all
	One         *issuance.Request // only this workload's, in Out
}

// Result is what came of a run.
type Result struct {
	Renewed int `json:"renewed"`
	Current int `json:"current"`
	Skipped int `json:"skipped"`
	Held    int `json:"held"`
	Failed  int `json:"failed"`
	Owed    int `json:"owed"` // pushes
	// Next is when the next certificate is due.
	Next         *time.Time `json:"next,omitempty"`
	Certificates []Outcome  `json:"certificates"`
}

// Run renews what is due of the selection, one after the other. An error of one
// does not keep the others from it; an interrupt does, and leaves each of them
// whole. progress may be nil.
func Run(ctx context.Context, f *folder.Folder, s Selection, o Options, progress func(done, total int, dir string)) (Result, error) {
	result := Result{Certificates: []Outcome{}}
	dirs, err := s.folders(ctx, f)
	var failures []error
	if err != nil {
		failures = append(failures, err)
	}
	var held []*engine.HeldError
	var waiting []error // for another run: of all that can go wrong the least
	for i, dir := range dirs {
		if err := context.Cause(ctx); err != nil {
			return result, errors.Join(append([]error{err}, failures...)...)
		}
		if progress != nil {
			progress(i, len(dirs), dir)
		}
		if !s.wants(ctx, f, dir) {
			continue
		}
		outcome := Renew(ctx, f, dir, s.One, o)
		result.add(outcome)
		var hold *engine.HeldError
		var busy *durable.BusyError
		switch {
		case errors.As(outcome.Err, &hold):
			held = append(held, hold)
		case errors.As(outcome.Err, &busy):
			waiting = append(waiting, outcome.Err)
		case outcome.Err != nil:
			failures = append(failures, outcome.Err)
		}
	}
	if err := context.Cause(ctx); err != nil {
		return result, err
	}
	if len(held) > 0 {
		failures = append(failures, engine.Hold(held...))
	}
	return result, errors.Join(append(failures, waiting...)...)
}

func (s Selection) folders(ctx context.Context, f *folder.Folder) ([]string, error) {
	if s.One == nil {
		return Find(ctx, f, s.Roots)
	}
	certificate, _, err := issuance.FilesOf(f, *s.One)
	if err != nil {
		return nil, err
	}
	return []string{filepath.Dir(certificate)}, nil
}

// wants reports whether a folder is of the environment that was chosen. One that
// cannot be read is looked at: its error has to be said.
func (s Selection) wants(ctx context.Context, f *folder.Folder, dir string) bool {
	if s.Environment == "" || s.One != nil {
		return true
	}
	environment, err := environmentOf(ctx, f, dir)
	return err != nil || environment == s.Environment
}

func (r *Result) add(o Outcome) {
	r.Certificates = append(r.Certificates, o)
	switch o.Action {
	case Renewed:
		r.Renewed++
	case Current:
		r.Current++
	case Skipped:
		r.Skipped++
	case Held:
		r.Held++
	case Interrupted:
	default:
		r.Failed++
	}
	if o.Push == PushOwed {
		r.Owed++
	}
	if o.Due != nil && o.Action != Skipped && (r.Next == nil || o.Due.Before(*r.Next)) {
		r.Next = o.Due
	}
}
