package main

import (
	"slices"

	"anchorctl/internal/engine"
	"anchorctl/internal/rules"
	"anchorctl/internal/terminal"
)

// verdict is the error of findings: a refusal, a hold, or none.
func verdict(findings []rules.Finding) error {
	if rules.Refused(findings) {
		return &rules.Refusal{Findings: findings}
	}
	var held []*engine.HeldError
	for _, f := range holding(findings) {
		held = append(held, &engine.HeldError{Action: f.At, Rule: f.Rule, Reason: f.Evidence,
			Hints: []string{f.Remedy, `run "` + terminal.Program + " explain " + f.Rule + `"`}})
	}
	if len(held) == 0 {
		return nil
	}
	return engine.Hold(held...)
}

// holding are the findings that hold.
func holding(findings []rules.Finding) []rules.Finding {
	return slices.DeleteFunc(slices.Clone(findings), func(f rules.Finding) bool { return f.Severity != rules.Hold })
}
