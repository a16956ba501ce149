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
			"ok    p                                                1.2 s     1 tests\n\nAll passed: 1 tests passed in 1 packages, 0 skipped, 0 failed.\n", true},
		{"a skipped test is named with its reason", `{"Action":"output","Package":"p","Test":"TestB","Output":"=== RUN   TestB\n"}
{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:12: openssl is not installed: really\n"}
{"Action":"skip","Package":"p","Test":"TestB"}
{"Action":"pass","Package":"p","Elapsed":0}`,
			"ok    p                                                0.0 s     1 tests\n\n" +
				"skipped: p TestB: openssl is not installed: really\nAll passed: 0 tests passed in 1 packages, 1 skipped, 0 failed.\n", true},
		{"a failure shows its output", `{"Action":"output","Package":"p","Test":"TestC","Output":"    c_test.go:1: wrong\n"}
{"Action":"fail","Package":"p","Test":"TestC"}
{"Action":"output","Package":"p","Output":"FAIL\n"}
{"Action":"fail","Package":"p","Elapsed":0}`,
			"    c_test.go:1: wrong\nFAIL  p\n\nfailed:  p TestC\nfailed:  p\nNot all passed: 0 tests passed in 0 packages, 0 skipped, 2 failed.\n", false},
		{"a package that does not build fails", `{"ImportPath":"q","Action":"build-output","Output":"q.go:1: nonsense\n"}
{"ImportPath":"q","Action":"build-fail"}
{"Action":"pass","Package":"p","Elapsed":0}`,
			"q.go:1: nonsense\nok    p                                                0.0 s     0 tests\n\nfailed:  q (does not build)\n" +
				"Not all passed: 0 tests passed in 1 packages, 0 skipped, 1 failed.\n", false},
		{"nothing at all is no success", "go: no such tool", "go: no such tool\n\nNot all passed: 0 tests passed in 0 packages, 0 skipped, 0 failed.\n", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			ok, err := report(strings.NewReader(c.in), &out)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, out.String()); diff != "" || ok != c.ok {
				t.Errorf("ok %v\n%s", ok, diff)
			}
		})
	}
}
