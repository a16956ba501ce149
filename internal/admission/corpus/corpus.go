package corpus

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

//go:embed manifest.json
var manifest []byte

// Case is what the manifest says of one file.
type Case struct {
	File     string   `json:"file"`
	What     string   `json:"what"`
	Verdict  string   `json:"verdict"` // "admitted" or "refused"
	Rules    []string `json:"rules,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
}

// Admitted reports whether the file may become an anchor.
func (c Case) Admitted() bool { return c.Verdict == "admitted" }

// Companion is the name of the file with the case's root or chain: "root" or
// "chain".
func (c Case) Companion(what string) string { return c.File + "." + what + ".pem" }

// Manifest is every case, in the order in which people wrote them.
func Manifest() ([]Case, error) {
	var cases []Case
	d := json.NewDecoder(strings.NewReader(string(manifest)))
	d.DisallowUnknownFields()
	if err := d.Decode(&cases); err != nil {
		return nil, fmt.Errorf("reading the manifest: %w", err)
	}
	return cases, nil
}

// Files are the contents of a case's files.
type Files struct {
	Candidate []byte
	Root      []byte // nil: none is named
	Chain     []byte // nil: none is named
}

// recipe makes the files of one case.
type recipe struct {
	file string
	make func(m *maker) Files
}

func recipes() []recipe {
	return slices.Concat(
		containers(), bundles(), companions(), encodings(), keyCases(), rsaCases(), signatures(), serials(), subjects(), dates(),
		profiles(), selfSigned(), publicOnes(), proofs(), elsewhere(),
	)
}

// Made is one case with its files.
type Made struct {
	Case
	Files
}

// Make makes the corpus anew, valid at the time now; all of it, or the files
// that are named.
func Make(t testing.TB, now time.Time, named ...string) []Made {
	t.Helper()
	cases, err := Manifest()
	if err != nil {
		t.Fatal(err)
	}
	m := newMaker(t, now)
	wanted := func(file string) bool { return len(named) == 0 || slices.Contains(named, file) }
	made := map[string]Files{}
	for _, r := range recipes() {
		if _, twice := made[r.file]; twice {
			t.Fatalf("%s is made twice", r.file)
		}
		if wanted(r.file) {
			made[r.file] = r.make(m)
		}
	}
	var all []Made
	for _, c := range cases {
		if !wanted(c.File) {
			continue
		}
		files, ok := made[c.File]
		if !ok {
			t.Fatalf("%s is in the manifest twice, or is not made", c.File)
		}
		delete(made, c.File)
		all = append(all, Made{c, files})
	}
	for file := range made {
		t.Errorf("%s is made and not in the manifest", file)
	}
	if len(named) > 0 && len(all) != len(named) {
		t.Fatalf("of the files %q the manifest has %d", named, len(all))
	}
	return all
}
