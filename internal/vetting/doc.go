// Package vetting is what an estate knows of a certificate or a trust policy that
// is to be judged.
//
// It knows which certificates of an estate prove a candidate and which are
// spoken for, which anchors an environment has and whom a role is for. It must
// not know the rules themselves, nor change anything.
//
// Invariant: inside an estate its own roots count and no other.
package vetting
