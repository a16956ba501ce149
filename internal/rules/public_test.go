package rules_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"anchorctl/internal/pki/pkitest"
	"anchorctl/internal/publicca"
	"anchorctl/internal/rules"
)

// ownCertificates are certificates of the set that are at hand: of the module
// that is one of its sources, and those that its generator keeps.
func ownCertificates(t *testing.T, w *world) map[publicca.Hash]*x509.Certificate {
	t.Helper()
	own := map[publicca.Hash]*x509.Certificate{}
	for _, c := range w.public {
		own[publicca.HashOf(c.Raw)] = c
	}
	kept, err := filepath.Glob("../publicca/cmd/publicset/*.pem")
	if err != nil || len(kept) == 0 {
		t.Fatalf("the generator keeps no certificates: %v", err)
	}
	for _, path := range kept {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
			// One has a negative serial number, which nobody may read: ANC013.
			if c, err := x509.ParseCertificate(block.Bytes); err == nil {
				own[publicca.HashOf(block.Bytes)] = c
			}
		}
	}
	return own
}

// Every key of the set that is known in full is refused by ANC002: alone, with a
// private root beside it, and under that private root. Every fiftieth is judged
// by all rules, the others by this one, which is enough to refuse.
func TestEveryKeyOfThePublicSetIsRefused(t *testing.T) {
	w := newWorld(t)
	set := publicca.Load()
	own := ownCertificates(t, w)
	stranger := &pkitest.Estate{Root: pkitest.Root(t, pkitest.Name("nobody"))}
	counts, tried := map[string]int{}, 0
	for r := range set.All() {
		if r.Key == nil {
			counts["known by hashes alone, not tried"]++
			continue
		}
		verdict := "certificate carries the key of the " + r.What()
		alone := pkitest.Forge(t, w.prod(), pkitest.ByRoot(stranger), pkitest.SetKey(t, r.Key))
		if i := slices.IndexFunc(r.Certificates, func(h publicca.Hash) bool { return own[h] != nil }); i >= 0 {
			alone, verdict = own[r.Certificates[i]].Raw, "certificate is that of the "+r.What()
			counts["by its own certificate"]++
		}
		for _, c := range []struct {
			name, evidence string
			data           []byte
			roots          []*x509.Certificate
		}{
			{"alone", verdict, alone, nil},
			{"with a private root", verdict, alone, []*x509.Certificate{w.root().Certificate}},
			{"below a private root", "certificate carries the key of the " + r.What(), pkitest.Forge(t, w.prod(), pkitest.ByRoot(w.estate), pkitest.SetKey(t, r.Key)),
				[]*x509.Certificate{w.root().Certificate}},
		} {
			j := rules.AnchorCase{At: "anchor/prod", Data: c.data, Roots: c.roots, Now: w.now(), Public: set}
			findings := rules.PublicFindings(j)
			if tried++; tried%50 == 0 {
				var admitted rules.Admitted
				if admitted, findings = rules.Admit(j); admitted.Certificate() != nil {
					t.Errorf("%s %s, %q of %s: admitted", r.Kind, c.name, r.Name, r.Source)
				}
			}
			i := slices.IndexFunc(findings, func(f rules.Finding) bool {
				return f.Rule == "ANC002" && f.Severity == rules.Refuse && f.Element == "" && strings.HasPrefix(f.Evidence, c.evidence)
			})
			if i < 0 {
				t.Errorf("%s %s, %q of %s: %v", r.Kind, c.name, r.Name, r.Source, findings)
				continue
			}
			if !strings.Contains(findings[i].Evidence, r.Source) {
				t.Errorf("%q: where it is from is not said: %q", r.Name, findings[i].Evidence)
			}
			counts[string(r.Kind)+" refused "+c.name]++
		}
	}
	for _, name := range []string{"root", "intermediate", "published key", "test CA"} {
		if counts[name+" refused alone"] == 0 || counts[name+" refused alone"] != counts[name+" refused below a private root"] {
			t.Errorf("of %q, %d and %d were refused", name, counts[name+" refused alone"], counts[name+" refused below a private root"])
		}
	}
	t.Logf("of %d keys: %v", set.Count(), counts)
}

// What one of them has signed is refused too, by whomever else it is proved.
func TestWhatAPublicKeyHasSignedIsRefused(t *testing.T) {
	w := newWorld(t)
	set, tried := publicca.Load(), 0
	for _, c := range ownCertificates(t, w) {
		if bytes.Equal(c.RawSubject, c.RawIssuer) {
			continue
		}
		j := w.of(c)
		j.Public = set
		_, findings := rules.Admit(j)
		if !slices.ContainsFunc(findings, func(f rules.Finding) bool { return f.Rule == "ANC002" }) {
			t.Errorf("%s: %v", c.Subject, findings)
		}
		if _, found := set.IssuerOf(c); found {
			tried++
		}
	}
	if tried < 40 {
		t.Errorf("the issuers of only %d certificates are known", tried)
	}
}

// The counterpart: a key of one's own is none of them, however the case is made.
func TestAKeyOfOnesOwnIsNotPublic(t *testing.T) {
	w := newWorld(t)
	admitted, findings := rules.Admit(w.of(pkitest.Parsed(t, pkitest.Forge(t, w.prod(), pkitest.ByRoot(w.estate), pkitest.SetKey(t, w.prod().PublicKey)))))
	if admitted.Certificate() == nil || len(findings) > 0 {
		t.Errorf("it is refused: %v", findings)
	}
}
