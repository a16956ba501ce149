// Package store is what an estate remembers: its lineage, its issuers, what is
// ours in AWS, every run and every intent, every issued certificate, and a
// hash-chained log of all of it.
//
// It knows SQL, transactions and the lock that lets one run change the estate
// at a time. It must not know AWS, private keys (they are never in the
// database) nor what a plan means: actions are kept as data.
//
// Invariants: one decision is one transaction, and its audit entry is part of
// it; an intent is on disk before its effect begins; no rotation leaves its
// environment without an active generation; the store is created by Create
// alone, at once and whole; a store that is newer than the program, damaged or
// not ours is refused, never repaired silently. Every table carries the
// estate's id and the statements are plain SQL, so that another database can
// stand behind the same test suite (storetest).
package store
