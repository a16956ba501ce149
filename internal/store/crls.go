package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"anchorctl/internal/plan"
)

// CRL is the newest certificate revocation list of an issuer.
type CRL struct {
	Environment string
	Generation  int
	Number      int64 // grows from list to list (RFC 5280 section 5.2.3)
	ThisUpdate  int64 // Unix seconds
	NextUpdate  int64
	DER         []byte
	Entries     int // how many certificates it lists
}

// ErrStale says that a CRL with this number, or a higher one, is on record.
var ErrStale = errors.New("a CRL that is as new is on record")

// RecordCRL records a CRL before it leaves the program. Its number must be
// greater than all before (ErrStale). Listed are the serials in it: those whose
// certificate ended before this update have now been listed after their end,
// and later CRLs need not have them (RFC 5280 section 3.3).
func (s *Store) RecordCRL(ctx context.Context, c CRL, listed []string) error {
	doing := fmt.Sprintf("recording CRL %d of %s", c.Number, c.addr())
	if err := c.check(listed); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return s.decide(ctx, "crl", doing, func(t *tx) error {
		var newest int64
		err := t.row(&newest, `SELECT coalesce(max(number), 0) FROM crls
			WHERE estate = $1 AND environment = $2 AND generation = $3`, t.estate, c.Environment, c.Generation)
		if err != nil {
			return err
		}
		if c.Number <= newest {
			return fmt.Errorf("%w: number %d", ErrStale, newest)
		}
		ended, err := t.drop(c, listed)
		if err != nil {
			return err
		}
		entry, err := t.audit(auditCRL, c.addr(), c.detail(ended))
		if err != nil {
			return err
		}
		return t.exec(`INSERT INTO crls
			(estate, environment, generation, number, this_update, next_update, entries, der, entry)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (estate, environment, generation) DO UPDATE SET number = excluded.number,
			this_update = excluded.this_update, next_update = excluded.next_update, entries = excluded.entries,
			der = excluded.der, entry = excluded.entry`,
			t.estate, c.Environment, c.Generation, c.Number, c.ThisUpdate, c.NextUpdate, c.Entries, c.DER, entry)
	})
}

// drop marks the revocations that no later CRL needs, and returns their
// serials in order.
func (t *tx) drop(c CRL, listed []string) (ended []string, err error) {
	waiting, err := t.ended(c)
	if err != nil || len(waiting) == 0 {
		return nil, err
	}
	in := make(map[string]bool, len(listed))
	for _, serial := range listed {
		in[serial] = true
	}
	for _, serial := range waiting {
		if !in[serial] {
			continue
		}
		err := t.exec(`UPDATE revocations SET dropped = $1
			WHERE estate = $2 AND environment = $3 AND generation = $4 AND serial = $5`,
			c.Number, t.estate, c.Environment, c.Generation, serial)
		if err != nil {
			return nil, err
		}
		ended = append(ended, serial)
	}
	slices.Sort(ended)
	return ended, nil
}

// ended returns the serials of the revocations that CRLs still list and whose
// certificates have ended.
func (t *tx) ended(c CRL) (serials []string, err error) {
	rows, err := t.tx.QueryContext(t.ctx, `SELECT serial FROM revocations WHERE estate = $1 AND environment = $2
		AND generation = $3 AND dropped = 0 AND not_after < $4`, t.estate, c.Environment, c.Generation, c.ThisUpdate)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var serial string
		if err := rows.Scan(&serial); err != nil {
			return nil, err
		}
		serials = append(serials, serial)
	}
	return serials, rows.Err()
}

// detail is what the audit log keeps of a CRL; ended are the serials that
// later ones need not list.
func (c CRL) detail(ended []string) map[string]any {
	d := map[string]any{"crl": digest(c.DER), "entries": c.Entries, "nextUpdate": c.NextUpdate, "number": c.Number,
		"thisUpdate": c.ThisUpdate}
	if len(ended) > 0 {
		d["ended"] = ended
	}
	return d
}

func (c CRL) addr() string { return plan.Issuer(c.Environment, c.Generation).String() }

func (c CRL) check(listed []string) error {
	switch {
	case c.Environment == "" || c.Generation < 1:
		return errors.New("it has no issuer")
	case c.Number < 1:
		return errors.New("its number is not positive")
	case c.NextUpdate <= c.ThisUpdate:
		return errors.New("its next update is not after this one")
	case len(c.DER) == 0:
		return errors.New("it is empty")
	case c.Entries != len(listed):
		return fmt.Errorf("it has %d entries, but %d serials are listed", c.Entries, len(listed))
	}
	return nil
}

// NewestCRL returns the CRL of an issuer that was recorded last.
func (s *Store) NewestCRL(ctx context.Context, environment string, generation int) (CRL, bool, error) {
	c := CRL{Environment: environment, Generation: generation}
	err := s.db.QueryRowContext(ctx, `SELECT number, this_update, next_update, der, entries FROM crls
		WHERE estate = $1 AND environment = $2 AND generation = $3`, s.estate, environment, generation).
		Scan(&c.Number, &c.ThisUpdate, &c.NextUpdate, &c.DER, &c.Entries)
	if errors.Is(err, sql.ErrNoRows) {
		return CRL{}, false, nil
	}
	if err != nil {
		return CRL{}, false, fmt.Errorf("reading the newest CRL of %s: %w", c.addr(), explain(err))
	}
	return c, true, nil
}
