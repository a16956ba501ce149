// Package plan is what would be done, and what was done, as data.
//
// It knows addresses, actions, plans and their canonical bytes (RFC 8785),
// outcomes and run records. It must not know how an action is carried out, nor
// AWS, nor the store: a plan can be printed, saved, compared and resumed by
// people and programs that know none of them.
//
// Invariants: a plan is complete and ordered, holds no times and no secrets,
// and encodes to the same bytes whenever it means the same.
package plan
