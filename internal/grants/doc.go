// Package grants judges roles: whom their trust policies let in, and what their
// permissions and session policies grant.
//
// It knows the rules for policy documents and the table of IAM's actions. It must
// not know where a document comes from, nor what a finding stops beside others.
//
// Invariants: every statement that could let in a session of Roles Anywhere is
// held to all of the rules by itself; what is unclear counts against a policy; a
// Deny is never a finding, and never takes the place of a pin.
package grants
