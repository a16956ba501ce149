package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Order is the order of a list of certificates.
type Order int

// The orders.
const (
	Newest    Order = iota // those recorded last first
	EndsFirst              // those that end first first
	EndsLast               // those that end last first
)

// Filter chooses issued certificates; its zero value chooses all.
type Filter struct {
	Environment string
	Workload    string
	Instance    *string // points to "" for those that are not one of several
	Generation  int
	Serial      string
	Batch       string
	Revoked     *bool
	ValidAt     int64 // Unix seconds; 0 does not ask
	EndsBefore  int64 // Unix seconds; 0 does not ask
	EndsAfter   int64 // Unix seconds, that second included; 0 does not ask

	// For lists; Count ignores them.
	Order  Order
	Limit  int   // the first so many; 0 is no limit
	Before int64 // an Entry: goes on after that certificate, for pages; 0 begins
}

// condition is a WHERE clause in the making. In its texts, "?" is the argument.
type condition struct {
	parts []string
	args  []any
}

func (c *condition) add(when bool, text string, arg any) {
	if !when {
		return
	}
	c.args = append(c.args, arg)
	c.parts = append(c.parts, strings.ReplaceAll(text, "?", fmt.Sprintf("$%d", len(c.args))))
}

func (c *condition) text() string { return " WHERE " + strings.Join(c.parts, " AND ") }

// where returns the condition that the filter is. Each part is worded so that
// an index serves it: see plans_test.go.
func (f Filter) where(estate string) *condition {
	c := &condition{}
	c.add(true, "i.estate = ?", estate)
	c.add(f.Environment != "", "i.environment = ?", f.Environment)
	c.add(f.Workload != "", "i.workload = ?", f.Workload)
	if f.Instance != nil {
		c.add(*f.Instance == "", "i.instance = ?", "")
		c.add(*f.Instance != "", "i.instance = ? AND i.instance <> ''", *f.Instance)
	}
	c.add(f.Generation != 0, "i.generation = ?", f.Generation)
	if f.Serial != "" {
		c.add(true, `(i.environment, i.generation) IN (SELECT environment, number FROM generations WHERE estate = $1)
			AND i.serial = ?`, f.Serial)
	}
	c.add(f.Batch != "", "i.batch = ?", f.Batch)
	c.add(f.ValidAt != 0, "i.not_before <= ? AND i.not_after >= ?", f.ValidAt)
	c.add(f.EndsBefore != 0, "i.not_after < ?", f.EndsBefore)
	c.add(f.EndsAfter != 0, "i.not_after >= ?", f.EndsAfter)
	if f.Revoked != nil && !*f.Revoked {
		c.parts = append(c.parts, "r.serial IS NULL")
	}
	return c
}

const ofCertificate = `r.estate = i.estate AND r.environment = i.environment AND r.generation = i.generation
	AND r.serial = i.serial`

// from is where the certificates are read. Revoked ones are looked up one by
// one, which are few, not sought among all.
func (f Filter) from(c *condition) string {
	if f.Revoked != nil && *f.Revoked {
		c.parts = append([]string{ofCertificate, "r.estate = $1"}, c.parts...)
		return " FROM revocations r CROSS JOIN issued i"
	}
	return " FROM issued i LEFT JOIN revocations r ON " + ofCertificate
}

// CountIssued counts the certificates that the filter chooses.
func (s *Store) CountIssued(ctx context.Context, f Filter) (int, error) {
	n, err := s.countIssued(ctx, f)
	if err != nil {
		return 0, fmt.Errorf("counting certificates: %w", explain(err))
	}
	return n, nil
}

func (s *Store) countIssued(ctx context.Context, f Filter) (total int, err error) {
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

func (f Filter) counting(estate string) (query string, args []any) {
	c := f.where(estate)
	from := " FROM issued i"
	if f.Revoked != nil {
		from = f.from(c)
	}
	return `SELECT count(*)` + from + c.text(), c.args
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

// listing is the query of one part; end is the end of the certificate to go on
// after.
func (f Filter) listing(estate string, end int64) (query string, args []any) {
	c := f.where(estate)
	from := f.from(c)
	order := ` ORDER BY i.entry DESC`
	switch f.Order {
	case EndsFirst:
		order = ` ORDER BY i.not_after, i.entry`
		c.add(f.Before != 0, fmt.Sprintf("(i.not_after, i.entry) > (%d, ?)", end), f.Before)
	case EndsLast:
		order = ` ORDER BY i.not_after DESC, i.entry DESC`
		c.add(f.Before != 0, fmt.Sprintf("(i.not_after, i.entry) < (%d, ?)", end), f.Before)
	default:
		c.add(f.Before != 0, "i.entry < ?", f.Before)
	}
	query = selectIssued + from + c.text() + order
	if f.Limit > 0 {
		c.args = append(c.args, f.Limit)
		query += fmt.Sprintf(` LIMIT $%d`, len(c.args))
	}
	return query, c.args
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

// IssuedBySPKI returns the newest certificate that was issued for a key.
func (s *Store) IssuedBySPKI(ctx context.Context, spki [32]byte) (Issued, bool, error) {
	list, err := s.issued(ctx, selectIssued+Filter{}.from(nil)+` WHERE i.estate = $1 AND i.spki = $2
		ORDER BY i.entry DESC LIMIT 1`, s.estate, spki[:])
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
