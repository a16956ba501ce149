package pki_test

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/pki"
)

// listed makes entries with serial numbers as ours are.
func listed(t testing.TB, n int, reason int, at time.Time) []pki.Revoked {
	t.Helper()
	entries := make([]pki.Revoked, n)
	for i := range entries {
		octets := make([]byte, 16)
		if _, err := rand.Read(octets); err != nil {
			t.Fatal(err)
		}
		octets[0] = octets[0]&0x3f | 0x40
		entries[i] = pki.Revoked{Serial: new(big.Int).SetBytes(octets), At: at, Reason: reason}
	}
	return entries
}

func crlSpec(t testing.TB, at time.Time) pki.CRLSpec {
	t.Helper()
	at = at.UTC().Truncate(time.Second)
	entries := listed(t, 20, 1, at.Add(-time.Hour))
	entries = append(entries, listed(t, 2, 0, at)...)
	entries = append(entries, pki.Revoked{Serial: big.NewInt(0x80), At: at.Add(-time.Minute), Reason: 5},
		pki.Revoked{Serial: new(big.Int).Lsh(big.NewInt(1), 158), At: at, Reason: 4})
	return pki.CRLSpec{Number: at.Unix(), ThisUpdate: at, NextUpdate: at.Add(7 * 24 * time.Hour), Entries: entries}
}

func TestNewCRL(t *testing.T) {
	for _, kind := range keyMakers() {
		t.Run(kind.name, func(t *testing.T) {
			c := newChain(t, kind, nil, nil, false)
			spec := crlSpec(t, now())
			der, err := pki.NewCRL(spec, pki.Parent{Certificate: c.issuer, Key: c.issuerKey})
			if err != nil {
				t.Fatal(err)
			}
			list, err := pki.ParseRevocationList(pki.EncodeCRL(der))
			if err != nil {
				t.Fatal(err)
			}
			if err := list.CheckSignatureFrom(c.issuer); err != nil {
				t.Error(err)
			}
			if list.CheckSignatureFrom(c.root) == nil {
				t.Error("it verifies under the root")
			}
			var got []pki.Revoked
			for _, e := range list.RevokedCertificateEntries {
				got = append(got, pki.Revoked{Serial: e.SerialNumber, At: e.RevocationTime, Reason: e.ReasonCode})
			}
			same := cmp.Comparer(func(a, b *big.Int) bool { return a.Cmp(b) == 0 })
			if diff := cmp.Diff(spec.Entries, got, same); diff != "" {
				t.Error(diff)
			}
			if list.Number.Int64() != spec.Number || !list.ThisUpdate.Equal(spec.ThisUpdate) || !list.NextUpdate.Equal(spec.NextUpdate) {
				t.Errorf("number %s, from %s to %s", list.Number, list.ThisUpdate, list.NextUpdate)
			}
			if !bytes.Equal(list.AuthorityKeyId, c.issuer.SubjectKeyId) || len(list.Extensions) != 2 {
				t.Errorf("the extensions are %v", list.Extensions)
			}
			if problems := pki.LintCRL(list, c.issuer); len(problems) > 0 {
				t.Error(problems)
			}
		})
	}
}

func TestCRLWithoutEntries(t *testing.T) {
	c := newChain(t, keyMakers()[0], nil, nil, false)
	spec := crlSpec(t, now())
	spec.Entries = nil
	der, err := pki.NewCRL(spec, pki.Parent{Certificate: c.issuer, Key: c.issuerKey})
	if err != nil {
		t.Fatal(err)
	}
	list, err := x509.ParseRevocationList(der)
	if err != nil || len(list.RevokedCertificateEntries) != 0 || list.CheckSignatureFrom(c.issuer) != nil {
		t.Errorf("got %+v, %v", list, err)
	}
}

