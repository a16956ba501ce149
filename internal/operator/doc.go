// Package operator writes the IAM policy that the person or the pipeline who
// runs anchorctl needs, and no more.
//
// It knows which actions of AWS each feature sends and how far IAM can narrow
// each of them. It must not know how requests are sent, nor what is there.
//
// Invariants: what changes an object is allowed only on objects that carry the
// estate's tag; roles are named one by one; one account, one document.
package operator
