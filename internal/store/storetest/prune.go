package storetest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/store"
)

// aged is fleet with certificates that ended long ago: 11 to 14, of which 12
// and 13 are revoked, and a CRL has listed 12 since.
func aged(t *testing.T, p Place) *store.Store {
	t.Helper()
	s := fleet(t, p)
	long := start().Unix() - 90*86400
	for n := 11; n <= 14; n++ {
		i := Certificate(n)
		i.NotBefore, i.NotAfter = long-3600, long+int64(n)
		must(t, s.RecordIssued(t.Context(), i))
		if n == 12 || n == 13 {
			r := Revocation(1)
			r.Serial, r.NotAfter = i.Serial, i.NotAfter
			value[int](t)(s.Revoke(t.Context(), r))
		}
	}
	c, listed := CRL(1, Certificate(12).Serial)
	must(t, s.RecordCRL(t.Context(), c, listed))
	return s
}

func prune(t *testing.T, p Place) {
	s := aged(t, p)
	long := start().Unix() - 90*86400
	if _, err := s.Prune(t.Context(), start().Unix()+1, nil); err == nil {
		t.Error("pruning what is still valid: no error")
	}
	for _, c := range []struct {
		before int64
		would  store.Prunable
		left   string
	}{
		{long, store.Prunable{}, "e d c b 8 7 6 5 4 3 2 1 "},
		{long + 14, store.Prunable{Certificates: 2, Held: 1, Revocations: 1}, "e d 8 7 6 5 4 3 2 1 "},
		{long + 14, store.Prunable{Held: 1}, "e d 8 7 6 5 4 3 2 1 "},
		{start().Unix(), store.Prunable{Certificates: 2, Held: 1}, "d 7 6 5 4 3 2 1 "},
	} {
		if diff := cmp.Diff(c.would, value[store.Prunable](t)(s.Prunable(t.Context(), c.before))); diff != "" {
			t.Errorf("before %d: %s", c.before-long, diff)
		}
		entries := len(value[[]store.Entry](t)(s.AuditLog(t.Context(), 0, 1000)))
		told := 0
		n := value[int](t)(s.Prune(t.Context(), c.before, func(removed int) { told = removed }))
		if n != c.would.Certificates || told != n {
			t.Errorf("before %d: %d were pruned, %d were told", c.before-long, n, told)
		}
		if got := serials(value[[]store.Issued](t)(s.ListIssued(t.Context(), store.Filter{}))); got != c.left {
			t.Errorf("before %d, %q are left, want %q", c.before-long, got, c.left)
		}
		after := len(value[[]store.Entry](t)(s.AuditLog(t.Context(), 0, 1000)))
		if after < entries || n == 0 && after != entries {
			t.Errorf("before %d, the log went from %d to %d entries", c.before-long, entries, after)
		}
		must(t, s.VerifyAudit(t.Context()))
	}
	var left []string
	for _, r := range value[[]store.Revocation](t)(s.Revocations(t.Context(), "prod", 1)) {
		left = append(left, r.Serial)
	}
	if diff := cmp.Diff([]string{Certificate(3).Serial, Certificate(13).Serial}, left); diff != "" {
		t.Error("the revocations that are left:", diff)
	}
}
