package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"anchorctl/internal/plan"
)

// Entry is one line of the audit log.
type Entry struct {
	Number  int64 // from 1, without gaps
	At      int64 // Unix seconds
	Actor   string
	Action  string // such as "certificate.issue"
	Subject string // the address of what it is about, or a run's id
	Detail  json.RawMessage
	Hash    []byte // covers all of the above and the hash of the entry before
}

// The entries that stand for records elsewhere in the database.
const (
	auditGeneration  = "generation.add"    // with its first certificate, as an active one
	auditStatus      = "generation.status" // the status it has from then on
	auditRenew       = "generation.renew"  // the certificate it has from then on
	auditRotation    = "rotation.start"
	auditProbe       = "rotation.probe"
	auditOverride    = "rotation.override"
	auditCutOver     = "rotation.cut-over"
	auditRotationEnd = "rotation.end"
	auditIssue       = "certificate.issue"
	auditRevoke      = "certificate.revoke"
	auditPrune       = "certificate.prune"
	auditBatch       = "batch.begin"
	auditCRL         = "crl.issue"
	auditOutcome     = "action.end"
)

// AuditError says where the audit log does not hold together.
type AuditError struct {
	Entry   int64
	Problem string
}

func (e *AuditError) Error() string {
	return fmt.Sprintf("the audit log does not hold together at entry %d: %s", e.Entry, e.Problem)
}

// found records the estate itself; its first audit entry begins the chain.
func (s *Store) found(ctx context.Context, e Estate) error {
	return s.write(ctx, "create", "recording estate", func(t *tx) error {
		if e.Created == 0 {
			e.Created = t.now
		}
		err := t.exec(`INSERT INTO estates (estate, name, trust_domain, bound, created, serial, audit_entries, audit_head)
			VALUES ($1, $2, $3, '', $4, 1, 0, $5)`, e.Lineage, e.Name, e.TrustDomain, e.Created, make([]byte, sha256.Size))
		if err != nil {
			return err
		}
		_, err = t.audit("estate.create", "estate", map[string]any{"name": e.Name, "trustDomain": e.TrustDomain})
		return err
	})
}

// chain is the end of the audit log.
type chain struct {
	entries int64
	head    []byte
}

// openChain reads the end of the log. Writing to the estate's row first makes
// the transactions of all processes queue there, in any database, so the chain
// cannot fork.
func (t *tx) openChain() error {
	if t.chain != nil {
		return nil
	}
	var c chain
	err := t.tx.QueryRowContext(t.ctx, `UPDATE estates SET audit_entries = audit_entries WHERE estate = $1
		RETURNING audit_entries, audit_head`, t.estate).Scan(&c.entries, &c.head)
	if err != nil {
		return err
	}
	t.chain = &c
	return nil
}

// closeChain records where the log now ends.
func (t *tx) closeChain() error {
	if t.chain == nil {
		return nil
	}
	return t.exec(`UPDATE estates SET audit_entries = $1, audit_head = $2 WHERE estate = $3`,
		t.chain.entries, t.chain.head, t.estate)
}

// audit appends an entry to the log and returns its number.
func (t *tx) audit(action, subject string, detail map[string]any) (int64, error) {
	text, err := plan.Canonical(detail)
	if err != nil {
		return 0, err
	}
	if err := t.openChain(); err != nil {
		return 0, err
	}
	e := Entry{Number: t.chain.entries + 1, At: t.now, Actor: t.actor, Action: action, Subject: subject, Detail: text}
	e.Hash = e.hash(t.estate, t.chain.head)
	err = t.exec(`INSERT INTO audit (estate, entry, at, actor, action, subject, detail, previous, hash)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		t.estate, e.Number, e.At, e.Actor, e.Action, e.Subject, string(e.Detail), t.chain.head, e.Hash)
	if err != nil {
		return 0, err
	}
	t.chain.entries, t.chain.head = e.Number, e.Hash
	return e.Number, nil
}

// hash is the SHA-256 of the entry's fields, each preceded by its length so
// that no two entries share their bytes.
func (e Entry) hash(estate string, previous []byte) []byte {
	h := sha256.New()
	field := func(b []byte) {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(b))))
		h.Write(b)
	}
	number := func(n int64) { h.Write(binary.BigEndian.AppendUint64(nil, uint64(n))) }
	field([]byte("anchorctl.audit/v1"))
	field([]byte(estate))
	number(e.Number)
	number(e.At)
	field([]byte(e.Actor))
	field([]byte(e.Action))
	field([]byte(e.Subject))
	field(e.Detail)
	field(previous)
	return h.Sum(nil)
}

// digest is a SHA-256 in hexadecimal, as the log's details name bytes.
func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Audit appends an entry for something that leaves no other record, such as a
// confirmation that was typed.
func (s *Store) Audit(ctx context.Context, action, subject string, detail map[string]any) error {
	return s.decide(ctx, "audit", "writing audit log", func(t *tx) error {
		_, err := t.audit(action, subject, detail)
		return err
	})
}

// AuditLog returns up to limit entries with numbers above after, in order.
func (s *Store) AuditLog(ctx context.Context, after int64, limit int) ([]Entry, error) {
	var entries []Entry
	err := s.eachEntry(ctx, s.db, after, limit, func(e Entry, _ []byte) error {
		entries = append(entries, e)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading audit log: %w", explain(err))
	}
	return entries, nil
}

func (s *Store) eachEntry(ctx context.Context, q queryer, after int64, limit int, f func(e Entry, previous []byte) error) (err error) {
	rows, err := q.QueryContext(ctx, `SELECT entry, at, actor, action, subject, detail, previous, hash FROM audit
		WHERE estate = $1 AND entry > $2 ORDER BY entry LIMIT $3`, s.estate, after, limit)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		e, previous, err := scanEntry(rows)
		if err != nil {
			return err
		}
		if err := f(e, previous); err != nil {
			return err
		}
	}
	return rows.Err()
}

func scanEntry(rows *sql.Rows) (e Entry, previous []byte, err error) {
	var detail string
	err = rows.Scan(&e.Number, &e.At, &e.Actor, &e.Action, &e.Subject, &detail, &previous, &e.Hash)
	e.Detail = json.RawMessage(detail)
	return e, previous, err
}
