package storetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/store"
)

// Revocation revokes the n-th certificate of fleet.
func Revocation(n int) store.Revocation {
	r := store.Revocation{Environment: "prod", Generation: 1, Serial: Certificate(n).Serial,
		At: start().Unix() - 5, Reason: 1, NotAfter: start().Unix() + int64(60*n)}
	if n >= 7 {
		r.Generation = 2
	}
	return r
}

// CRL is a list of prod's first issuer.
func CRL(number int64, listed ...string) (store.CRL, []string) {
	return store.CRL{Environment: "prod", Generation: 1, Number: number, ThisUpdate: start().Unix(),
		NextUpdate: start().Unix() + 86400, DER: fmt.Appendf(nil, "list %d", number), Entries: len(listed)}, listed
}

func revocations(t *testing.T, p Place) {
	s := fleet(t, p)
	read := value[[]store.Revocation](t)
	one, unknown := Revocation(1), Revocation(1)
	unknown.Serial, unknown.At, unknown.Reason = "beef", 0, 4
	again := Revocation(3)
	again.At, again.Reason = start().Unix(), 5
	if n := value[int](t)(s.Revoke(t.Context(), one, again, unknown, one)); n != 2 {
		t.Errorf("%d were added, want 2: one is revoked, one is named twice", n)
	}
	unknown.At = start().Unix()
	if diff := cmp.Diff([]store.Revocation{Revocation(3), one, unknown}, read(s.Revocations(t.Context(), "prod", 1))); diff != "" {
		t.Error(diff)
	}
	if list := read(s.Revocations(t.Context(), "dev", 1)); list != nil {
		t.Errorf("of another issuer: %v", list)
	}
	if n := value[int](t)(s.Revoke(t.Context())); n != 0 {
		t.Errorf("of none: %d were added", n)
	}
	for name, spoil := range map[string]func(r *store.Revocation){
		"without issuer":                 func(r *store.Revocation) { r.Generation = 0 },
		"of an unknown issuer":           func(r *store.Revocation) { r.Generation = 7 },
		"with capitals":                  func(r *store.Revocation) { r.Serial = "BEEF" },
		"for a reason of CAs":            func(r *store.Revocation) { r.Reason = 2 },
		"on hold, which is no end":       func(r *store.Revocation) { r.Reason = 6 },
		"of a certificate without end":   func(r *store.Revocation) { r.NotAfter = 0 },
		"that a CRL has listed long ago": func(r *store.Revocation) { r.Dropped = 3 },
	} {
		r := Revocation(2)
		spoil(&r)
		other := Revocation(4)
		if _, err := s.Revoke(t.Context(), other, r); err == nil {
			t.Errorf("a revocation %s: no error", name)
		}
	}
	if n := len(read(s.Revocations(t.Context(), "prod", 1))); n != 3 {
		t.Errorf("%d revocations after refused ones, want 3", n)
	}
	must(t, s.VerifyAudit(t.Context()))
}

func crls(t *testing.T, p Place) {
	s := fleet(t, p)
	if _, found, err := s.NewestCRL(t.Context(), "prod", 1); err != nil || found {
		t.Errorf("before the first: got %v, %v", found, err)
	}
	ended := Revocation(1)
	ended.Serial, ended.NotAfter = "e4ded", start().Unix()-1
	atOnce := Revocation(1)
	atOnce.Serial, atOnce.NotAfter = "a70ce", start().Unix()
	unlisted := ended
	unlisted.Serial = "4011"
	value[int](t)(s.Revoke(t.Context(), ended, atOnce, unlisted))
	first, listed := CRL(5, ended.Serial, Revocation(3).Serial, atOnce.Serial)
	must(t, s.RecordCRL(t.Context(), first, listed))
	newest, found, err := s.NewestCRL(t.Context(), "prod", 1)
	must(t, err)
	if diff := cmp.Diff(first, newest); diff != "" || !found {
		t.Error(found, diff)
	}
	ended.Dropped = 5
	want := []store.Revocation{Revocation(3), ended, atOnce, unlisted}
	read := value[[]store.Revocation](t)
	if diff := cmp.Diff(want, read(s.Revocations(t.Context(), "prod", 1))); diff != "" {
		t.Errorf("only what was listed after its end need not be listed again: %s", diff)
	}
	for _, number := range []int64{4, 5} {
		stale, listed := CRL(number)
		if err := s.RecordCRL(t.Context(), stale, listed); !errors.Is(err, store.ErrStale) {
			t.Errorf("number %d after 5: got %v, want ErrStale", number, err)
		}
	}
	next, listed := CRL(6, ended.Serial)
	must(t, s.RecordCRL(t.Context(), next, listed))
	if diff := cmp.Diff(want, read(s.Revocations(t.Context(), "prod", 1))); diff != "" {
		t.Errorf("what was dropped stays so: %s", diff)
	}
	other, listed := CRL(1)
	other.Generation = 2
	must(t, s.RecordCRL(t.Context(), other, listed))
	crlErrors(t, s)
	must(t, s.VerifyAudit(t.Context()))
}

