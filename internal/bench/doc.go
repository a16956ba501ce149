// Package bench measures the program as whole processes, beside others.
//
// It knows how to run two commands in turn and compare their medians. It must
// not know how the program works inside, but for the store, which it fills where
// a benchmark needs a large one; and it holds no limit as a test:
// machines differ, so what counts are ratios within one run.
package bench
