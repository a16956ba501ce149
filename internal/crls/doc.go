// Package crls is certificate revocation lists as a resource: when an issuer's
// list is due, how it is signed and recorded, what should be at an anchor, what
// is, the actions between the two, and their doers.
//
// It knows which entries a list needs, its number, its dates and its size. It
// must not know the AWS SDK (it says what it needs as API), nor who revokes what
// and why, nor how anchors and roles change.
//
// Invariants: a list is recorded before it leaves the program; its number is
// greater than that of every list before it and than the time in seconds; an
// entry leaves only when a scheduled list after its certificate's end has had
// it; once a list has an entry it is never empty, and an empty one is never
// imported; at an anchor it is enabled; a list at an anchor is changed only when its tags say that it is ours.
package crls
