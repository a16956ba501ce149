package storetest

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/store"
)

func auditRead(t *testing.T, p Place) {
	s := create(t, p)
	must(t, s.AddGeneration(t.Context(), Generation("prod", 1)))
	must(t, s.RecordIssued(t.Context(), Certificate(1), Certificate(2)))
	noted := value[store.Head](t)(s.AuditHead(t.Context()))
	must(t, s.RecordIssued(t.Context(), Certificate(3)))
	for name, c := range map[string]struct {
		filter store.AuditFilter
		want   []int64
	}{
		"all, newest first":      {store.AuditFilter{}, []int64{5, 4, 3, 2, 1}},
		"a page":                 {store.AuditFilter{Before: 5, Limit: 2}, []int64{4, 3}},
		"of an action":           {store.AuditFilter{Action: "certificate.issue"}, []int64{5, 4, 3}},
		"about an address":       {store.AuditFilter{About: "issuer/prod#1"}, []int64{2}},
		"about a serial":         {store.AuditFilter{About: Certificate(2).Serial}, []int64{4}},
		"about half of a serial": {store.AuditFilter{About: Certificate(2).Serial[:3]}, nil},
		"of an action, about it": {store.AuditFilter{Action: "generation.add", About: Certificate(2).Serial}, nil},
	} {
		var got []int64
		for _, e := range value[[]store.Entry](t)(s.AuditNewest(t.Context(), c.filter)) {
			got = append(got, e.Number)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	must(t, s.VerifySince(t.Context(), noted))
	if again := value[store.Head](t)(store.ParseHead(noted.String())); again.String() != noted.String() || noted.Entries != 4 {
		t.Errorf("the head of four entries is %s, read again %s", noted, again)
	}
	for name, spoil := range map[string]func(h *store.Head){
		"of another log":        func(h *store.Head) { h.Hash = make([]byte, 32) },
		"of another entry":      func(h *store.Head) { h.Entries-- },
		"of what is cut off":    func(h *store.Head) { h.Entries = 9 },
		"of an end that is not": func(h *store.Head) { h.Entries = 5 },
	} {
		h := noted
		spoil(&h)
		var broken *store.AuditError
		if err := s.VerifySince(t.Context(), h); !errors.As(err, &broken) {
			t.Errorf("a head %s: got %v, want an AuditError", name, err)
		}
	}
	for _, text := range []string{"", "5", "5:beef", ":", "0:" + noted.String()[2:], "x:" + noted.String()[2:]} {
		if _, err := store.ParseHead(text); err == nil {
			t.Errorf("the head %q: no error", text)
		}
	}
}
