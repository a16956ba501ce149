package storetest

import (
	"context"
	"testing"
	"time"

	"anchorctl/internal/store"
)

// Place is where the store of one estate can lie.
type Place interface {
	Create(ctx context.Context, e store.Estate, o store.Options) (*store.Store, error)
	Open(ctx context.Context, o store.Options) (*store.Store, error)
}

// Suite runs the contract; open returns an empty place each time.
func Suite(t *testing.T, open func(t *testing.T) Place) {
	t.Helper()
	for name, test := range map[string]func(t *testing.T, p Place){
		"an estate is created once and found again":                   createdOnce,
		"an estate is bound to one world":                             bound,
		"generations are recorded once, one of them active":           generations,
		"an issuer is rotated":                                        rotated,
		"the root is rotated":                                         rootRotated,
		"a rotation is aborted before the cut-over":                   aborted,
		"a rotation starts once, between generations that fit":        startRefuses,
		"a rotation's steps are refused out of order":                 stepsRefuse,
		"probes are counted in unbroken rows":                         probed,
		"a generation is renewed under its key":                       renewed,
		"a renewal with another key or certificate is refused":        renewalRefuses,
		"a new issuer that ended in its rotation is renewed":          renewedLate,
		"every issuer is renewed under a root that is another one":    renewedUnderRoot,
		"certificates outlive the rotation of their issuer":           issuedAcross,
		"a rotation's steps are told, and counted, once":              rotationSerial,
		"of many rotations at once, one begins":                       manyRotations,
		"a rotation ends though its run is interrupted":               interruptedRotation,
		"a run, its intents and its objects are told truthfully":      runs,
		"an action sent once is not begun again while open":           beginOnce,
		"an action that may be repeated supersedes its earlier self":  beginAgain,
		"an outcome is recorded once and with its object":             finish,
		"objects are replaced and forgotten":                          objects,
		"an abandoned intent is settled":                              abandon,
		"issued certificates are recorded once and found":             issued,
		"a certificate for a key that was brought is recorded once":   requested,
		"several certificates are recorded together or not at all":    batch,
		"certificates are found by whatever one asks for, in pages":   found,
		"revocations are recorded once and kept as they were":         revocations,
		"CRLs are recorded in order, and drop what has ended":         crls,
		"each line of a batch has one certificate":                    batches,
		"what ended is pruned, and the log tells of it":               prune,
		"what was not renewed is found, however long the log is":      unrenewed,
		"the serial grows with issuers and objects only":              serial,
		"the audit log holds an entry for every decision":             audit,
		"the audit log is read backwards, and goes on from its head":  auditRead,
		"one run locks out another, naming itself":                    lock,
		"a waiting run gets the lock when it is free":                 lockWait,
		"certificates are recorded while a run holds the lock":        issueUnderLock,
		"many writers at once lose nothing":                           manyWriters,
		"what has happened is recorded though the run is interrupted": interrupted,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// start is what the suite's clock shows.
func start() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// Options are those of a store under test: a standing clock and an actor.
func Options() store.Options {
	return store.Options{Now: start, Actor: "ana"}
}

// Estate is the estate of a store under test.
func Estate() store.Estate {
	return store.Estate{Lineage: "0f9c6a52-7a3e-4c9b-8d3e-2f1f6b0c9a11", Name: "example", TrustDomain: "example.internal"}
}

// create makes the estate's store and closes it with the test.
func create(t *testing.T, p Place) *store.Store {
	t.Helper()
	s, err := p.Create(t.Context(), Estate(), Options())
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return s
}

// reopen opens the store a second time, as another process would.
func reopen(t *testing.T, p Place, o store.Options) *store.Store {
	t.Helper()
	s, err := p.Open(t.Context(), o)
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func value[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		must(t, err)
		return v
	}
}
