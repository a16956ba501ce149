package house_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	requirement = regexp.MustCompile(`^\s*(?:require )?([a-z0-9.-]+\.[a-z]+/\S+) v\S+$`)
	described   = regexp.MustCompile("^\\| `([^`]+)` \\|")
)

// Each module that the code imports is there for a reason that somebody wrote
// down.
func TestEveryDirectDependencyIsExplained(t *testing.T) {
	direct := matches(t, "go.mod", requirement) // lines of indirect ones end in a comment
	explained := matches(t, filepath.Join("docs", "dependencies.md"), described)
	if len(direct) < 10 {
		t.Fatalf("go.mod has only %d direct requirements: are they read rightly?", len(direct))
	}
	for _, module := range direct {
		if n := count(explained, module); n != 1 {
			t.Errorf("docs/dependencies.md has %d lines for %s, want one that says what it is for", n, module)
		}
	}
	for _, module := range explained {
		if !slices.Contains(direct, module) {
			t.Errorf("docs/dependencies.md explains %s, which go.mod does not require directly", module)
		}
	}
}

func matches(t *testing.T, name string, pattern *regexp.Regexp) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for line := range strings.Lines(string(text)) {
		if m := pattern.FindStringSubmatch(strings.TrimRight(line, "\n")); m != nil {
			found = append(found, m[1])
		}
	}
	return found
}

func count(list []string, item string) int {
	n := 0
	for _, i := range list {
		if i == item {
			n++
		}
	}
	return n
}
