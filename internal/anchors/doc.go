// Package anchors is trust anchors as a resource: what one should be, what one
// is, the actions between the two, and their doers.
//
// It knows names, tags, bundles and the order in which an anchor may change.
// It must not know the AWS SDK (it says what it needs as API), nor profiles and
// roles, nor when an anchor may be enabled: estate adds those needs.
//
// Invariants: an anchor is created disabled; its certificates are admitted by
// rules or they do not reach AWS; an anchor is changed only when its tags say
// that it is ours.
package anchors
