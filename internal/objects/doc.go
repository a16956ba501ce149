// Package objects is what trust anchors, profiles and revocation lists have in
// common as objects of Roles Anywhere: what one kind needs of AWS, and how one of
// ours is found again, created, changed and removed.
//
// It knows that the store says which object is meant, and that a new one carries
// the intent it came from. It must not know any kind: what one is, what it is
// created from and what changes of it are those of anchors, profiles and crls.
//
// Invariants: what is changed or removed is what the store lists at that address,
// never what looks like it; a trace is looked for past every list that lags;
// removing what is gone is done.
package objects
