package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReport(t *testing.T) {
	for _, c := range []struct {
		name, in, want string
		ok             bool
	}{
		{"what passed is counted", `{"Action":"start","Package":"p"}
{"Action":"output","Package":"p","Test":"TestA","Output":"noise\n"}
{"Action":"pass","Package":"p","Test":"TestA","Elapsed":0.1}
{"Action":"pass","Package":"p","Elapsed":1.25}
{"Action":"skip","Package":"empty"}`,
			"ok    p                                                1.2 s     1 tests\n\nAll is well in 1 packages.\n1 passed, 0 failed, 0 skipped\n", true},
		{"a skipped test is named with its reason", `{"Action":"output","Package":"p","Test":"TestB","Output":"=== RUN   TestB\n"}
{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:12: openssl is not installed: really\n"}
{"Action":"skip","Package":"p","Test":"TestB"}
{"Action":"pass","Package":"p","Elapsed":0}`,
			"ok    p                                                0.0 s     1 tests\n\n" +
				"skipped: p TestB: openssl is not installed: really\nAll is well in 1 packages.\n0 passed, 0 failed, 1 skipped\n", true},
		{"a failure shows its output", `{"Action":"output","Package":"p","Test":"TestC","Output":"    c_test.go:1: wrong\n"}
{"Action":"fail","Package":"p","Test":"TestC"}
{"Action":"output","Package":"p","Output":"FAIL\n"}
{"Action":"fail","Package":"p","Elapsed":0}`,
			"    c_test.go:1: wrong\nFAIL  p\n\nfailed:  p TestC\nfailed:  p\nNot all is well in 0 packages.\n0 passed, 2 failed, 0 skipped\n", false},
		{"a package that does not build fails", `{"ImportPath":"q","Action":"build-output","Output":"q.go:1: nonsense\n"}
{"ImportPath":"q","Action":"build-fail"}
{"Action":"pass","Package":"p","Elapsed":0}`,
			"q.go:1: nonsense\nok    p                                                0.0 s     0 tests\n\nfailed:  q (does not build)\n" +
				"Not all is well in 1 packages.\n0 passed, 1 failed, 0 skipped\n", false},
		{"nothing at all is no success", "go: no such tool", "go: no such tool\n\nNot all is well in 0 packages.\n0 passed, 0 failed, 0 skipped\n", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			ok, err := report(strings.NewReader(c.in), &out, false)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, out.String()); diff != "" || ok != c.ok {
				t.Errorf("ok %v\n%s", ok, diff)
			}
		})
	}
}

func TestStrictlyASkippedTestIsAFailure(t *testing.T) {
	events := `{"Action":"skip","Package":"p","Test":"TestB"}
{"Action":"pass","Package":"p","Elapsed":0}`
	for strict, want := range map[bool]bool{true: false, false: true} {
		var out strings.Builder
		if ok, err := report(strings.NewReader(events), &out, strict); err != nil || ok != want {
			t.Errorf("strict %v: ok %v, %v", strict, ok, err)
		}
	}
}
