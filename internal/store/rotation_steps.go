package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"anchorctl/internal/plan"
)

// CutOver makes the open rotation's new generation the one that signs, and the
// old one a draining one, at once. Repeated, it changes nothing.
func (s *Store) CutOver(ctx context.Context, env string) error {
	return s.decide(ctx, "rotation cut-over", fmt.Sprintf("cutting over %s", holder(env)), func(t *tx) error {
		r, err := t.openRotation(env)
		switch {
		case err != nil:
			return err
		case r.Kind == Renewal:
			return errors.New("a renewal keeps its generation: there is nothing to cut over to")
		case r.CutOver != 0:
			return nil
		}
		have, err := t.statuses(env)
		if err != nil {
			return err
		}
		if err := errors.Join(have.is(r.addr(r.From), Active), have.is(r.addr(r.To), Next)); err != nil {
			return err
		}
		if _, err := t.audit(auditCutOver, r.subject(), map[string]any{}); err != nil {
			return err
		}
		if err := t.exec(`UPDATE rotations SET cut_over = $1 WHERE estate = $2 AND environment = $3 AND number = $4`,
			t.now, t.estate, env, r.Number); err != nil {
			return err
		}
		// In this order: there is never more than one active generation.
		if err := t.setStatus(r.addr(r.From), Draining); err != nil {
			return err
		}
		if err := t.setStatus(r.addr(r.To), Active); err != nil {
			return err
		}
		return t.touch()
	})
}

// EndRotation ends the open rotation. Done, its old generation is retired, but
// for a renewal, which must have happened; aborted, the new one is, if it was
// minted. It refuses to abort after the cut-over (ErrCutOver) and whatever
// would leave no active generation (ErrLastIssuer). Repeated with the same
// outcome, it changes nothing.
func (s *Store) EndRotation(ctx context.Context, env, outcome string) error {
	doing := fmt.Sprintf("ending the rotation of %s", holder(env))
	if outcome != RotationDone && outcome != RotationAborted {
		return fmt.Errorf("%s: %q is no outcome of a rotation", doing, outcome)
	}
	// The key of what is retired is gone by now: it is recorded even when the
	// run is being interrupted.
	return s.decide(context.WithoutCancel(ctx), "rotation end", doing, func(t *tx) error {
		r, err := t.openRotation(env)
		if errors.Is(err, ErrNoRotation) {
			return t.endedSo(env, outcome)
		}
		if err != nil {
			return err
		}
		have, err := t.statuses(env)
		if err != nil {
			return err
		}
		retire, err := t.ending(r, have, outcome)
		if err != nil {
			return err
		}
		if _, err := t.audit(auditRotationEnd, r.subject(), map[string]any{"outcome": outcome}); err != nil {
			return err
		}
		if err := t.exec(`UPDATE rotations SET ended = $1, outcome = $2 WHERE estate = $3 AND environment = $4 AND number = $5`,
			t.now, outcome, t.estate, env, r.Number); err != nil {
			return err
		}
		if retire != 0 {
			if err := t.setStatus(r.addr(retire), Retired); err != nil {
				return err
			}
		}
		return t.touch()
	})
}

// endedSo refuses unless the newest rotation has ended with the outcome: the
// command that ended it was killed before it could say so.
func (t *tx) endedSo(env, outcome string) error {
	known, err := t.exists(`SELECT 1 FROM rotations r WHERE estate = $1 AND environment = $2 AND outcome = $3
		AND number = (SELECT max(number) FROM rotations WHERE estate = r.estate AND environment = r.environment)`,
		t.estate, env, outcome)
	if err == nil && !known {
		err = ErrNoRotation
	}
	return err
}

