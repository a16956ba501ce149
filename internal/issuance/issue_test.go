package issuance_test

import (
	"crypto"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/folder"
	"anchorctl/internal/hint"
	"anchorctl/internal/issuance"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/store"
)

func backup() issuance.Request {
	return issuance.Request{Environment: "prod", Workload: "backup"}
}

func certificate(t testing.TB, path string) *x509.Certificate {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	c, err := pki.ParseOne(text)
	must(t, err)
	return c
}

// checkFiles holds that the folder of a result is whole: key, certificate and
// chain belong together, the record knows them, and nothing else lies there.
func checkFiles(t testing.TB, f *folder.Folder, dir string) *x509.Certificate {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "key.pem"))
	must(t, err)
	key, err := keys.ParseWorkload(text)
	must(t, err)
	leaf, issuer := certificate(t, filepath.Join(dir, "cert.pem")), certificate(t, filepath.Join(dir, "chain.pem"))
	if !key.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(leaf.PublicKey) {
		t.Error("the key is not that of the certificate")
	}
	if !pki.SignedBy(leaf, issuer) {
		t.Error("the chain did not sign the certificate")
	}
	record, found, err := f.Store.IssuedBySPKI(t.Context(), pki.SPKIDigest(leaf))
	if err != nil || !found || record.Serial != pki.SerialHex(leaf) || string(record.Certificate) != string(leaf.Raw) {
		t.Errorf("the record does not hold the certificate: %v", err)
	}
	entries, err := os.ReadDir(dir)
	must(t, err)
	var names []string
	for _, e := range entries {
		info, err := e.Info()
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o, want 600", e.Name(), info.Mode().Perm())
		}
		names = append(names, e.Name())
	}
	if diff := cmp.Diff([]string{"cert.pem", "chain.pem", "key.pem"}, names); diff != "" {
		t.Error(diff)
	}
	return leaf
}

func TestIssueGivesKeyCertificateAndChain(t *testing.T) {
	dir := newEstate(t)
	f := open(t, dir, start().Add(time.Hour))
	r, err := issuance.Issue(t.Context(), f, backup())
	must(t, err)
	leaf := checkFiles(t, f, filepath.Join(dir, "out", "prod", "backup"))
	serial, ok := new(big.Int).SetString(r.SerialHex, 16)
	if !ok || serial.String() != r.SerialDecimal || serial.Cmp(leaf.SerialNumber) != 0 {
		t.Errorf("serials %q and %q are not those of the certificate", r.SerialHex, r.SerialDecimal)
	}
	want := issuance.Result{
		Address: "workload/prod/backup", Subject: "CN=backup,OU=prod,O=Example Corp", URI: "spiffe://prod.example.internal/backup",
		DNS: []string{"backup.prod.example.internal"}, Format: issuance.FormatPEM,
		KeyFile: filepath.Join(dir, "out/prod/backup/key.pem"), CertificateFile: filepath.Join(dir, "out/prod/backup/cert.pem"),
		ChainFile: filepath.Join(dir, "out/prod/backup/chain.pem"),
		SerialHex: r.SerialHex, SerialDecimal: r.SerialDecimal, Fingerprint: pki.Fingerprint(leaf),
		NotBefore: start().Add(45 * time.Minute), NotAfter: start().Add(13 * time.Hour), Issuer: "issuer/prod#1",
		Chain: r.Chain, Stanzas: []issuance.Stanza{},
		Missing: []string{
			`role prod-restore of profile backup: anchor/prod@111122223333/eu-central-1 is not there yet, run "anchorctl apply"`,
			`role team/prod-backup of profile backup: anchor/prod@111122223333/eu-central-1 is not there yet, run "anchorctl apply"`,
		},
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Error(diff)
	}
	var subjects []string
	for _, l := range r.Chain {
		subjects = append(subjects, l.Subject)
	}
	if diff := cmp.Diff([]string{"CN=backup,OU=prod,O=Example Corp", "CN=prod issuer 1,OU=prod,O=Example Corp", "CN=example root 1,O=Example Corp"}, subjects); diff != "" {
		t.Error(diff)
	}
	text, err := json.Marshal(r)
	if err != nil || strings.Contains(string(text), "PRIVATE KEY") {
		t.Errorf("the result shows a key, or cannot be encoded: %v", err)
	}
}

