package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// selectRotations reads each rotation as many times as it has probes, or once.
const selectRotations = `SELECT r.environment, r.number, r.kind, r.former, r.successor, r.reason, r.keep_key, r.actor,
	r.started, r.cut_over, r.ended, r.outcome, coalesce(p.target, ''), coalesce(p.successes, 0), coalesce(p.first, 0),
	coalesce(p.last, 0), coalesce(p.failure, '')
	FROM rotations r LEFT JOIN probes p ON p.estate = r.estate AND p.environment = r.environment AND p.rotation = r.number
	WHERE r.estate = $1`

// OpenRotations returns those that have not ended, by environment, the root's
// first.
func (s *Store) OpenRotations(ctx context.Context) ([]Rotation, error) {
	list, err := rotations(ctx, s.db, selectRotations+` AND r.ended = 0 ORDER BY r.environment, p.target`, s.estate)
	if err != nil {
		return nil, fmt.Errorf("reading open rotations: %w", explain(err))
	}
	return list, nil
}

// Rotations returns all of an environment ("" for the root), newest first.
func (s *Store) Rotations(ctx context.Context, env string) ([]Rotation, error) {
	list, err := rotations(ctx, s.db, selectRotations+` AND r.environment = $2 ORDER BY r.number DESC, p.target`, s.estate, env)
	if err != nil {
		return nil, fmt.Errorf("reading rotations of %s: %w", holder(env), explain(err))
	}
	return list, nil
}

// openRotation is the open one of the environment; ErrNoRotation if there is
// none.
func (t *tx) openRotation(env string) (Rotation, error) {
	list, err := rotations(t.ctx, t.tx, selectRotations+` AND r.environment = $2 AND r.ended = 0 ORDER BY p.target`, t.estate, env)
	if err != nil {
		return Rotation{}, err
	}
	if len(list) == 0 {
		return Rotation{}, ErrNoRotation
	}
	return list[0], nil
}

// probe is what the rotation's probes of a target have seen.
func (t *tx) probe(r Rotation, target string) (Probe, error) {
	p := Probe{Target: target}
	err := t.tx.QueryRowContext(t.ctx, `SELECT successes, first FROM probes
		WHERE estate = $1 AND environment = $2 AND rotation = $3 AND target = $4`,
		t.estate, r.Environment, r.Number, target).Scan(&p.Successes, &p.First)
	if errors.Is(err, sql.ErrNoRows) {
		return p, nil
	}
	return p, err
}

func rotations(ctx context.Context, q queryer, query string, args ...any) (list []Rotation, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var r Rotation
		var p Probe
		err := rows.Scan(&r.Environment, &r.Number, &r.Kind, &r.From, &r.To, &r.Reason, &r.KeepKey, &r.Actor,
			&r.Started, &r.CutOver, &r.Ended, &r.Outcome, &p.Target, &p.Successes, &p.First, &p.Last, &p.Failure)
		if err != nil {
			return nil, err
		}
		if n := len(list); n == 0 || list[n-1].Environment != r.Environment || list[n-1].Number != r.Number {
			list = append(list, r)
		}
		if last := &list[len(list)-1]; p.Target != "" {
			last.Probes = append(last.Probes, p)
		}
	}
	return list, rows.Err()
}
