package store

import (
	"context"
	"errors"
	"fmt"
)

// selectUnrenewed reads by end, in the order of the index. What is not late is
// left out by what the index says alone; of the rest, each is looked up by name
// in an index that has those recorded after it.
const selectUnrenewed = `SELECT i.workload, i.instance, i.generation, i.serial, i.created, i.not_after FROM issued i
	WHERE i.estate = $1 AND i.environment = $2 AND i.not_after >= $3 AND 4 * (i.not_after - $4) <= i.not_after - i.not_before
	AND NOT EXISTS (SELECT 1 FROM issued n WHERE i.instance <> '' AND n.instance <> '' AND n.estate = $1 AND n.environment = $2
		AND n.workload = i.workload AND n.instance = i.instance AND n.entry > i.entry)
	AND NOT EXISTS (SELECT 1 FROM issued n WHERE i.instance = '' AND n.instance = '' AND n.estate = $1 AND n.environment = $2
		AND n.workload = i.workload AND n.entry > i.entry)
	AND NOT EXISTS (SELECT 1 FROM revocations r WHERE ` + ofCertificate + `)
	ORDER BY i.not_after, i.entry`

// Unrenewed calls each with every certificate of an environment of which at
// most a quarter of its life is left, which ended at since at the earliest, and
// which nothing came after: no certificate of the same workload and instance was
// recorded later. Revoked ones are not among them. Those that end first come
// first; of a certificate itself and of its key nothing is read. It ends when each
// says false.
func (s *Store) Unrenewed(ctx context.Context, environment string, since, now int64, each func(Issued) bool) error {
	if err := s.unrenewed(ctx, environment, since, now, each); err != nil {
		return fmt.Errorf("reading what was not renewed of %q: %w", environment, explain(err))
	}
	return nil
}

func (s *Store) unrenewed(ctx context.Context, environment string, since, now int64, each func(Issued) bool) (err error) {
	rows, err := s.db.QueryContext(ctx, selectUnrenewed, s.estate, environment, since, now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		i := Issued{Environment: environment}
		if err := rows.Scan(&i.Workload, &i.Instance, &i.Generation, &i.Serial, &i.Created, &i.NotAfter); err != nil {
			return err
		}
		if !each(i) {
			break
		}
	}
	return rows.Err()
}
