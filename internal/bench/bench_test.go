package bench_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// rounds is how often each side runs; the median is what counts.
const rounds = 9

// side is one of the two commands of a comparison.
type side struct {
	name string
	argv []string
	dir  string
	env  []string
}

// figure is what one finished process took.
type figure struct{ wall, cpu time.Duration }

// compare runs both sides in turn, after one round that does not count, and
// reports their medians and ratios.
func compare(b *testing.B, ours, theirs side) {
	b.Helper()
	var a, z []figure
	for i := range rounds + 1 {
		x, y := measure(b, ours), measure(b, theirs)
		if i > 0 {
			a, z = append(a, x), append(z, y)
		}
	}
	ourWall, ourCPU := medians(a)
	theirWall, theirCPU := medians(z)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ms(ourWall), "wall-ms")
	b.ReportMetric(ms(ourCPU), "cpu-ms")
	b.ReportMetric(ratio(ourWall, theirWall), "wall-ratio")
	b.ReportMetric(ratio(ourCPU, theirCPU), "cpu-ratio")
	fmt.Printf("%-40s wall %7.1f ms  cpu %7.1f ms\n%-40s wall %7.1f ms  cpu %7.1f ms\n%-40s wall %7.2f x   cpu %7.2f x\n",
		ours.name, ms(ourWall), ms(ourCPU), theirs.name, ms(theirWall), ms(theirCPU),
		"ratio (median of "+fmt.Sprint(rounds)+" rounds)", ratio(ourWall, theirWall), ratio(ourCPU, theirCPU))
}

func measure(b *testing.B, s side) figure {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), s.argv[0], s.argv[1:]...)
	cmd.Dir, cmd.Env = s.dir, append(os.Environ(), s.env...)
	start := time.Now()
	out, err := cmd.CombinedOutput()
	wall := time.Since(start)
	if err != nil {
		b.Fatalf("%v: %v\n%s", s.argv, err, out)
	}
	return figure{wall, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
}

func medians(f []figure) (wall, cpu time.Duration) {
	var walls, cpus []time.Duration
	for _, one := range f {
		walls, cpus = append(walls, one.wall), append(cpus, one.cpu)
	}
	slices.Sort(walls)
	slices.Sort(cpus)
	return walls[len(walls)/2], cpus[len(cpus)/2]
}

func ms(d time.Duration) float64            { return float64(d.Microseconds()) / 1000 }
func ratio(a, b time.Duration) float64      { return float64(a) / float64(max(b, 1)) }
func path(b *testing.B, name string) string { b.Helper(); return filepath.Join(b.TempDir(), name) }

// program builds the program from this checkout.
func program(b *testing.B) string {
	b.Helper()
	out := path(b, "anchorctl")
	build(b, "../..", out, "./cmd/anchorctl")
	return out
}

// source builds a Go program of one file.
func source(b *testing.B, name, code string) string {
	b.Helper()
	dir := b.TempDir()
	for file, text := range map[string]string{"main.go": code, "go.mod": "module " + name + "\n\ngo 1.26\n"} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	out := filepath.Join(dir, name)
	build(b, dir, out, ".")
	return out
}

func build(b *testing.B, dir, out, pkg string) {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), "go", "build", "-o", out, pkg)
	cmd.Dir = dir
	if text, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("building %s: %v\n%s", pkg, err, text)
	}
}

// BenchmarkVersion holds the start of the program beside that of an empty one.
func BenchmarkVersion(b *testing.B) {
	ours, empty := program(b), source(b, "empty", "package main\n\nfunc main() {}\n")
	compare(b, side{name: "anchorctl version", argv: []string{ours, "version"}}, side{name: "an empty Go program", argv: []string{empty}})
}