func crlErrors(t *testing.T, s *store.Store) {
	t.Helper()
	for name, spoil := range map[string]func(c *store.CRL){
		"without issuer":           func(c *store.CRL) { c.Environment = "" },
		"of an unknown issuer":     func(c *store.CRL) { c.Generation = 7 },
		"without number":           func(c *store.CRL) { c.Number = 0 },
		"that is never updated":    func(c *store.CRL) { c.NextUpdate = c.ThisUpdate },
		"without bytes":            func(c *store.CRL) { c.DER = nil },
		"with one entry too many":  func(c *store.CRL) { c.Entries++ },
		"with entries not told of": func(c *store.CRL) { c.Entries = 0 },
	} {
		c, listed := CRL(100, "beef")
		spoil(&c)
		if err := s.RecordCRL(t.Context(), c, listed); err == nil {
			t.Errorf("a CRL %s: no error", name)
		}
	}
}

// Batch is a batch of three certificates of prod.
func Batch() store.Batch {
	return store.Batch{ID: strings.Repeat("5a", 32), Environment: "prod", Total: 3, Created: start().Unix()}
}

// Line is the n-th certificate, for a line of the batch.
func Line(n, line int) store.Issued {
	i := Certificate(n)
	i.Batch, i.Line = Batch().ID, line
	return i
}

func batches(t *testing.T, p Place) {
	s := create(t, p)
	must(t, s.AddGeneration(t.Context(), Generation("prod", 1)))
	if err := s.RecordIssued(t.Context(), Line(1, 1)); err == nil {
		t.Error("a certificate of a batch that has not begun: no error")
	}
	if _, err := s.BatchIssued(t.Context(), Batch().ID); err == nil {
		t.Error("the certificates of a batch that has not begun: no error")
	}
	for _, known := range []bool{false, true} {
		b, was, err := s.BeginBatch(t.Context(), Batch())
		must(t, err)
		if diff := cmp.Diff(Batch(), b); diff != "" || was != known {
			t.Errorf("begun before %v, said %v: %s", known, was, diff)
		}
	}
	must(t, s.RecordIssued(t.Context(), Line(1, 3), Certificate(2)))
	if err := s.RecordIssued(t.Context(), Line(3, 1), Line(4, 3)); !errors.Is(err, store.ErrExists) {
		t.Errorf("a line that has its certificate: got %v, want ErrExists", err)
	}
	must(t, s.RecordIssued(t.Context(), Line(5, 1)))
	var lines []int
	seq, err := s.BatchIssued(t.Context(), Batch().ID)
	must(t, err)
	for i, err := range seq {
		must(t, err)
		if len(lines) == 0 { // while the list is being read
			must(t, s.RecordIssued(t.Context(), Certificate(6)))
		}
		lines = append(lines, i.Line)
	}
	if diff := cmp.Diff([]int{1, 3}, lines); diff != "" {
		t.Error(diff)
	}
	of := value[[]store.Issued](t)(s.ListIssued(t.Context(), store.Filter{Batch: Batch().ID}))
	if len(of) != 2 || of[0].Line != 1 || of[0].Batch != Batch().ID {
		t.Errorf("the batch's certificates, newest first, are %v", of)
	}
	batchErrors(t, s)
	must(t, s.VerifyAudit(t.Context()))
}

func batchErrors(t *testing.T, s *store.Store) {
	t.Helper()
	for name, spoil := range map[string]func(b *store.Batch){
		"of another size":        func(b *store.Batch) { b.Total = 4 },
		"of another environment": func(b *store.Batch) { b.Environment = "dev" },
		"without environment":    func(b *store.Batch) { b.Environment = "" },
		"without lines":          func(b *store.Batch) { b.Total = 0 },
		"without id":             func(b *store.Batch) { b.ID = "" },
	} {
		b := Batch()
		spoil(&b)
		if _, _, err := s.BeginBatch(t.Context(), b); err == nil {
			t.Errorf("a batch %s: no error", name)
		}
	}
	for name, spoil := range map[string]func(i *store.Issued){
		"past its end":           func(i *store.Issued) { i.Line = 4 },
		"before its first":       func(i *store.Issued) { i.Line = -1 },
		"that is none":           func(i *store.Issued) { i.Line = 0 },
		"of no batch":            func(i *store.Issued) { i.Batch = "" },
		"of another environment": func(i *store.Issued) { i.Environment = "dev" },
	} {
		i := Line(9, 2)
		spoil(&i)
		if err := s.RecordIssued(t.Context(), i); err == nil {
			t.Errorf("a line %s: no error", name)
		}
	}
}