// ending is the generation that is to be retired when the rotation ends so, 0
// for none.
func (t *tx) ending(r Rotation, have statuses, outcome string) (retire int, err error) {
	if have.with(Active) == 0 {
		return 0, ErrLastIssuer
	}
	switch {
	case outcome == RotationAborted && r.CutOver != 0:
		return 0, fmt.Errorf("%w: %s signs, %s is draining", ErrCutOver, r.addr(r.To), r.addr(r.From))
	case outcome == RotationAborted && r.Kind == Renewal:
		return 0, nil
	case outcome == RotationAborted && (have[r.To] == "" || have[r.To] == Retired):
		return 0, nil
	case outcome == RotationAborted:
		return r.To, have.is(r.addr(r.To), Next)
	case r.Kind == Renewal:
		return 0, t.renewed(r)
	case have[r.To] != Active:
		return 0, fmt.Errorf("%w: %s is not active, %s cannot be retired", ErrLastIssuer, r.addr(r.To), r.addr(r.From))
	default:
		return r.From, have.is(r.addr(r.From), Draining)
	}
}

// NoteProbe records what a probe of a target has seen at a time: a success when
// failure is empty, which counts one more in a row; anything else begins a new
// row.
func (s *Store) NoteProbe(ctx context.Context, env, target string, at int64, failure string) error {
	doing := fmt.Sprintf("recording a probe of %s at %s", holder(env), target)
	failure = strings.ToValidUTF8(failure, "\uFFFD")
	account, region, _ := strings.Cut(target, "/")
	if account == "" || region == "" || at <= 0 {
		return fmt.Errorf("%s: it needs an account and region, and a time", doing)
	}
	return s.decide(context.WithoutCancel(ctx), "rotation probe", doing, func(t *tx) error {
		r, err := t.openRotation(env)
		if err != nil {
			return err
		}
		have, err := t.statuses(env)
		if err != nil {
			return err
		}
		if have[r.To] == "" {
			return fmt.Errorf("%w: %s is not minted", ErrStatus, r.addr(r.To))
		}
		p, err := t.probe(r, target)
		if err != nil {
			return err
		}
		p.note(at, failure)
		entry, err := t.audit(auditProbe, r.subject(), map[string]any{"at": at, "failure": failure, "target": target})
		if err != nil {
			return err
		}
		return t.exec(`INSERT INTO probes (estate, environment, rotation, target, successes, first, last, failure, entry)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (estate, environment, rotation, target) DO UPDATE SET successes = excluded.successes,
			first = excluded.first, last = excluded.last, failure = excluded.failure, entry = excluded.entry`,
			t.estate, env, r.Number, target, p.Successes, p.First, p.Last, p.Failure, entry)
	})
}

// note goes on with what one more probe has seen.
func (p *Probe) note(at int64, failure string) {
	switch {
	case failure != "":
		p.Successes, p.First = 0, 0
	case p.Successes == 0:
		p.Successes, p.First = 1, at
	default:
		p.Successes++
	}
	p.Last, p.Failure = at, failure
}

// statuses are those of an environment's generations by number.
type statuses map[int]string

func (t *tx) statuses(env string) (have statuses, err error) {
	rows, err := t.tx.QueryContext(t.ctx, `SELECT number, status FROM generations WHERE estate = $1 AND environment = $2`,
		t.estate, env)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	have = statuses{}
	for rows.Next() {
		var number int
		var status string
		if err := rows.Scan(&number, &status); err != nil {
			return nil, err
		}
		have[number] = status
	}
	return have, rows.Err()
}

// with is the number of the generation that has the status, 0 for none.
func (have statuses) with(status string) int {
	for number, is := range have {
		if is == status {
			return number
		}
	}
	return 0
}

func (have statuses) newest() int {
	newest := 0
	for number := range have {
		newest = max(newest, number)
	}
	return newest
}

// is refuses a generation that has not the status.
func (have statuses) is(g plan.Addr, status string) error {
	switch now := have[g.Generation]; now {
	case status:
		return nil
	case "":
		return fmt.Errorf("%w: %s is not on record, it should be %s", ErrStatus, g, status)
	default:
		return fmt.Errorf("%w: %s is %s, it should be %s", ErrStatus, g, now, status)
	}
}

// setStatus changes the status of a generation, and says so in the log.
func (t *tx) setStatus(g plan.Addr, status string) error {
	if _, err := t.audit(auditStatus, g.String(), map[string]any{"status": status}); err != nil {
		return err
	}
	return t.exec(`UPDATE generations SET status = $1 WHERE estate = $2 AND environment = $3 AND number = $4`,
		status, t.estate, g.Environment, g.Generation)
}
