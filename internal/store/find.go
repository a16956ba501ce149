package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
)

// CountIssued counts the certificates that the filter chooses.
func (s *Store) CountIssued(ctx context.Context, f Filter) (int, error) {
	n, err := s.countIssued(ctx, f)
	if err != nil {
		return 0, fmt.Errorf("counting certificates: %w", explain(err))
	}
	return n, nil
}

func (s *Store) countIssued(ctx context.Context, f Filter) (total int, err error) {
	if f.Revoked != nil && !*f.Revoked { // revoked ones are few, and quick to count
		yes := true
		all, revoked := f, f
		all.Revoked, revoked.Revoked = nil, &yes
		n, err := s.countIssued(ctx, all)
		if err != nil {
			return 0, err
		}
		less, err := s.countIssued(ctx, revoked)
		return n - less, err
	}
	f.Order, f.Before = Newest, 0
	if f.ValidAt != 0 || f.EndsBefore != 0 || f.EndsAfter != 0 {
		f.Order = EndsFirst
	}
	parts, err := s.parts(ctx, f)
	if err != nil {
		return 0, err
	}
	for _, p := range parts {
		query, args := p.counting(s.estate)
		var n int
		if err := s.db.QueryRowContext(ctx, query, args...).Scan(&n); err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// ListIssued returns the certificates that the filter chooses, in its order.
func (s *Store) ListIssued(ctx context.Context, f Filter) ([]Issued, error) {
	list, err := s.listIssued(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("reading certificates: %w", explain(err))
	}
	return list, nil
}

// listIssued merges the lists of the filter's parts.
func (s *Store) listIssued(ctx context.Context, f Filter) ([]Issued, error) {
	parts, err := s.parts(ctx, f)
	if err != nil {
		return nil, err
	}
	var end int64
	if f.Before != 0 && f.Order != Newest {
		err := s.db.QueryRowContext(ctx, `SELECT not_after FROM issued WHERE estate = $1 AND entry = $2`,
			s.estate, f.Before).Scan(&end)
		if errors.Is(err, sql.ErrNoRows) {
			err = fmt.Errorf("the certificate of entry %d, after which the list is to go on, is not on record any more", f.Before)
		}
		if err != nil {
			return nil, err
		}
	}
	var all []Issued
	for _, p := range parts {
		query, args := p.listing(s.estate, end)
		list, err := s.issued(ctx, query, args...)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	if len(parts) > 1 {
		slices.SortFunc(all, f.Order.compare)
	}
	if f.Limit > 0 && len(all) > f.Limit {
		all = all[:f.Limit]
	}
	return all, nil
}

func (o Order) compare(a, b Issued) int {
	switch o {
	case EndsFirst:
		return cmp.Or(cmp.Compare(a.NotAfter, b.NotAfter), cmp.Compare(a.Entry, b.Entry))
	case EndsLast:
		return cmp.Or(cmp.Compare(b.NotAfter, a.NotAfter), cmp.Compare(b.Entry, a.Entry))
	default:
		return cmp.Compare(b.Entry, a.Entry)
	}
}

// parts splits the filter into filters of which each is served by one index in
// the filter's order, so that a list with a limit reads no more than it shows.
func (s *Store) parts(ctx context.Context, f Filter) ([]Filter, error) {
	timed := f.Order != Newest
	switch {
	case f.Serial != "" || f.Batch != "" || f.Revoked != nil && *f.Revoked:
		return []Filter{f}, nil // few
	case f.Environment == "" && !timed && f.Workload == "" && f.Generation == 0:
		return []Filter{f}, nil // in the order of records
	case f.Environment != "" && (timed || f.Workload != "" || f.Generation != 0):
		return []Filter{f}, nil
	}
	list, err := s.AllGenerations(ctx)
	if err != nil {
		return nil, err
	}
	var parts []Filter
	for _, g := range list {
		p := f
		p.Environment = g.Environment
		if !timed && f.Workload == "" {
			p.Generation = g.Number
		}
		mine := g.Environment != "" && (f.Environment == "" || f.Environment == g.Environment) &&
			(f.Generation == 0 || f.Generation == g.Number)
		repeated := len(parts) > 0 && parts[len(parts)-1] == p
		if mine && !repeated {
			parts = append(parts, p)
		}
	}
	return parts, nil
}

const selectIssued = `SELECT i.environment, i.generation, i.serial, i.workload, i.instance, i.certificate, i.spki,
	i.not_before, i.not_after, i.created, coalesce(i.batch, ''), coalesce(i.line, 0), i.entry, r.at, r.reason, r.dropped`

// ofKey is what holds for the certificates of a key, $2. The index issued_key has
// the first octets of digests alone, as few as tell keys apart.
const ofKey = `i.estate = $1 AND i.spki = $2 AND substr(i.spki, 1, 8) = substr($2, 1, 8)`

// IssuedBySPKI returns the newest certificate that was issued for a key.
func (s *Store) IssuedBySPKI(ctx context.Context, spki [32]byte) (Issued, bool, error) {
	list, err := s.issued(ctx, selectIssued+Filter{}.from(nil)+` WHERE `+ofKey+` ORDER BY i.entry DESC LIMIT 1`, s.estate, spki[:])
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
		i, err := scanIssued(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, i)
	}
	return list, rows.Err()
}

func scanIssued(rows *sql.Rows) (Issued, error) {
	var i Issued
	var spki []byte
	var at, reason, dropped sql.NullInt64
	err := rows.Scan(&i.Environment, &i.Generation, &i.Serial, &i.Workload, &i.Instance, &i.Certificate, &spki,
		&i.NotBefore, &i.NotAfter, &i.Created, &i.Batch, &i.Line, &i.Entry, &at, &reason, &dropped)
	if err != nil {
		return Issued{}, err
	}
	if copy(i.SPKI[:], spki) != len(i.SPKI) {
		return Issued{}, fmt.Errorf("certificate %s has a key digest of %d bytes", i.Serial, len(spki))
	}
	if at.Valid {
		i.Revoked = &Revocation{Environment: i.Environment, Generation: i.Generation, Serial: i.Serial,
			At: at.Int64, Reason: int(reason.Int64), NotAfter: i.NotAfter, Dropped: dropped.Int64}
	}
	return i, nil
}