func TestIssuedChainsSatisfyOpenSSL(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		if os.Getenv("CI") != "" || os.Getenv("ANCHORCTL_TEST_REQUIRE_TOOLS") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	dir := newEstate(t)
	f := open(t, dir, start())
	root, _, err := f.Store.Active(t.Context(), "")
	must(t, err)
	rootCert, err := x509.ParseCertificate(root.Certificate)
	must(t, err)
	rootFile := filepath.Join(dir, "root.pem")
	must(t, os.WriteFile(rootFile, pki.EncodePEM(rootCert), 0o600))
	for _, kind := range keys.Types() {
		q := backup()
		q.Out, q.KeyType = filepath.Join(dir, string(kind)), kind
		r, err := issuance.Issue(t.Context(), f, q)
		must(t, err)
		at := fmt.Sprint(start().Unix())
		for _, args := range [][]string{
			{"verify", "-x509_strict", "-attime", at, "-CAfile", rootFile, "-untrusted", r.ChainFile, r.CertificateFile},
			{"verify", "-x509_strict", "-attime", at, "-partial_chain", "-trusted", r.ChainFile, r.CertificateFile},
		} {
			if out, err := exec.CommandContext(t.Context(), openssl, args...).CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", kind, err, out)
			}
		}
	}
}

func TestIssueAgainReplacesTheSet(t *testing.T) {
	dir := newEstate(t)
	f := open(t, dir, start())
	first, err := issuance.Issue(t.Context(), f, backup())
	must(t, err)
	second, err := issuance.Issue(t.Context(), f, backup())
	must(t, err)
	leaf := checkFiles(t, f, filepath.Join(dir, "out", "prod", "backup"))
	if first.SerialHex == second.SerialHex || pki.SerialHex(leaf) != second.SerialHex || second.Resumed {
		t.Error("the second certificate did not replace the first")
	}
	if n, err := f.Store.CountIssued(t.Context(), store.Filter{}); err != nil || n != 2 {
		t.Errorf("%d certificates are recorded, %v; want 2", n, err)
	}
}

func TestInstancesHaveTheirOwnNameAndTheSameURI(t *testing.T) {
	dir := newEstate(t)
	f := open(t, dir, start())
	q := backup()
	q.Instance = "i-0abc.2"
	r, err := issuance.Issue(t.Context(), f, q)
	must(t, err)
	leaf := checkFiles(t, f, filepath.Join(dir, "out", "prod", "backup@i-0abc.2"))
	if leaf.Subject.CommonName != "backup@i-0abc.2" || r.URI != "spiffe://prod.example.internal/backup" {
		t.Errorf("got %q and %q", leaf.Subject.CommonName, r.URI)
	}
}

func TestIssueRefuses(t *testing.T) {
	dir := newEstate(t)
	with := func(change func(*issuance.Request)) issuance.Request {
		q := backup()
		change(&q)
		return q
	}
	cases := []struct {
		name    string
		request issuance.Request
		at      time.Duration
		want    string
		hint    string
	}{
		{"an unknown environment, and lists what there is", with(func(q *issuance.Request) { q.Environment = "live" }), 0, "dev, prod", ""},
		{"an unknown workload, and lists what there is", with(func(q *issuance.Request) { q.Workload = "mail" }), 0, "backup, reports", ""},
		{"an environment without an issuer", with(func(q *issuance.Request) { q.Environment = "dev" }), 0, "no issuer yet", `run "anchorctl apply"`},
		{"a longer lifetime than configured", with(func(q *issuance.Request) { q.Lifetime = 13 * time.Hour }), 0, "may only be shorter", "certificateLifetime"},
		{"a negative lifetime", with(func(q *issuance.Request) { q.Lifetime = -time.Hour }), 0, "too short", ""},
		{"to outlive the issuer, and says what is possible", backup(), 365*24*time.Hour - 3*time.Hour, "the longest possible is 3h0m0s", "--lifetime 3h0m0s"},
		{"an expired issuer", backup(), 366 * 24 * time.Hour, "signs nothing now", "anchorctl rotate start prod --renew"},
		{"an instance that no session can carry", with(func(q *issuance.Request) { q.Instance = "a,b" }), 0, "instance", ""},
		{"a name that is too long", with(func(q *issuance.Request) { q.Instance = strings.Repeat("a", 60) }), 0, "61 characters", ""},
		{"an unknown key type", with(func(q *issuance.Request) { q.KeyType = "dsa" }), 0, "key type", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := open(t, dir, start().Add(c.at))
			c.request.Out = filepath.Join(t.TempDir(), "out")
			_, err := issuance.Issue(t.Context(), f, c.request)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
			if hints := strings.Join(hint.Of(err), "\n"); !strings.Contains(hints, c.hint) {
				t.Errorf("got hints %q, want one with %q", hints, c.hint)
			}
			if n, err := f.Store.CountIssued(t.Context(), store.Filter{}); err != nil || n != 0 {
				t.Errorf("%d certificates are recorded, %v", n, err)
			}
			for _, name := range []string{"cert.pem", "chain.pem", "key.pem"} {
				if _, err := os.Stat(filepath.Join(c.request.Out, name)); err == nil {
					t.Errorf("%s was left behind", name)
				}
			}
		})
	}
}

