package bench_test

import (
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// rounds is how often each side runs; the median is what counts.
const rounds = 21

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
	fmt.Printf("%-70s wall %7.1f ms  cpu %7.1f ms\n%-70s wall %7.1f ms  cpu %7.1f ms\n%-70s wall %7.2f x   cpu %7.2f x\n",
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

func ms(d time.Duration) float64       { return float64(d.Microseconds()) / 1000 }
func ratio(a, b time.Duration) float64 { return float64(a) / float64(max(b, 1)) }

// program builds the program from this checkout as it is shipped: the Makefile
// alone knows how.
func program(b *testing.B) string {
	b.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		b.Fatal(err)
	}
	if text, err := exec.CommandContext(b.Context(), "make", "-C", root, "build").CombinedOutput(); err != nil {
		b.Fatalf("building the program: %v\n%s", err, text)
	}
	return filepath.Join(root, "bin", "anchorctl")
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
	cmd := exec.CommandContext(b.Context(), "go", "build", "-o", out, ".")
	cmd.Dir = dir
	if text, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("building %s: %v\n%s", name, err, text)
	}
	return out
}

// BenchmarkVersion holds the start of the program beside that of an empty one.
func BenchmarkVersion(b *testing.B) {
	ours, empty := program(b), source(b, "empty", "package main\n\nfunc main() {}\n")
	compare(b, side{name: "anchorctl version", argv: []string{ours, "version"}}, side{name: "an empty Go program", argv: []string{empty}})
}

// bare makes a key and a certificate of the same kind and writes both
// durably: the least that issuing can cost.
const bare = `package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func write(path, kind string, der []byte) {
	f := must(os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600))
	must(f.Write(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})))
	if err := f.Sync(); err != nil {
		panic(err)
	}
	if err := f.Close(); err != nil {
		panic(err)
	}
}

func main() {
	dir := os.Args[1]
	ca := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "app"}, NotBefore: now, NotAfter: now.Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	parent := &x509.Certificate{Subject: pkix.Name{CommonName: "issuer"}}
	der := must(x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, ca))
	write(filepath.Join(dir, "key.pem"), "PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(key)))
	write(filepath.Join(dir, "cert.pem"), "CERTIFICATE", der)
}
`

