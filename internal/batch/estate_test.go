package batch_test

import (
	"bufio"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"anchorctl/internal/batch"
	"anchorctl/internal/clock"
	"anchorctl/internal/config"
	"anchorctl/internal/durable"
	"anchorctl/internal/folder"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/store"
)

func start() time.Time { return time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC) }

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
	c := clock.Clock{
		Now:  func() time.Time { return now },
		Wait: func(ctx context.Context, d time.Duration) error { now = now.Add(d); return ctx.Err() },
	}
	s, err := store.Open(ctx, filepath.Join(dir, "state.db"), store.Options{Now: c.Now, Wait: c.Wait, Step: step, Actor: "test"})
	if err != nil {
		return nil, err
	}
	estate, err := s.Estate(ctx)
	if err != nil {
		return nil, err
	}
	files := durable.Files{Step: step}
	return &folder.Folder{
		Dir: dir, Config: configuration(), Store: s, Clock: c, Files: files, Actor: "test", Estate: estate,
		Ring: &keys.Ring{Dir: filepath.Join(dir, "keys"), Files: files, Secret: func(context.Context) (keys.Secret, error) {
			text, err := os.ReadFile(filepath.Join(dir, "secret"))
			if err != nil {
				return keys.Secret{}, err
			}
			return keys.ParseSecret(text)
		}},
	}, nil
}

func open(t testing.TB, dir string, now time.Time, step func(string)) *folder.Folder {
	t.Helper()
	f, err := opened(context.Background(), dir, now, step)
	must(t, err)
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// newEstate makes an estate with an issuer for prod, none for dev.
func newEstate(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	secret, err := keys.NewSecret()
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "secret"), secret.Text(), 0o600))
	s, err := store.Create(t.Context(), filepath.Join(dir, "state.db"),
		store.Estate{Lineage: "6f9619ff-8b86-4d01-b42d-00cf4fc964ff", Name: "example", TrustDomain: "example.internal"},
		store.Options{Now: start})
	must(t, err)
	must(t, s.Close())
	f, err := opened(t.Context(), dir, start(), nil)
	must(t, err)
	root, err := f.Ring.Create(t.Context(), "root-1", keys.P384, keys.GuardSecret)
	must(t, err)
	rootCert, err := pki.NewRoot(pki.RootSpec{Name: "example", Organization: "Example Corp", Generation: 1, Lifetime: 3650 * 24 * time.Hour, Now: start()}, root)
	must(t, err)
	addGeneration(t, f, "", 1, rootCert, root.URI, store.Active)
	addIssuer(t, f, 1, pki.Parent{Certificate: rootCert, Key: root}, store.Active)
	must(t, f.Close())
	return dir
}

// addIssuer makes a generation of prod's issuer.
func addIssuer(t testing.TB, f *folder.Folder, number int, root pki.Parent, status string) pki.Parent {
	t.Helper()
	issuer, err := f.Ring.Create(t.Context(), fmt.Sprintf("issuer-prod-%d", number), keys.P256, keys.GuardSecret)
	must(t, err)
	c, err := pki.NewIssuer(pki.IssuerSpec{Environment: "prod", Generation: number, Organization: "Example Corp", TrustDomain: "example.internal",
		DNSDomains: []string{"prod.example.internal"}, Lifetime: 365 * 24 * time.Hour, Now: start()}, issuer.Public(), root)
	must(t, err)
	addGeneration(t, f, "prod", number, c, issuer.URI, status)
	return pki.Parent{Certificate: c, Key: issuer}
}

// addFormerIssuer makes a generation that no longer signs.
func addFormerIssuer(t testing.TB, f *folder.Folder, number int) pki.Parent {
	t.Helper()
	return addLaterIssuer(t, f, number, store.Retired)
}

// addLaterIssuer makes a generation in an estate that has some.
func addLaterIssuer(t testing.TB, f *folder.Folder, number int, status string) pki.Parent {
	t.Helper()
	root, _, err := f.Store.Active(t.Context(), "")
	must(t, err)
	key, err := f.Ring.Open(t.Context(), root.KeyURI, keys.GuardSecret)
	must(t, err)
	c, err := x509.ParseCertificate(root.Certificate)
	must(t, err)
	return addIssuer(t, f, number, pki.Parent{Certificate: c, Key: key}, status)
}

func addGeneration(t testing.TB, f *folder.Folder, env string, number int, c *x509.Certificate, uri, status string) {
	t.Helper()
	must(t, f.Store.AddGeneration(t.Context(), store.Generation{Environment: env, Number: number, Certificate: c.Raw,
		KeyURI: uri, Guard: string(keys.GuardSecret), Status: status}))
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
