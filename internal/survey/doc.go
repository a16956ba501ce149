// Package survey judges the AWS accounts of an estate as they stand: every
// anchor, profile and role there is, ours and foreign.
//
// It knows what a census of the accounts means by the rules: foreign anchors,
// keys of retired issuers, anchors that nobody uses, profiles that mix
// environments, roles that trust Roles Anywhere too widely or may do too much,
// and quotas. It must not know how AWS is read, flags, nor how anything is
// shown.
//
// Invariants: it reads and never changes; what could not be read is said, and
// never passes for what is in order; a waiver takes a finding out of the
// verdict, never out of the report.
package survey
