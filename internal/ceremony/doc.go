// Package ceremony is the making of an estate, and the use of its root.
//
// It knows which steps make an estate, in which order, and how an earlier
// attempt that was killed is completed. It must not know AWS, nor who asks for
// a passphrase and how; the root's key is opened only for whoever is about to
// mint an issuer.
//
// Invariants: nothing is ever overwritten; a kill at any moment leaves
// something that the next Init completes with the same lineage, secret and
// root; a finished estate is refused.
package ceremony
