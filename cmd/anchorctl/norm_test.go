package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rogpeppe/go-internal/txtar"
)

// volatile are the values that differ from run to run, the longest first.
func volatile() []struct {
	name    string
	pattern *regexp.Regexp
} {
	return []struct {
		name    string
		pattern *regexp.Regexp
	}{
		{"uuid", regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`)},
		{"digest", regexp.MustCompile(`\b[0-9a-f]{64}\b`)},
		{"serial", regexp.MustCompile(`\b([0-9a-f]{30,40}|[0-9]{35,49})\b`)},
		{"time", regexp.MustCompile(`\b20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z`)},
		{"url", regexp.MustCompile(`\bhttp://127\.0\.0\.1:[0-9]+\b`)},
		{"key", regexp.MustCompile(`\bA[KS]IA[A-Z0-9]{16}\b`)},
	}
}

// normal names volatile values in their order of appearance: the same value
// has the same name on every line.
func normal(text, work string) string {
	text = strings.ReplaceAll(text, work, "$WORK")
	for _, v := range volatile() {
		names := map[string]string{}
		text = v.pattern.ReplaceAllStringFunc(text, func(value string) string {
			if names[value] == "" {
				names[value] = fmt.Sprintf("<%s%d>", v.name, len(names)+1)
			}
			return names[value]
		})
	}
	return text
}

func compareNormal(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 2, "cmpnorm")
	got := normal(ts.ReadFile(args[0]), ts.Getenv("WORK"))
	want := ts.ReadFile(args[1])
	if got == want {
		return
	}
	if update() {
		ts.Check(rewrite(filepath.Join("testdata", "script", ts.Name()+".txtar"), args[1], got))
		return
	}
	ts.Fatalf("%s differs from %s:\n%s", args[0], args[1], cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")))
}

// rewrite replaces a file inside a script.
func rewrite(script, name, text string) error {
	archive, err := txtar.ParseFile(script)
	if err != nil {
		return err
	}
	for i := range archive.Files {
		if archive.Files[i].Name == name {
			archive.Files[i].Data = []byte(text)
			return os.WriteFile(script, txtar.Format(archive), 0o666)
		}
	}
	return fmt.Errorf("%s has no file %q", script, name)
}

func TestNormalKeepsWhatIsTheSameTheSame(t *testing.T) {
	a, b := strings.Repeat("a", 64), strings.Repeat("b", 64)
	got := normal("/tmp/x/y "+a+" "+b+" "+a+" 6f9619ff-8b86-4d01-b42d-00cf4fc964ff 12345", "/tmp/x")
	if want := "$WORK/y <digest1> <digest2> <digest1> <uuid1> 12345"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
