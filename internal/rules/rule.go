package rules

import (
	"embed"
	"fmt"

	"anchorctl/internal/hint"
)

// Severity says what a finding stops.
type Severity string

// The severities. Refuse cannot be waived; Hold stops until the matter is
// settled or, for some rules, waived in the configuration; Warn is said and
// goes on. A finding may be milder than its rule, never harsher.
const (
	Refuse Severity = "refuse"
	Hold   Severity = "hold"
	Warn   Severity = "warn"
)

// Rule is one check with a name that never changes.
type Rule struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Severity Severity `json:"severity"`
	Waivable bool     `json:"waivable"` // with reason, owner and end date, in the configuration
	Cites    []string `json:"cites"`
	Remedy   string   `json:"remedy"` // what to do, when the finding knows nothing better
}

//go:embed pages/ANC*.md
var pages embed.FS

// Page is the page that explains a rule, as Markdown.
func Page(id string) (string, error) {
	r, known := ByID(id)
	if !known {
		return "", hint.With(fmt.Errorf("explaining %q: there is no such rule", id), `run "anchorctl explain" for the list of rules`)
	}
	text, err := pages.ReadFile("pages/" + r.ID + ".md")
	if err != nil {
		return "", fmt.Errorf("explaining %s: %w", r.ID, err)
	}
	return string(text), nil
}

// ByID finds a rule.
func ByID(id string) (Rule, bool) {
	for _, r := range All() {
		if r.ID == id {
			return r, true
		}
	}
	return Rule{}, false
}
