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
		err := t.row(&now, newestOfKey, t.estate, i.SPKI[:])
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if now != newest {
			return ErrKeyUsed
		}
		return t.recordIssued(i)
	})
}

const newestOfKey = `SELECT i.serial FROM issued i WHERE ` + ofKey + ` ORDER BY i.entry DESC LIMIT 1`

// keyCompromise is the reason of RFC 5280 section 5.3.1 that speaks of a key, not
// only of its certificate.
const keyCompromise = 1

const compromisedOfKey = `SELECT i.serial FROM issued i JOIN revocations r
	ON r.estate = i.estate AND r.environment = i.environment AND r.generation = i.generation AND r.serial = i.serial
	WHERE ` + ofKey + ` AND r.reason = $3 LIMIT 1`

// Compromised reports whether a certificate for the key was revoked because the
// key is known to others.
func (s *Store) Compromised(ctx context.Context, spki [32]byte) (bool, error) {
	var serial string
	err := s.db.QueryRowContext(ctx, compromisedOfKey, s.estate, spki[:], keyCompromise).Scan(&serial)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading the revocations of a key: %w", explain(err))
	}
	return true, nil
}
