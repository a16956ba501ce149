// Package roles is the trust policies of IAM roles as a resource: the one
// statement that pins a role to an environment's anchors and workloads, what a
// role trusts now, the actions between the two, and their doers.
//
// It knows one statement per role and environment, found by its Sid, who else a
// role trusts, how what a role may do is read, how sessions are ended by an
// inline policy that denies, and how conditions on the issuer's name follow a
// new one. It must not give permissions (they stay the
// team's), nor know how profiles list roles, nor the AWS SDK (it
// says what it needs as API).
//
// Invariants: statements that are not ours are never changed, but for the
// issuer's names in lists that name it; what is replaced
// is read again just before it is written and read back after it.
package roles
