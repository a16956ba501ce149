package storetest

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/store"
)

func createdOnce(t *testing.T, p Place) {
	s := create(t, p)
	want := Estate()
	want.Created = start().Unix()
	if diff := cmp.Diff(want, value[store.Estate](t)(s.Estate(t.Context()))); diff != "" {
		t.Error(diff)
	}
	if _, err := p.Create(t.Context(), Estate(), Options()); !errors.Is(err, fs.ErrExist) {
		t.Errorf("creating it again: got %v, want fs.ErrExist", err)
	}
	again := reopen(t, p, Options())
	if diff := cmp.Diff(want, value[store.Estate](t)(again.Estate(t.Context()))); diff != "" {
		t.Error(diff)
	}
}

func bound(t *testing.T, p Place) {
	s := create(t, p)
	if err := s.Bind(t.Context(), "elsewhere"); err == nil {
		t.Error("binding to something unknown: no error")
	}
	must(t, s.Bind(t.Context(), "sandbox:abc"))
	must(t, s.Bind(t.Context(), "sandbox:abc"))
	var other *store.BoundError
	if err := reopen(t, p, Options()).Bind(t.Context(), "aws"); !errors.As(err, &other) {
		t.Errorf("binding to AWS: got %v, want a BoundError", err)
	}
	if got := value[store.Estate](t)(s.Estate(t.Context())).Bound; got != "sandbox:abc" {
		t.Errorf("bound to %q", got)
	}
	if n := len(value[[]store.Entry](t)(s.AuditLog(t.Context(), 0, 100))); n != 2 {
		t.Errorf("got %d audit entries, want 2: the estate and its binding", n)
	}
}

func serial(t *testing.T, p Place) {
	s := create(t, p)
	now := func() int64 { return value[int64](t)(s.Serial(t.Context())) }
	before := now()
	must(t, s.Bind(t.Context(), "aws"))
	must(t, s.Audit(t.Context(), "note", "estate", nil))
	if got := now(); got != before {
		t.Errorf("serial went from %d to %d without a change of issuers or objects", before, got)
	}
	must(t, s.AddGeneration(t.Context(), Generation("prod", 1)))
	if got := now(); got <= before {
		t.Errorf("serial stayed at %d when an issuer was added", got)
	}
}

func audit(t *testing.T, p Place) {
	s := create(t, p)
	must(t, s.AddGeneration(t.Context(), Generation("prod", 1)))
	must(t, s.RecordIssued(t.Context(), Certificate(1)))
	must(t, s.Audit(t.Context(), "destroy.confirm", "estate", map[string]any{"typed": "example"}))
	var actions []string
	for _, e := range value[[]store.Entry](t)(s.AuditLog(t.Context(), 0, 100)) {
		actions = append(actions, e.Action)
		if e.Actor != "ana" || e.At != start().Unix() {
			t.Errorf("entry %d is by %q at %d", e.Number, e.Actor, e.At)
		}
	}
	want := []string{"estate.create", "generation.add", "certificate.issue", "destroy.confirm"}
	if diff := cmp.Diff(want, actions); diff != "" {
		t.Error(diff)
	}
	page := value[[]store.Entry](t)(s.AuditLog(t.Context(), 1, 2))
	if len(page) != 2 || page[0].Number != 2 {
		t.Errorf("a page of two after entry 1 is %v", page)
	}
	must(t, s.VerifyAudit(t.Context()))
}

func lock(t *testing.T, p Place) {
	s, other := create(t, p), reopen(t, p, Options())
	release, err := s.Lock(t.Context(), "apply", false)
	must(t, err)
	var locked *store.LockedError
	if _, err := other.Lock(t.Context(), "destroy", false); !errors.As(err, &locked) {
		t.Fatalf("locking twice: got %v, want a LockedError", err)
	}
	h := locked.Holder
	if h.Command != "apply" || h.Actor != "ana" || h.Since != start().Unix() || h.PID == 0 || h.Host == "" {
		t.Errorf("the holder is %+v", h)
	}
	for _, word := range []string{"anchorctl apply", "ana", h.Host, "2026-03-01T12:00:00Z"} {
		if !strings.Contains(locked.Error(), word) {
			t.Errorf("%q does not say %q", locked, word)
		}
	}
	must(t, release())
	again, err := other.Lock(t.Context(), "destroy", false)
	must(t, err)
	must(t, release()) // a second time: it is another's now
	if _, err := s.Lock(t.Context(), "apply", false); !errors.As(err, &locked) || locked.Holder.Command != "destroy" {
		t.Errorf("got %v, want a LockedError that names destroy", err)
	}
	must(t, again())
}

func lockWait(t *testing.T, p Place) {
	s := create(t, p)
	release, err := s.Lock(t.Context(), "apply", false)
	must(t, err)
	waits := 0
	o := Options()
	o.Wait = func(context.Context, time.Duration) error {
		if waits++; waits == 3 {
			must(t, release())
		}
		return nil
	}
	got, err := reopen(t, p, o).Lock(t.Context(), "apply", true)
	must(t, err)
	must(t, got())
	if waits != 3 {
		t.Errorf("waited %d times, want 3", waits)
	}
	release, err = s.Lock(t.Context(), "apply", false)
	must(t, err)
	defer func() { must(t, release()) }()
	o.Wait = func(context.Context, time.Duration) error { return context.Canceled }
	if _, err := reopen(t, p, o).Lock(t.Context(), "apply", true); !errors.Is(err, context.Canceled) {
		t.Errorf("an interrupted wait: got %v, want context.Canceled", err)
	}
}

func issueUnderLock(t *testing.T, p Place) {
	s := create(t, p)
	must(t, s.AddGeneration(t.Context(), Generation("prod", 1)))
	release, err := s.Lock(t.Context(), "apply", false)
	must(t, err)
	defer func() { must(t, release()) }()
	must(t, reopen(t, p, Options()).RecordIssued(t.Context(), Certificate(1)))
}

func manyWriters(t *testing.T, p Place) {
	s := create(t, p)
	must(t, s.AddGeneration(t.Context(), Generation("prod", 1)))
	const writers, each = 8, 5
	stores := make([]*store.Store, writers)
	for w := range stores {
		stores[w] = reopen(t, p, Options())
	}
	errs := make([]error, writers)
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range each {
				errs[w] = errors.Join(errs[w], stores[w].RecordIssued(t.Context(), Certificate(1+w*each+i)))
			}
		})
	}
	all.Wait()
	must(t, errors.Join(errs...))
	if n := value[int](t)(s.CountIssued(t.Context(), store.Filter{})); n != writers*each {
		t.Errorf("got %d certificates, want %d", n, writers*each)
	}
	must(t, s.VerifyAudit(t.Context()))
}
