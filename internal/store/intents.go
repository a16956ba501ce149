package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"anchorctl/internal/plan"
)

// ErrOpenIntent says that an action that may be sent only once was begun
// before and that it is not known what came of it.
var ErrOpenIntent = errors.New("it was begun before and its outcome is not known")

// abandoned is the status of an intent of which it is settled that it did not
// happen.
const abandoned = "abandoned"

// Begin records, before the effect, that the action is about to be carried
// out. The intent it returns is a fresh random id, also for the object's tag.
// A run that was held, failed or interrupted goes on with it.
//
// An action that may be sent only once is refused while an earlier intent of
// it is open, whatever the run (ErrOpenIntent). Of any other, an earlier open
// intent is superseded: it is being done again, so it no longer matters.
func (s *Store) Begin(ctx context.Context, run string, a plan.Action) (string, error) {
	id, err := uuid.NewRandom()
	if err != nil {
		return "", fmt.Errorf("beginning %s: %w", a.ID, err)
	}
	intent := id.String()
	err = s.decide(ctx, "begin "+a.ID, "beginning "+a.ID, func(t *tx) error { return t.begin(run, intent, a) })
	if err != nil {
		return "", err
	}
	return intent, nil
}

func (t *tx) begin(run, intent string, a plan.Action) error {
	status, err := t.openRun(run)
	if err != nil {
		return err
	}
	if err := t.settleEarlier(a); err != nil {
		return err
	}
	text, err := plan.Canonical(a)
	if err != nil {
		return err
	}
	entry, err := t.audit("action.begin", a.Addr.String(), map[string]any{"action": a.ID, "intent": intent, "run": run})
	if err != nil {
		return err
	}
	err = t.exec(`INSERT INTO intents (estate, intent, run, action_id, action, status, begun, ended, notes, entry)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 0, '[]', $8)`,
		t.estate, intent, run, a.ID, string(text), string(plan.Begun), t.now, entry)
	if err != nil || status == plan.Begun {
		return err
	}
	return t.exec(`UPDATE runs SET status = $1, ended = 0 WHERE estate = $2 AND run = $3`,
		string(plan.Begun), t.estate, run)
}

// settleEarlier deals with an open intent of the same action.
func (t *tx) settleEarlier(a plan.Action) error {
	var earlier string
	err := t.row(&earlier, `SELECT intent FROM intents WHERE estate = $1 AND status = $2 AND action_id = $3`,
		t.estate, string(plan.Begun), a.ID)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	if a.Once {
		return fmt.Errorf("%w (intent %s)", ErrOpenIntent, earlier)
	}
	return t.settle(earlier, string(plan.Superseded), []string{"done again"})
}

// Finish records the outcome of a begun action, together with the object that
// it created or deleted, in one transaction. Outcomes are done, held and
// failed; an action of which it is not known whether it happened has none and
// stays open.
func (s *Store) Finish(ctx context.Context, run, intent string, a plan.Action, o plan.Outcome) error {
	doing := fmt.Sprintf("recording the outcome of %s", a.ID)
	switch o.Status {
	case plan.Done, plan.Held, plan.Failed:
	default:
		return fmt.Errorf("%s: %q is no outcome", doing, o.Status)
	}
	if o.Status != plan.Done && (o.Created != nil || o.Deleted) {
		return fmt.Errorf("%s: only what is done changes an object", doing)
	}
	// What has happened is recorded even when the run is being interrupted.
	return s.decide(context.WithoutCancel(ctx), "finish "+a.ID, doing, func(t *tx) error {
		return t.finish(run, intent, a, o)
	})
}

