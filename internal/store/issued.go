package store

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"anchorctl/internal/plan"
)

// Issued is the record of one workload certificate.
type Issued struct {
	Environment string
	Workload    string
	Instance    string // "" unless it is one of several
	Generation  int    // of the issuer that signed it
	Serial      string // lower-case hexadecimal
	Certificate []byte // DER
	SPKI        [32]byte
	NotBefore   int64 // Unix seconds, like all times
	NotAfter    int64
	Created     int64 // 0 is filled in by RecordIssued
}

// RecordIssued records certificates, all of them in one transaction, before
// they leave the program. A serial that its issuer generation has used is
// refused (ErrExists).
func (s *Store) RecordIssued(ctx context.Context, issued ...Issued) error {
	if len(issued) == 0 {
		return nil
	}
	for _, i := range issued {
		if err := i.check(); err != nil {
			return fmt.Errorf("recording certificate of %s: %w", i.addr(), err)
		}
	}
	return s.decide(ctx, "issued", "recording issued certificates", func(t *tx) error {
		for _, i := range issued {
			if err := t.recordIssued(i); err != nil {
				return fmt.Errorf("%s, serial %s: %w", i.addr(), i.Serial, err)
			}
		}
		return nil
	})
}

func (t *tx) recordIssued(i Issued) error {
	if i.Created == 0 {
		i.Created = t.now
	}
	entry, err := t.audit(auditIssue, i.addr(), i.detail())
	if err != nil {
		return err
	}
	err = t.exec(`INSERT INTO issued (estate, environment, generation, serial, workload, instance,
		certificate, spki, not_before, not_after, created, entry)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		t.estate, i.Environment, i.Generation, i.Serial, i.Workload, i.Instance,
		i.Certificate, i.SPKI[:], i.NotBefore, i.NotAfter, i.Created, entry)
	if isUnique(err) {
		return ErrExists
	}
	return err
}

// detail is what the audit log keeps of a certificate.
func (i Issued) detail() map[string]any {
	return map[string]any{"certificate": digest(i.Certificate), "generation": i.Generation, "instance": i.Instance,
		"key": hex.EncodeToString(i.SPKI[:]), "notAfter": i.NotAfter, "notBefore": i.NotBefore, "serial": i.Serial}
}

func (i Issued) addr() string { return plan.Workload(i.Environment, i.Workload).String() }

func (i Issued) check() error {
	switch {
	case i.Environment == "" || i.Workload == "":
		return errors.New("it has no environment or no workload")
	case i.Generation < 1:
		return fmt.Errorf("%d is no generation", i.Generation)
	case i.Serial == "" || len(i.Serial) > 40 || strings.Trim(i.Serial, "0123456789abcdef") != "":
		return fmt.Errorf("serial %q is not lower-case hexadecimal of at most 20 bytes", i.Serial)
	case len(i.Certificate) == 0:
		return errors.New("it has no certificate")
	case i.SPKI == [32]byte{}:
		return errors.New("it has no key")
	case i.NotAfter <= i.NotBefore:
		return errors.New("it ends before it begins")
	}
	return nil
}

// Filter chooses issued certificates; its zero value chooses all.
type Filter struct {
	Environment string
	Workload    string
	Generation  int
	ValidAt     int64 // Unix seconds; 0 does not ask
	EndsBefore  int64 // Unix seconds; 0 does not ask
	Limit       int   // the newest so many; 0 is no limit; Count ignores it
}

// where returns the condition and its arguments after the estate's.
func (f Filter) where(estate string) (string, []any) {
	conditions, args := []string{"estate = $1"}, []any{estate}
	add := func(condition string, arg any) {
		args = append(args, arg)
		conditions = append(conditions, strings.ReplaceAll(condition, "?", fmt.Sprintf("$%d", len(args))))
	}
	if f.Environment != "" {
		add("environment = ?", f.Environment)
	}
	if f.Workload != "" {
		add("workload = ?", f.Workload)
	}
	if f.Generation != 0 {
		add("generation = ?", f.Generation)
	}
	if f.ValidAt != 0 {
		add("not_before <= ? AND not_after >= ?", f.ValidAt)
	}
	if f.EndsBefore != 0 {
		add("not_after < ?", f.EndsBefore)
	}
	return " WHERE " + strings.Join(conditions, " AND "), args
}

// CountIssued counts the certificates that the filter chooses.
func (s *Store) CountIssued(ctx context.Context, f Filter) (int, error) {
	where, args := f.where(s.estate)
	var n int
	if err := s.db.QueryRowContext(ctx, `SELECT count(*) FROM issued`+where, args...).Scan(&n); err != nil {
		return 0, fmt.Errorf("counting certificates: %w", explain(err))
	}
	return n, nil
}

const selectIssued = `SELECT environment, generation, serial, workload, instance, certificate, spki,
	not_before, not_after, created FROM issued`

// ListIssued returns the certificates that the filter chooses, newest first.
func (s *Store) ListIssued(ctx context.Context, f Filter) ([]Issued, error) {
	where, args := f.where(s.estate)
	query := selectIssued + where + ` ORDER BY entry DESC`
	if f.Limit > 0 {
		args = append(args, f.Limit)
		query += fmt.Sprintf(` LIMIT $%d`, len(args))
	}
	list, err := s.issued(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("reading certificates: %w", explain(err))
	}
	return list, nil
}

// IssuedBySPKI returns the newest certificate that was issued for a key.
func (s *Store) IssuedBySPKI(ctx context.Context, spki [32]byte) (Issued, bool, error) {
	list, err := s.issued(ctx, selectIssued+` WHERE estate = $1 AND spki = $2 ORDER BY entry DESC LIMIT 1`,
		s.estate, spki[:])
	if err != nil {
		return Issued{}, false, fmt.Errorf("reading the certificate of a key: %w", explain(err))
	}
	if len(list) == 0 {
		return Issued{}, false, nil
	}
	return list[0], true, nil
}

func (s *Store) issued(ctx context.Context, query string, args ...any) (list []Issued, err error) {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var i Issued
		var spki []byte
		err := rows.Scan(&i.Environment, &i.Generation, &i.Serial, &i.Workload, &i.Instance, &i.Certificate, &spki,
			&i.NotBefore, &i.NotAfter, &i.Created)
		if err != nil {
			return nil, err
		}
		if copy(i.SPKI[:], spki) != len(i.SPKI) {
			return nil, fmt.Errorf("certificate %s has a key digest of %d bytes", i.Serial, len(spki))
		}
		list = append(list, i)
	}
	return list, rows.Err()
}
