package admission_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"anchorctl/internal/admission"
	"anchorctl/internal/pki/pkitest"
	"anchorctl/internal/publicca"
	"anchorctl/internal/rules"
)

// ownCertificates are certificates of the set that are at hand: of the module
// that is one of its sources.
func ownCertificates(t *testing.T, w *world) map[publicca.Hash]*x509.Certificate {
	t.Helper()
	own := map[publicca.Hash]*x509.Certificate{}
	for _, c := range w.public {
		own[publicca.HashOf(c.Raw)] = c
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
			j := admission.AnchorCase{At: "anchor/prod", Data: c.data, Roots: c.roots, Now: w.now(), Public: set}
			findings := admission.PublicFindings(j)
			if tried++; tried%50 == 0 {
				var admitted admission.Admitted
				if admitted, findings = admission.Admit(j); admitted.Certificate() != nil {
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

// What one of them has signed is refused too, whatever it says of its issuer. Of
// the published keys, the private halves of some lie in the test data of a module
// that is needed here anyway: this is what a finder would do with one.
func TestWhatAPublicKeyHasSignedIsRefused(t *testing.T) {
	w := newWorld(t)
	set, tried := publicca.Load(), 0
	for path, key := range publishedKeys(t) {
		if _, found := set.Key(key.Public()); !found {
			continue
		}
		tried++
		finder := pkitest.Root(t, pkitest.Name("somebody"), pkitest.Key(key))
		cases := map[string]*x509.Certificate{"by its own name": finder.Issuer(t, "prod").Certificate}
		if _, isEC := key.(*ecdsa.PrivateKey); isEC {
			cases["in the root's name"] = pkitest.Parsed(t, pkitest.Forge(t, w.prod(), pkitest.ByRoot(&pkitest.Estate{Root: finder}), nil))
		}
		for name, signed := range cases {
			j := w.of(signed)
			j.Public = set
			admitted, findings := admission.Admit(j)
			found := slices.ContainsFunc(findings, func(f rules.Finding) bool { return f.Rule == "ANC002" })
			if admitted.Certificate() != nil || !found {
				t.Errorf("%s, %s: %v", filepath.Base(path), name, findings)
			}
		}
	}
	if tried < 5 {
		t.Errorf("only %d published keys were found with their private halves", tried)
	}
}

// publishedKeys are the private keys in the test data of go.step.sm/crypto.
func publishedKeys(t *testing.T) map[string]crypto.Signer {
	t.Helper()
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "go.step.sm/crypto").Output()
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]crypto.Signer{}
	err = filepath.WalkDir(strings.TrimSpace(string(dir)), func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".pem" && filepath.Ext(path) != ".key" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		block, _ := pem.Decode(text)
		if block == nil {
			return nil
		}
		if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
			keys[path], _ = key.(crypto.Signer)
		} else if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
			keys[path] = key
		} else if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
			keys[path] = key
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	maps.DeleteFunc(keys, func(_ string, key crypto.Signer) bool {
		rsaKey, isRSA := key.(*rsa.PrivateKey)
		_, isEC := key.(*ecdsa.PrivateKey)
		return !isEC && (!isRSA || rsaKey.Size() < 256) // those that crypto/x509 signs with
	})
	return keys
}

// The counterpart: a key of one's own is none of them, however the case is made.
func TestAKeyOfOnesOwnIsNotPublic(t *testing.T) {
	w := newWorld(t)
	admitted, findings := admission.Admit(w.of(pkitest.Parsed(t, pkitest.Forge(t, w.prod(), pkitest.ByRoot(w.estate), pkitest.SetKey(t, w.prod().PublicKey)))))
	if admitted.Certificate() == nil || len(findings) > 0 {
		t.Errorf("it is refused: %v", findings)
	}
}
