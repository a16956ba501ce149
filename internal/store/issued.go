package store

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

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
	Created     int64  // 0 is filled in by RecordIssued
	Batch       string // the batch that it is of, which BeginBatch has recorded; mostly ""
	Line        int    // of the batch, from 1; 0 without one

	// What the store adds when it reads.
	Entry   int64       // its audit entry's number, which orders records
	Revoked *Revocation // nil unless it is revoked
}

// RecordIssued records certificates, all of them in one transaction, before
// they leave the program. A serial that its issuer generation has used, and a
// line of a batch that has a certificate, are refused (ErrExists), and so is what
// comes from an issuer after its cut-over (ErrStatus): whoever opened it before
// must not issue what no gate counted.
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
		if err := errors.Join(t.knowsBatches(issued), t.mayIssue(issued)); err != nil {
			return err
		}
		for _, i := range issued {
			if err := t.recordIssued(i); err != nil {
				return fmt.Errorf("%s, serial %s: %w", i.addr(), i.Serial, err)
			}
		}
		return nil
	})
}

// mayIssue refuses generations that a rotation has left: they sign no certificates
// any more.
func (t *tx) mayIssue(issued []Issued) error {
	type issuer struct {
		environment string
		generation  int
	}
	asked := map[issuer]bool{}
	for _, i := range issued {
		by := issuer{i.Environment, i.Generation}
		if asked[by] {
			continue
		}
		asked[by] = true
		left, err := t.exists(`SELECT 1 FROM rotations r JOIN generations g
			ON g.estate = r.estate AND g.environment = r.environment AND g.number = $3 AND g.status IN ('draining', 'retired')
			WHERE r.estate = $1 AND r.environment = $2 AND r.former <> r.successor AND (r.former = $3 OR r.successor = $3)`, t.estate, i.Environment, i.Generation)
		if err != nil {
			return err
		}
		if left {
			return fmt.Errorf("%w: a rotation has left %s, which issues nothing any more", ErrStatus, plan.Issuer(i.Environment, i.Generation))
		}
	}
	return nil
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
		certificate, spki, not_before, not_after, created, batch, line, entry)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		t.estate, i.Environment, i.Generation, i.Serial, i.Workload, i.Instance, i.Certificate, i.SPKI[:],
		i.NotBefore, i.NotAfter, i.Created, unlessZero(i.Batch), unlessZero(i.Line), entry)
	if isUnique(err) {
		return ErrExists
	}
	return err
}

// detail is what the audit log keeps of a certificate.
func (i Issued) detail() map[string]any {
	d := map[string]any{"certificate": digest(i.Certificate), "generation": i.Generation, "instance": i.Instance,
		"key": hex.EncodeToString(i.SPKI[:]), "notAfter": i.NotAfter, "notBefore": i.NotBefore, "serial": i.Serial}
	if i.Batch != "" {
		d["batch"], d["line"] = i.Batch, i.Line
	}
	return d
}

func (i Issued) addr() string { return plan.Workload(i.Environment, i.Workload).String() }

func (i Issued) check() error {
	switch {
	case i.Environment == "" || i.Workload == "":
		return errors.New("it has no environment or no workload")
	case i.Generation < 1:
		return fmt.Errorf("%d is no generation", i.Generation)
	case !isSerial(i.Serial):
		return fmt.Errorf("serial %q is not lower-case hexadecimal of at most 20 bytes", i.Serial)
	case (i.Batch == "") != (i.Line == 0) || i.Line < 0:
		return fmt.Errorf("batch %q and line %d do not go together", i.Batch, i.Line)
	case len(i.Certificate) == 0:
		return errors.New("it has no certificate")
	case i.SPKI == [32]byte{}:
		return errors.New("it has no key")
	case i.NotAfter <= i.NotBefore:
		return errors.New("it ends before it begins")
	}
	return nil
}

// isSerial reports whether the text is a serial as the store has it (RFC 5280
// section 4.1.2.2: at most 20 bytes).
func isSerial(text string) bool {
	if text == "" || len(text) > 40 {
		return false
	}
	for _, digit := range []byte(text) {
		if (digit < '0' || digit > '9') && (digit < 'a' || digit > 'f') {
			return false
		}
	}
	return true
}

// unlessZero is the value, or NULL in place of a zero one.
func unlessZero[T comparable](v T) any {
	var zero T
	if v == zero {
		return nil
	}
	return v
}