func TestFoldersThatNoConfigurationCanName(t *testing.T) {
	f := open(t, newEstate(t), start())
	for _, name := range []string{"a\"b", "a\nb", "a\x7fb"} {
		q := backup()
		q.Out = filepath.Join(t.TempDir(), name)
		if _, err := issuance.Issue(t.Context(), f, q); err == nil || !strings.Contains(err.Error(), "~/.aws/config") {
			t.Errorf("%q: got %v", name, err)
		}
	}
}

func TestAShorterLifetimeIsTaken(t *testing.T) {
	dir := newEstate(t)
	f := open(t, dir, start().Add(365*24*time.Hour-3*time.Hour))
	q := backup()
	q.Lifetime = 3 * time.Hour
	r, err := issuance.Issue(t.Context(), f, q)
	must(t, err)
	if want := start().Add(365 * 24 * time.Hour); !r.NotAfter.Equal(want) {
		t.Errorf("ends at %s, want %s", r.NotAfter, want)
	}
}

func TestFilesOfOthersStay(t *testing.T) {
	dir := newEstate(t)
	f := open(t, dir, start())
	foreign, err := keys.Generate(keys.P256)
	must(t, err)
	foreignKey, err := keys.EncodeWorkload(foreign)
	must(t, err)
	reports := issuance.Request{Environment: "prod", Workload: "reports"}
	reports.Out = filepath.Join(t.TempDir(), "reports")
	_, err = issuance.Issue(t.Context(), f, reports)
	must(t, err)
	reportsCert, err := os.ReadFile(filepath.Join(reports.Out, "cert.pem"))
	must(t, err)
	cases := []struct {
		name, file string
		data       []byte
	}{
		{"a private key of somebody", "key.pem", foreignKey},
		{"a key file that cannot be read", "key.pem", []byte("notes\n")},
		{"a certificate of another workload", "cert.pem", reportsCert},
		{"something that is no certificate", "cert.pem", []byte("notes\n")},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			q := backup()
			q.Out = t.TempDir()
			path := filepath.Join(q.Out, c.file)
			must(t, os.WriteFile(path, c.data, 0o600))
			_, err := issuance.Issue(t.Context(), f, q)
			if err == nil || !strings.Contains(err.Error(), "stays as it is") || len(hint.Of(err)) == 0 {
				t.Errorf("got %v, want a refusal with a hint", err)
			}
			if got, err := os.ReadFile(path); err != nil || string(got) != string(c.data) {
				t.Errorf("the file was changed: %v", err)
			}
		})
	}
}

