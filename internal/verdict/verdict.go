package verdict

import (
	"fmt"

	"anchorctl/internal/engine"
	"anchorctl/internal/rules"
)

// Of is the error of findings: a *rules.Refusal when something refuses, a
// *engine.HeldRun when something holds, or nil.
func Of(findings []rules.Finding) error {
	if rules.Refused(findings) {
		return &rules.Refusal{Findings: findings}
	}
	return engine.Hold(Holds(findings)...)
}

// Holds are the holds of the findings that hold.
func Holds(findings []rules.Finding) []*engine.HeldError {
	var held []*engine.HeldError
	for _, f := range rules.Only(findings, rules.Hold) {
		reason := f.Evidence
		if f.Element != "" {
			reason = f.Element + ": " + reason
		}
		held = append(held, &engine.HeldError{
			Action: f.At, Rule: f.Rule, Reason: reason,
			Hints: []string{f.Remedy, fmt.Sprintf("run %q", "anchorctl explain "+f.Rule)},
		})
	}
	return held
}
