package inventory_test

import (
	"crypto/rand"
	"crypto/x509"
	"errors"
	"math/big"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/clock"
	"anchorctl/internal/config"
	"anchorctl/internal/folder"
	"anchorctl/internal/inventory"
	"anchorctl/internal/pki"
	"anchorctl/internal/pki/pkitest"
	"anchorctl/internal/store"
)

func now() time.Time { return pkitest.Now() }

// lab is an estate of two environments in a store.
type lab struct {
	t      *testing.T
	folder *folder.Folder
	pki    *pkitest.Estate
	at     time.Time // what the clock shows
}

func newLab(t *testing.T) *lab {
	t.Helper()
	l := &lab{t: t, pki: pkitest.NewEstate(t, "dev", "prod"), at: now()}
	c := clock.Clock{Now: func() time.Time { return l.at }}
	s, err := store.Create(t.Context(), filepath.Join(t.TempDir(), "state.db"),
		store.Estate{Lineage: "0f9c6a52-7a3e-4c9b-8d3e-2f1f6b0c9a11", Name: "example", TrustDomain: "example.internal"},
		store.Options{Now: c.Now, Actor: "ana"})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	workloads := map[string]*config.Workload{"backup": {}, "device": {}}
	l.folder = &folder.Folder{Store: s, Clock: c, Config: &config.Config{Environments: map[string]*config.Environment{
		"prod": {Workloads: workloads}, "dev": {Workloads: map[string]*config.Workload{}},
	}}}
	l.add("", l.pki.Root, 1, store.Active)
	l.add("prod", l.pki.Issuers["prod"], 1, store.Active)
	l.add("dev", l.pki.Issuers["dev"], 1, store.Retired)
	return l
}

func (l *lab) add(env string, c pkitest.Cert, number int, status string) {
	l.t.Helper()
	must(l.t, l.folder.Store.AddGeneration(l.t.Context(), store.Generation{
		Environment: env, Number: number, Certificate: c.Certificate.Raw, KeyURI: "file:" + env, Status: status,
	}))
}

// issue records a certificate that ends so long from now.
func (l *lab) issue(env, workload, instance string, ends time.Duration) *x509.Certificate {
	l.t.Helper()
	leaf := l.pki.Leaf(l.t, env, workload, pkitest.Dates(now().Add(-100*24*time.Hour), now().Add(ends))).Certificate
	must(l.t, l.folder.Store.RecordIssued(l.t.Context(), store.Issued{
		Environment: env, Workload: workload, Instance: instance, Generation: 1, Serial: pki.SerialHex(leaf),
		Certificate: leaf.Raw, SPKI: pki.SPKIDigest(leaf), NotBefore: leaf.NotBefore.Unix(), NotAfter: leaf.NotAfter.Unix(),
	}))
	return leaf
}

func (l *lab) revoke(c *x509.Certificate, reason int) {
	l.t.Helper()
	_, err := l.folder.Store.Revoke(l.t.Context(), store.Revocation{
		Environment: "prod", Generation: 1, Serial: pki.SerialHex(c), Reason: reason, NotAfter: c.NotAfter.Unix(),
	})
	must(l.t, err)
}

