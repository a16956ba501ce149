package batch_test

import (
	"testing"

	"anchorctl/internal/batch"
)

// A batch of 10,000, record, lint and durable files included.
func BenchmarkIssue(b *testing.B) {
	dir := newEstate(b)
	f := open(b, dir, start(), nil)
	lines, err := batch.Counts("backup=10000")
	must(b, err)
	n := 0
	for b.Loop() {
		n++
		r, err := batch.Issue(b.Context(), f, batch.Request{Environment: "prod", Source: "--count", Lines: lines, Label: string(rune('a' + n))})
		must(b, err)
		if r.Issued != r.Total {
			b.Fatalf("%+v", r)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(n*len(lines)), "µs/certificate")
}
