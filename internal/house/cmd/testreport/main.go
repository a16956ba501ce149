package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	// In CI a test that does not run has not passed.
	ok, err := report(os.Stdin, os.Stdout, os.Getenv("CI") == "true")
	if err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
		os.Exit(1)
	}
	if !ok {
		os.Exit(1)
	}
}

// event is a line of test2json (https://pkg.go.dev/cmd/test2json).
type event struct {
	Action     string
	Package    string
	ImportPath string // of build events
	Test       string
	Output     string
	Elapsed    float64
}

// tally is what was seen so far.
type tally struct {
	strict   bool
	out      io.Writer
	output   map[string]*strings.Builder // by package and test
	tests    map[string]int              // done, by package
	passed   int
	failed   []string
	skipped  []string
	packages int
}

// report tells of a stream of events and whether all of it passed. A stream
// without a package that passed did not test anything.
// Strictly, neither has one that skipped.
func report(in io.Reader, out io.Writer, strict bool) (bool, error) {
	t := &tally{strict: strict, out: out, output: map[string]*strings.Builder{}, tests: map[string]int{}}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			// What the go command itself has to say is not JSON.
			fmt.Fprintln(out, lines.Text())
			continue
		}
		t.take(e)
	}
	if err := lines.Err(); err != nil {
		return false, fmt.Errorf("reading the events: %w", err)
	}
	t.summary()
	return t.good(), nil
}

func (t *tally) good() bool {
	return len(t.failed) == 0 && t.packages > 0 && (!t.strict || len(t.skipped) == 0)
}

func (t *tally) take(e event) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "output":
		if t.output[key] == nil {
			t.output[key] = &strings.Builder{}
		}
		t.output[key].WriteString(e.Output)
	case "build-output":
		fmt.Fprint(t.out, e.Output)
	case "build-fail":
		t.failed = append(t.failed, e.ImportPath+" (does not build)")
	case "pass", "fail", "skip":
		if e.Test == "" {
			t.endPackage(e, key)
		} else {
			t.endTest(e, key)
		}
		delete(t.output, key)
	}
}

func (t *tally) endTest(e event, key string) {
	t.tests[e.Package]++
	switch e.Action {
	case "pass":
		t.passed++
	case "fail":
		t.failed = append(t.failed, key)
		fmt.Fprint(t.out, t.text(key))
	case "skip":
		t.skipped = append(t.skipped, key+": "+reason(t.text(key)))
	}
}

func (t *tally) endPackage(e event, key string) {
	switch {
	case e.Action == "fail":
		fmt.Fprintf(t.out, "FAIL  %s\n", e.Package)
		// A package can fail without a test of it doing so: a panic, a race, a
		// failed TestMain.
		if text := t.text(key); !strings.HasPrefix(text, "FAIL") {
			fmt.Fprint(t.out, text)
		}
		t.failed = append(t.failed, strings.TrimSpace(key))
	case e.Action == "pass":
		t.packages++
		fmt.Fprintf(t.out, "ok    %-45s %6.1f s  %4d tests\n", e.Package, e.Elapsed, t.tests[e.Package])
	}
}

func (t *tally) text(key string) string {
	if t.output[key] == nil {
		return ""
	}
	return t.output[key].String()
}

// reason is what a test said when it skipped itself.
func reason(output string) string {
	for line := range strings.SplitSeq(output, "\n") {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "===") && !strings.HasPrefix(line, "---") {
			if _, after, found := strings.Cut(line, ".go:"); found {
				_, line, _ = strings.Cut(after, ": ")
			}
			return line
		}
	}
	return "it gives no reason"
}

func (t *tally) summary() {
	fmt.Fprintln(t.out)
	for _, s := range t.skipped {
		fmt.Fprintln(t.out, "skipped:", s)
	}
	for _, f := range t.failed {
		fmt.Fprintln(t.out, "failed: ", f)
	}
	verdict := "All is well"
	if !t.good() {
		verdict = "Not all is well"
	}
	fmt.Fprintf(t.out, "%s in %d packages.\n%d passed, %d failed, %d skipped\n", verdict, t.packages, t.passed, len(t.failed), len(t.skipped))
}
