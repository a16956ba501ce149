// Package inventory is the certificates that an estate has issued, as people
// look at them: lists, one with all that is known of it, and the removal of
// those that ended long ago.
//
// It knows what the store's records and the certificates in them mean together:
// in which state a certificate is, and whether it still gets sessions. It must
// not know AWS: what is at an anchor is status's to say. Nor does it know how a
// list is shown.
//
// Invariants: nothing here issues or revokes; a list reads no more records than
// it returns; what is valid, or is still needed by a revocation list, is never
// removed.
package inventory
