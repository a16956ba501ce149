// Package rules is the literal list of the house's rules: what must never be, how
// much each of them stops, and the page that explains it.
//
// It knows the rules (ANC001 …), their pages, what a finding is and how findings
// become a refusal. It must not know how anything is held against a rule: the
// rooms that judge certificates, policies, configurations and live state do, and
// make their findings by Find.
//
// Invariants: a rule's ID and meaning never change; a finding may be milder than
// its rule, never harsher; an unknown rule refuses.
package rules
