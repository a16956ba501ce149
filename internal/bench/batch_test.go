package bench_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// bareBatch is the least that so many certificates can cost: keys and
// certificates of the shape of ours, on all cores, encoded and dropped.
const bareBatch = `package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func main() {
	n := must(strconv.Atoi(os.Args[1]))
	ca := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	issuer := &x509.Certificate{Subject: pkix.Name{CommonName: "dev issuer 1", Organization: []string{"Bench"}, OrganizationalUnit: []string{"dev"}}, SubjectKeyId: make([]byte, 20)}
	uri := must(url.Parse("spiffe://dev.bench.internal/app"))
	now := time.Now()
	lines := make(chan int, 1024)
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for i := range lines {
				key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
				id := sha256.Sum256(must(key.PublicKey.Bytes()))
				template := &x509.Certificate{
					SerialNumber: must(rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 126))), NotBefore: now, NotAfter: now.Add(24 * time.Hour),
					Subject:  pkix.Name{CommonName: fmt.Sprintf("app@%d", i), Organization: []string{"Bench"}, OrganizationalUnit: []string{"dev"}},
					KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
					BasicConstraintsValid: true, SubjectKeyId: id[:20], URIs: []*url.URL{uri},
				}
				der := must(x509.CreateCertificate(rand.Reader, template, issuer, &key.PublicKey, ca))
				pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(key))})
				pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
			}
		})
	}
	for i := range n {
		lines <- i
	}
	close(lines)
	all.Wait()
}
`

const (
	batchRounds = 9
	batchLines  = 10_000
)

// BenchmarkBatchBesideBareGo holds a batch, with lint, record and durable files,
// beside the same number of keys and certificates that are made in memory and
// dropped.
func BenchmarkBatchBesideBareGo(b *testing.B) {
	ours, floor := program(b), source(b, "barebatch", bareBatch)
	dir, env := founded(b, ours)
	var a, z []figure
	for i := range batchRounds + 1 {
		x := measure(b, side{argv: batchOf(ours, batchLines, i), dir: dir, env: env})
		y := measure(b, side{argv: []string{floor, strconv.Itoa(batchLines)}})
		if i > 0 { // the first round does not count
			a, z = append(a, x), append(z, y)
		}
	}
	ourWall, ourCPU := medians(a)
	floorWall, floorCPU := medians(z)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ratio(floorWall, ourWall), "of-floor-rate")
	b.ReportMetric(ratio(ourCPU, floorCPU), "cpu-ratio")
	line := func(name string, f figure) {
		fmt.Printf("%-70s %7.0f/s  cpu %5.0f µs each\n", name, batchLines/f.wall.Seconds(), float64(f.cpu.Microseconds())/batchLines)
	}
	line(fmt.Sprintf("anchorctl issue --count app=%d: lint, record, durable files", batchLines), figure{ourWall, ourCPU})
	line("bare Go on all cores: key, certificate, PKCS#8, PEM, no disk", figure{floorWall, floorCPU})
	fmt.Printf("%-70s %7.2f (at least 0.4)   cpu %.2f x (at most 2.5)\n", fmt.Sprintf("share of the bare rate (medians of %d rounds)", batchRounds),
		ratio(floorWall, ourWall), ratio(ourCPU, floorCPU))
}

func batchOf(program string, lines, round int) []string {
	return []string{program, "issue", "--env", "dev", "--count", fmt.Sprintf("app=%d", lines), "--label", strconv.Itoa(round), "--quiet"}
}

// BenchmarkBatchMemory is how much memory a batch of 100,000 takes at most.
func BenchmarkBatchMemory(b *testing.B) {
	if runtime.GOOS != "linux" {
		b.Skip("the unit of the peak is Linux's")
	}
	ours := program(b)
	dir, env := founded(b, ours)
	argv := batchOf(ours, 100_000, 0)
	cmd := exec.CommandContext(b.Context(), argv[0], argv[1:]...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	peak := float64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) / 1024
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(peak, "MiB-peak")
	fmt.Printf("%-70s %7.1f MiB at its peak (at most 100)\n", "anchorctl issue --count app=100000", peak)
}

// BenchmarkBatchSyncs counts the system calls that wait for the disk.
func BenchmarkBatchSyncs(b *testing.B) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		b.Skip("strace is not installed: apt-get install strace")
	}
	ours := program(b)
	dir, env := founded(b, ours)
	for _, lines := range []int{1_000, batchLines} {
		log := filepath.Join(b.TempDir(), "calls")
		argv := slices.Concat([]string{strace, "-f", "-e", "trace=fsync,fdatasync,sync,syncfs,sync_file_range,msync", "-o", log}, batchOf(ours, lines, lines))
		measure(b, side{argv: argv, dir: dir, env: env})
		text, err := os.ReadFile(log)
		if err != nil {
			b.Fatal(err)
		}
		syncs := 0
		for line := range bytes.Lines(text) {
			if bytes.Contains(line, []byte("sync")) && !strings.Contains(string(line), "resumed>") {
				syncs++
			}
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(float64(syncs), fmt.Sprintf("syncs-%d", lines))
		fmt.Printf("%-70s %7d syncs (at most %d)\n", fmt.Sprintf("anchorctl issue --count app=%d", lines), syncs, lines/100+5)
	}
}
