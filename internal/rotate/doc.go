// Package rotate carries a rotation through, from one issuer of an environment to
// the next, without one denied session.
//
// It knows what has to be true before each step that cannot be taken back: that
// sessions with the new issuer succeed before certificates come from it, and that
// no certificate of the old one lives before it leaves the anchors. It knows what
// is left of a rotation, and when to come back. It must not know which actions a
// rotation has (estate), nor how anything is shown.
//
// Invariants: a gate rests on what was read just now, never on what an earlier run
// believed; only a typed reason goes past one, and the audit log has it first; the
// keys of probe certificates never leave memory.
package rotate
