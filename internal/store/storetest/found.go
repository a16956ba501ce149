package storetest

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/store"
)

// fleet is a store with certificates of two environments, three issuers and
// three workloads. The n-th ends n minutes after the start, but for the last,
// which has ended.
func fleet(t *testing.T, p Place) *store.Store {
	t.Helper()
	s := create(t, p)
	retired := Generation("prod", 1)
	retired.Status = store.Retired
	for _, g := range []store.Generation{Generation("", 1), retired, Generation("prod", 2), Generation("dev", 1)} {
		must(t, s.AddGeneration(t.Context(), g))
	}
	for n, c := range []struct {
		env, workload, instance string
		generation              int
	}{
		1: {"prod", "backup", "", 1},
		2: {"dev", "backup", "", 1},
		3: {"prod", "device", "a1", 1},
		4: {"prod", "device", "a2", 2},
		5: {"prod", "device", "a1", 2},
		6: {"dev", "device", "a1", 1},
		7: {"prod", "backup", "", 2},
		8: {"prod", "backup", "", 2},
	} {
		if n == 0 {
			continue
		}
		i := Certificate(n)
		i.Environment, i.Workload, i.Instance, i.Generation = c.env, c.workload, c.instance, c.generation
		i.NotAfter = start().Unix() + int64(60*n)
		if n == 8 {
			i.NotAfter = start().Unix() - 60
		}
		must(t, s.RecordIssued(t.Context(), i))
	}
	value[int](t)(s.Revoke(t.Context(), Revocation(3), Revocation(7)))
	return s
}

func serials(list []store.Issued) string {
	text := ""
	for _, i := range list {
		text += fmt.Sprintf("%s ", i.Serial[3:])
	}
	return text
}

func found(t *testing.T, p Place) {
	s := fleet(t, p)
	yes, no, none, a1 := true, false, "", "a1"
	now := start().Unix()
	for name, c := range map[string]struct {
		filter store.Filter
		want   string
	}{
		"all":                                {store.Filter{}, "8 7 6 5 4 3 2 1 "},
		"of an environment":                  {store.Filter{Environment: "prod"}, "8 7 5 4 3 1 "},
		"of no environment there is":         {store.Filter{Environment: "staging"}, ""},
		"of a workload":                      {store.Filter{Environment: "prod", Workload: "backup"}, "8 7 1 "},
		"of a workload anywhere":             {store.Filter{Workload: "device"}, "6 5 4 3 "},
		"of an instance":                     {store.Filter{Environment: "prod", Workload: "device", Instance: &a1}, "5 3 "},
		"of an instance anywhere":            {store.Filter{Workload: "device", Instance: &a1}, "6 5 3 "},
		"of none of several":                 {store.Filter{Instance: &none}, "8 7 2 1 "},
		"of an issuer":                       {store.Filter{Environment: "prod", Generation: 1}, "3 1 "},
		"of a generation anywhere":           {store.Filter{Generation: 1}, "6 3 2 1 "},
		"of a generation that never was":     {store.Filter{Generation: 9}, ""},
		"with a serial":                      {store.Filter{Serial: Certificate(6).Serial}, "6 "},
		"with a serial of another":           {store.Filter{Serial: Certificate(6).Serial, Environment: "prod"}, ""},
		"revoked":                            {store.Filter{Revoked: &yes}, "7 3 "},
		"revoked, of an issuer":              {store.Filter{Revoked: &yes, Environment: "prod", Generation: 2}, "7 "},
		"not revoked":                        {store.Filter{Revoked: &no, Environment: "prod"}, "8 5 4 1 "},
		"valid now":                          {store.Filter{ValidAt: now}, "7 6 5 4 3 2 1 "},
		"ended":                              {store.Filter{EndsBefore: now}, "8 "},
		"ending between":                     {store.Filter{EndsAfter: now + 120, EndsBefore: now + 240}, "3 2 "},
		"ending between, those first":        {store.Filter{EndsAfter: now, EndsBefore: now + 240, Order: store.EndsFirst}, "1 2 3 "},
		"those of one that end first":        {store.Filter{Environment: "prod", Order: store.EndsFirst}, "8 1 3 4 5 7 "},
		"valid, those that end last first":   {store.Filter{ValidAt: now, Order: store.EndsLast}, "7 6 5 4 3 2 1 "},
		"of a workload, that end first":      {store.Filter{Environment: "prod", Workload: "backup", Order: store.EndsFirst}, "8 1 7 "},
		"of a workload anywhere, by its end": {store.Filter{Workload: "backup", Order: store.EndsLast}, "7 2 1 8 "},
		"revoked, those that end first":      {store.Filter{Revoked: &yes, Order: store.EndsFirst}, "3 7 "},
	} {
		t.Run(name, func(t *testing.T) {
			list := value[[]store.Issued](t)(s.ListIssued(t.Context(), c.filter))
			if got := serials(list); got != c.want {
				t.Fatalf("got %q, want %q", got, c.want)
			}
			if n := value[int](t)(s.CountIssued(t.Context(), c.filter)); n != len(list) {
				t.Errorf("counted %d, listed %d", n, len(list))
			}
			for size := 1; size <= len(list); size++ {
				if got := serials(paged(t, s, c.filter, size)); got != c.want {
					t.Errorf("in pages of %d: got %q, want %q", size, got, c.want)
				}
			}
		})
	}
	if list := value[[]store.Issued](t)(s.ListIssued(t.Context(), store.Filter{Revoked: &yes, Limit: 1})); len(list) == 1 {
		want := Revocation(7)
		if diff := cmp.Diff(&want, list[0].Revoked); diff != "" {
			t.Error(diff)
		}
	}
	if _, err := s.ListIssued(t.Context(), store.Filter{Order: store.EndsFirst, Before: 999}); err == nil {
		t.Error("going on after a certificate that is not on record: no error")
	}
}

// paged collects the list page by page.
func paged(t *testing.T, s *store.Store, f store.Filter, size int) (all []store.Issued) {
	t.Helper()
	for f.Limit = size; ; {
		page := value[[]store.Issued](t)(s.ListIssued(t.Context(), f))
		if len(page) > size {
			t.Fatalf("a page of %d has %d", size, len(page))
		}
		if len(page) == 0 {
			return all
		}
		all = append(all, page...)
		f.Before = page[len(page)-1].Entry
	}
}
