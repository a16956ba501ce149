// Package signature finds out whose key signed a certificate.
//
// It knows every way in which RSA, ECDSA and Ed25519 keys sign certificates, those
// that nobody should use any more and those that crypto/x509 does not know
// included. It must not know names, dates or what a signature is worth: whether
// an algorithm is good enough is for others to judge.
//
// Invariants: a certificate cannot hide who signed it behind an old hash, a short
// key, odd parameters or a label; nothing depends on GODEBUG; what is not known
// verifies under no key.
package signature
