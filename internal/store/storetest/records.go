package storetest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"anchorctl/internal/store"
)

// Generation is a record with a distinct certificate.
func Generation(env string, number int) store.Generation {
	return store.Generation{
		Environment: env, Number: number,
		Certificate: fmt.Appendf(nil, "certificate of %s %d", env, number),
		KeyURI:      fmt.Sprintf("file:issuer-%s-%d.pem", env, number),
		Guard:       "secret", Status: store.Active, Created: start().Unix() - 10,
	}
}

// Certificate is the record of the n-th certificate of prod's first issuer.
func Certificate(n int) store.Issued {
	return store.Issued{
		Environment: "prod", Workload: "backup", Generation: 1,
		Serial:      fmt.Sprintf("%x", 0xa000+n),
		Certificate: fmt.Appendf(nil, "certificate %d", n),
		SPKI:        sha256.Sum256(fmt.Appendf(nil, "key %d", n)),
		NotBefore:   start().Unix() - 900, NotAfter: start().Unix() + 3600, Created: start().Unix(),
	}
}

// unnumbered compares certificates but for the numbers of their entries.
func unnumbered() cmp.Option { return cmpopts.IgnoreFields(store.Issued{}, "Entry") }

func generations(t *testing.T, p Place) {
	s := create(t, p)
	first, second := Generation("prod", 1), Generation("prod", 2)
	first.Status = store.Retired
	root, dev := Generation("", 1), Generation("dev", 1)
	for _, g := range []store.Generation{first, second, root, dev} {
		must(t, s.AddGeneration(t.Context(), g))
	}
	if err := s.AddGeneration(t.Context(), first); !errors.Is(err, store.ErrExists) {
		t.Errorf("the same number again: got %v, want ErrExists", err)
	}
	same := Generation("staging", 1)
	same.Certificate = first.Certificate
	if err := s.AddGeneration(t.Context(), same); !errors.Is(err, store.ErrExists) {
		t.Errorf("the same certificate elsewhere: got %v, want ErrExists", err)
	}
	if err := s.AddGeneration(t.Context(), Generation("prod", 3)); err == nil {
		t.Error("a second active generation: no error")
	}
	for name, spoil := range map[string]func(g *store.Generation){
		"without certificate": func(g *store.Generation) { g.Certificate = nil },
		"without key":         func(g *store.Generation) { g.KeyURI = "" },
		"without number":      func(g *store.Generation) { g.Number = 0 },
		"without status":      func(g *store.Generation) { g.Status = "" },
	} {
		g := Generation("other", 1)
		spoil(&g)
		if err := s.AddGeneration(t.Context(), g); err == nil {
			t.Errorf("a generation %s: no error", name)
		}
	}
	read := value[[]store.Generation](t)
	if diff := cmp.Diff([]store.Generation{first, second}, read(s.Generations(t.Context(), "prod"))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]store.Generation{root, dev, first, second}, read(s.AllGenerations(t.Context()))); diff != "" {
		t.Error(diff)
	}
	active, found, err := s.Active(t.Context(), "prod")
	must(t, err)
	if diff := cmp.Diff(second, active); diff != "" || !found {
		t.Error(found, diff)
	}
	if _, found, err := s.Active(t.Context(), "staging"); err != nil || found {
		t.Errorf("an environment without issuer: got %v, %v", found, err)
	}
}