func (t *tx) finish(run, intent string, a plan.Action, o plan.Outcome) error {
	begun, err := t.openIntent(intent)
	if err != nil {
		return err
	}
	if begun.run != run || begun.action != a.ID {
		return fmt.Errorf("intent %s is of %q in run %s", intent, begun.action, begun.run)
	}
	detail := map[string]any{"action": a.ID, "intent": intent, "run": run, "status": string(o.Status)}
	if o.Created != nil {
		detail["created"] = map[string]any{"addr": o.Created.Addr.String(), "arn": o.Created.ARN}
	}
	if o.Deleted {
		detail["deleted"] = a.Addr.String()
	}
	if a.Kind == plan.Forget {
		detail["before"] = a.Before // what may be there still, for whoever looks for it
	}
	entry, err := t.audit(auditOutcome, a.Addr.String(), detail)
	if err != nil {
		return err
	}
	if err := t.settle(intent, string(o.Status), o.Notes); err != nil {
		return err
	}
	if o.Deleted {
		if err := t.dropObject(a.Addr); err != nil {
			return err
		}
	}
	if o.Created == nil {
		return nil
	}
	return t.putObject(*o.Created, entry)
}

// Abandon settles an open intent: it did not happen, and why this is known.
func (s *Store) Abandon(ctx context.Context, intent, why string) error {
	doing := fmt.Sprintf("abandoning intent %s", intent)
	return s.decide(context.WithoutCancel(ctx), "abandon", doing, func(t *tx) error {
		begun, err := t.openIntent(intent)
		if err != nil {
			return err
		}
		_, err = t.audit("action.abandon", begun.action, map[string]any{"intent": intent, "run": begun.run, "why": why})
		if err != nil {
			return err
		}
		return t.settle(intent, abandoned, []string{why})
	})
}

type begunIntent struct{ run, action string }

func (t *tx) openIntent(intent string) (begunIntent, error) {
	var b begunIntent
	var status string
	err := t.tx.QueryRowContext(t.ctx, `SELECT run, action_id, status FROM intents WHERE estate = $1 AND intent = $2`,
		t.estate, intent).Scan(&b.run, &b.action, &status)
	if errors.Is(err, sql.ErrNoRows) {
		return b, fmt.Errorf("there is no intent %s", intent)
	}
	if err == nil && status != string(plan.Begun) {
		err = fmt.Errorf("intent %s is %s already", intent, status)
	}
	return b, err
}

func (t *tx) settle(intent, status string, notes []string) error {
	if notes == nil {
		notes = []string{}
	}
	text, err := plan.Canonical(notes)
	if err != nil {
		return err
	}
	return t.exec(`UPDATE intents SET status = $1, ended = $2, notes = $3 WHERE estate = $4 AND intent = $5`,
		status, t.now, string(text), t.estate, intent)
}

// OpenIntents returns the actions of any run that were begun and whose outcome
// was never recorded, in the order in which they were begun.
func (s *Store) OpenIntents(ctx context.Context) ([]plan.Intent, error) {
	list, err := s.openIntents(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading open intents: %w", explain(err))
	}
	return list, nil
}

// DoneIntents returns every time that an action was done, by any run, in order.
func (s *Store) DoneIntents(ctx context.Context, action string) ([]plan.Intent, error) {
	list, err := s.intents(ctx, `SELECT intent, run, action, begun FROM intents
		WHERE estate = $1 AND status = $2 AND action_id = $3 ORDER BY entry`, s.estate, string(plan.Done), action)
	if err != nil {
		return nil, fmt.Errorf("reading when %s was done: %w", action, explain(err))
	}
	return list, nil
}

func (s *Store) openIntents(ctx context.Context) ([]plan.Intent, error) {
	return s.intents(ctx, `SELECT intent, run, action, begun FROM intents
		WHERE estate = $1 AND status = 'begun' ORDER BY entry`, s.estate)
}

func (s *Store) intents(ctx context.Context, query string, args ...any) (list []plan.Intent, err error) {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var i plan.Intent
		var action string
		if err := rows.Scan(&i.ID, &i.Run, &action, &i.Begun); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(action), &i.Action); err != nil {
			return nil, fmt.Errorf("reading the action of intent %s: %w", i.ID, err)
		}
		list = append(list, i)
	}
	return list, rows.Err()
}
