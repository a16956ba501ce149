package store

import (
	"context"
	"errors"
	"maps"
	"slices"
)

func (s *Store) verifyRevocations(ctx context.Context, q queryer) (err error) {
	if err := s.verifyUntold(ctx, q, "revocations", "revocation", auditRevoke); err != nil {
		return err
	}
	pruned, err := s.toldPruned(ctx, q, func(d pruneDetail) int { return d.Revocations })
	if err != nil {
		return err
	}
	dropped, err := s.toldDropped(ctx, q)
	if err != nil {
		return err
	}
	rows, err := q.QueryContext(ctx, `SELECT a.entry, a.subject, a.detail, coalesce(r.environment, ''),
		coalesce(r.generation, 0), coalesce(r.serial, ''), coalesce(r.at, 0), coalesce(r.reason, 0),
		coalesce(r.not_after, 0), coalesce(r.dropped, 0)
		FROM audit a LEFT JOIN revocations r ON r.estate = a.estate AND r.entry = a.entry
		WHERE a.estate = $1 AND a.action = $2`, s.estate, auditRevoke)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var d told
		var r Revocation
		err := rows.Scan(&d.entry, &d.subject, &d.detail, &r.Environment, &r.Generation, &r.Serial, &r.At, &r.Reason,
			&r.NotAfter, &r.Dropped)
		if err != nil {
			return err
		}
		d.recordIsMissing = r.Serial == ""
		if d.recordIsMissing && pruned.takes(d) {
			continue
		}
		d.recordSubject, d.recordDetail = r.addr(), r.detail()
		if err := d.verify("revocation"); err != nil {
			return err
		}
		if r.Dropped != dropped[r.addr()][r.Serial] {
			return &AuditError{d.entry, "the CRL on record that its revocation was last needed by is another"}
		}
	}
	return errors.Join(rows.Err(), pruned.verify("revocations"))
}

// crlDetail is what the log tells of a CRL, as far as it must be read.
type crlDetail struct {
	Number int64    `json:"number"`
	Ended  []string `json:"ended"`
}

// toldDropped is the number of the CRL that was the last to need a
// revocation, by issuer and serial.
func (s *Store) toldDropped(ctx context.Context, q queryer) (map[string]map[string]int64, error) {
	dropped := map[string]map[string]int64{}
	err := eachTold(ctx, s, q, func(e Entry, d crlDetail) error {
		for _, serial := range d.Ended {
			if dropped[e.Subject] == nil {
				dropped[e.Subject] = map[string]int64{}
			}
			dropped[e.Subject][serial] = d.Number
		}
		return nil
	}, auditCRL)
	return dropped, err
}

// verifyCRLs compares each issuer's CRL with the last that the log tells of.
func (s *Store) verifyCRLs(ctx context.Context, q queryer) (err error) {
	newest, ended := map[string]told{}, map[string][]string{}
	err = eachTold(ctx, s, q, func(e Entry, d crlDetail) error {
		newest[e.Subject] = told{entry: e.Number, subject: e.Subject, detail: string(e.Detail)}
		ended[e.Subject] = d.Ended
		return nil
	}, auditCRL)
	if err != nil {
		return err
	}
	rows, err := q.QueryContext(ctx, `SELECT environment, generation, number, this_update, next_update, entries, der,
		entry FROM crls WHERE estate = $1`, s.estate)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var c CRL
		var entry int64
		err := rows.Scan(&c.Environment, &c.Generation, &c.Number, &c.ThisUpdate, &c.NextUpdate, &c.Entries, &c.DER, &entry)
		if err != nil {
			return err
		}
		d, ok := newest[c.addr()]
		if !ok || d.entry != entry {
			return &AuditError{entry, "there is a record of a CRL of " + c.addr() + " that it does not tell of"}
		}
		delete(newest, c.addr())
		d.recordSubject, d.recordDetail = c.addr(), c.detail(ended[c.addr()])
		if err := d.verify("CRL"); err != nil {
			return err
		}
	}
	for _, addr := range slices.Sorted(maps.Keys(newest)) {
		return &AuditError{newest[addr].entry, "the record of the CRL of " + addr + " is missing"}
	}
	return rows.Err()
}
