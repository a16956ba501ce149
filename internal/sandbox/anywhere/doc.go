// Package anywhere is Roles Anywhere in the sandbox: its 30 control-plane
// operations and CreateSession.
//
// It knows the service's routes, members, constraints, texts and what AWS
// admits as an anchor or a CRL. It must not know how a request was
// authenticated, where the state is kept, or what faults are ordered.
// Whether a session is granted is the verdict of gates, not of this package.
//
// Invariants: a request is checked whole before the state is touched, so an
// operation that answers with an error has changed nothing (CreateSession
// alone records the subject of a denied request); an object belongs to one
// account and region and is not seen from another.
package anywhere
