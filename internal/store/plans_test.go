package store

import (
	"context"
	"database/sql"
	"strings"
	"testing"
)

// explained is SQLite's plan for a query.
func explained(t *testing.T, db *sql.DB, query string, args ...any) string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `EXPLAIN QUERY PLAN `+query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close() //nolint:errcheck // read to its end below
	var steps []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, detail)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(steps, "; ")
}

// several makes a store with issuers of two environments.
func several(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), migratable(t), Options{Now: noon})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() }) //nolint:errcheck // nothing is written later
	for _, g := range []Generation{
		{Environment: "prod", Number: 1, Status: Retired, Certificate: []byte{1}, KeyURI: "a"},
		{Environment: "prod", Number: 2, Status: Active, Certificate: []byte{2}, KeyURI: "b"},
		{Environment: "dev", Number: 1, Status: Active, Certificate: []byte{3}, KeyURI: "c"},
	} {
		if err := s.AddGeneration(context.WithoutCancel(t.Context()), g); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// What is asked for often must be found by an index, and in its order, however
// many certificates there are.
func TestListsOfCertificatesReadNoMoreThanTheyShow(t *testing.T) {
	s := several(t)
	yes, a1 := true, "a1"
	now := noon().Unix()
	for name, c := range map[string]struct {
		filter Filter
		index  string
		sorts  bool // what was found is put in order: it is little
	}{
		"all":                          {Filter{}, "issued_entry", false},
		"the next page of all":         {Filter{Before: 7}, "issued_entry", false},
		"of an environment":            {Filter{Environment: "prod"}, "issued_issuer", false},
		"the next page of it":          {Filter{Environment: "prod", Before: 7}, "issued_issuer", false},
		"of an issuer":                 {Filter{Environment: "prod", Generation: 2}, "issued_issuer", false},
		"of a generation anywhere":     {Filter{Generation: 1}, "issued_issuer", false},
		"of a workload":                {Filter{Environment: "prod", Workload: "backup"}, "issued_workload", false},
		"of a workload anywhere":       {Filter{Workload: "backup"}, "issued_workload", false},
		"of an instance":               {Filter{Environment: "prod", Workload: "backup", Instance: &a1}, "issued_instance", false},
		"with a serial":                {Filter{Serial: "a1"}, "sqlite_autoindex_issued_1", true},
		"of a batch":                   {Filter{Batch: "b"}, "issued_line", true},
		"revoked":                      {Filter{Revoked: &yes}, "sqlite_autoindex_issued_1", true},
		"expiring":                     {Filter{EndsAfter: now, EndsBefore: now + 60, Order: EndsFirst}, "issued_end", false},
		"expiring in an environment":   {Filter{Environment: "prod", EndsAfter: now, EndsBefore: now + 60, Order: EndsFirst}, "issued_end", false},
		"the next page of those":       {Filter{Environment: "prod", EndsAfter: now, EndsBefore: now + 60, Order: EndsFirst, Before: 7}, "issued_end", false},
		"valid, that end last":         {Filter{ValidAt: now, Order: EndsLast}, "issued_end", false},
		"the next page of what ended":  {Filter{EndsBefore: now, Order: EndsLast, Before: 7}, "issued_end", false},
		"expiring of an issuer":        {Filter{Environment: "prod", Generation: 2, EndsAfter: now, EndsBefore: now + 60, Order: EndsFirst}, "issued_end", false},
		"valid of an instance, newest": {Filter{Environment: "prod", Workload: "w", Instance: &a1, ValidAt: now}, "issued_instance", false},
	} {
		c.filter.Limit = 100
		parts, err := s.parts(t.Context(), c.filter)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range parts {
			query, args := p.listing(s.estate, now)
			found(t, s, name, query, args, c.index, c.sorts)
		}
	}
}

func found(t *testing.T, s *Store, name, query string, args []any, index string, sorts bool) {
	t.Helper()
	got := explained(t, s.db, query, args...)
	if strings.Contains(got, "SCAN i") || !strings.Contains(got, index) || strings.Contains(got, "TEMP B-TREE") != sorts {
		t.Errorf("%s: want index %s, sorting %v, got: %s", name, index, sorts, got)
	}
}

func TestCountsAndSingleQueriesUseIndexes(t *testing.T) {
	s := several(t)
	valid, args := Filter{Environment: "prod", ValidAt: noon().Unix()}.counting(s.estate)
	if got := explained(t, s.db, valid, args...); !strings.Contains(got, "COVERING INDEX issued_end") {
		t.Errorf("counting the valid ones of an environment: %s", got)
	}
	for query, index := range map[string]string{
		selectIssued + Filter{}.from(nil) + ` WHERE ` + ofKey + ` ORDER BY i.entry DESC LIMIT 1`: "issued_key",
		newestOfKey: "issued_key", compromisedOfKey: "issued_key",
		selectIssued + Filter{}.from(nil) + ` WHERE i.estate = $1 AND i.batch = $2 AND i.line > $3 ORDER BY i.line LIMIT 500`:         "issued_line",
		`SELECT not_after FROM issued WHERE estate = $1 AND entry = $2`:                                                               "issued_entry",
		`SELECT 1 FROM intents WHERE estate = $1 AND status = 'begun' ORDER BY entry`:                                                 "intents_open",
		`SELECT serial FROM revocations WHERE estate = $1 AND environment = $2 AND generation = 1 AND dropped = 0 AND not_after < $3`: "revocations_kept",
		oldest: "issued_end",
	} {
		got := explained(t, s.db, query, s.estate, "a", "b")
		if strings.Contains(got, "SCAN i") || strings.Contains(got, "SCAN issued") || strings.Contains(got, "TEMP B-TREE") ||
			!strings.Contains(got, index) {
			t.Errorf("%s: want index %s, got: %s", query, index, got)
		}
	}
}
