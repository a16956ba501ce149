// Package pki makes, reads and judges X.509 certificates.
//
// It knows the shapes of roots, issuers and workload certificates, how they are
// linted and signed, and how a path is verified (RFC 5280 section 6). It must
// not know where keys are kept, what is recorded, nor what AWS does with a
// certificate; only this room and keys import smallstep.
//
// Invariants: no certificate is signed with a real key before a twin with the
// same to-be-signed bytes, signed by a throw-away key, has passed the lints, or,
// in a Series, one that differs from it in serial number, dates, key and common
// name alone;
// nothing outlives its issuer; what was signed is verified before it is
// returned; a Twin, made for models, says what another certificate says and is
// told apart by its key; time is always an argument, and no verdict depends on the system's
// trust store, the environment or GODEBUG.
package pki
