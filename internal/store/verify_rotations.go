package store

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// rotationDetail is what the log tells of a rotation, in its several entries.
type rotationDetail struct {
	From    int          `json:"from"`
	To      int          `json:"to"`
	Kind    RotationKind `json:"kind"`
	Reason  string       `json:"reason"`
	KeepKey bool         `json:"keepKey"`
	At      int64        `json:"at"` // of a probe
	Target  string       `json:"target"`
	Failure string       `json:"failure"`
	Outcome string       `json:"outcome"`
}

// toldRotation is how the log leaves a rotation.
type toldRotation struct {
	Rotation
	entry int64
}

// toldRotations replays the log.
func (s *Store) toldRotations(ctx context.Context, q queryer) (map[string]*toldRotation, error) {
	list := map[string]*toldRotation{}
	err := eachTold(ctx, s, q, func(e Entry, d rotationDetail) error {
		r := list[e.Subject]
		if (r == nil) != (e.Action == auditRotation) {
			return &AuditError{e.Number, "it does not go on from what was told of " + e.Subject}
		}
		switch e.Action {
		case auditRotation:
			list[e.Subject] = &toldRotation{Rotation{Kind: d.Kind, From: d.From, To: d.To, Reason: d.Reason, KeepKey: d.KeepKey,
				Actor: e.Actor, Started: e.At}, e.Number}
		case auditProbe:
			r.probed(d)
		case auditCutOver:
			r.CutOver = e.At
		case auditRotationEnd:
			r.Ended, r.Outcome = e.At, d.Outcome
		}
		return nil
	}, auditRotation, auditProbe, auditCutOver, auditRotationEnd)
	return list, err
}

// probed counts a probe, as NoteProbe did.
func (r *toldRotation) probed(d rotationDetail) {
	n := slices.IndexFunc(r.Probes, func(p Probe) bool { return p.Target == d.Target })
	if n < 0 {
		n, r.Probes = len(r.Probes), append(r.Probes, Probe{Target: d.Target})
	}
	r.Probes[n].note(d.At, d.Failure)
}

// verifyRotations compares the rotations and their probes with what the log
// tells of them.
func (s *Store) verifyRotations(ctx context.Context, q queryer) error {
	want, err := s.toldRotations(ctx, q)
	if err != nil {
		return err
	}
	list, err := rotations(ctx, q, selectRotations+` ORDER BY r.environment, r.number, p.target`, s.estate)
	if err != nil {
		return err
	}
	for _, r := range list {
		d, err := s.toldOf(ctx, q, want, r)
		if err != nil {
			return err
		}
		delete(want, r.subject())
		d.Environment, d.Number = r.Environment, r.Number // which its subject names
		slices.SortFunc(d.Probes, func(a, b Probe) int { return strings.Compare(a.Target, b.Target) })
		if !reflect.DeepEqual(d.Rotation, r) {
			return &AuditError{d.entry, "the record of its rotation, " + r.subject() + ", or of its probes was changed"}
		}
	}
	for _, subject := range slices.Sorted(maps.Keys(want)) {
		return &AuditError{want[subject].entry, "the record of its rotation, " + subject + ", is missing"}
	}
	return s.verifyProbes(ctx, q)
}

// toldOf finds what is told of a rotation on record.
func (s *Store) toldOf(ctx context.Context, q queryer, want map[string]*toldRotation, r Rotation) (*toldRotation, error) {
	var entry int64
	err := q.QueryRowContext(ctx, `SELECT entry FROM rotations WHERE estate = $1 AND environment = $2 AND number = $3`,
		s.estate, r.Environment, r.Number).Scan(&entry)
	if err != nil {
		return nil, err
	}
	d, ok := want[r.subject()]
	if !ok || d.entry != entry {
		return nil, &AuditError{entry, "there is a record of a rotation, " + r.subject() + ", that it does not tell of"}
	}
	return d, nil
}

// verifyProbes looks for probes of no rotation, which nothing reads.
func (s *Store) verifyProbes(ctx context.Context, q queryer) error {
	var entry int64
	err := q.QueryRowContext(ctx, `SELECT p.entry FROM probes p LEFT JOIN rotations r
		ON r.estate = p.estate AND r.environment = p.environment AND r.number = p.rotation
		WHERE p.estate = $1 AND r.number IS NULL ORDER BY p.entry LIMIT 1`, s.estate).Scan(&entry)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return &AuditError{entry, "there is a record of a probe that it does not tell of"}
}
