package prove

import (
	"cmp"
	"slices"
	"strings"

	"anchorctl/internal/plan"
)

// Pair is the workloads of one environment and the roles of one.
type Pair struct {
	From, To string // environments; AnyCertificate, and "" for roles of none
	Counts
}

// Pairs are the lines of the matrix, put together by environment.
func (r Report) Pairs() []Pair {
	sums := map[[2]string]*Pair{}
	for _, line := range r.Matrix {
		from := line.Workload
		if addr, err := plan.ParseAddr(line.Workload); err == nil {
			from = addr.Environment
		}
		key := [2]string{from, line.Environment}
		if sums[key] == nil {
			sums[key] = &Pair{From: from, To: line.Environment, Counts: newCounts()}
		}
		sums[key].sum(line.Counts)
	}
	list := make([]Pair, 0, len(sums))
	for _, pair := range sums {
		list = append(list, *pair)
	}
	// Certificates of nobody in particular come last.
	slices.SortFunc(list, func(a, b Pair) int {
		nobody := func(p Pair) int {
			if p.From == AnyCertificate {
				return 1
			}
			return 0
		}
		return cmp.Or(nobody(a)-nobody(b), strings.Compare(a.From, b.From), strings.Compare(a.To, b.To))
	})
	return list
}

func (c *Counts) sum(more Counts) {
	c.Tuples += more.Tuples
	c.Granted += more.Granted
	c.Denied += more.Denied
	c.Leaking += more.Leaking
	c.Blocked += more.Blocked
	c.Untested += more.Untested
	c.Disabled += more.Disabled
	for gate, n := range more.Gates {
		c.Gates[gate] += n
	}
}

// Waived counts the leaks that the configuration accepts.
func (r Report) Waived() int {
	n := 0
	for _, l := range r.Leaks {
		if l.Waived {
			n++
		}
	}
	return n
}
