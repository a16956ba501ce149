// Package verdict is what findings come to for whoever asked: a refusal, holds, or
// nothing.
//
// It knows the severities of rules and the errors that they make, with what to do
// about each. It must not know what was judged, nor how an error is shown.
//
// Invariants: where something refuses, nothing is said to be merely held; a
// warning is no error.
package verdict