// TestCRLIsAsCryptoMakesIt: what is signed by hand is what crypto/x509 signs.
func TestCRLIsAsCryptoMakesIt(t *testing.T) {
	c := newChain(t, keyMakers()[0], nil, nil, false)
	spec := crlSpec(t, now())
	spec.Entries = append(spec.Entries, listed(t, 500, 1, now().Add(-time.Minute))...)
	spec.Entries[30].At = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	ours, err := pki.NewCRL(spec, pki.Parent{Certificate: c.issuer, Key: c.issuerKey})
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := x509.CreateRevocationList(rand.Reader, cryptoCRL(spec), c.issuer, c.issuerKey)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(tbsOf(t, ours), tbsOf(t, theirs)) {
		t.Error("the bytes that are signed differ")
	}
}

func cryptoCRL(spec pki.CRLSpec) *x509.RevocationList {
	list := &x509.RevocationList{Number: big.NewInt(spec.Number), ThisUpdate: spec.ThisUpdate, NextUpdate: spec.NextUpdate}
	for _, e := range spec.Entries {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries,
			x509.RevocationListEntry{SerialNumber: e.Serial, RevocationTime: e.At, ReasonCode: e.Reason})
	}
	return list
}

func tbsOf(t *testing.T, der []byte) []byte {
	t.Helper()
	list, err := x509.ParseRevocationList(der)
	if err != nil {
		t.Fatal(err)
	}
	return list.RawTBSRevocationList
}

func TestCRLsThatAreNotMade(t *testing.T) {
	c, other := newChain(t, keyMakers()[0], nil, nil, false), newChain(t, keyMakers()[0], nil, nil, false)
	good := pki.Parent{Certificate: c.issuer, Key: c.issuerKey}
	for name, test := range map[string]struct {
		change func(s *pki.CRLSpec)
		by     pki.Parent
		want   string
	}{
		"one without a number":                   {func(s *pki.CRLSpec) { s.Number = 0 }, good, "number"},
		"one that is over when it begins":        {func(s *pki.CRLSpec) { s.NextUpdate = s.ThisUpdate }, good, "next update"},
		"a serial number twice":                  {func(s *pki.CRLSpec) { s.Entries[1] = s.Entries[0] }, good, "twice"},
		"a serial number of more than 20 octets": {func(s *pki.CRLSpec) { s.Entries[1].Serial = new(big.Int).Lsh(big.NewInt(1), 160) }, good, "none of ours"},
		"a serial number that is not positive":   {func(s *pki.CRLSpec) { s.Entries[1].Serial = big.NewInt(0) }, good, "none of ours"},
		"a revocation in the future":             {func(s *pki.CRLSpec) { s.Entries[1].At = s.ThisUpdate.Add(time.Second) }, good, "after the list's own time"},
		"removeFromCRL":                          {func(s *pki.CRLSpec) { s.Entries[1].Reason = 8 }, good, "no reason"},
		"a reason that RFC 5280 does not have":   {func(s *pki.CRLSpec) { s.Entries[1].Reason = 7 }, good, "no reason"},
		"one by an issuer that expired":          {func(s *pki.CRLSpec) { s.ThisUpdate, s.NextUpdate = now().AddDate(3, 0, 0), now().AddDate(4, 0, 0) }, good, "expired"},
		"one with the key of another issuer":     {nil, pki.Parent{Certificate: c.issuer, Key: other.issuerKey}, "does not belong"},
		"one by a workload":                      {nil, pki.Parent{Certificate: c.leaf, Key: c.leafKey}, "may not sign"},
		"one by nobody":                          {nil, pki.Parent{}, "no issuer"},
	} {
		t.Run(name, func(t *testing.T) {
			spec := crlSpec(t, now())
			if test.change != nil {
				test.change(&spec)
			}
			der, err := pki.NewCRL(spec, test.by)
			if err == nil || !strings.Contains(err.Error(), test.want) || der != nil {
				t.Errorf("got %d bytes, %v; want an error with %q", len(der), err, test.want)
			}
		})
	}
}

