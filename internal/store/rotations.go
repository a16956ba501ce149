package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"anchorctl/internal/plan"
)

// RotationKind says why and how a generation is replaced.
type RotationKind string

// The kinds of rotations.
const (
	Rekey     RotationKind = "rekey"     // planned: a new key, hence a new generation
	Emergency RotationKind = "emergency" // the same, because the key is compromised
	Renewal   RotationKind = "renewal"   // the same key and generation with new dates
)

// The outcomes of rotations.
const (
	RotationDone    = "done"
	RotationAborted = "aborted"
)

// Rotation is the replacement of a generation, from its start to its end.
type Rotation struct {
	Environment string // "" is the root
	Number      int    // counted from 1 in the environment
	Kind        RotationKind
	From, To    int    // generations; equal in a renewal
	Reason      string // typed by a person; may be empty but for emergencies
	KeepKey     bool   // archive the old key instead of destroying it
	Actor       string
	// Unix seconds; 0: not yet.
	Started, CutOver, Ended int64
	Outcome                 string // "" while it is open, RotationDone or RotationAborted
	Probes                  []Probe
}

// Probe is what the probes of one target have seen.
type Probe struct {
	Target      string // as plan.Target.String
	Successes   int    // in a row, up to the last
	First, Last int64  // Unix seconds; First is that of the row
	Failure     string // of the last one; "" when it succeeded
}

// Errors that say why a rotation does not go on.
var (
	// ErrNoRotation says that the environment has no open rotation.
	ErrNoRotation = errors.New("no rotation is open")
	// ErrCutOver says that the new issuer signs already: there is no way back
	// but another rotation.
	ErrCutOver = errors.New("the rotation is cut over")
	// ErrStatus says that a generation has not the status, or not the number,
	// that the step needs.
	ErrStatus = errors.New("the generations do not fit")
	// ErrLastIssuer says that the environment would have no active generation.
	ErrLastIssuer = errors.New("no active generation would be left")
)

// OpenRotationError names the rotation that has to end first. It is an
// ErrExists.
type OpenRotationError struct{ Rotation Rotation }

func (e *OpenRotationError) Error() string {
	r := e.Rotation
	return fmt.Sprintf("rotation %d of %s, a %s begun by %s on %s, is open", r.Number, holder(r.Environment), r.Kind,
		r.Actor, time.Unix(r.Started, 0).UTC().Format(time.RFC3339))
}

// Unwrap is ErrExists.
func (e *OpenRotationError) Unwrap() error { return ErrExists }

// holder names in words whose generations those of an environment are.
func holder(env string) string {
	if env == "" {
		return "the root"
	}
	return env
}

// subject is what the audit log calls the rotation.
func (r Rotation) subject() string {
	if r.Environment == "" {
		return fmt.Sprintf("rotation#%d", r.Number)
	}
	return fmt.Sprintf("rotation/%s#%d", r.Environment, r.Number)
}

func (r Rotation) addr(generation int) plan.Addr {
	return Generation{Environment: r.Environment, Number: generation}.Addr()
}

// detail is what the audit log keeps of a rotation's start.
func (r Rotation) detail() map[string]any {
	return map[string]any{"from": r.From, "keepKey": r.KeepKey, "kind": string(r.Kind), "reason": r.Reason, "to": r.To}
}

// StartRotation records that a rotation begins, and returns it with what the
// store fills in: its number, the actor and the time. It refuses a second one
// in the environment (*OpenRotationError, an ErrExists), and generations that
// cannot replace each other (ErrStatus).
func (s *Store) StartRotation(ctx context.Context, r Rotation) (Rotation, error) {
	doing := fmt.Sprintf("starting a rotation of %s", holder(r.Environment))
	r.Reason = strings.ToValidUTF8(r.Reason, "\uFFFD")
	if err := r.check(); err != nil {
		return Rotation{}, fmt.Errorf("%s: %w", doing, err)
	}
	err := s.decide(ctx, "rotation start", doing, func(t *tx) error {
		open, err := t.openRotation(r.Environment)
		if err == nil {
			return &OpenRotationError{open}
		}
		if !errors.Is(err, ErrNoRotation) {
			return err
		}
		if err := t.fits(r); err != nil {
			return err
		}
		r, err = t.start(r)
		return err
	})
	if err != nil {
		return Rotation{}, err
	}
	return r, nil
}

