// Command testreport reads what "go test -json" writes and says what people
// want to know of it: each package when it is done, the output of what failed,
// every skipped test with its reason, and a closing summary. It exits 1 when
// anything failed.
//
// It knows the events of test2json. It must not know any test.
package main
