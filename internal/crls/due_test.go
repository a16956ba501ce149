package crls_test

import (
	"crypto/x509"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/crls"
	"anchorctl/internal/pki"
	"anchorctl/internal/pki/pkitest"
	"anchorctl/internal/plan"
	"anchorctl/internal/store"
)

var terms = crls.Terms{Interval: 24 * time.Hour, Validity: 7 * 24 * time.Hour}

// issuer is prod's, and the state of its revocations.
type issuer struct {
	cert  pkitest.Cert
	state crls.State
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	cert := pkitest.NewEstate(t, "prod").Issuers["prod"]
	return &issuer{cert, crls.State{Issuer: plan.Issuer("prod", 1), Certificate: cert.Certificate}}
}

func serialOf(n int) string { return fmt.Sprintf("4%031x", n) }

// revoke records a revocation of a certificate that ends at a time; dropped is
// the list that was the last to need it.
func (i *issuer) revoke(n int, ends time.Time, dropped int64) *issuer {
	i.state.Revocations = append(i.state.Revocations, store.Revocation{
		Environment: "prod", Generation: 1, Serial: serialOf(n), At: pkitest.Now().Unix(), Reason: 1, NotAfter: ends.Unix(), Dropped: dropped,
	})
	return i
}

// lists records the newest list.
func (i *issuer) lists(t *testing.T, number int64, at time.Time, serials ...int) *issuer {
	t.Helper()
	spec := pki.CRLSpec{Number: number, ThisUpdate: at, NextUpdate: at.Add(terms.Validity)}
	for _, n := range serials {
		value, _ := new(big.Int).SetString(serialOf(n), 16)
		spec.Entries = append(spec.Entries, pki.Revoked{Serial: value, At: at, Reason: 1})
	}
	der, err := pki.NewCRL(spec, i.cert.Parent())
	if err != nil {
		t.Fatal(err)
	}
	i.state.Listed = true
	i.state.Newest = store.CRL{Environment: "prod", Generation: 1, Number: number, ThisUpdate: at.Unix(), NextUpdate: spec.NextUpdate.Unix(), DER: der, Entries: len(serials)}
	return i
}

func TestDue(t *testing.T) {
	now := pkitest.Now()
	later := now.Add(12 * time.Hour)
	always := terms
	always.Always = true
	for name, c := range map[string]struct {
		state *issuer
		at    time.Time
		terms crls.Terms
		above int64
		want  string
	}{
		"no revocation": {newIssuer(t), now, terms, 0, ""},
		"no revocation, where certificates name a list": {newIssuer(t), now, always, 0, "there is none yet"},
		"the first revocation":                          {newIssuer(t).revoke(1, later, 0), now, terms, 0, "there is none yet"},
		"one that is listed":                            {newIssuer(t).revoke(1, later, 0).lists(t, 5, now, 1), now, terms, 0, ""},
		"one more":                                      {newIssuer(t).revoke(1, later, 0).revoke(2, later, 0).lists(t, 5, now, 1), now, terms, 0, "1 revoked since"},
		"one that no list needs any more":               {newIssuer(t).revoke(1, now, 4).revoke(2, later, 0).lists(t, 5, now, 2), now, terms, 0, ""},
		"a second before its time":                      {newIssuer(t).revoke(1, later, 0).lists(t, 5, now, 1), now.Add(24*time.Hour - time.Second), terms, 0, ""},
		"in its time":                                   {newIssuer(t).revoke(1, later, 0).lists(t, 5, now, 1), now.Add(24 * time.Hour), terms, 0, "older than 24h0m0s"},
		"a higher number at an anchor":                  {newIssuer(t).revoke(1, later, 0).lists(t, 5, now, 1), now, terms, 6, "the number 6 is at an anchor"},
		"the same number at an anchor":                  {newIssuer(t).revoke(1, later, 0).lists(t, 5, now, 1), now, terms, 5, ""},
		"an issuer that expired":                        {newIssuer(t).revoke(1, later, 0), now.AddDate(20, 0, 0), terms, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.state.state.Due(c.at, c.terms, c.above); got != c.want {
				t.Errorf("due: %q, want %q", got, c.want)
			}
		})
	}
}

// An entry leaves when a list after its certificate's end has had it, and not
// before two intervals after that end: one of those lists was a scheduled one.
func TestEntries(t *testing.T) {
	now := pkitest.Now()
	ends := now.Add(time.Hour)
	for name, c := range map[string]struct {
		state *issuer
		at    time.Time
		want  []int
	}{
		"what has not expired":                          {newIssuer(t).revoke(1, ends, 0), now, []int{1}},
		"what has expired and was on no list since":     {newIssuer(t).revoke(1, ends, 0), now.AddDate(0, 1, 0), []int{1}},
		"what was on one since, which may be unplanned": {newIssuer(t).revoke(1, ends, 7).revoke(2, ends.AddDate(1, 0, 0), 0), ends.Add(47 * time.Hour), []int{1, 2}},
		"what was on a scheduled one since":             {newIssuer(t).revoke(1, ends, 7).revoke(2, ends.AddDate(1, 0, 0), 0), ends.Add(48 * time.Hour), []int{2}},
		"the last one stays, for the list is not empty": {newIssuer(t).revoke(1, ends, 7).revoke(2, ends, 7), ends.AddDate(0, 1, 0), []int{2}},
		"the last one stays though it was pruned":       {newIssuer(t).lists(t, 5, now, 1, 2), ends.AddDate(0, 1, 0), []int{2}},
		"nothing, of nothing":                           {newIssuer(t), now, nil},
		"nothing, of a list without entries":            {newIssuer(t).lists(t, 5, now), now, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var want, got []string
			for _, n := range c.want {
				want = append(want, serialOf(n))
			}
			for _, r := range c.state.state.Entries(c.at, terms) {
				got = append(got, r.Serial)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestUnknown(t *testing.T) {
	now := pkitest.Now()
	i := newIssuer(t).revoke(1, now.Add(time.Hour), 0).lists(t, 5, now, 1, 2)
	live, err := x509.ParseRevocationList(i.state.Newest.DER)
	if err != nil {
		t.Fatal(err)
	}
	got := i.state.Unknown(live)
	want := []store.Revocation{{
		Environment: "prod", Generation: 1, Serial: serialOf(2), At: now.Unix(), Reason: 1, NotAfter: i.cert.Certificate.NotAfter.Unix(),
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
