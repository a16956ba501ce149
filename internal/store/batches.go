package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
)

// Batch is a list of certificates that was asked for at once.
type Batch struct {
	ID          string // SHA-256, in hexadecimal, of what was asked for
	Environment string
	Total       int   // how many lines it has
	Created     int64 // Unix seconds; 0 is filled in by BeginBatch
}

// BeginBatch records a batch before its first certificate, and returns it. One
// that was there before is returned as it is, with true.
func (s *Store) BeginBatch(ctx context.Context, b Batch) (Batch, bool, error) {
	var known bool
	if err := b.check(); err != nil {
		return Batch{}, false, fmt.Errorf("recording batch %q: %w", b.ID, err)
	}
	if err := s.prepareForMany(ctx); err != nil {
		return Batch{}, false, fmt.Errorf("recording batch %q: %w", b.ID, explain(err))
	}
	err := s.decide(ctx, "batch", "recording batch "+b.ID, func(t *tx) error {
		have, found, err := t.batch(b.ID)
		if err != nil {
			return err
		}
		if known = found; found {
			if have.Environment != b.Environment || have.Total != b.Total {
				return fmt.Errorf("%w: for %d certificates of %q", ErrExists, have.Total, have.Environment)
			}
			b = have
			return nil
		}
		if b.Created == 0 {
			b.Created = t.now
		}
		entry, err := t.audit(auditBatch, b.ID, b.detail())
		if err != nil {
			return err
		}
		return t.exec(`INSERT INTO batches (estate, batch, environment, total, created, entry)
			VALUES ($1, $2, $3, $4, $5, $6)`, t.estate, b.ID, b.Environment, b.Total, b.Created, entry)
	})
	if err != nil {
		return Batch{}, false, err
	}
	return b, known, nil
}

// prepareForMany gives the connection a cache that holds what a group of
// certificates touches: the pages of the index by key are all over. The log grows
// longer before it is written back, which takes three syncs.
func (s *Store) prepareForMany(ctx context.Context) error {
	_, err := s.db.ExecContext(ctx, `PRAGMA cache_size = -12288; PRAGMA wal_autocheckpoint = 4000`)
	return err
}

func (t *tx) batch(id string) (Batch, bool, error) {
	b := Batch{ID: id}
	err := t.tx.QueryRowContext(t.ctx, `SELECT environment, total, created FROM batches WHERE estate = $1 AND batch = $2`,
		t.estate, id).Scan(&b.Environment, &b.Total, &b.Created)
	if errors.Is(err, sql.ErrNoRows) {
		return Batch{}, false, nil
	}
	return b, err == nil, err
}

// knowsBatches refuses certificates of a batch that is not recorded, or that
// has no such line.
func (t *tx) knowsBatches(list []Issued) error {
	known := map[string]Batch{}
	for _, i := range list {
		if i.Batch == "" {
			continue
		}
		b, ok := known[i.Batch]
		if !ok {
			var err error
			if b, ok, err = t.batch(i.Batch); err != nil {
				return err
			}
			if !ok {
				return fmt.Errorf("there is no batch %q", i.Batch)
			}
			known[i.Batch] = b
		}
		if i.Line > b.Total || i.Environment != b.Environment {
			return fmt.Errorf("batch %q has %d lines of %q: line %d of %q is none", b.ID, b.Total, b.Environment, i.Line, i.Environment)
		}
	}
	return nil
}

// detail is what the audit log keeps of a batch.
func (b Batch) detail() map[string]any {
	return map[string]any{"environment": b.Environment, "total": b.Total}
}

func (b Batch) check() error {
	switch {
	case len(b.ID) != 64:
		return errors.New("its id is no SHA-256")
	case b.Environment == "":
		return errors.New("it has no environment")
	case b.Total < 1:
		return errors.New("it has no lines")
	}
	return nil
}

// batchPage is how many certificates of a batch are read at once.
const batchPage = 500

// BatchIssued gives the certificates of a batch in the order of their lines.
// Between two pages nothing is held, so certificates may be recorded meanwhile.
func (s *Store) BatchIssued(ctx context.Context, batch string) (iter.Seq2[Issued, error], error) {
	var one int
	err := s.db.QueryRowContext(ctx, `SELECT 1 FROM batches WHERE estate = $1 AND batch = $2`, s.estate, batch).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		err = errors.New("there is none")
	}
	if err != nil {
		return nil, fmt.Errorf("reading batch %q: %w", batch, explain(err))
	}
	return func(yield func(Issued, error) bool) { s.eachOfBatch(ctx, batch, yield) }, nil
}

func (s *Store) eachOfBatch(ctx context.Context, batch string, yield func(Issued, error) bool) {
	for last := 0; ; {
		page, err := s.issued(ctx, selectIssued+Filter{}.from(nil)+` WHERE i.estate = $1 AND i.batch = $2
			AND i.line > $3 ORDER BY i.line LIMIT $4`, s.estate, batch, last, batchPage)
		if err != nil {
			yield(Issued{}, fmt.Errorf("reading batch %q: %w", batch, explain(err)))
			return
		}
		for _, i := range page {
			if last = i.Line; !yield(i, nil) {
				return
			}
		}
		if len(page) < batchPage {
			return
		}
	}
}
