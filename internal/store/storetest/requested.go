package storetest

import (
	"crypto/sha256"
	"errors"
	"testing"

	"anchorctl/internal/store"
)

// requested: a certificate for a key that was brought is recorded by whoever has
// seen the newest one, and by nobody else.
func requested(t *testing.T, p Place) {
	s := create(t, p)
	must(t, s.AddGeneration(t.Context(), Generation("prod", 1)))
	key := sha256.Sum256([]byte("the host's key"))
	of := func(n int) store.Issued {
		i := Certificate(n)
		i.SPKI = key
		return i
	}
	must(t, s.RecordRequested(t.Context(), of(1), ""))
	for name, newest := range map[string]string{"that saw none": "", "that saw another": "beef"} {
		if err := s.RecordRequested(t.Context(), of(2), newest); !errors.Is(err, store.ErrKeyUsed) {
			t.Errorf("a run %s: got %v, want ErrKeyUsed", name, err)
		}
	}
	must(t, s.RecordRequested(t.Context(), of(2), of(1).Serial))
	if err := s.RecordRequested(t.Context(), of(2), of(2).Serial); !errors.Is(err, store.ErrExists) {
		t.Errorf("a serial that is taken: got %v, want ErrExists", err)
	}
	other := of(3)
	other.Instance, other.Requested = "other", true
	if err := s.RecordIssued(t.Context(), Certificate(9), other); !errors.Is(err, store.ErrKeyUsed) {
		t.Errorf("another owner's, in a batch: got %v, want ErrKeyUsed", err)
	}
	if err := s.RecordRequested(t.Context(), store.Issued{}, ""); err == nil {
		t.Error("a record of nothing: no error")
	}
	if n := value[int](t)(s.CountIssued(t.Context(), store.Filter{})); n != 2 {
		t.Errorf("%d certificates are recorded, want 2", n)
	}
	alike := Certificate(8) // of another key, whose digest begins as that of the host's
	alike.SPKI = key
	alike.SPKI[8]++
	must(t, s.RecordIssued(t.Context(), alike))
	for _, want := range []store.Issued{of(2), alike} {
		if got, found, err := s.IssuedBySPKI(t.Context(), want.SPKI); err != nil || !found || got.Serial != want.Serial {
			t.Errorf("the certificate of key %x is %q, %v, %v, want %q", want.SPKI, got.Serial, found, err, want.Serial)
		}
	}
	must(t, s.VerifyAudit(t.Context()))
	compromised(t, s, of(1), of(2))
}

func compromised(t *testing.T, s *store.Store, first, second store.Issued) {
	t.Helper()
	for _, c := range []struct {
		revoke store.Issued
		reason int
		want   bool
	}{{second, 4, false}, {first, 1, true}} {
		r := store.Revocation{Environment: "prod", Generation: 1, Serial: c.revoke.Serial, Reason: c.reason, NotAfter: c.revoke.NotAfter}
		value[int](t)(s.Revoke(t.Context(), r))
		if got := value[bool](t)(s.Compromised(t.Context(), first.SPKI)); got != c.want {
			t.Errorf("after a revocation for reason %d, the key counts as compromised: %t, want %t", c.reason, got, c.want)
		}
	}
	if value[bool](t)(s.Compromised(t.Context(), sha256.Sum256([]byte("another key")))) {
		t.Error("another key counts as compromised")
	}
}
