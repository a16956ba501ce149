// Package calendar says when what an estate lives by ends: its root and issuers,
// what its trust anchors hold, its revocation lists, and the certificates of its
// workloads.
//
// It knows by when something has to be rotated so that nobody is denied a
// session, and which certificate was not renewed when it should have been. It
// must not know how AWS or the store are asked, nor how anything is shown: Read
// takes what estate's status read, and Of is a pure function of facts.
//
// Invariants: what was not read is said, never left out; what renews itself in
// time is counted, not named; the order is always the same.
package calendar