func TestStanzasForEveryRoleOfTheWorkload(t *testing.T) {
	dir := newEstate(t)
	f := open(t, dir, start())
	addObjects(t, f, "aws-cn")
	f.Estate.Bound = "sandbox:x"
	q := backup()
	q.Out = filepath.Join(t.TempDir(), "with space")
	r, err := issuance.Issue(t.Context(), f, q)
	must(t, err)
	if len(r.Stanzas) != 2 || len(r.Missing) != 0 || len(r.Notes) != 1 {
		t.Fatalf("got %d stanzas, missing %v, notes %v", len(r.Stanzas), r.Missing, r.Notes)
	}
	s := r.Stanzas[1]
	common := `--certificate "` + r.CertificateFile + `" --private-key "` + r.KeyFile + `"` +
		" --trust-anchor-arn arn:aws-cn:rolesanywhere:eu-central-1:111122223333:anchor/x" +
		" --profile-arn arn:aws-cn:rolesanywhere:eu-central-1:111122223333:profile/x" +
		" --role-arn arn:aws-cn:iam::111122223333:role/team/prod-backup --session-duration 1800"
	want := issuance.Stanza{
		Name: "prod-backup-team-prod-backup", SessionName: "prod-backup-team-prod-backup-anchorctl",
		Profile: "backup", Role: "team/prod-backup", Account: "111122223333", Region: "eu-central-1",
		Helper:  "[profile prod-backup-team-prod-backup]\nregion = eu-central-1\ncredential_process = aws_signing_helper credential-process " + common + "\n",
		Session: "[profile prod-backup-team-prod-backup-anchorctl]\nregion = eu-central-1\ncredential_process = anchorctl session " + common + "\n",
	}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Error(diff)
	}
	nobody := issuance.Request{Environment: "prod", Workload: "reports"}
	f.Config.Environments["prod"].Profiles["backup"].Roles["prod-restore"].Workloads = []string{"backup"}
	r, err = issuance.Issue(t.Context(), f, nobody)
	must(t, err)
	if len(r.Stanzas) != 0 || len(r.Missing) != 1 || !strings.Contains(r.Missing[0], "no role") {
		t.Errorf("got %d stanzas, missing %v", len(r.Stanzas), r.Missing)
	}
}

func TestManyIssuesAtOnce(t *testing.T) {
	dir := newEstate(t)
	var mu sync.Mutex
	serials := map[string]bool{}
	shared := filepath.Join(t.TempDir(), "shared")
	var wg sync.WaitGroup
	const runs = 24
	for i := range runs {
		wg.Go(func() {
			f, err := opened(t.Context(), dir, start(), nil)
			if err != nil {
				t.Error(err)
				return
			}
			defer func() {
				if err := f.Close(); err != nil {
					t.Error(err)
				}
			}()
			f.Clock.Wait = realWait
			q := backup()
			q.Out = shared // half of them fight for one folder
			if i%2 == 0 {
				q.Out, q.Instance = "", fmt.Sprintf("i%d", i)
			}
			r, err := issuance.Issue(t.Context(), f, q)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			serials[r.SerialHex] = true
		})
	}
	wg.Wait()
	f := open(t, dir, start())
	if n, err := f.Store.CountIssued(t.Context(), store.Filter{}); err != nil || n != runs || len(serials) != runs {
		t.Errorf("%d serials, %d records, %v; want %d", len(serials), n, err, runs)
	}
	checkFiles(t, f, shared)
	must(t, f.Store.VerifyAudit(t.Context()))
}

func TestParseName(t *testing.T) {
	for text, want := range map[string][3]string{
		"prod/backup":      {"prod", "backup", ""},
		"prod/backup@i-1":  {"prod", "backup", "i-1"},
		"prod/backup@a.b@": {"prod", "backup", "a.b@"},
	} {
		env, workload, instance, err := issuance.ParseName(text)
		if err != nil || [3]string{env, workload, instance} != want {
			t.Errorf("%q: got %q %q %q, %v", text, env, workload, instance, err)
		}
	}
	for _, bad := range []string{"", "prod", "prod/", "/backup", "prod/backup@", "a/b/c", "prod/@x", "prod/a@b/c", "prod@x/backup", "prod/backup.i-1"} {
		if _, _, _, err := issuance.ParseName(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
	_, _, _, err := issuance.ParseName("prod/backup.i-1")
	if hints := hint.Of(err); len(hints) != 1 || !strings.Contains(hints[0], `"prod/backup@i-1"`) {
		t.Errorf("the hints are %q", hints)
	}
}

func FuzzParseName(f *testing.F) {
	for _, seed := range []string{"prod/backup", "prod/backup@i-1", "a/b@c.d", "/", "a/b/c", "a/@b", "a/b.c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		env, workload, instance, err := issuance.ParseName(text)
		if err != nil {
			return
		}
		if env+"/"+pki.WorkloadName(workload, instance) != text {
			t.Errorf("%q was read as %q, %q, %q", text, env, workload, instance)
		}
	})
}

func BenchmarkIssue(b *testing.B) {
	dir := newEstate(b)
	for b.Loop() {
		f, err := opened(b.Context(), dir, start(), nil)
		must(b, err)
		_, err = issuance.Issue(b.Context(), f, backup())
		must(b, err)
		must(b, f.Close())
	}
}
