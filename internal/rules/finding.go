package rules

import (
	"slices"
	"strings"

	"anchorctl/internal/printable"
)

// Finding is what a rule found.
type Finding struct {
	Rule     string   `json:"rule"`
	Name     string   `json:"name"`
	Severity Severity `json:"severity"`
	At       string   `json:"at"`                // an address, or a file
	Element  string   `json:"element,omitempty"` // "chain 1", "root"; empty when it is At itself
	Evidence string   `json:"evidence"`
	Remedy   string   `json:"remedy"`
}

// Find makes a finding of a rule that is judged where live state is read. The
// evidence may quote what others wrote: it is made printable. A rule that does
// not exist refuses.
func Find(id, at string, evidence ...string) Finding {
	r, known := ByID(id)
	if !known {
		r = Rule{ID: id, Name: "unknown rule", Severity: Refuse}
	}
	return Finding{
		Rule: r.ID, Name: r.Name, Severity: r.Severity, At: printable.Line(at),
		Evidence: printable.Line(strings.Join(evidence, "; ")), Remedy: r.Remedy,
	}
}

// String is one line: where, what, and which rule.
func (f Finding) String() string {
	where := f.At
	if f.Element != "" {
		where += ": " + f.Element
	}
	return where + ": " + f.Evidence + " [" + f.Rule + "]"
}

// Refused reports whether any of the findings refuses.
func Refused(findings []Finding) bool {
	return slices.ContainsFunc(findings, func(f Finding) bool { return f.Severity == Refuse })
}

// Only are the findings of one severity.
func Only(findings []Finding, s Severity) []Finding {
	return slices.DeleteFunc(slices.Clone(findings), func(f Finding) bool { return f.Severity != s })
}

// Refusal is an error made of findings. It is used by pointer.
type Refusal struct {
	Findings []Finding
}

// Error is one line per finding, those that refuse first.
func (r *Refusal) Error() string {
	if len(r.Findings) == 0 {
		return "refused"
	}
	var refusing, other []string
	for _, f := range r.Findings {
		if f.Severity == Refuse {
			refusing = append(refusing, f.String())
		} else {
			other = append(other, string(f.Severity)+": "+f.String())
		}
	}
	return strings.Join(append(refusing, other...), "\n")
}
