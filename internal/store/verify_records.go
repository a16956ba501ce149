package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"

	"anchorctl/internal/plan"
)

// told is what the log says in one entry, and what a record says it should.
type told struct {
	entry           int64
	subject, detail string
	recordSubject   string
	recordDetail    map[string]any
	recordIsMissing bool
}

// verify compares the two.
func (d told) verify(what string) error {
	if d.recordIsMissing {
		return &AuditError{d.entry, "the record of its " + what + " is missing"}
	}
	detail, err := plan.Canonical(d.recordDetail)
	if err != nil {
		return err
	}
	if d.subject != d.recordSubject || d.detail != string(detail) {
		return &AuditError{d.entry, "the record of its " + what + " was changed"}
	}
	return nil
}

func (s *Store) verifyBatches(ctx context.Context, q queryer) (err error) {
	if err := s.verifyUntold(ctx, q, "batches", "batch", auditBatch); err != nil {
		return err
	}
	rows, err := q.QueryContext(ctx, `SELECT a.entry, a.subject, a.detail, coalesce(b.batch, ''),
		coalesce(b.environment, ''), coalesce(b.total, 0)
		FROM audit a LEFT JOIN batches b ON b.estate = a.estate AND b.entry = a.entry
		WHERE a.estate = $1 AND a.action = $2`, s.estate, auditBatch)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var d told
		var b Batch
		if err := rows.Scan(&d.entry, &d.subject, &d.detail, &b.ID, &b.Environment, &b.Total); err != nil {
			return err
		}
		d.recordIsMissing = b.ID == ""
		d.recordSubject, d.recordDetail = b.ID, b.detail()
		if err := d.verify("batch"); err != nil {
			return err
		}
	}
	return rows.Err()
}

// verifyUntold looks for records that no entry tells of. The table's name is
// one of this file's.
func (s *Store) verifyUntold(ctx context.Context, q queryer, table, what, action string) error {
	var entry int64
	err := q.QueryRowContext(ctx, `SELECT r.entry FROM `+table+` r
		LEFT JOIN audit a ON a.estate = r.estate AND a.entry = r.entry AND a.action = $1
		WHERE r.estate = $2 AND a.entry IS NULL ORDER BY r.entry LIMIT 1`, action, s.estate).Scan(&entry)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return &AuditError{entry, "there is a record of a " + what + " that it does not tell of"}
}

// eachTold calls f with each entry of the actions, in order, and its detail.
// The actions are those of audit.go.
func eachTold[D any](ctx context.Context, s *Store, q queryer, f func(e Entry, d D) error, actions ...string) (err error) {
	rows, err := q.QueryContext(ctx, `SELECT entry, at, actor, action, subject, detail, previous, hash FROM audit
		WHERE estate = $1 AND action IN ('`+strings.Join(actions, "', '")+`') ORDER BY entry`, s.estate)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		e, _, err := scanEntry(rows)
		if err != nil {
			return err
		}
		var d D
		if err := json.Unmarshal(e.Detail, &d); err != nil {
			return &AuditError{e.Number, "its detail cannot be read"}
		}
		if err := f(e, d); err != nil {
			return err
		}
	}
	return rows.Err()
}
