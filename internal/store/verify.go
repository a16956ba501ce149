package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"anchorctl/internal/plan"
)

// VerifyAudit checks the database file, then the whole chain (no entry was
// changed, removed, added or moved, its end included), then that the issuers,
// certificates and objects on record are those that the log tells of. Whoever
// can write to the database can also compute a new chain: keep the newest hash
// somewhere else to be certain.
func (s *Store) VerifyAudit(ctx context.Context) error {
	if err := s.verify(ctx); err != nil {
		return fmt.Errorf("verifying audit log: %w", explain(err))
	}
	return nil
}

// verify looks at one snapshot, whatever others write meanwhile.
func (s *Store) verify(ctx context.Context) (err error) {
	q, err := s.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rollback(q)) }()
	for _, check := range []func(context.Context, queryer) error{
		checkFile, s.verifyChain, s.verifyGenerations, s.verifyIssued, s.verifyObjects,
	} {
		if err := check(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) verifyChain(ctx context.Context, q queryer) error {
	var count int64
	var head []byte
	err := q.QueryRowContext(ctx, `SELECT audit_entries, audit_head FROM estates WHERE estate = $1`, s.estate).
		Scan(&count, &head)
	if err != nil {
		return err
	}
	last := Entry{Hash: make([]byte, sha256.Size)}
	err = s.eachEntry(ctx, q, 0, math.MaxInt64, func(e Entry, previous []byte) error {
		switch {
		case e.Number != last.Number+1:
			return &AuditError{last.Number + 1, "the entry is missing"}
		case !bytes.Equal(previous, last.Hash):
			return &AuditError{e.Number, "it does not follow the entry before it"}
		case !bytes.Equal(e.Hash, e.hash(s.estate, previous)):
			return &AuditError{e.Number, "it was changed"}
		}
		last = e
		return nil
	})
	switch {
	case err != nil:
		return err
	case last.Number < count:
		return &AuditError{last.Number + 1, fmt.Sprintf("the log ends before it, %d entries were written", count)}
	case last.Number > count:
		return &AuditError{last.Number, fmt.Sprintf("only %d entries were written", count)}
	case !bytes.Equal(last.Hash, head):
		return &AuditError{last.Number, "it is not the entry that was written last"}
	}
	return nil
}

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

func (s *Store) verifyGenerations(ctx context.Context, q queryer) (err error) {
	if err := s.verifyUntold(ctx, q, "generations", "generation", auditGeneration); err != nil {
		return err
	}
	rows, err := q.QueryContext(ctx, `SELECT a.entry, a.subject, a.detail, coalesce(g.environment, ''),
		coalesce(g.number, 0), g.certificate, coalesce(g.key_uri, ''), coalesce(g.guard, '')
		FROM audit a LEFT JOIN generations g ON g.estate = a.estate AND g.entry = a.entry
		WHERE a.estate = $1 AND a.action = $2`, s.estate, auditGeneration)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var d told
		var g Generation
		err := rows.Scan(&d.entry, &d.subject, &d.detail, &g.Environment, &g.Number, &g.Certificate, &g.KeyURI, &g.Guard)
		if err != nil {
			return err
		}
		d.recordIsMissing = g.Number == 0
		d.recordSubject, d.recordDetail = g.Addr().String(), g.detail()
		if err := d.verify("generation"); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (s *Store) verifyIssued(ctx context.Context, q queryer) (err error) {
	if err := s.verifyUntold(ctx, q, "issued", "certificate", auditIssue); err != nil {
		return err
	}
	rows, err := q.QueryContext(ctx, `SELECT a.entry, a.subject, a.detail, coalesce(i.environment, ''),
		coalesce(i.workload, ''), coalesce(i.instance, ''), coalesce(i.generation, 0), coalesce(i.serial, ''),
		i.certificate, i.spki, coalesce(i.not_before, 0), coalesce(i.not_after, 0)
		FROM audit a LEFT JOIN issued i ON i.estate = a.estate AND i.entry = a.entry
		WHERE a.estate = $1 AND a.action = $2`, s.estate, auditIssue)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var d told
		var i Issued
		var spki []byte
		err := rows.Scan(&d.entry, &d.subject, &d.detail, &i.Environment, &i.Workload, &i.Instance, &i.Generation,
			&i.Serial, &i.Certificate, &spki, &i.NotBefore, &i.NotAfter)
		if err != nil {
			return err
		}
		copy(i.SPKI[:], spki)
		d.recordIsMissing = i.Serial == ""
		d.recordSubject, d.recordDetail = i.addr(), i.detail()
		if err := d.verify("certificate"); err != nil {
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

// outcomeDetail is the part of an outcome's entry that changes objects.
type outcomeDetail struct {
	Created *struct{ Addr, ARN string } `json:"created"`
	Deleted string                      `json:"deleted"`
}

// verifyObjects replays the outcomes of the log and compares what they leave
// with what is on record.
func (s *Store) verifyObjects(ctx context.Context, q queryer) error {
	type object struct {
		arn   string
		entry int64
	}
	want := map[string]object{}
	err := s.eachEntry(ctx, q, 0, math.MaxInt64, func(e Entry, _ []byte) error {
		if e.Action != auditOutcome {
			return nil
		}
		var d outcomeDetail
		if err := json.Unmarshal(e.Detail, &d); err != nil {
			return &AuditError{e.Number, "its detail cannot be read"}
		}
		if d.Deleted != "" {
			delete(want, d.Deleted)
		}
		if d.Created != nil {
			want[d.Created.Addr] = object{d.Created.ARN, e.Number}
		}
		return nil
	})
	if err != nil {
		return err
	}
	list, err := s.objects(ctx, q)
	if err != nil {
		return err
	}
	for _, o := range list {
		told, ok := want[o.Addr.String()]
		if !ok || told.arn != o.ARN {
			return &AuditError{told.entry, fmt.Sprintf("%s is on record as %s, which the log does not tell", o.Addr, o.ARN)}
		}
		delete(want, o.Addr.String())
	}
	for _, addr := range slices.Sorted(maps.Keys(want)) {
		return &AuditError{want[addr].entry, "the record of " + addr + " is missing"}
	}
	return nil
}
