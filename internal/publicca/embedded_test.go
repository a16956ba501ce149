package publicca_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
	"testing"
	"time"

	"anchorctl/internal/publicca"
)

// The module in go.mod is one of the sources, and in the module cache of
// whoever builds this: all of it must be in the set.
func TestEveryRootOfTheModuleIsKnown(t *testing.T) {
	set := publicca.Load()
	if err := set.Err(); err != nil {
		t.Fatal(err)
	}
	for i, c := range roots(t) {
		if e, ok := set.Equal(c); !ok || e.Kind != publicca.Root || e.Name == "" || e.Source == "" {
			t.Errorf("%s: the certificate is not known: %+v", c.Subject, e)
		}
		if e, ok := set.KeyOf(c); !ok || e.Kind != publicca.Root {
			t.Errorf("%s: the key is not known: %+v", c.Subject, e)
		}
		// A root verifies under its own key, so the set must find its signer.
		if _, ok := set.IssuerOf(c); !ok {
			t.Errorf("%s: its signer is not known", c.Subject)
		}
		// Another certificate for the same key is not that certificate.
		again := *c
		again.Raw = append(bytes.Clone(c.Raw), 0)
		if _, ok := set.Equal(&again); ok {
			t.Errorf("%s: with a byte more it is still that certificate", c.Subject)
		}
		if i%10 > 0 { // what follows tries all keys
			continue
		}
		// The signer is found also when the names no longer say who that is.
		renamed := *c
		renamed.RawIssuer, renamed.AuthorityKeyId = []byte("somebody else"), []byte("another key")
		if _, ok := set.IssuerOf(&renamed); !ok {
			t.Errorf("%s: renamed, its signer is not known", c.Subject)
		}
	}
}

func TestTheModuleIsASource(t *testing.T) {
	gomod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	const module = "golang.org/x/crypto/x509roots/fallback"
	_, rest, found := strings.Cut(string(gomod), module+" ")
	if !found {
		t.Fatalf("go.mod does not require %s", module)
	}
	version := strings.Fields(rest)[0]
	for _, source := range publicca.Load().Sources() {
		if source.Package != "go:"+module || source.Version != version {
			continue
		}
		if stamp := strings.Split(version, "-")[1]; source.Date.Format("20060102150405") != stamp {
			t.Errorf("the source's date is %s, its module's %s", source.Date, stamp)
		}
		return
	}
	t.Errorf(`%s %s is not among the sources: name it there and run "make publicset"`, module, version)
}

func TestTheSetAndItsSourcesAgree(t *testing.T) {
	set := publicca.Load()
	if err := set.Err(); err != nil {
		t.Fatal(err)
	}
	sources := set.Sources()
	counts := make([]int, len(sources))
	kinds, known, hashed := map[publicca.Kind]int{}, 0, 0
	for r := range set.All() {
		kinds[r.Kind]++
		if r.Key == nil {
			hashed++
		} else {
			known++
		}
		if r.Name == "" || r.Source == "" || len(r.Sources) == 0 || r.Key == nil && r.SPKI == (publicca.Hash{}) {
			t.Errorf("a record says too little: %+v", r)
		}
		for _, i := range r.Sources {
			counts[i]++
		}
	}
	for i, s := range sources {
		if s.Count != counts[i] || s.Count == 0 {
			t.Errorf("%s %s: %d keys are said to be in it, %d are", s.Package, s.Version, s.Count, counts[i])
		}
		if sum, err := hex.DecodeString(s.SHA256); err != nil || len(sum) != sha256.Size {
			t.Errorf("%s %s: its SHA-256 is %q", s.Package, s.Version, s.SHA256)
		}
	}
	if known+hashed != set.Count() || hashed != set.Hashed() {
		t.Errorf("%d and %d keys are said to be %d and %d", known, hashed, set.Count()-set.Hashed(), set.Hashed())
	}
	for _, kind := range publicca.Kinds() {
		if kinds[kind] == 0 || kinds[kind] != set.CountOf(kind) {
			t.Errorf("%d keys of the kind %q are said to be %d", kinds[kind], kind, set.CountOf(kind))
		}
	}
	t.Logf("%d keys, %d of them by hash: %v", set.Count(), hashed, kinds)
}

// What ages is the newest store, not history that was added later.
func TestTheDateIsThatOfTheNewestStore(t *testing.T) {
	want := time.Time{}
	for _, s := range publicca.Load().Sources() {
		if s.Kind == "store" && s.Date.After(want) {
			want = s.Date
		}
	}
	if got := publicca.Load().Date(); !got.Equal(want) || got.Year() < 2026 {
		t.Errorf("the date is %s, that of the newest store %s", got, want)
	}
}

func TestABrokenSetKnowsNothing(t *testing.T) {
	whole, list := publicca.Embedded()
	for name, files := range map[string][2]string{
		"nothing":                       {"", list},
		"cut off":                       {whole[:len(whole)/2], list},
		"another format":                {strings.Replace(whole, "set 1", "set 2", 1), list},
		"without its sources":           {whole, "[]"},
		"with sources that are no JSON": {whole, "{"},
	} {
		t.Run(name, func(t *testing.T) {
			set := publicca.Open(files[0], files[1])
			if set.Err() == nil || set.Count() != 0 || !set.Stale(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)) {
				t.Errorf("it is taken: %v, %d keys of %s", set.Err(), set.Count(), set.Date())
			}
			if e, ok := set.KeyOf(roots(t)[0]); ok {
				t.Errorf("it knows %s", e.Name)
			}
			if e, ok := set.IssuerOf(roots(t)[0]); ok {
				t.Errorf("it knows %s", e.Name)
			}
		})
	}
}
