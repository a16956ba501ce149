// Package subjects is who asked for sessions at a target, as Roles Anywhere
// remembers it: one subject per subject name, with the certificates it came
// with.
//
// It knows what is said of a subject and of its certificates, and what of that
// is not to be relied on. It must not know the AWS SDK (it says what it needs as
// API), the store, nor what somebody wants to learn from subjects.
//
// Invariants: nothing here changes anything.
package subjects
