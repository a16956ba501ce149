package store

import (
	"context"
	"errors"
	"fmt"
)

// Prunable is what Prune would do.
type Prunable struct {
	Certificates int // whose records go
	Held         int // that ended as long ago, but are revoked and still needed by a CRL
	Revocations  int // that go, because their certificate's record goes or is gone
}

const (
	// A revocation that CRLs still list keeps its certificate on record.
	unneeded = ` AND NOT EXISTS (SELECT 1 FROM revocations r WHERE ` + ofCertificate + ` AND r.dropped = 0)`
	// As many records as one transaction of Prune removes: few enough that who
	// issues meanwhile does not wait.
	oldest = `SELECT i.entry FROM issued i WHERE i.estate = $1 AND i.environment = $2 AND i.not_after < $3` +
		unneeded + ` ORDER BY i.not_after LIMIT 2000`
	// One that they need not list goes after its certificate.
	listedEnough = ` WHERE estate = $1 AND dropped > 0 AND not_after < $2`
)

// Prunable tells what Prune would remove.
func (s *Store) Prunable(ctx context.Context, endedBefore int64) (Prunable, error) {
	var p Prunable
	all, err := s.CountIssued(ctx, Filter{EndsBefore: endedBefore})
	if err != nil {
		return Prunable{}, err
	}
	err = s.db.QueryRowContext(ctx, `SELECT count(*) FROM revocations r CROSS JOIN issued i WHERE `+ofCertificate+`
		AND r.estate = $1 AND r.dropped = 0 AND i.not_after < $2`, s.estate, endedBefore).Scan(&p.Held)
	if err == nil {
		err = s.db.QueryRowContext(ctx, `SELECT count(*) FROM revocations`+listedEnough, s.estate, endedBefore).
			Scan(&p.Revocations)
	}
	if err != nil {
		return Prunable{}, fmt.Errorf("counting certificates that ended: %w", explain(err))
	}
	p.Certificates = all - p.Held
	return p, nil
}

// Prune removes the records of certificates that ended before the time, and
// the revocations among them that no CRL needs any more. The audit log stays
// whole, and tells of it. It is done in steps, and after a kill it is simply
// done again; told, which may be nil, is called after each of them.
func (s *Store) Prune(ctx context.Context, endedBefore int64, told func(removed int)) (removed int, err error) {
	const doing = "pruning certificates"
	if endedBefore > s.o.Now().Unix() {
		return 0, fmt.Errorf("%s: some that end before that time are still valid", doing)
	}
	list, err := s.AllGenerations(ctx)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", doing, err)
	}
	for _, g := range list {
		if g.Environment == "" {
			continue
		}
		for {
			n, err := s.pruneSome(ctx, g.Environment, endedBefore)
			if err != nil {
				return removed, err
			}
			if n == 0 {
				break
			}
			if removed += n; told != nil {
				told(removed)
			}
		}
	}
	return removed, s.pruneRevocations(ctx, endedBefore)
}

// errNothing undoes a decision that has decided nothing.
var errNothing = errors.New("there is nothing to do")

func (s *Store) pruneSome(ctx context.Context, environment string, endedBefore int64) (int, error) {
	var n int64
	err := s.decide(ctx, "prune", "pruning certificates", func(t *tx) (err error) {
		n, err = t.changed(`DELETE FROM issued WHERE estate = $1 AND entry IN (`+oldest+`)`,
			t.estate, environment, endedBefore)
		if err == nil && n == 0 {
			err = errNothing
		}
		if err != nil {
			return err
		}
		_, err = t.audit(auditPrune, "estate", map[string]any{"certificates": n, "endedBefore": endedBefore})
		return err
	})
	if errors.Is(err, errNothing) {
		return 0, nil
	}
	return int(n), err
}

func (s *Store) pruneRevocations(ctx context.Context, endedBefore int64) error {
	err := s.decide(ctx, "prune", "pruning revocations", func(t *tx) error {
		n, err := t.changed(`DELETE FROM revocations`+listedEnough, t.estate, endedBefore)
		if err == nil && n == 0 {
			err = errNothing
		}
		if err != nil {
			return err
		}
		_, err = t.audit(auditPrune, "estate", map[string]any{"endedBefore": endedBefore, "revocations": n})
		return err
	})
	if errors.Is(err, errNothing) {
		return nil
	}
	return err
}