// start records the rotation, and fills in what the store knows of it.
func (t *tx) start(r Rotation) (Rotation, error) {
	err := t.row(&r.Number, `SELECT coalesce(max(number), 0) + 1 FROM rotations WHERE estate = $1 AND environment = $2`,
		t.estate, r.Environment)
	if err != nil {
		return r, err
	}
	r.Actor, r.Started = t.actor, t.now
	entry, err := t.audit(auditRotation, r.subject(), r.detail())
	if err != nil {
		return r, err
	}
	err = t.exec(`INSERT INTO rotations (estate, environment, number, kind, former, successor, reason, keep_key,
		actor, started, cut_over, ended, outcome, entry) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, 0, '', $11)`,
		t.estate, r.Environment, r.Number, string(r.Kind), r.From, r.To, r.Reason, r.KeepKey, r.Actor, r.Started, entry)
	if err != nil {
		return r, err
	}
	return r, t.touch()
}

func (r Rotation) check() error {
	switch {
	case r.Kind != Rekey && r.Kind != Emergency && r.Kind != Renewal:
		return fmt.Errorf("%q is no kind of rotation", r.Kind)
	case r.From < 1 || r.To < 1:
		return errors.New("generations are counted from 1")
	case r.Kind == Renewal && r.From != r.To:
		return fmt.Errorf("a renewal keeps its generation, it does not lead from %s to %s", r.addr(r.From), r.addr(r.To))
	case r.Kind != Renewal && r.From == r.To:
		return fmt.Errorf("only a renewal keeps %s", r.addr(r.From))
	case r.Kind == Emergency && strings.TrimSpace(r.Reason) == "":
		return errors.New("an emergency needs a reason")
	case r.CutOver != 0 || r.Ended != 0 || r.Outcome != "" || len(r.Probes) > 0:
		return errors.New("a rotation that begins has seen nothing yet")
	}
	return nil
}

// fits holds that the rotation's generations can replace each other: the one
// is active, the other is minted as the next or will have the next number.
func (t *tx) fits(r Rotation) error {
	have, err := t.statuses(r.Environment)
	if err != nil {
		return err
	}
	if err := have.is(r.addr(r.From), Active); err != nil {
		return err
	}
	if r.Kind == Renewal {
		return nil
	}
	if minted := have.with(Next); minted != 0 {
		if minted != r.To {
			return fmt.Errorf("%w: %s is minted as the next, %s cannot be", ErrStatus, r.addr(minted), r.addr(r.To))
		}
		return nil
	}
	if newest := have.newest(); r.To != newest+1 {
		return fmt.Errorf("%w: the generation after %s is %s, not %s", ErrStatus, r.addr(newest), r.addr(newest+1), r.addr(r.To))
	}
	return nil
}

// OverrideGate notes in the audit log that somebody let a gate of the open
// rotation pass, and why.
func (s *Store) OverrideGate(ctx context.Context, env, gate, reason string) error {
	doing := fmt.Sprintf("overriding gate %s of the rotation of %s", gate, holder(env))
	if gate == "" || strings.TrimSpace(reason) == "" {
		return fmt.Errorf("%s: it needs a gate and a reason", doing)
	}
	return s.decide(ctx, "rotation override", doing, func(t *tx) error {
		r, err := t.openRotation(env)
		if err != nil {
			return err
		}
		_, err = t.audit(auditOverride, r.subject(), map[string]any{"gate": gate, "reason": reason})
		return err
	})
}
