// Package vetting is what an estate knows of a certificate that is to be judged.
//
// It knows which certificates of an estate prove a candidate and which are
// spoken for. It must not know the rules themselves, nor change anything.
//
// Invariant: inside an estate its own roots count and no other.
package vetting
