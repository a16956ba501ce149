// Package sandbox is a loopback server that speaks Roles Anywhere, and of
// IAM, STS and the tagging API what role checks need.
//
// It knows who sent a request (the access key names the account), which
// service it means, which faults are ordered, and where the state is kept.
// The services themselves are packages below it. It must not know the AWS SDK,
// nor who its client is: unmodified clients use it, and nothing in it may
// depend on anchorctl being the client.
//
// Invariants: it listens on loopback only; every answer carries the sandbox's
// id; a change is in the state file before it is answered; faults are never
// in the state file; all state is behind one mutex, which nobody holds while
// waiting.
package sandbox
