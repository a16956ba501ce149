package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
)

// VerifyAudit checks the database file, then the whole chain (no entry was
// changed, removed, added or moved, its end included), then that the issuers,
// batches, certificates, revocations, CRLs and objects on record are those that
// the log tells of, without what it tells was pruned. Whoever
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
		checkFile, s.verifyChain, s.verifyLineage, s.verifyRotations, s.verifyBatches, s.verifyIssued,
		s.verifyRevocations, s.verifyCRLs, s.verifyObjects,
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
	err := eachTold(ctx, s, q, func(e Entry, d outcomeDetail) error {
		if d.Deleted != "" {
			delete(want, d.Deleted)
		}
		if d.Created != nil {
			want[d.Created.Addr] = object{d.Created.ARN, e.Number}
		}
		return nil
	}, auditOutcome)
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
