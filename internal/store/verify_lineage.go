package store

import (
	"context"
	"errors"
	"maps"
	"slices"
)

// lineage is what the log tells of the generations, entry by entry.
type lineage struct {
	generations map[string]*toldGeneration // by address
	former      map[int64]toldFormer       // by the entry of the renewal
}

// toldGeneration is how the log leaves a generation.
type toldGeneration struct {
	told          // of its certificate and key
	status string // since the last entry that gives one
	since  int64  // that entry
}

// toldFormer is a certificate that a renewal replaced.
type toldFormer struct {
	told
	replaced int64
}

// toldLineage replays the log.
func (s *Store) toldLineage(ctx context.Context, q queryer) (lineage, error) {
	l := lineage{map[string]*toldGeneration{}, map[int64]toldFormer{}}
	err := eachTold(ctx, s, q, func(e Entry, d struct{ Status string }) error {
		g := l.generations[e.Subject]
		if (g == nil) != (e.Action == auditGeneration) {
			return &AuditError{e.Number, "it does not go on from what was told of " + e.Subject}
		}
		said := told{entry: e.Number, subject: e.Subject, detail: string(e.Detail)}
		switch e.Action {
		case auditGeneration:
			l.generations[e.Subject] = &toldGeneration{said, Active, e.Number}
		case auditStatus:
			g.status, g.since = d.Status, e.Number
		case auditRenew:
			l.former[e.Number] = toldFormer{g.told, e.At}
			g.told = said
		}
		return nil
	}, auditGeneration, auditStatus, auditRenew)
	return l, err
}

// verifyLineage compares the generations and their former certificates with
// what the log tells of them.
func (s *Store) verifyLineage(ctx context.Context, q queryer) error {
	l, err := s.toldLineage(ctx, q)
	if err != nil {
		return err
	}
	return errors.Join(s.verifyGenerations(ctx, q, l.generations), s.verifyFormer(ctx, q, l.former))
}

func (s *Store) verifyGenerations(ctx context.Context, q queryer, want map[string]*toldGeneration) (err error) {
	rows, err := q.QueryContext(ctx, `SELECT environment, number, certificate, key_uri, guard, status, entry
		FROM generations WHERE estate = $1 ORDER BY environment, number`, s.estate)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var g Generation
		var entry int64
		if err := rows.Scan(&g.Environment, &g.Number, &g.Certificate, &g.KeyURI, &g.Guard, &g.Status, &entry); err != nil {
			return err
		}
		addr := g.Addr().String()
		d, ok := want[addr]
		if !ok || d.entry != entry {
			return &AuditError{entry, "there is a record of a generation, " + addr + ", that it does not tell of"}
		}
		delete(want, addr)
		d.recordSubject, d.recordDetail = addr, g.detail()
		if err := d.verify("generation"); err != nil {
			return err
		}
		if d.status != g.Status {
			return &AuditError{d.since, addr + " is on record as " + g.Status + ", by the log it is " + d.status}
		}
	}
	for _, addr := range slices.Sorted(maps.Keys(want)) {
		return &AuditError{want[addr].entry, "the record of its generation is missing"}
	}
	return rows.Err()
}

func (s *Store) verifyFormer(ctx context.Context, q queryer, want map[int64]toldFormer) (err error) {
	rows, err := q.QueryContext(ctx, `SELECT f.environment, f.generation, f.certificate, f.replaced, f.recorded, f.entry,
		coalesce(g.key_uri, ''), coalesce(g.guard, '') FROM former_certificates f
		LEFT JOIN generations g ON g.estate = f.estate AND g.environment = f.environment AND g.number = f.generation
		WHERE f.estate = $1 ORDER BY f.entry`, s.estate)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var g Generation
		var replaced, recorded, entry int64
		err := rows.Scan(&g.Environment, &g.Number, &g.Certificate, &replaced, &recorded, &entry, &g.KeyURI, &g.Guard)
		if err != nil {
			return err
		}
		d, ok := want[entry]
		if !ok || d.entry != recorded || d.replaced != replaced {
			return &AuditError{entry, "there is a record of a former certificate that it does not tell of"}
		}
		delete(want, entry)
		d.recordSubject, d.recordDetail = g.Addr().String(), g.detail()
		if err := d.verify("former certificate"); err != nil {
			return err
		}
	}
	for _, entry := range slices.Sorted(maps.Keys(want)) {
		return &AuditError{entry, "the record of the former certificate is missing"}
	}
	return rows.Err()
}
