package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// fresh holds that a checked-in file says what the code says.
func fresh(t *testing.T, path, want string) {
	t.Helper()
	if update() {
		if err := os.WriteFile(path, []byte(want), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("%s is stale, run \"make docs\":\n%s", path, diff)
	}
}

func TestScriptReadmeIsFresh(t *testing.T) {
	var b strings.Builder
	b.WriteString(`# The manual, as scripts

Each file here shows one command (or one promise) on the real program against the sandbox, and ends with a refusal or a
failure. The language is that of
[testscript](https://pkg.go.dev/github.com/rogpeppe/go-internal/testscript), with the programs ` + "`anchorctl`" + ` and
` + "`exits NUMBER COMMAND`" + ` (which holds that COMMAND exits with NUMBER), and these commands of its own:

| command | what it does |
| --- | --- |
`)
	for _, c := range scriptCommands() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", strings.ReplaceAll(c.usage, "|", `\|`), strings.ReplaceAll(c.about, "|", `\|`))
	}
	b.WriteString(`
Run one with ` + "`go test ./cmd/anchorctl -run TestScripts/NAME`" + `; ` + "`-update`" + ` rewrites what it compares with.
This page is made by ` + "`make docs`" + `.

## The scripts

| script | what it shows |
| --- | --- |
`)
	for _, path := range scripts(t) {
		fmt.Fprintf(&b, "| [%s](%s) | %s |\n", strings.TrimSuffix(filepath.Base(path), ".txtar"), filepath.Base(path), opening(t, path))
	}
	b.WriteString("\n")
	fresh(t, filepath.Join("testdata", "script", "README.md"), strings.TrimRight(b.String(), "\n")+"\n")
}

func scripts(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "script", "*.txtar"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	return paths
}

// opening is the first comment of a script, which says what it shows.
func opening(t *testing.T, path string) string {
	t.Helper()
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for line := range strings.SplitSeq(string(archive.Comment), "\n") {
		text, ok := strings.CutPrefix(line, "# ")
		if !ok {
			break
		}
		words = append(words, text)
	}
	if len(words) == 0 {
		t.Fatalf("%s does not begin with a comment that says what it shows", path)
	}
	return strings.Join(words, " ")
}
