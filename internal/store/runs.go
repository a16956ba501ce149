package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"

	"anchorctl/internal/plan"
)

// StartRun records a run before its first action. The plan is its canonical
// bytes; the run's digest must be theirs.
func (s *Store) StartRun(ctx context.Context, r plan.Run, p []byte) error {
	doing := fmt.Sprintf("recording run %s", r.ID)
	if r.ID == "" || r.Command == "" {
		return fmt.Errorf("%s: it has no id or no command", doing)
	}
	if sum := sha256.Sum256(p); hex.EncodeToString(sum[:]) != r.Digest {
		return fmt.Errorf("%s: the plan's digest is not the run's", doing)
	}
	return s.decide(ctx, "run", doing, func(t *tx) error {
		if r.Started == 0 {
			r.Started = t.now
		}
		if r.Actor == "" {
			r.Actor = t.actor
		}
		entry, err := t.audit("run.start", r.ID, map[string]any{"command": r.Command, "plan": r.Digest})
		if err != nil {
			return err
		}
		err = t.exec(`INSERT INTO runs (estate, run, digest, command, actor, status, started, ended, plan, entry)
			VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9)`,
			s.estate, r.ID, r.Digest, r.Command, r.Actor, string(plan.Begun), r.Started, p, entry)
		if isUnique(err) {
			return ErrExists
		}
		return err
	})
}

// EndRun records how a run ended. A run with an action whose outcome is not
// known cannot be done.
func (s *Store) EndRun(ctx context.Context, run string, st plan.Status) error {
	doing := fmt.Sprintf("recording the end of run %s", run)
	switch st {
	case plan.Done, plan.Held, plan.Failed, plan.Interrupted, plan.Superseded:
	default:
		return fmt.Errorf("%s: %q is no end", doing, st)
	}
	// A run that has ended is recorded even when it ended by being interrupted.
	return s.decide(context.WithoutCancel(ctx), "end", doing, func(t *tx) error {
		if _, err := t.openRun(run); err != nil {
			return err
		}
		open, err := t.exists(`SELECT 1 FROM intents WHERE estate = $1 AND run = $2 AND status = $3`,
			s.estate, run, string(plan.Begun))
		if err != nil {
			return err
		}
		if open && st == plan.Done {
			return errors.New("it has an action whose outcome is not known")
		}
		if _, err := t.audit("run.end", run, map[string]any{"status": string(st)}); err != nil {
			return err
		}
		return t.exec(`UPDATE runs SET status = $1, ended = $2 WHERE estate = $3 AND run = $4`,
			string(st), t.now, s.estate, run)
	})
}

// openRun returns the status of a run that may still be worked on.
func (t *tx) openRun(run string) (plan.Status, error) {
	var status string
	err := t.row(&status, `SELECT status FROM runs WHERE estate = $1 AND run = $2`, t.estate, run)
	if errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("there is no run %s", run)
	}
	if err != nil {
		return "", err
	}
	if st := plan.Status(status); st == plan.Done || st == plan.Superseded {
		return "", fmt.Errorf("run %s is %s", run, st)
	}
	return plan.Status(status), nil
}

// OpenRun returns the newest run that is neither done nor superseded, with the
// IDs of its actions that are done, in the order in which they were begun.
func (s *Store) OpenRun(ctx context.Context) (plan.Run, bool, error) {
	r, found, err := s.newestOpen(ctx)
	if err != nil {
		return plan.Run{}, false, fmt.Errorf("reading the open run: %w", explain(err))
	}
	return r, found, nil
}

func (s *Store) newestOpen(ctx context.Context) (r plan.Run, found bool, err error) {
	q, err := s.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return r, false, err
	}
	defer func() { err = errors.Join(err, rollback(q)) }()
	var status string
	err = q.QueryRowContext(ctx, `SELECT run, digest, command, actor, status, started, ended FROM runs
		WHERE estate = $1 AND status <> $2 AND status <> $3 ORDER BY entry DESC LIMIT 1`,
		s.estate, string(plan.Done), string(plan.Superseded)).
		Scan(&r.ID, &r.Digest, &r.Command, &r.Actor, &status, &r.Started, &r.Ended)
	if errors.Is(err, sql.ErrNoRows) {
		return plan.Run{}, false, nil
	}
	if err != nil {
		return plan.Run{}, false, err
	}
	r.Status = plan.Status(status)
	r.Done, err = s.doneActions(ctx, q, r.ID)
	return r, err == nil, err
}

func (s *Store) doneActions(ctx context.Context, q queryer, run string) (ids []string, err error) {
	rows, err := q.QueryContext(ctx, `SELECT action_id FROM intents
		WHERE estate = $1 AND run = $2 AND status = $3 ORDER BY entry`, s.estate, run, string(plan.Done))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// PlanOf returns the canonical bytes of the plan that a run carries out.
func (s *Store) PlanOf(ctx context.Context, run string) ([]byte, error) {
	var p []byte
	err := s.db.QueryRowContext(ctx, `SELECT plan FROM runs WHERE estate = $1 AND run = $2`, s.estate, run).Scan(&p)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("reading the plan of run %s: there is no such run", run)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the plan of run %s: %w", run, explain(err))
	}
	return p, nil
}
