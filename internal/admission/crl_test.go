package admission_test

import (
	"crypto/x509"
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/admission"
	"anchorctl/internal/pki"
	"anchorctl/internal/pki/pkitest"
	"anchorctl/internal/rules"
)

// listOf is a list of n entries that an issuer signed at a time, for a week.
func listOf(t *testing.T, by pkitest.Cert, number int64, n int, at time.Time) *x509.RevocationList {
	t.Helper()
	spec := pki.CRLSpec{Number: number, ThisUpdate: at, NextUpdate: at.Add(7 * 24 * time.Hour)}
	for i := range n {
		serial := new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), 126), big.NewInt(int64(i)))
		spec.Entries = append(spec.Entries, pki.Revoked{Serial: serial, At: at, Reason: 1})
	}
	der, err := pki.NewCRL(spec, by.Parent())
	if err != nil {
		t.Fatal(err)
	}
	list, err := x509.ParseRevocationList(der)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// A list is renewed at an interval: half of one late, it is said.
func TestAListThatIsLateOrNotInForce(t *testing.T) {
	estate := pkitest.NewEstate(t, "prod")
	prod, now := estate.Issuers["prod"], pkitest.Now()
	for name, c := range map[string]struct {
		age, interval time.Duration
		disabled      bool
		want          []string
	}{
		"one that is half an interval late":            {36 * time.Hour, 24 * time.Hour, false, nil},
		"one that is later":                            {36*time.Hour + time.Second, 24 * time.Hour, false, []string{"ANC701"}},
		"one whose next comes before that":             {85 * time.Hour, 72 * time.Hour, false, []string{"ANC701"}},
		"one that somebody disabled":                   {time.Hour, 24 * time.Hour, true, []string{"ANC705"}},
		"one that somebody disabled and nobody renews": {48 * time.Hour, 24 * time.Hour, true, []string{"ANC701", "ANC705"}},
	} {
		var got []string
		for _, f := range admission.JudgeCRL(admission.CRLCase{
			At: "crl/prod#1", Issuer: prod.Certificate, List: listOf(t, prod, 5, 1, now.Add(-c.age)), Newest: 5, Now: now,
			Interval: c.interval, Disabled: c.disabled,
		}) {
			got = append(got, f.Rule)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if f := admission.JudgeMissing("crl/prod#1", 7); f.Rule != "ANC705" || f.Severity != rules.Warn || f.Evidence == "" {
		t.Errorf("of one that is missing: %+v", f)
	}
}

func TestJudgeCRL(t *testing.T) {
	estate := pkitest.NewEstate(t, "prod", "dev")
	prod, dev, now := estate.Issuers["prod"], estate.Issuers["dev"], pkitest.Now()
	sameName := estate.Root.Issuer(t, "prod") // another key under the same name
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		list   *x509.RevocationList
		newest int64
		want   []string
	}{
		"one of yesterday":                         {listOf(t, prod, 5, 1, now.Add(-day)), 5, nil},
		"one that has just half of its time":       {listOf(t, prod, 5, 1, now.Add(-84*time.Hour)), 5, nil},
		"one that has less than half of it":        {listOf(t, prod, 5, 1, now.Add(-84*time.Hour-time.Second)), 5, []string{"ANC701"}},
		"one whose next is overdue":                {listOf(t, prod, 5, 1, now.Add(-8*day)), 5, []string{"ANC701"}},
		"one of many entries":                      {listOf(t, prod, 5, 3500, now), 5, nil},
		"one that four fifths of the bytes fill":   {listOf(t, prod, 5, 3700, now), 5, []string{"ANC702"}},
		"one of another environment's issuer":      {listOf(t, dev, 5, 1, now), 5, []string{"ANC703"}},
		"one by another key under the same name":   {listOf(t, sameName, 5, 1, now), 5, []string{"ANC703"}},
		"one that cannot be read":                  {nil, 5, []string{"ANC703"}},
		"one older than the newest on record":      {listOf(t, prod, 4, 1, now), 5, nil},
		"one newer than the newest on record":      {listOf(t, prod, 6, 1, now), 5, []string{"ANC704"}},
		"one of which nothing is known":            {listOf(t, prod, 6, 1, now), 0, nil},
		"one that is stale, and newer than known":  {listOf(t, prod, 6, 1, now.Add(-5*day)), 5, []string{"ANC701", "ANC704"}},
		"another's, stale and newer: that is that": {listOf(t, dev, 6, 1, now.Add(-5*day)), 5, []string{"ANC703"}},
	} {
		t.Run(name, func(t *testing.T) {
			size := 0
			if c.list != nil {
				size = pki.CRLSize(c.list.Raw)
			}
			var got []string
			for _, f := range admission.JudgeCRL(admission.CRLCase{
				At: "crl/prod#1", Issuer: prod.Certificate, List: c.list, Size: size, Newest: c.newest, Now: now,
			}) {
				if f.Severity != rules.Warn || f.Evidence == "" || f.At != "crl/prod#1" {
					t.Errorf("the finding is %+v", f)
				}
				got = append(got, f.Rule)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