// publish records a revocation list of prod's issuer.
func (l *lab) publish(number int64, listed ...*x509.Certificate) {
	l.t.Helper()
	issuer := l.pki.Issuers["prod"]
	template := &x509.RevocationList{Number: big.NewInt(number), ThisUpdate: l.at, NextUpdate: l.at.Add(24 * time.Hour)}
	var serials []string
	for _, c := range listed {
		template.RevokedCertificateEntries = append(template.RevokedCertificateEntries,
			x509.RevocationListEntry{SerialNumber: c.SerialNumber, RevocationTime: l.at})
		serials = append(serials, pki.SerialHex(c))
	}
	der, err := x509.CreateRevocationList(rand.Reader, template, issuer.Certificate, issuer.Key)
	must(l.t, err)
	must(l.t, l.folder.Store.RecordCRL(l.t.Context(), store.CRL{
		Environment: "prod", Generation: 1, Number: number, ThisUpdate: l.at.Unix(), NextUpdate: l.at.Unix() + 86400,
		DER: der, Entries: len(listed),
	}, serials))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func names(l inventory.Listing) (list []string) {
	for _, c := range l.Certificates {
		list = append(list, c.Name()+" "+c.State)
	}
	return list
}

func TestListsSayWhichAndInWhichState(t *testing.T) {
	l := newLab(t)
	l.issue("prod", "backup", "", -time.Hour)
	l.issue("prod", "device", "a1", time.Hour)
	l.revoke(l.issue("prod", "device", "a2", 2*time.Hour), 1)
	l.issue("dev", "backup", "", 3*time.Hour)
	for name, c := range map[string]struct {
		query inventory.Query
		want  []string
	}{
		"all, newest first": {inventory.Query{}, []string{"dev/backup valid", "prod/device@a2 revoked", "prod/device@a1 valid", "prod/backup expired"}},
		"of an environment": {inventory.Query{Environment: "dev"}, []string{"dev/backup valid"}},
		"of an instance":    {inventory.Query{Workload: "device", Instance: "a1"}, []string{"prod/device@a1 valid"}},
		"of an issuer":      {inventory.Query{Environment: "prod", Generation: 1, Limit: 1}, []string{"prod/device@a2 revoked"}},
		"expiring, those first that end first": {
			inventory.Query{ExpiringWithin: 3 * time.Hour}, []string{"prod/device@a1 valid", "dev/backup valid"}},
		"expiring, though revoked":         {inventory.Query{ExpiringWithin: 2 * time.Hour, Revoked: true}, []string{"prod/device@a2 revoked"}},
		"valid, those first that end last": {inventory.Query{Valid: true}, []string{"dev/backup valid", "prod/device@a1 valid"}},
		"expired":                          {inventory.Query{Expired: true}, []string{"prod/backup expired"}},
		"revoked":                          {inventory.Query{Revoked: true}, []string{"prod/device@a2 revoked"}},
		"expiring and valid":               {inventory.Query{Valid: true, ExpiringWithin: 2 * time.Hour}, []string{"prod/device@a1 valid"}},
	} {
		got, err := inventory.List(t.Context(), l.folder, c.query)
		must(t, err)
		if diff := cmp.Diff(c.want, names(got)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	l.at = now().Add(-101 * 24 * time.Hour)
	got, err := inventory.List(t.Context(), l.folder, inventory.Query{Environment: "dev"})
	must(t, err)
	if diff := cmp.Diff([]string{"dev/backup not yet valid"}, names(got)); diff != "" {
		t.Error(diff)
	}
}

func TestPagesFollowEachOtherInEveryOrder(t *testing.T) {
	l := newLab(t)
	for n := range 7 {
		l.issue([]string{"prod", "dev"}[n%2], "backup", "", time.Duration(7-n)*time.Hour)
	}
	for name, q := range map[string]inventory.Query{
		"newest first": {}, "of an environment": {Environment: "prod"}, "valid": {Valid: true}, "expiring": {ExpiringWithin: 24 * time.Hour},
	} {
		whole, err := inventory.List(t.Context(), l.folder, q)
		must(t, err)
		if whole.Next != "" {
			t.Errorf("%s: after all of them there is more", name)
		}
		var pages []inventory.Certificate
		for q.Limit = 3; ; {
			page, err := inventory.List(t.Context(), l.folder, q)
			must(t, err)
			pages = append(pages, page.Certificates...)
			if q.After = page.Next; page.Next == "" {
				break
			}
		}
		if diff := cmp.Diff(whole.Certificates, pages); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestAListThatCannotBeIsRefused(t *testing.T) {
	l := newLab(t)
	for name, c := range map[string]struct {
		query inventory.Query
		want  string
	}{
		"of an environment that never was":  {inventory.Query{Environment: "prd"}, `no environment "prd"; there are dev, prod`},
		"of a workload that never was":      {inventory.Query{Workload: "bakcup"}, `no workload "bakcup"`},
		"of a workload of another":          {inventory.Query{Environment: "dev", Workload: "backup"}, `no workload "backup"`},
		"of a generation that never was":    {inventory.Query{Environment: "prod", Generation: 2}, "the issuer of prod has no generation 2"},
		"of a generation that none has":     {inventory.Query{Generation: 7}, "no issuer has a generation 7"},
		"valid and expired":                 {inventory.Query{Valid: true, Expired: true}, "not valid"},
		"expiring and expired":              {inventory.Query{ExpiringWithin: 1, Expired: true}, "not valid"},
		"valid and revoked":                 {inventory.Query{Valid: true, Revoked: true}, "not valid"},
		"of an instance of nothing":         {inventory.Query{Instance: "a1"}, "not named"},
		"after a certificate that is gone":  {inventory.Query{After: "beef"}, "not on record"},
		"after something that is no serial": {inventory.Query{After: "last"}, "neither hexadecimal nor decimal"},
	} {
		if _, err := inventory.List(t.Context(), l.folder, c.query); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	delete(l.folder.Config.Environments, "dev")
	if _, err := inventory.List(t.Context(), l.folder, inventory.Query{Environment: "dev"}); err != nil {
		t.Errorf("of an environment that left the configuration: %v", err)
	}
}

func TestShowSaysWhetherACertificateIsStillAccepted(t *testing.T) {
	l := newLab(t)
	good := l.issue("prod", "backup", "", time.Hour)
	ended := l.issue("prod", "backup", "", -time.Hour)
	retired := l.issue("dev", "backup", "", time.Hour)
	revoked := l.issue("prod", "device", "a1", time.Hour)
	listed := l.issue("prod", "device", "a2", time.Hour)
	forgotten := l.issue("prod", "device", "a3", -time.Hour)
	l.revoke(listed, 1)
	l.revoke(forgotten, 5)
	l.publish(1, listed, forgotten)
	l.publish(2, listed)
	l.revoke(revoked, 4)
	for name, c := range map[string]struct {
		certificate *x509.Certificate
		accepted    bool
		why         []string // words of each reason
	}{
		"good":                                 {good, true, nil},
		"ended":                                {ended, false, []string{"expired at 2026-11-02T11:00:00Z"}},
		"of a retired issuer, and no workload": {retired, true, []string{"issuer/dev#1 is retired", "has no workload dev/backup"}},
		"revoked, not listed":                  {revoked, true, []string{"no CRL lists it yet"}},
		"revoked and listed":                   {listed, false, []string{"CRL 2 lists it"}},
		"revoked, ended, listed long ago":      {forgotten, false, []string{"expired at", "CRL 1 listed it"}},
	} {
		i, err := inventory.FindFile(t.Context(), l.folder.Store, pki.EncodePEM(c.certificate))
		must(t, err)
		d, err := inventory.Show(t.Context(), l.folder, i)
		must(t, err)
		if d.Accepted != c.accepted || len(d.Why) != len(c.why) {
			t.Errorf("%s: accepted %v because of %q", name, d.Accepted, d.Why)
			continue
		}
		for n, why := range c.why {
			if !strings.Contains(d.Why[n], why) {
				t.Errorf("%s: %q does not say %q", name, d.Why[n], why)
			}
		}
		if len(d.Chain) != 2 || d.Chain[1].Addr != "root#1" || d.PEM != string(pki.EncodePEM(c.certificate)) {
			t.Errorf("%s: chain %v, %s", name, d.Chain, d.PEM)
		}
	}
	l.at = now().Add(-200 * 24 * time.Hour)
	i, err := inventory.Find(t.Context(), l.folder.Store, pki.SerialHex(good))
	must(t, err)
	if d, err := inventory.Show(t.Context(), l.folder, i); err != nil || d.Accepted || !strings.Contains(d.Why[0], "not valid before") {
		t.Errorf("before it begins: %v, %v, %v", d.Accepted, d.Why, err)
	}
}

func TestACertificateIsFoundByAnyFormOfItsSerial(t *testing.T) {
	l := newLab(t)
	c := l.issue("prod", "backup", "", time.Hour)
	for _, text := range []string{pki.SerialHex(c), strings.ToUpper(pki.SerialHex(c)), pki.SerialDecimal(c), "0x" + pki.SerialHex(c)} {
		i, err := inventory.Find(t.Context(), l.folder.Store, text)
		if err != nil || i.Serial != pki.SerialHex(c) {
			t.Errorf("%s: got %q, %v", text, i.Serial, err)
		}
	}
	if _, err := inventory.Find(t.Context(), l.folder.Store, "beef"); !errors.Is(err, inventory.ErrUnknown) {
		t.Errorf("one that is not on record: got %v, want ErrUnknown", err)
	}
	foreign := pkitest.NewEstate(t, "prod").Leaf(t, "prod", "backup").Certificate
	for name, data := range map[string][]byte{
		"another's certificate": foreign.Raw, "another's, in PEM": pki.EncodePEM(foreign),
	} {
		if _, err := inventory.FindFile(t.Context(), l.folder.Store, data); !errors.Is(err, inventory.ErrUnknown) {
			t.Errorf("%s: got %v, want ErrUnknown", name, err)
		}
	}
	if _, err := inventory.FindFile(t.Context(), l.folder.Store, []byte("no certificate")); err == nil {
		t.Error("a file of something else: no error")
	}
	for name, data := range map[string][]byte{
		"PEM": pki.EncodePEM(c), "DER": c.Raw, "a chain": pki.EncodePEM(c, l.pki.Issuers["prod"].Certificate),
	} {
		if i, err := inventory.FindFile(t.Context(), l.folder.Store, data); err != nil || i.Serial != pki.SerialHex(c) {
			t.Errorf("%s: got %q, %v", name, i.Serial, err)
		}
	}
}

func TestDigitsThatMayBeTwoCertificatesAreNotGuessed(t *testing.T) {
	l := newLab(t)
	for _, serial := range []string{"1234", "04d2"} {
		must(t, l.folder.Store.RecordIssued(t.Context(), store.Issued{
			Environment: "prod", Workload: "backup", Generation: 1, Serial: serial, Certificate: []byte(serial),
			SPKI: [32]byte{1}, NotBefore: 1, NotAfter: 2,
		}))
	}
	if _, err := inventory.Find(t.Context(), l.folder.Store, "1234"); err == nil || !strings.Contains(err.Error(), "it may be") {
		t.Errorf("got %v, want both to be named", err)
	}
	if i, err := inventory.Find(t.Context(), l.folder.Store, "0x1234"); err != nil || i.Serial != "1234" {
		t.Errorf("got %q, %v", i.Serial, err)
	}
}

func TestPruneAsksFirst(t *testing.T) {
	l := newLab(t)
	l.issue("prod", "backup", "", -50*time.Hour)
	l.issue("prod", "backup", "", -time.Hour)
	held := l.issue("prod", "backup", "", -60*time.Hour)
	l.revoke(held, 1)
	no := errors.New("no")
	var asked inventory.Pruning
	refuse := func(p inventory.Pruning) error { asked = p; return no }
	if p, err := inventory.Prune(t.Context(), l.folder, 24*time.Hour, refuse, nil); !errors.Is(err, no) || p.Removed {
		t.Fatalf("refused: got %v, %v", p, err)
	}
	want := inventory.Pruning{EndedBefore: now().Add(-24 * time.Hour), Certificates: 1, Held: 1}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Error(diff)
	}
	told := 0
	p, err := inventory.Prune(t.Context(), l.folder, 24*time.Hour, func(inventory.Pruning) error { return nil },
		func(removed, of int) { told = 10*removed + of })
	must(t, err)
	want.Removed = true
	if diff := cmp.Diff(want, p); diff != "" || told != 11 {
		t.Error(told, diff)
	}
	if p, err := inventory.Prune(t.Context(), l.folder, 24*time.Hour, refuse, nil); err != nil || p.Removed || p.Certificates != 0 {
		t.Errorf("with nothing to remove nobody is asked: got %v, %v", p, err)
	}
	must(t, l.folder.Store.VerifyAudit(t.Context()))
}
