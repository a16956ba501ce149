// Package scrutiny holds the configuration against the rules, and findings against
// the configuration's waivers.
//
// It knows what can be told from anchorctl.yaml alone, before anything is asked of
// AWS. It must not know live state.
//
// Invariants: what refuses is never waived; a waiver counts for one rule at one
// address until its last day.
package scrutiny