func TestCRLRoom(t *testing.T) {
	c := newChain(t, keyMakers()[0], nil, nil, false)
	by := pki.Parent{Certificate: c.issuer, Key: c.issuerKey}
	spec := crlSpec(t, now())
	spec.Entries = listed(t, 1, 1, spec.ThisUpdate)
	der, err := pki.NewCRL(spec, by)
	if err != nil {
		t.Fatal(err)
	}
	room := pki.CRLRoom(der)
	spec.Entries = append(spec.Entries, listed(t, room, 1, spec.ThisUpdate)...)
	if der, err = pki.NewCRL(spec, by); err != nil {
		t.Fatal(err)
	}
	if size := pki.CRLSize(der); size > pki.MaxRevocationList || size < pki.MaxRevocationList-500 || pki.CRLRoom(der) > 2 {
		t.Errorf("full, it has %d bytes and room for %d", size, pki.CRLRoom(der))
	}
	t.Logf("%d entries fill a list", len(spec.Entries))
	spec.Entries = append(spec.Entries, listed(t, 20, 1, spec.ThisUpdate)...)
	if der, err = pki.NewCRL(spec, by); err != nil || pki.CRLRoom(der) != 0 {
		t.Errorf("over full, there is room for %d, %v", pki.CRLRoom(der), err)
	}
}

func TestReasons(t *testing.T) {
	want := []string{"unspecified", "keyCompromise", "affiliationChanged", "superseded", "cessationOfOperation"}
	if diff := cmp.Diff(want, pki.Reasons()); diff != "" {
		t.Error(diff)
	}
	for _, name := range want {
		number, err := pki.ParseReason(strings.ToUpper(name))
		if err != nil || pki.ReasonName(number) != name {
			t.Errorf("%s: %d, %v", name, number, err)
		}
	}
	for _, name := range []string{"", "1", "caCompromise", "removeFromCRL"} {
		if _, err := pki.ParseReason(name); err == nil {
			t.Errorf("%q is taken for a reason", name)
		}
	}
}

// TestOtherImplementationsJudgeCRLs has OpenSSL and GnuTLS find the revoked
// certificate revoked, and another one good.
func TestOtherImplementationsJudgeCRLs(t *testing.T) {
	openssl, certtool := needTool(t, "openssl"), needTool(t, "certtool")
	for _, kind := range keyMakers() {
		t.Run(kind.name, func(t *testing.T) {
			c := newChainAt(t, time.Now(), kind, nil, nil, false)
			f := writeChain(t, c)
			lists := map[bool]string{}
			for _, revoked := range []bool{true, false} {
				spec := crlSpec(t, time.Now())
				if revoked {
					spec.Entries = append(spec.Entries, pki.Revoked{Serial: c.leaf.SerialNumber, At: spec.ThisUpdate, Reason: 1})
				}
				der, err := pki.NewCRL(spec, pki.Parent{Certificate: c.issuer, Key: c.issuerKey})
				if err != nil {
					t.Fatal(err)
				}
				lists[revoked] = filepath.Join(t.TempDir(), "list.pem")
				if err := os.WriteFile(lists[revoked], pki.EncodeCRL(der), 0o600); err != nil {
					t.Fatal(err)
				}
				accepts(t, openssl, "crl", "-in", lists[revoked], "-CAfile", f.issuer, "-noout", "-text")
				accepts(t, certtool, "--verify-crl", "--load-ca-certificate", f.issuer, "--infile", lists[revoked])
			}
			check := []string{"verify", "-x509_strict", "-crl_check", "-partial_chain", "-trusted", f.issuer, "-CRLfile"}
			accepts(t, openssl, append(check, lists[false], f.leaf)...)
			out, err := exec.CommandContext(t.Context(), openssl, append(check, lists[true], f.leaf)...).CombinedOutput()
			if err == nil || !strings.Contains(string(out), "certificate revoked") {
				t.Errorf("OpenSSL says of a revoked certificate: %v %s", err, out)
			}
			out, err = exec.CommandContext(t.Context(), certtool, "--verify", "--load-ca-certificate", f.issuer, "--load-crl", lists[true], "--infile", f.leaf).CombinedOutput()
			if err == nil || !strings.Contains(string(out), "revoked") {
				t.Errorf("GnuTLS says of a revoked certificate: %v %s", err, out)
			}
		})
	}
}

