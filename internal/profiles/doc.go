// Package profiles is Roles Anywhere profiles as a resource: what one should
// be, what one is, the actions between the two, and their doers.
//
// It knows role lists, session policies, durations and attribute mappings, and
// which change narrows a profile and which may widen it. It must not know the
// AWS SDK (it says what it needs as API), nor trust policies, nor when a
// profile may be enabled: estate adds those needs.
//
// Invariants: a profile is created disabled; roles that should not be in it
// leave in an action of their own, before anything else about it changes.
package profiles
