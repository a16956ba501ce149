// Package denial tells why a session was not given: which of CreateSession's
// gates closes first, which would close next, and what to change.
//
// It knows the forms in which a failed session is handed on (our own report, a
// CloudTrail record), how an estate's names lead to anchor, profile and role,
// what to ask AWS for, and a remedy for each gate. It must not know how gates
// are judged, flags, or how anything is shown; it changes nothing.
//
// Invariants: what could not be looked up is "not checked" and never passes;
// only "granted" says that every gate but the key's was passed; what comes from
// outside is bounded and, in a result, printable.
package denial
