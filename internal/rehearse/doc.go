// Package rehearse carries a rotation through on a copy of an environment, before
// anybody does it for real.
//
// It knows how an environment is copied: the part of the configuration that is its
// own, a store with certificates like those that live, and a private sandbox with
// roles like those in AWS; and how a fleet of workloads renews and opens sessions
// while the real code of apply and rotate changes the copy in virtual time. It must
// not know how a rotation is done, nor how what it reports is laid out for people.
//
// Invariants: nothing of the real estate is changed, and none of its private keys
// is opened; all that it writes lies in the folder that it is given; every session
// that the copy's gates would deny is counted.
package rehearse
