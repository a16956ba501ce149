package store

import (
	"fmt"
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

func (f Filter) counting(estate string) (query string, args []any) {
	c := f.where(estate)
	from := " FROM issued i"
	if f.Revoked != nil {
		from = f.from(c)
	}
	return `SELECT count(*)` + from + c.text(), c.args
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
