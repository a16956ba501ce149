package batch_test

import (
	"bufio"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"anchorctl/internal/batch"
	"anchorctl/internal/config"
	"anchorctl/internal/folder"
	"anchorctl/internal/folder/foldertest"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
)

func start() time.Time { return foldertest.Start() }

func configuration() *config.Config {
	limits := config.Limits{CertificateLifetime: config.Duration(24 * time.Hour), SessionDuration: config.Duration(time.Hour)}
	return &config.Config{
		Version: 1,
		Estate:  config.Estate{Name: "example", Organization: "Example Corp", TrustDomain: "example.internal"},
		Environments: map[string]*config.Environment{
			"dev": {Name: "dev", Limits: limits, Workloads: map[string]*config.Workload{"backup": {CertificateLifetime: config.Duration(24 * time.Hour)}}},
			"prod": {
				Name: "prod", Limits: limits, DNSDomains: []string{"prod.example.internal"},
				Workloads: map[string]*config.Workload{
					"backup":   {CertificateLifetime: config.Duration(12 * time.Hour), DNS: []string{"backup.prod.example.internal"}},
					"reports":  {CertificateLifetime: config.Duration(24 * time.Hour)},
					"manifest": {CertificateLifetime: config.Duration(24 * time.Hour)},
				},
			},
		},
	}
}

// opened opens the estate in a folder, with a clock and a step of the test's own.
func opened(ctx context.Context, dir string, now time.Time, step func(string)) (*folder.Folder, error) {
	return foldertest.Open(ctx, dir, configuration(), now, step)
}

func open(t testing.TB, dir string, now time.Time, step func(string)) *folder.Folder {
	t.Helper()
	return foldertest.Opened(t, dir, configuration(), now, step)
}

// newEstate makes an estate with an issuer for prod, none for dev.
func newEstate(t testing.TB) string {
	t.Helper()
	return foldertest.New(t, configuration())
}

// copied is a copy of an estate's folder, whose store is closed.
func copied(t testing.TB, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "estate")
	must(t, os.CopyFS(to, os.DirFS(dir)))
	return to
}

// counted asks for so many instances of backup.
func counted(t testing.TB, text ...string) batch.Request {
	t.Helper()
	lines, err := batch.Counts(text...)
	must(t, err)
	return batch.Request{Environment: "prod", Source: "--count", Lines: lines}
}

// checkWhole holds that a batch is whole: as many serial numbers as lines, each
// recorded once, and every folder with a key, its certificate and nothing else;
// the manifest tells of each line once.
func checkWhole(t testing.TB, f *folder.Folder, r batch.Result) {
	t.Helper()
	issuers := map[string]*x509.Certificate{}
	serials, spkis, lines := map[string]bool{}, map[[32]byte]bool{}, map[int]bool{}
	for _, e := range entriesOf(t, r.Manifest) {
		lines[e.Line] = true
		key, err := keys.ParseWorkload(content(t, filepath.Join(r.Out, e.Key)))
		must(t, err)
		c, err := pki.ParseOne(content(t, filepath.Join(r.Out, e.Certificate)))
		must(t, err)
		if issuers[e.Chain] == nil {
			issuers[e.Chain], err = pki.ParseOne(content(t, filepath.Join(r.Out, e.Chain)))
			must(t, err)
		}
		if !key.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(c.PublicKey) {
			t.Errorf("line %d: the key is not that of the certificate", e.Line)
		}
		if !pki.SignedBy(c, issuers[e.Chain]) {
			t.Errorf("line %d: the chain did not sign the certificate", e.Line)
		}
		if c.Subject.CommonName != pki.WorkloadName(e.Workload, e.Instance) || pki.SerialHex(c) != e.SerialHex || !c.NotAfter.Equal(e.NotAfter) {
			t.Errorf("line %d: the manifest tells of another certificate than %s, %s", e.Line, c.Subject, pki.SerialHex(c))
		}
		serials[pki.SerialHex(c)], spkis[pki.SPKIDigest(c)] = true, true
		checkFolder(t, filepath.Dir(filepath.Join(r.Out, e.Key)))
	}
	if len(serials) != r.Total || len(spkis) != r.Total || len(lines) != r.Total {
		t.Errorf("%d lines have %d certificates with %d keys, and %d lines in the manifest", r.Total, len(serials), len(spkis), len(lines))
	}
	recorded := 0
	all, err := f.Store.BatchIssued(t.Context(), r.Batch)
	must(t, err)
	for c, err := range all {
		must(t, err)
		if recorded++; c.Line != recorded || !serials[c.Serial] {
			t.Errorf("record %d is of line %d, serial %s", recorded, c.Line, c.Serial)
		}
	}
	if recorded != r.Total {
		t.Errorf("%d certificates are recorded for %d lines", recorded, r.Total)
	}
}

func checkFolder(t testing.TB, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	if len(entries) != 2 {
		t.Errorf("%q holds %v, want key and certificate", dir, entries)
	}
	for _, e := range entries {
		if info, err := e.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v: %v", e.Name(), info.Mode(), err)
		}
	}
}

func entriesOf(t testing.TB, manifest string) []batch.Entry {
	t.Helper()
	file, err := os.Open(manifest)
	must(t, err)
	defer file.Close() //nolint:errcheck // it was only read
	var entries []batch.Entry
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var e batch.Entry
		must(t, json.Unmarshal(lines.Bytes(), &e))
		entries = append(entries, e)
	}
	must(t, lines.Err())
	return entries
}

func content(t testing.TB, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	return text
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