// full is a list at the service's limit.
func full(b *testing.B) (pki.CRLSpec, pki.Parent) {
	b.Helper()
	spec := pki.CRLSpec{Number: 1, ThisUpdate: now(), NextUpdate: now().Add(time.Hour), Entries: listed(b, 4500, 1, now())}
	return spec, benchIssuer(b)
}

// benchIssuer is an issuer to sign with.
func benchIssuer(b *testing.B) pki.Parent {
	b.Helper()
	key, err := keyMakers()[0].make()
	if err != nil {
		b.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: now(), NotAfter: now().AddDate(1, 0, 0), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCRLSign | x509.KeyUsageCertSign, SubjectKeyId: []byte{1, 2, 3, 4},
	}
	template.Subject.CommonName = "prod issuer 1"
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		b.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		b.Fatal(err)
	}
	return pki.Parent{Certificate: c, Key: key}
}

func BenchmarkNewCRL(b *testing.B) {
	spec, by := full(b)
	for b.Loop() {
		der, err := pki.NewCRL(spec, by)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(pki.CRLSize(der)), "bytes")
	}
}

// BenchmarkCryptoCRL is what crypto/x509 alone takes for the same list.
func BenchmarkCryptoCRL(b *testing.B) {
	spec, by := full(b)
	for b.Loop() {
		if _, err := x509.CreateRevocationList(rand.Reader, cryptoCRL(spec), by.Certificate, by.Key); err != nil {
			b.Fatal(err)
		}
	}
}

// A workload's certificate names its issuer's list where its issuer says so, and
// passes the lints and the path.
func TestWorkloadsNameTheirIssuersList(t *testing.T) {
	c := newChain(t, keyMakers()[0], nil, nil, false)
	spec := pki.WorkloadSpec{
		Environment: "prod", Workload: "backup", Organization: "Example Corp", TrustDomain: "example.internal", Lifetime: time.Hour, Now: now(),
	}
	point := pki.DistributionPoint("http://crl.example.internal/anchorctl", "prod", 2)
	for _, want := range [][]string{nil, {"http://crl.example.internal/anchorctl/prod-2.crl"}} {
		by := pki.Parent{Certificate: c.issuer, Key: c.issuerKey}
		if want != nil {
			by.Point = point
		}
		made, err := pki.NewWorkload(spec, c.leafKey.Public(), by)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, made.CRLDistributionPoints); diff != "" {
			t.Error(diff)
		}
	}
}

func TestASeriesNamesItsIssuersList(t *testing.T) {
	c := newChain(t, keyMakers()[0], nil, nil, false)
	point := pki.DistributionPoint("http://crl.example.internal/anchorctl", "prod", 2)
	series, err := pki.NewSeries(pki.Parent{Certificate: c.issuer, Key: c.issuerKey, Point: point}, []*x509.Certificate{c.root}, now())
	if err != nil {
		t.Fatal(err)
	}
	for _, workload := range []string{"backup", "backup", "reports"} {
		made := parsed(t, series, pki.WorkloadSpec{
			Environment: "prod", Workload: workload, Organization: "Example Corp", TrustDomain: "example.internal", Lifetime: time.Hour, Now: now(),
		}, c.leafKey.Public())
		if diff := cmp.Diff([]string{point}, made.CRLDistributionPoints); diff != "" {
			t.Error(diff)
		}
	}
}
