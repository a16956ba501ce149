package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"anchorctl/internal/publicca"
)

const folder = "../.."

func embedded(t *testing.T) (set, manifest []byte) {
	t.Helper()
	set, err := os.ReadFile(filepath.Join(folder, "set.bin"))
	if err != nil {
		t.Fatal(err)
	}
	manifest, err = os.ReadFile(filepath.Join(folder, "sources.json"))
	if err != nil {
		t.Fatal(err)
	}
	return set, manifest
}

// Registries drop old versions. What was taken from them stays, to the byte; and
// what is kept in the repository is read anew and must still give the same.
func TestWithoutAnyPackageTheSetStaysAsItIs(t *testing.T) {
	set, manifest := embedded(t)
	gone := func(client, _, _, _ string) (string, error) { return "", errors.New("there is no " + client) }
	again, err := build(workshop{inputs: t.TempDir(), data: ".", old: publicca.Load(), fetch: gone, log: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again.set, set) {
		t.Errorf(`set.bin is not what its sources give (%d bytes, not %d): run "make publicset"`, len(set), len(again.set))
	}
	if !bytes.Equal(again.manifest, manifest) {
		t.Error(`sources.json is not what sources.go says: run "make publicset"`)
	}
	if here, err := filepath.Glob("*.pem"); err != nil || again.kept != len(sources())-len(here) {
		t.Errorf("%d of %d sources were taken as they were, %v", again.kept, len(sources()), err)
	}
}

func TestAPackageThatIsNewAndCannotBeHadIsAnError(t *testing.T) {
	gone := func(string, string, string, string) (string, error) { return "", errors.New("there is none") }
	_, err := build(workshop{inputs: t.TempDir(), data: ".", old: publicca.Open("", ""), fetch: gone, log: io.Discard})
	if err == nil || !strings.Contains(err.Error(), "there is none") {
		t.Errorf("the set is made all the same: %v", err)
	}
}

func TestAPackageThatIsNotWhatItWasIsAnError(t *testing.T) {
	other := func(_, _, _, folder string) (string, error) {
		path := filepath.Join(folder, "package")
		return path, os.WriteFile(path, []byte("something else"), 0o600)
	}
	c := nothing()
	_, _, err := c.takeFrom(workshop{inputs: t.TempDir(), data: ".", old: publicca.Load(), fetch: other, log: io.Discard}, sources()[0], 0)
	if err == nil || !strings.Contains(err.Error(), "it has the SHA-256") {
		t.Errorf("it is taken: %v", err)
	}
}

// The module of go.mod is in the module cache of whoever builds this.
func TestTheModuleGivesWhatTheSetHasOfIt(t *testing.T) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "golang.org/x/crypto/x509roots/fallback").Output()
	if err != nil {
		t.Fatal(err)
	}
	der, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "bundle", "bundle.der"))
	if err != nil {
		t.Fatal(err)
	}
	c := nothing()
	c.take(sources()[0], []finds{extract("bundle.der", der)}, 0)
	inSet := map[[32]byte]publicca.Record{}
	for r := range publicca.Load().All() {
		if digest, ok := publicca.Digest(r.Key); ok && slices.Contains(r.Sources, 0) {
			inSet[digest] = r
		}
	}
	if len(c.known) != len(inSet) || len(c.known) < 100 {
		t.Errorf("the module has %d keys, the set has %d of it", len(c.known), len(inSet))
	}
	for digest, r := range c.known {
		if _, ok := inSet[digest]; !ok {
			t.Errorf("%s is not in the set", r.Name)
		}
	}
}

func TestTheOrderOfFindsDoesNotMatter(t *testing.T) {
	var records []publicca.Record
	for r := range publicca.Load().All() {
		for _, i := range r.Sources {
			part := r
			part.Sources = []int{i}
			records = append(records, part)
		}
	}
	slices.Reverse(records)
	c := nothing()
	for _, r := range records {
		c.add(r)
	}
	known, hashed := c.sorted()
	again, err := encode(known, hashed, len(publicca.Load().Sources()))
	if set, _ := embedded(t); err != nil || !bytes.Equal(again, set) {
		t.Errorf("taken in from the end, it is another set: %v", err)
	}
}
