// Package prove shows that environments are isolated: every workload at every
// anchor, by every profile, for every role, and that nothing is granted but
// what the configuration grants.
//
// It knows which sessions a configuration grants, how a model of an estate is
// cast without opening a key, how each tuple is judged by the gates or asked
// for at the service, and what of it is a leak. It must not know how AWS is
// read, how a gate decides, flags, or how anything is shown.
//
// Invariants: what is expected comes from the configuration alone and never
// from the gates; every tuple is in exactly one row; what is unclear counts as
// granted; a denial only because something is disabled is judged as if it were
// enabled; credentials that a leak gives are dropped unread.
package prove
