package store

import (
	"context"
	"errors"
	"fmt"

	"anchorctl/internal/plan"
)

// Objects returns what is ours in AWS, by address.
func (s *Store) Objects(ctx context.Context) ([]plan.Object, error) {
	list, err := s.objects(ctx, s.db)
	if err != nil {
		return nil, fmt.Errorf("reading objects: %w", explain(err))
	}
	return list, nil
}

func (s *Store) objects(ctx context.Context, q queryer) (list []plan.Object, err error) {
	rows, err := q.QueryContext(ctx,
		`SELECT addr, arn, intent FROM objects WHERE estate = $1 ORDER BY addr`, s.estate)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var o plan.Object
		var addr string
		if err := rows.Scan(&addr, &o.ARN, &o.Intent); err != nil {
			return nil, err
		}
		if o.Addr, err = plan.ParseAddr(addr); err != nil {
			return nil, err
		}
		list = append(list, o)
	}
	return list, rows.Err()
}

// putObject records what an action created. Another object at the address is
// replaced: that it is gone was observed when the creation was planned, and
// its ARN stays in the audit log.
func (t *tx) putObject(o plan.Object, entry int64) error {
	if o.Addr.IsZero() || o.ARN == "" {
		return fmt.Errorf("object %q with ARN %q is not complete", o.Addr, o.ARN)
	}
	err := t.exec(`INSERT INTO objects (estate, addr, arn, intent, entry) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (estate, addr) DO UPDATE SET arn = excluded.arn, intent = excluded.intent, entry = excluded.entry`,
		t.estate, o.Addr.String(), o.ARN, o.Intent, entry)
	if isUnique(err) {
		return fmt.Errorf("%s is recorded at another address: %w", o.ARN, ErrExists)
	}
	if err != nil {
		return err
	}
	return t.touch()
}

// dropObject forgets the object at the address; one that is not recorded is
// forgotten already.
func (t *tx) dropObject(a plan.Addr) error {
	n, err := t.changed(`DELETE FROM objects WHERE estate = $1 AND addr = $2`, t.estate, a.String())
	if err != nil || n == 0 {
		return err
	}
	return t.touch()
}
