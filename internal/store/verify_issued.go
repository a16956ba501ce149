package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// pruneDetail is what the log tells of one step of Prune.
type pruneDetail struct {
	Certificates int   `json:"certificates"`
	Revocations  int   `json:"revocations"`
	EndedBefore  int64 `json:"endedBefore"`
}

// pruned is what the log tells was removed of one kind of record. It does not
// name the records: it is how many, and that their certificates had ended.
type pruned struct {
	steps   []prunedStep
	removed int // as the steps tell
	missing int // as was found
}

type prunedStep struct {
	entry       int64
	endedBefore int64 // the latest of this step and those after it
}

// toldPruned reads the steps of Prune that removed some of the kind.
func (s *Store) toldPruned(ctx context.Context, q queryer, kind func(d pruneDetail) int) (*pruned, error) {
	p := &pruned{}
	err := eachTold(ctx, s, q, func(e Entry, d pruneDetail) error {
		if n := kind(d); n > 0 {
			p.removed += n
			p.steps = append(p.steps, prunedStep{e.Number, d.EndedBefore})
		}
		return nil
	}, auditPrune)
	for i := len(p.steps) - 2; i >= 0; i-- {
		p.steps[i].endedBefore = max(p.steps[i].endedBefore, p.steps[i+1].endedBefore)
	}
	return p, err
}

// takes reports whether a later step may have removed the missing record of
// the entry, and counts it.
func (p *pruned) takes(d told) bool {
	var detail struct {
		NotAfter int64 `json:"notAfter"`
	}
	if json.Unmarshal([]byte(d.detail), &detail) != nil {
		return false // told.verify says so
	}
	after, _ := slices.BinarySearchFunc(p.steps, d.entry, func(s prunedStep, entry int64) int {
		return cmp.Compare(s.entry, entry)
	})
	if after == len(p.steps) || detail.NotAfter >= p.steps[after].endedBefore {
		return false
	}
	p.missing++
	return true
}

func (p *pruned) verify(what string) error {
	if p.missing == p.removed {
		return nil
	}
	var last int64
	if len(p.steps) > 0 {
		last = p.steps[len(p.steps)-1].entry
	}
	return &AuditError{last, fmt.Sprintf("%d %s were pruned until then, %d are missing", p.removed, what, p.missing)}
}

func (s *Store) verifyIssued(ctx context.Context, q queryer) (err error) {
	if err := s.verifyUntold(ctx, q, "issued", "certificate", auditIssue); err != nil {
		return err
	}
	pruned, err := s.toldPruned(ctx, q, func(d pruneDetail) int { return d.Certificates })
	if err != nil {
		return err
	}
	rows, err := q.QueryContext(ctx, `SELECT a.entry, a.subject, a.detail, coalesce(i.environment, ''),
		coalesce(i.workload, ''), coalesce(i.instance, ''), coalesce(i.generation, 0), coalesce(i.serial, ''),
		i.certificate, i.spki, coalesce(i.not_before, 0), coalesce(i.not_after, 0),
		coalesce(i.batch, ''), coalesce(i.line, 0)
		FROM audit a LEFT JOIN issued i ON i.estate = a.estate AND i.entry = a.entry
		WHERE a.estate = $1 AND a.action = $2`, s.estate, auditIssue)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var d told
		var i Issued
		var spki []byte
		err := rows.Scan(&d.entry, &d.subject, &d.detail, &i.Environment, &i.Workload, &i.Instance, &i.Generation,
			&i.Serial, &i.Certificate, &spki, &i.NotBefore, &i.NotAfter, &i.Batch, &i.Line)
		if err != nil {
			return err
		}
		copy(i.SPKI[:], spki)
		d.recordIsMissing = i.Serial == ""
		if d.recordIsMissing && pruned.takes(d) {
			continue
		}
		d.recordSubject, d.recordDetail = i.addr(), i.detail()
		if err := d.verify("certificate"); err != nil {
			return err
		}
	}
	return errors.Join(rows.Err(), pruned.verify("certificates"))
}
