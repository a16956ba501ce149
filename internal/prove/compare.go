package prove

import (
	"fmt"
	"maps"
	"slices"
)

// foretold is what the model says of each tuple.
type foretold map[[4]string]Row

// foretell puts the scene through the model. What the model concludes is not
// asked here.
func foretell(r Report) foretold {
	told := foretold{}
	for _, row := range r.Rows {
		told[[4]string{row.Workload, row.Anchor, row.Profile, row.Role}] = row
	}
	return told
}

// of is the row that a tuple is in.
func (f foretold) of(r Row) (Row, bool) {
	for _, key := range [][4]string{
		{r.Workload, r.Anchor, r.Profile, r.Role}, {r.Workload, r.Anchor, r.Profile, Unlisted}, {r.Workload, r.Anchor, Every, Every},
	} {
		if row, found := f[key]; found {
			return row, true
		}
	}
	return Row{}, false
}

// differences says where the service denied for another reason than the model.
// A session that it grants is a leak and needs no model.
func (f foretold) differences(rows []Row) []string {
	counts := map[[2]string]int{}
	for _, row := range rows {
		model, found := f.of(row)
		if found && row.Verdict == Denied && (model.Verdict != Denied || model.Gate != row.Gate) {
			says := model.Gate
			if model.Verdict != Denied {
				says = model.Verdict
			}
			counts[[2]string{says, row.Gate}] += row.Tuples
		}
	}
	var list []string
	for _, pair := range slices.SortedFunc(maps.Keys(counts), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		list = append(list, fmt.Sprintf("the model and the service differ: where the model says %q, the service says %q, for %d sessions", pair[0], pair[1], counts[pair]))
	}
	return list
}
