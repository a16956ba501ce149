// Package gates is what CreateSession of IAM Roles Anywhere asks, in order, as
// a pure function: certificate, path, revocation, anchor, profile, role,
// session name, duration, attribute mapping, source identity, trust policy,
// session policies.
//
// It knows the service's rules and the words of its refusals. It must not know
// the wire, signatures of requests, AWS clients or the store: who calls it has
// verified the request's signature and looked up the objects.
//
// Invariants: the first gate that fails ends what CreateSession asks, and
// Explain goes on only to gates that do not rest on a failed one; nothing is
// granted unless all pass, and what the service's documentation leaves open is refused.
// It is a model: verdicts of tests come from AWS's text and never from here.
package gates