func issued(t *testing.T, p Place) {
	s := create(t, p)
	if err := s.RecordIssued(t.Context(), Certificate(1)); err == nil {
		t.Error("a certificate of an issuer that is not recorded: no error")
	}
	must(t, s.AddGeneration(t.Context(), Generation("prod", 1)))
	one, two, three := Certificate(1), Certificate(2), Certificate(3)
	two.Workload, two.Instance, two.NotAfter = "reports", "a1", start().Unix()+60
	three.SPKI = one.SPKI // renewed with its key
	for _, c := range []store.Issued{one, two, three} {
		must(t, s.RecordIssued(t.Context(), c))
	}
	if err := s.RecordIssued(t.Context(), one); !errors.Is(err, store.ErrExists) {
		t.Errorf("the same serial again: got %v, want ErrExists", err)
	}
	got, found, err := s.IssuedBySPKI(t.Context(), one.SPKI)
	must(t, err)
	if diff := cmp.Diff(three, got, unnumbered()); diff != "" || !found {
		t.Error(found, diff)
	}
	similar := one.SPKI
	similar[len(similar)-1]++
	for _, other := range [][32]byte{Certificate(9).SPKI, similar} {
		if _, found, err := s.IssuedBySPKI(t.Context(), other); err != nil || found {
			t.Errorf("a key without certificate, %x: got %v, %v", other, found, err)
		}
	}
	for name, c := range map[string]struct {
		filter store.Filter
		want   []store.Issued
	}{
		"all, newest first":        {store.Filter{}, []store.Issued{three, two, one}},
		"of a workload":            {store.Filter{Environment: "prod", Workload: "reports"}, []store.Issued{two}},
		"of another environment":   {store.Filter{Environment: "dev"}, nil},
		"of a generation":          {store.Filter{Generation: 1, Limit: 1}, []store.Issued{three}},
		"valid later":              {store.Filter{ValidAt: start().Unix() + 61}, []store.Issued{three, one}},
		"valid before any":         {store.Filter{ValidAt: start().Unix() - 901}, nil},
		"ending within an instant": {store.Filter{EndsBefore: start().Unix() + 61}, []store.Issued{two}},
	} {
		got := value[[]store.Issued](t)(s.ListIssued(t.Context(), c.filter))
		if diff := cmp.Diff(c.want, got, unnumbered()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		c.filter.Limit = 0
		all := value[[]store.Issued](t)(s.ListIssued(t.Context(), c.filter))
		if n := value[int](t)(s.CountIssued(t.Context(), c.filter)); n != len(all) {
			t.Errorf("%s: counted %d, listed %d", name, n, len(all))
		}
	}
}

func batch(t *testing.T, p Place) {
	s := create(t, p)
	must(t, s.AddGeneration(t.Context(), Generation("prod", 1)))
	must(t, s.RecordIssued(t.Context()))
	must(t, s.RecordIssued(t.Context(), Certificate(1), Certificate(2)))
	if err := s.RecordIssued(t.Context(), Certificate(3), Certificate(2)); !errors.Is(err, store.ErrExists) {
		t.Errorf("a batch with a known serial: got %v, want ErrExists", err)
	}
	for name, spoil := range map[string]func(c *store.Issued){
		"without environment":   func(c *store.Issued) { c.Environment = "" },
		"without workload":      func(c *store.Issued) { c.Workload = "" },
		"without generation":    func(c *store.Issued) { c.Generation = 0 },
		"with capitals":         func(c *store.Issued) { c.Serial = "AB" },
		"without serial":        func(c *store.Issued) { c.Serial = "" },
		"without certificate":   func(c *store.Issued) { c.Certificate = nil },
		"without key":           func(c *store.Issued) { c.SPKI = [32]byte{} },
		"that ends too early":   func(c *store.Issued) { c.NotAfter = c.NotBefore },
		"of an unknown issuer":  func(c *store.Issued) { c.Generation = 7 },
		"of a number too large": func(c *store.Issued) { c.Serial = "0123456789abcdef0123456789abcdef0123456789" },
	} {
		c := Certificate(4)
		spoil(&c)
		if err := s.RecordIssued(t.Context(), Certificate(5), c); err == nil {
			t.Errorf("a certificate %s: no error", name)
		}
	}
	if n := value[int](t)(s.CountIssued(t.Context(), store.Filter{})); n != 2 {
		t.Errorf("got %d certificates, want 2", n)
	}
	must(t, s.VerifyAudit(t.Context()))
}
