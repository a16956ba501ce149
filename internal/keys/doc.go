// Package keys is where private keys live.
//
// It knows how keys are made, guarded by a passphrase or by a generated secret,
// written durably and opened again by URI, and the formats of a workload's key
// file. It must not know certificates, environments, nor who asks for a
// passphrase and how. Keys are made, encrypted and read by go.step.sm/crypto; what
// is done here, and why, is told in docs/adr/0003-keys-and-the-library.md.
//
// Invariants: a private key never leaves here but as a crypto.Signer, or as the
// key file of a workload; no key and no secret can be printed; a key file is
// never overwritten; a key is decrypted at most once by a Ring.
package keys
