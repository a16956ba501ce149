package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"anchorctl/internal/plan"
)

// Revocation says that a certificate of an issuer must not be accepted.
type Revocation struct {
	Environment string
	Generation  int
	Serial      string // lower-case hexadecimal
	At          int64  // Unix seconds; 0 is filled in by Revoke
	Reason      int    // RFC 5280 section 5.3.1
	NotAfter    int64  // of the certificate
	Dropped     int64  // number of the CRL, issued after NotAfter, that listed it: later ones need not; 0 until then
}

// Reasons are those for which a workload certificate is revoked (RFC 5280
// section 5.3.1): unspecified, keyCompromise, affiliationChanged, superseded
// and cessationOfOperation. The others are of CAs, of deltas and of holds.
func reasons() []int { return []int{0, 1, 3, 4, 5} }

// Revoke records revocations, all of them in one transaction. A certificate
// that is revoked already stays as it is, the day and the reason included.
// The certificate need not be on record: it may be pruned.
func (s *Store) Revoke(ctx context.Context, list ...Revocation) (added int, err error) {
	if len(list) == 0 {
		return 0, nil
	}
	for _, r := range list {
		if err := r.check(); err != nil {
			return 0, fmt.Errorf("revoking certificate %s of %s: %w", r.Serial, r.addr(), err)
		}
	}
	err = s.decide(ctx, "revoke", "recording revocations", func(t *tx) error {
		added = 0
		for _, r := range list {
			isNew, err := t.revoke(r)
			if err != nil {
				return fmt.Errorf("certificate %s of %s: %w", r.Serial, r.addr(), err)
			}
			if isNew {
				added++
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return added, nil
}

func (t *tx) revoke(r Revocation) (isNew bool, err error) {
	known, err := t.exists(`SELECT 1 FROM revocations
		WHERE estate = $1 AND environment = $2 AND generation = $3 AND serial = $4`,
		t.estate, r.Environment, r.Generation, r.Serial)
	if err != nil || known {
		return false, err
	}
	if r.At == 0 {
		r.At = t.now
	}
	entry, err := t.audit(auditRevoke, r.addr(), r.detail())
	if err != nil {
		return false, err
	}
	err = t.exec(`INSERT INTO revocations
		(estate, environment, generation, serial, at, reason, not_after, dropped, entry)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8)`,
		t.estate, r.Environment, r.Generation, r.Serial, r.At, r.Reason, r.NotAfter, entry)
	return err == nil, err
}

// detail is what the audit log keeps of a revocation: what never changes.
func (r Revocation) detail() map[string]any {
	return map[string]any{"at": r.At, "notAfter": r.NotAfter, "reason": r.Reason, "serial": r.Serial}
}

func (r Revocation) addr() string { return plan.Issuer(r.Environment, r.Generation).String() }

func (r Revocation) check() error {
	switch {
	case r.Environment == "" || r.Generation < 1:
		return errors.New("it has no issuer")
	case !isSerial(r.Serial):
		return errors.New("its serial is not lower-case hexadecimal of at most 20 bytes")
	case !slices.Contains(reasons(), r.Reason):
		return fmt.Errorf("%d is no reason for a workload certificate", r.Reason)
	case r.NotAfter <= 0:
		return errors.New("it has no end")
	case r.Dropped != 0:
		return errors.New("no CRL can have listed it yet")
	}
	return nil
}

// Revocations returns those of an issuer's certificates in the order in which
// they were recorded.
func (s *Store) Revocations(ctx context.Context, environment string, generation int) ([]Revocation, error) {
	list, err := s.revocations(ctx, environment, generation)
	if err != nil {
		return nil, fmt.Errorf("reading revocations of %s: %w", plan.Issuer(environment, generation), explain(err))
	}
	return list, nil
}

func (s *Store) revocations(ctx context.Context, environment string, generation int) (list []Revocation, err error) {
	rows, err := s.db.QueryContext(ctx, `SELECT serial, at, reason, not_after, dropped FROM revocations
		WHERE estate = $1 AND environment = $2 AND generation = $3 ORDER BY entry`, s.estate, environment, generation)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		r := Revocation{Environment: environment, Generation: generation}
		if err := rows.Scan(&r.Serial, &r.At, &r.Reason, &r.NotAfter, &r.Dropped); err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, rows.Err()
}
