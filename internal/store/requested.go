package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// ErrKeyUsed says that another certificate was recorded for the key meanwhile.
var ErrKeyUsed = errors.New("another certificate was recorded for the key")

// RecordRequested records a certificate for a key that somebody brought, like
// RecordIssued. newest is the serial of the newest certificate for the key that
// the caller has seen, "" for none: when there is a newer one, nothing is
// recorded (ErrKeyUsed). So two runs with the same request end with one
// certificate, and a key never gets two owners.
func (s *Store) RecordRequested(ctx context.Context, i Issued, newest string) error {
	if err := i.check(); err != nil {
		return fmt.Errorf("recording certificate of %s: %w", i.addr(), err)
	}
	return s.decide(ctx, "issued", "recording issued certificates", func(t *tx) error {
		var now string
		err := t.row(&now, `SELECT serial FROM issued WHERE estate = $1 AND spki = $2 ORDER BY entry DESC LIMIT 1`, t.estate, i.SPKI[:])
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if now != newest {
			return ErrKeyUsed
		}
		return t.recordIssued(i)
	})
}