// founded is an estate of one environment that was applied in a sandbox: what
// issue needs, with its environment.
func founded(b *testing.B, program string) (dir string, env []string) {
	b.Helper()
	dir = b.TempDir()
	env = []string{"XDG_STATE_HOME=" + filepath.Join(dir, "state")}
	for name, text := range map[string]string{
		"pass": "only for a benchmark",
		"seed.yaml": `accounts: {"111122223333": {accessKeys: [{id: AKIAEXAMPLEBENCH, secret: sandbox-only}], roles: {dev-app: {}}}}
`,
		"anchorctl.yaml": `version: 1
estate: {name: bench, organization: Bench, trustDomain: bench.internal}
roles: manage
environments:
  dev:
    targets: [{account: "111122223333", region: eu-central-1}]
    workloads: {app: {}}
    profiles: {app: {roles: {dev-app: {workloads: [app]}}}}
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	measure(b, side{dir: dir, env: env, argv: []string{program, "init", "--passphrase-file", "pass"}})
	measure(b, side{dir: dir, env: env, argv: []string{
		program, "sandbox", "exec", "--seed", "seed.yaml", "--", program, "apply", "--approve", "--passphrase-file", "pass",
	}})
	return dir, env
}

// BenchmarkIssueBesideBareGo holds one whole issue (record, lint and fsyncs
// included) beside the least that it could cost.
func BenchmarkIssueBesideBareGo(b *testing.B) {
	ours, floor := program(b), source(b, "bare", bare)
	dir, env := founded(b, ours)
	compare(b,
		side{name: "anchorctl issue", argv: []string{ours, "issue", "dev/app", "--quiet"}, dir: dir, env: env},
		side{name: "bare Go: key, certificate, two fsyncs", argv: []string{floor, b.TempDir()}})
}

// BenchmarkIssueBesideStep holds one whole issue beside smallstep's, whose CA
// key lies in a file with a password as ours does, in either form that step
// writes: how long a password is stretched is most of the difference. Beside a
// key that is not stretched, what both take to start is most of it, and so is
// measured by itself.
func BenchmarkIssueBesideStep(b *testing.B) {
	step, ours := installed(b, "step", stepModule), program(b)
	dir, env := founded(b, ours)
	ca := b.TempDir()
	if err := os.WriteFile(filepath.Join(ca, "pass"), []byte("only for a benchmark"), 0o600); err != nil {
		b.Fatal(err)
	}
	measure(b, side{dir: ca, argv: []string{
		step, "certificate", "create", "root", "ca.crt", "legacy.key", "--profile", "root-ca", "--password-file", "pass", "--force",
	}})
	measure(b, side{dir: ca, argv: []string{
		step, "crypto", "key", "format", "legacy.key", "--pkcs8", "--pem", "--out", "pkcs8.key", "--password-file", "pass", "--force",
	}})
	b.Run("start", func(b *testing.B) {
		compare(b, side{name: "anchorctl version", argv: []string{ours, "version"}}, side{name: "step version", argv: []string{step, "version"}})
	})
	for _, key := range []string{"legacy.key", "pkcs8.key"} {
		form := guarded(b, filepath.Join(ca, key))
		b.Run(key, func(b *testing.B) {
			compare(b,
				side{name: "anchorctl issue", argv: []string{ours, "issue", "dev/app", "--quiet"}, dir: dir, env: env},
				side{name: "step certificate create --ca, key in " + form, dir: ca, argv: []string{
					step, "certificate", "create", "app", "app.crt", "app.key", "--profile", "leaf", "--ca", "ca.crt", "--ca-key", key,
					"--ca-password-file", "pass", "--no-password", "--insecure", "--force",
				}})
		})
	}
}

// guarded says how a key file is encrypted.
func guarded(b *testing.B, path string) string {
	b.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	block, _ := pem.Decode(text)
	switch {
	case block == nil:
		b.Fatalf("%s is no PEM file", path)
	case block.Headers["DEK-Info"] != "":
		return "legacy PEM, not stretched"
	case block.Type == "ENCRYPTED PRIVATE KEY":
		var key struct { // RFC 5958 section 3, RFC 8018 appendix A
			Scheme struct {
				ID     asn1.ObjectIdentifier
				Params struct {
					KDF struct {
						ID     asn1.ObjectIdentifier
						Params struct {
							Salt   []byte
							Rounds int
							PRF    asn1.RawValue
						}
					}
					Cipher asn1.RawValue
				}
			}
			Data []byte
		}
		if _, err := asn1.Unmarshal(block.Bytes, &key); err != nil {
			b.Fatalf("%s: %v", path, err)
		}
		return fmt.Sprintf("PKCS#8, PBKDF2 with %d rounds", key.Scheme.Params.KDF.Params.Rounds)
	}
	b.Fatalf("%s is not encrypted", path)
	return ""
}

// BenchmarkIssueBesideOpenSSL holds one whole issue beside openssl's, which
// records and lints nothing.
func BenchmarkIssueBesideOpenSSL(b *testing.B) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		b.Skip("openssl is not installed: apt-get install openssl")
	}
	ours := program(b)
	dir, env := founded(b, ours)
	ca := b.TempDir()
	measure(b, side{dir: ca, argv: []string{
		openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=root", "-keyout", "ca.key", "-out", "ca.crt",
	}})
	compare(b,
		side{name: "anchorctl issue", argv: []string{ours, "issue", "dev/app", "--quiet"}, dir: dir, env: env},
		side{name: "openssl req -x509 -CA", dir: ca, argv: []string{
			openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=app", "-days", "1",
			"-CA", "ca.crt", "-CAkey", "ca.key", "-keyout", "app.key", "-out", "app.crt",
		}})
}
