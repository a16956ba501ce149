// Package revocation ends trust in certificates before their time: which ones
// somebody means, their record, and what sessions can still do.
//
// It knows serial numbers in every way that people write them, the workloads and
// roles of the configuration, and how long sessions last. It must not know AWS:
// revocation lists are signed and brought to anchors, and roles are changed, by
// estate, from what is recorded here.
//
// Invariants: what is revoked is recorded before anything else happens; an
// ambiguous name revokes nothing; whoever is cut off besides is named first.
package revocation
