package scrutiny

import (
	"fmt"
	"slices"
	"time"

	"anchorctl/internal/config"
	"anchorctl/internal/printable"
	"anchorctl/internal/rules"
)

// Waived is a finding that the configuration accepts until a day.
type Waived struct {
	rules.Finding

	Reason string `json:"reason"`
	Owner  string `json:"owner"`
	Until  string `json:"until"` // the last day, in UTC
}

// String is one line: the finding, and who accepts it, until when and why.
func (w Waived) String() string {
	return fmt.Sprintf("%s: waived by %s until %s: %s", w.Finding, w.Owner, w.Until, w.Reason)
}

// Waive parts the findings from those that the configuration accepts today. A
// rule that cannot be waived is not, whatever the configuration says.
func Waive(findings []rules.Finding, waivers []config.Waiver, now time.Time) (rest []rules.Finding, waived []Waived) {
	for _, f := range findings {
		r, _ := rules.ByID(f.Rule)
		i := slices.IndexFunc(waivers, func(w config.Waiver) bool { return w.Rule == f.Rule && w.At == f.At && w.Valid(now) })
		if !r.Waivable || f.Severity == rules.Refuse || i < 0 {
			rest = append(rest, f)
			continue
		}
		w := waivers[i]
		waived = append(waived, Waived{
			Finding: f, Reason: printable.Line(w.Reason), Owner: printable.Line(w.Owner), Until: w.Until.String(),
		})
	}
	return rest, waived
}
