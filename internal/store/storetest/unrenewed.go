package storetest

import (
	"testing"

	"anchorctl/internal/store"
)

// unrenewed: of a life of 15 minutes and n more, a quarter is left or less up to
// the fifth certificate of the fleet.
func unrenewed(t *testing.T, p Place) {
	s := fleet(t, p)
	now := start().Unix()
	check := func(name, env string, since int64, want string) {
		t.Helper()
		var got []store.Issued
		must(t, s.Unrenewed(t.Context(), env, since, now, func(i store.Issued) bool {
			got = append(got, i)
			return true
		}))
		if text := serials(got); text != want {
			t.Errorf("%s: got %q, want %q", name, text, want)
		}
	}
	check("the newest of each, what has ended too, but for what was renewed", "prod", now-3600, "8 4 5 ")
	check("without what ended longer ago", "prod", now-59, "4 5 ")
	check("of another environment, without the one that has time", "dev", now-3600, "2 ")
	n := 0
	must(t, s.Unrenewed(t.Context(), "prod", now-3600, now, func(store.Issued) bool { n++; return n < 2 }))
	if n != 2 {
		t.Errorf("it went on to %d certificates after it was told to end", n)
	}
	value[int](t)(s.Revoke(t.Context(), store.Revocation{Environment: "prod", Generation: 2, Serial: Certificate(4).Serial,
		At: now, NotAfter: now + 240}))
	check("without what was revoked", "prod", now-59, "5 ")
	later := Certificate(9)
	later.Workload, later.Instance, later.Generation = "device", "a1", 2
	must(t, s.RecordIssued(t.Context(), later))
	check("and nothing that has a newer one", "prod", now-59, "")
}
