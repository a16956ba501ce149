package bench_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const (
	peerClients = 8
	peerLines   = 2_000
)

// BenchmarkBatchPeers is the rate of servers that issue certificates, asked by
// clients that make a key and a request for each. Beside it stands the
// processor's time that the server alone took: our batch makes the keys, too.
func BenchmarkBatchPeers(b *testing.B) {
	b.Run("cfssl", func(b *testing.B) {
		program := installed(b, "cfssl", "github.com/cloudflare/cfssl/cmd/cfssl@v1.6.5")
		dir, address := b.TempDir(), freeAddress(b)
		authority(b, dir)
		host, port, err := net.SplitHostPort(address)
		check(b, err)
		serve(b, peer{
			name: "cfssl serve, 8 clients: no record, no lint", ready: "http://" + address + "/api/v1/cfssl/health",
			argv: []string{program, "serve", "-address", host, "-port", port, "-ca", "ca.pem", "-ca-key", "ca-key.pem", "-loglevel", "5"}, dir: dir,
			sign: "http://" + address + "/api/v1/cfssl/sign",
			body: func(name, csr string) (any, error) {
				return map[string]any{"certificate_request": csr, "hosts": []string{name + ".bench.internal"}}, nil
			},
			client: http.DefaultClient,
		})
	})
	b.Run("step-ca", func(b *testing.B) { stepCA(b) })
	b.Run("openbao", func(b *testing.B) { openBao(b) })
}

// installed is a program that is there, or is built from its module.
func installed(b *testing.B, name, module string) string {
	b.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	dir := b.TempDir()
	fmt.Printf("building %s\n", module)
	cmd := exec.CommandContext(b.Context(), "go", "install", module)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOBIN="+dir, "GOFLAGS=", "CGO_ENABLED=0") // with C, parts of them need libraries
	if text, err := cmd.CombinedOutput(); err != nil {
		b.Skipf("%s cannot be built here: %v\n%s", module, err, text)
	}
	return filepath.Join(dir, name)
}

func freeAddress(b *testing.B) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(b, err)
	defer l.Close() //nolint:errcheck // it was only asked for its port
	return l.Addr().String()
}

// authority writes a CA of the kind of our issuers.
func authority(b *testing.B, dir string) {
	b.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(b, err)
	t := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bench"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(2, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	check(b, err)
	secret, err := x509.MarshalECPrivateKey(key)
	check(b, err)
	check(b, os.WriteFile(filepath.Join(dir, "ca.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	check(b, os.WriteFile(filepath.Join(dir, "ca-key.pem"), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret}), 0o600))
}

// peer is a server that signs requests.
type peer struct {
	name, dir, ready, sign string
	argv, env              []string
	client                 *http.Client
	prepare                func(context.Context) error         // what it needs before it signs, once it answers; nil for nothing
	body                   func(name, csr string) (any, error) // what asks for one certificate
}

// serve runs a peer, has its clients ask for certificates, and ends it.
func serve(b *testing.B, p peer) {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), p.argv[0], p.argv[1:]...)
	var log bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = p.dir, append(os.Environ(), p.env...), &log, &log
	check(b, cmd.Start())
	err := p.await()
	if err == nil && p.prepare != nil {
		err = p.prepare(b.Context())
	}
	begun := time.Now()
	if err == nil {
		err = p.askAll()
	}
	wall := time.Since(begun)
	check(b, cmd.Process.Signal(syscall.SIGTERM))
	cmd.Wait() //nolint:errcheck // it was told to end
	if err != nil {
		b.Fatalf("%v\n%s", err, &log)
	}
	cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(peerLines/wall.Seconds(), "certificates/s")
	fmt.Printf("%-70s %7.0f/s  cpu %5.0f µs each, the server alone\n", p.name, peerLines/wall.Seconds(), float64(cpu.Microseconds())/peerLines)
}

// await waits until the server answers.
func (p peer) await() error {
	var err error
	for range 100 {
		var answer *http.Response
		if answer, err = p.client.Get(p.ready); err == nil {
			return answer.Body.Close()
		}
		<-time.After(100 * time.Millisecond)
	}
	return fmt.Errorf("%s does not answer: %w", p.argv[0], err)
}

func (p peer) askAll() error {
	var next atomic.Int64
	var all sync.WaitGroup
	errs := make([]error, peerClients)
	for i := range errs {
		all.Go(func() {
			for n := next.Add(1); n <= peerLines && errs[i] == nil; n = next.Add(1) {
				errs[i] = p.ask(fmt.Sprintf("app-%d", n))
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// ask makes a key, as every client of such a server must, and has it certified.
func (p peer) ask(name string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	id := &url.URL{Scheme: "spiffe", Host: "dev.bench.internal", Path: "/app"}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: pkix.Name{CommonName: name}, DNSNames: []string{name + ".bench.internal"}, URIs: []*url.URL{id},
	}, key)
	if err != nil {
		return err
	}
	body, err := p.body(name, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})))
	if err != nil {
		return err
	}
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	answer, err := p.client.Post(p.sign, "application/json", bytes.NewReader(text))
	if err != nil {
		return err
	}
	text, err = io.ReadAll(answer.Body)
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		return err
	}
	if answer.StatusCode >= 300 || !bytes.Contains(text, []byte("BEGIN CERTIFICATE")) {
		return fmt.Errorf("asking %s: %s: %s", p.sign, answer.Status, text)
	}
	return nil
}

// trusting is a client that knows one root.
func trusting(root []byte) *http.Client {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(root)
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, MaxIdleConnsPerHost: peerClients,
	}}
}
