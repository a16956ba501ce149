package durable

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What a group does where there is no syncfs: every file and every folder whose
// entries changed is synced, once.
func TestAGroupSyncsFileByFileWhereItMust(t *testing.T) {
	dir := t.TempDir()
	var steps []string
	g := &Group{files: Files{Step: func(name string) { steps = append(steps, name) }}, root: dir, pending: map[string]bool{}}
	a := filepath.Join(dir, "a")
	for i := range 2 {
		if made, err := g.Mkdir(a, 0o700); err != nil || made != (i == 0) {
			t.Fatalf("made: %v, %v", made, err)
		}
		if err := g.Write(filepath.Join(a, "key.pem"), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	adopted := filepath.Join(a, "old.pem")
	if err := os.WriteFile(adopted, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	g.Adopt(adopted)
	steps = nil
	if err := g.Sync(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(steps)
	want := []string{"durable.fsync " + filepath.Base(dir), "durable.fsync a", "durable.fsync key.pem", "durable.fsync old.pem"}
	slices.Sort(want)
	if !slices.Equal(steps, want) {
		t.Errorf("the steps are %q, want %q", steps, want)
	}
	steps = nil
	if err := g.Sync(); err != nil || len(steps) > 0 {
		t.Errorf("a second sync took the steps %q: %v", steps, err)
	}
	g.Adopt(filepath.Join(dir, "gone"))
	if err := g.Sync(); err == nil || !strings.Contains(err.Error(), "gone") {
		t.Errorf("a file that is gone was synced: %v", err)
	}
}
