package issuance_test

import (
	"context"
	"crypto"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"anchorctl/internal/folder"
	"anchorctl/internal/issuance"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/pki/pkitest"
	"anchorctl/internal/rules"
	"anchorctl/internal/store"
)

func passphrase(text string) func(context.Context) ([]byte, error) {
	return func(context.Context) ([]byte, error) { return []byte(text), nil }
}

// crashing is the request that a process is killed in: of a format, or of a
// certificate request that lies in the estate's folder.
func crashing(format, dir string) issuance.Request {
	r := backup()
	switch format {
	case "csr", "csr combined":
		data, err := os.ReadFile(filepath.Join(dir, "host.csr"))
		if err != nil {
			panic(err)
		}
		r.CSR, r.CSRName = data, "host.csr"
		if format == "csr combined" {
			r.Format = issuance.FormatCombined
		}
	default:
		r.Format, r.Passphrase = issuance.Format(format), passphrase("correct horse")
	}
	return r
}

// hostKey makes the key of a host and puts its request into the estate's folder.
func hostKey(t *testing.T, dir string) crypto.Signer {
	t.Helper()
	key := pkitest.ECKey(t, elliptic.P256())
	must(t, os.WriteFile(filepath.Join(dir, "host.csr"), request(t, key), 0o600))
	return key
}

func request(t *testing.T, key crypto.Signer) []byte {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: []string{"admin.example.com"}}, key)
	must(t, err)
	return der
}

// given is what a format's files hold: the leaf, the issuer, and the key, which
// is nil with a request.
func given(t *testing.T, format, dir string) (leaf, issuer *x509.Certificate, key crypto.Signer) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
		info, err := e.Info()
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o", e.Name(), info.Mode().Perm())
		}
	}
	want := map[string][]string{
		"combined": {"combined.pem"}, "csr combined": {"combined.pem"}, "csr": {"cert.pem", "chain.pem"}, "encrypted": {"cert.pem", "chain.pem", "key.pem"},
	}[format]
	if !slices.Equal(names, want) {
		t.Errorf("the folder holds %q, want %q", names, want)
	}
	if strings.HasSuffix(format, "combined") {
		text, err := os.ReadFile(filepath.Join(dir, "combined.pem"))
		must(t, err)
		private, certificates, err := issuance.ParseCombined(text)
		must(t, err)
		if format == "combined" {
			key, err = keys.ParseWorkload(private)
			must(t, err)
		} else if private != nil {
			t.Error("there is a key in it")
		}
		return certificates[0], certificates[1], key
	}
	leaf, issuer = certificate(t, filepath.Join(dir, "cert.pem")), certificate(t, filepath.Join(dir, "chain.pem"))
	if format == "encrypted" {
		text, err := os.ReadFile(filepath.Join(dir, "key.pem"))
		must(t, err)
		if strings.Contains(string(text), "BEGIN PRIVATE") {
			t.Error("the key is not encrypted")
		}
		key, err = keys.ParseWorkloadSealed(text, []byte("correct horse"))
		must(t, err)
	}
	return leaf, issuer, key
}

// TestAKilledIssueIsTakenUpInEveryForm kills a process at every step of an issue
// in each form, and of one that replaces files. The next run must leave a whole
// set, and give out the recorded certificate instead of a second one.
func TestAKilledIssueIsTakenUpInEveryForm(t *testing.T) {
	for _, format := range []string{"combined", "csr", "csr combined", "encrypted"} {
		for _, before := range []int{0, 1} {
			if format == "encrypted" && before == 1 && testing.Short() {
				continue
			}
			crashPoints(t, format, before)
		}
	}
}

func crashPoints(t *testing.T, format string, before int) {
	t.Helper()
	template := newEstate(t)
	host := hostKey(t, template)
	var first string
	if before == 1 {
		first = stepsIn(t, format, template, start())[0]
	}
	// A request whose certificate is recorded gives that out: a new one is made
	// when its time has come.
	at := start().Add(time.Duration(before) * 9 * time.Hour)
	all := stepsIn(t, format, copied(t, template), at)[1:]
	record := index(t, all, "store.committed")
	for i, step := range all {
		t.Run(fmt.Sprintf("%s, %d certificate before, dies in %s", format, before, step), func(t *testing.T) {
			dir := copied(t, template)
			t.Setenv("ISSUANCE_NOW", at.Format(time.RFC3339))
			killIn(t, format, dir, step)
			f := open(t, dir, at.Add(time.Minute))
			count := countOf(t, f)
			if want := before + boolean(i >= record); count != want {
				t.Errorf("%d certificates are recorded after the crash, want %d", count, want)
			}
			r, err := issuance.Issue(t.Context(), f, crashing(format, dir))
			must(t, err)
			leaf, issuer, key := given(t, format, filepath.Join(dir, "out", "prod", "backup"))
			if key == nil {
				key = host
			}
			switch {
			case pki.SerialHex(leaf) != r.SerialHex || r.SerialHex == first:
				t.Errorf("the files hold %s, the result says %s, before there was %s", pki.SerialHex(leaf), r.SerialHex, first)
			case !pki.SignedBy(leaf, issuer) || !key.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(leaf.PublicKey):
				t.Error("key, certificate and chain do not belong together")
			}
			done := i == len(all)-1 && !strings.HasPrefix(format, "csr")
			if want := count + boolean(i < record || done); countOf(t, f) != want {
				t.Errorf("%d certificates are recorded, want %d", countOf(t, f), want)
			}
		})
	}
}

// stepsIn are the steps of one issue, after the serial that came of it.
func stepsIn(t *testing.T, format, dir string, at time.Time) []string {
	t.Helper()
	var all []string
	f, err := opened(t.Context(), dir, at, func(name string) { all = append(all, name) })
	must(t, err)
	all = nil
	r, err := issuance.Issue(t.Context(), f, crashing(format, dir))
	must(t, err)
	must(t, f.Close())
	return append([]string{r.SerialHex}, all...)
}

func countOf(t *testing.T, f *folder.Folder) int {
	t.Helper()
	n, err := f.Store.CountIssued(t.Context(), store.Filter{})
	must(t, err)
	return n
}

// A run that was stopped in one form is taken up in another, and a key never
// lies there in a form that was not asked for.
func TestAStoppedRunIsTakenUpInAnotherForm(t *testing.T) {
	template := newEstate(t)
	for _, c := range []struct{ from, to string }{{"pem", "encrypted"}, {"pem", "combined"}, {"combined", "encrypted"}} {
		dir := copied(t, template)
		all := stepsIn(t, c.from, copied(t, template), start())[1:]
		killIn(t, c.from, dir, all[index(t, all, "store.committed")])
		f := open(t, dir, start().Add(time.Minute))
		r, err := issuance.Issue(t.Context(), f, crashing(c.to, dir))
		must(t, err)
		leaf, _, key := given(t, c.to, filepath.Join(dir, "out", "prod", "backup"))
		if !r.Resumed || countOf(t, f) != 1 || !key.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(leaf.PublicKey) {
			t.Errorf("from %s to %s: resumed %t, %d certificates", c.from, c.to, r.Resumed, countOf(t, f))
		}
	}
}

// What a stopped run encrypted is opened with its passphrase or not at all.
func TestAnEncryptedStagedKeyNeedsItsPassphrase(t *testing.T) {
	dir := newEstate(t)
	all := stepsIn(t, "encrypted", copied(t, dir), start())[1:]
	killIn(t, "encrypted", dir, all[index(t, all, "store.committed")])
	f := open(t, dir, start())
	other := crashing("encrypted", dir)
	other.Passphrase = passphrase("another one")
	for name, r := range map[string]issuance.Request{"another passphrase": other, "no passphrase": backup()} {
		if _, err := issuance.Issue(t.Context(), f, r); err == nil || !strings.Contains(err.Error(), "which a stopped run left") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if r, err := issuance.Issue(t.Context(), f, crashing("encrypted", dir)); err != nil || !r.Resumed {
		t.Errorf("its own passphrase: %v", err)
	}
}

func TestARequestIsAnsweredOnceAndRenewedInTime(t *testing.T) {
	dir := newEstate(t)
	hostKey(t, dir)
	serials := map[string]string{}
	for _, c := range []struct {
		name    string
		at      time.Duration // backup's certificates live for 12 hours
		change  func(*issuance.Request)
		resumed string // the name of the run whose certificate is given out again
	}{
		{"first", 0, func(*issuance.Request) {}, ""},
		{"the same again", time.Minute, func(*issuance.Request) {}, "first"},
		{"elsewhere", time.Hour, func(r *issuance.Request) { r.Out = filepath.Join(dir, "elsewhere") }, "first"},
		{"shortly before two thirds", 8*time.Hour - time.Second, func(*issuance.Request) {}, "first"},
		{"at two thirds", 8 * time.Hour, func(*issuance.Request) {}, ""},
		{"again", 8*time.Hour + time.Minute, func(*issuance.Request) {}, "at two thirds"},
		{"a new one, as asked", 8*time.Hour + 2*time.Minute, func(r *issuance.Request) { r.New = true }, ""},
		{"a shorter one", 8*time.Hour + 3*time.Minute, func(r *issuance.Request) { r.Lifetime = time.Hour }, ""},
		{"the shorter one will do", 8*time.Hour + 4*time.Minute, func(*issuance.Request) {}, "a shorter one"},
	} {
		f := open(t, dir, start().Add(c.at))
		r := crashing("csr", dir)
		c.change(&r)
		result, err := issuance.Issue(t.Context(), f, r)
		must(t, err)
		serials[c.name] = result.SerialHex
		if result.Resumed != (c.resumed != "") || c.resumed != "" && result.SerialHex != serials[c.resumed] {
			t.Errorf("%s: resumed %t, serial %s; want that of %q", c.name, result.Resumed, result.SerialHex, c.resumed)
		}
		if len(result.Ignored) != 1 || result.Ignored[0] != "DNS name admin.example.com" || result.KeyFile != "" {
			t.Errorf("%s: ignored %q, key %q", c.name, result.Ignored, result.KeyFile)
		}
	}
	if n := countOf(t, open(t, dir, start())); n != 4 {
		t.Errorf("%d certificates are recorded, want 4", n)
	}
}

// A script that is run again leaves the files as they are, times included, unless
// somebody has changed them.
func TestARequestThatIsAnsweredAgainTouchesNothing(t *testing.T) {
	for _, format := range []string{"csr", "csr combined"} {
		dir := newEstate(t)
		hostKey(t, dir)
		f := open(t, dir, start())
		first, err := issuance.Issue(t.Context(), f, crashing(format, dir))
		must(t, err)
		old := start().Add(-time.Hour)
		must(t, os.Chtimes(first.CertificateFile, old, old))
		_, err = issuance.Issue(t.Context(), f, crashing(format, dir))
		must(t, err)
		info, err := os.Stat(first.CertificateFile)
		must(t, err)
		if !info.ModTime().Equal(old) {
			t.Errorf("%s: the file was written again", format)
		}
		must(t, os.Chmod(first.CertificateFile, 0o644))
		_, err = issuance.Issue(t.Context(), f, crashing(format, dir))
		must(t, err)
		given(t, format, filepath.Dir(first.CertificateFile)) // mode 0600 again
	}
}

// What names no distribution point, or a former one, is not what is wanted once
// there is one.
func TestANewDistributionPointIsANewCertificate(t *testing.T) {
	dir := newEstate(t)
	hostKey(t, dir)
	f := open(t, dir, start())
	for _, c := range []struct {
		point   string
		resumed bool
	}{{"", false}, {"http://crl.example.internal/anchorctl", false}, {"http://crl.example.internal/anchorctl", true}, {"http://crl.example.org/", false}, {"", false}} {
		f.Config.Environments["prod"].CRL.DistributionPoint = c.point
		r, err := issuance.Issue(t.Context(), f, crashing("csr", dir))
		must(t, err)
		if r.Resumed != c.resumed {
			t.Errorf("with the distribution point %q, the recorded certificate is given out: %t", c.point, r.Resumed)
		}
	}
}

// Ten runs at once with the same request end with one certificate.
func TestParallelRunsWithOneRequestEndWithOneCertificate(t *testing.T) {
	dir := newEstate(t)
	hostKey(t, dir)
	type answer struct {
		serial string
		err    error
	}
	answers := make(chan answer)
	const runs = 10
	for i := range runs {
		go func() {
			f, err := opened(context.Background(), dir, start(), nil)
			if err != nil {
				answers <- answer{"", err}
				return
			}
			r := crashing("csr", dir)
			r.Out = filepath.Join(dir, "out", fmt.Sprint(i))
			b, err := issuance.IssueBundle(context.Background(), f, r)
			answers <- answer{b.SerialHex, errors.Join(err, f.Close())}
		}()
	}
	serials := map[string]bool{}
	for range runs {
		a := <-answers
		must(t, a.err)
		serials[a.serial] = true
	}
	if n := countOf(t, open(t, dir, start())); len(serials) != 1 || n != 1 {
		t.Errorf("%d serials were given out, %d certificates recorded", len(serials), n)
	}
}

func TestAKeyHasOneOwner(t *testing.T) {
	dir := newEstate(t)
	f := open(t, dir, start())
	r := backup()
	r.CSR, r.CSRName = request(t, hostKey(t, dir)), "host.csr"
	_, err := issuance.Issue(t.Context(), f, r)
	must(t, err)
	for name, change := range map[string]func(*issuance.Request){
		"another workload": func(r *issuance.Request) { r.Workload = "reports" },
		"an instance":      func(r *issuance.Request) { r.Instance = "1" },
	} {
		other := r
		change(&other)
		_, err := issuance.Issue(t.Context(), f, other)
		var refusal *rules.Refusal
		if !errors.As(err, &refusal) || refusal.Findings[0].Rule != "ANC206" || !strings.Contains(err.Error(), "issued to prod/backup") {
			t.Errorf("%s: %v", name, err)
		}
	}
	issuer, found, err := f.Store.Active(t.Context(), "prod")
	if err != nil || !found {
		t.Fatal(err)
	}
	key, err := f.Ring.Open(t.Context(), issuer.KeyURI, keys.Guard(issuer.Guard))
	must(t, err)
	r.CSR = request(t, key)
	if _, err := issuance.Issue(t.Context(), f, r); err == nil || !strings.Contains(err.Error(), "the key is that of issuer/prod#1") {
		t.Errorf("the issuer's own: %v", err)
	}
	if n := countOf(t, f); n != 1 {
		t.Errorf("%d certificates are recorded, want 1", n)
	}
}

// What was revoked is never given out again; a key that others have gets no
// certificate any more.
func TestARevokedCertificateIsNotGivenOutAgain(t *testing.T) {
	dir := newEstate(t)
	hostKey(t, dir)
	f := open(t, dir, start())
	revoke := func(serial string, reason int) {
		t.Helper()
		_, err := f.Store.Revoke(t.Context(), store.Revocation{Environment: "prod", Generation: 1, Serial: serial, Reason: reason, NotAfter: start().Add(12 * time.Hour).Unix()})
		must(t, err)
	}
	first, err := issuance.Issue(t.Context(), f, crashing("csr", dir))
	must(t, err)
	revoke(first.SerialHex, 4)
	second, err := issuance.Issue(t.Context(), f, crashing("csr", dir))
	must(t, err)
	if second.Resumed || second.SerialHex == first.SerialHex {
		t.Error("a revoked certificate was given out")
	}
	revoke(second.SerialHex, 1)
	if _, err := issuance.Issue(t.Context(), f, crashing("csr", dir)); err == nil || !strings.Contains(err.Error(), "keyCompromise") {
		t.Errorf("a compromised key: %v", err)
	}
}

func TestABundleIsRecordedAndItsKeyIsNotShown(t *testing.T) {
	f := open(t, newEstate(t), start())
	b, err := issuance.IssueBundle(t.Context(), f, backup())
	must(t, err)
	key, certificates, err := issuance.ParseCombined(b.PEM())
	must(t, err)
	signer, err := keys.ParseWorkload(key)
	must(t, err)
	if len(certificates) != 2 || pki.SerialHex(certificates[0]) != b.SerialHex || countOf(t, f) != 1 ||
		!signer.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(certificates[0].PublicKey) {
		t.Error("key, certificate, chain and record do not belong together")
	}
	text, err := b.Key.MarshalText()
	must(t, err)
	for _, shown := range []string{fmt.Sprint(b), fmt.Sprintf("%+v %q", b, b.Key), fmt.Sprintf("%s %x %v", b.Key, b.Key, b.Key), string(text)} {
		if strings.Contains(shown, "PRIVATE KEY-") || strings.Contains(shown, "2d2d2d2d") {
			t.Error("the key is shown")
		}
	}
	encrypted := backup()
	encrypted.Format, encrypted.Passphrase = issuance.FormatEncrypted, passphrase("correct horse")
	b, err = issuance.IssueBundle(t.Context(), f, encrypted)
	must(t, err)
	if _, err := keys.ParseWorkloadSealed(b.Key, []byte("correct horse")); err != nil {
		t.Error(err)
	}
}

func TestWhatIsNotOursIsNotReplacedInAnyForm(t *testing.T) {
	template := newEstate(t)
	hostKey(t, template)
	made := func(format string) string {
		dir := copied(t, template)
		stepsIn(t, format, dir, start())
		return dir
	}
	foreignKey, err := keys.EncodeWorkload(pkitest.ECDSA(t))
	must(t, err)
	sealed, err := keys.EncodeWorkloadSealed(pkitest.ECDSA(t), []byte("somebody else's"))
	must(t, err)
	pem, combined := made("pem"), made("combined")
	for _, c := range []struct {
		name, dir, format, file string
		content                 []byte
		want                    string
	}{
		{"a combined file of somebody else", template, "combined", "combined.pem", []byte("hello"), "is no file of ours"},
		{"a combined file with a foreign key", template, "combined", "combined.pem", append(foreignKey, pkitest.Root(t).PEM()...), "is the certificate of"},
		{"a foreign key for a key under a passphrase", template, "encrypted", "key.pem", sealed, "wrong passphrase"},
		{"a request beside the key of another certificate", pem, "csr", "", nil, "is not the key of the request"},
		{"one file beside three", pem, "combined", "", nil, "holds cert.pem: beside it"},
		{"three files beside one", combined, "pem", "", nil, "holds combined.pem: beside it"},
		{"a request's two files beside one", combined, "csr", "", nil, "holds combined.pem: beside it"},
		{"a request over a file that holds a key", combined, "csr combined", "", nil, "holds a private key and stays as it is"},
	} {
		dir := copied(t, c.dir)
		out := filepath.Join(dir, "out", "prod", "backup")
		must(t, os.MkdirAll(out, 0o700))
		if c.file != "" {
			must(t, os.WriteFile(filepath.Join(out, c.file), c.content, 0o600))
		}
		before := contents(t, out)
		_, err := issuance.Issue(t.Context(), open(t, dir, start()), crashing(c.format, dir))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if contents(t, out) != before {
			t.Errorf("%s: the folder has changed", c.name)
		}
	}
}

func contents(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	var all strings.Builder
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		must(t, err)
		fmt.Fprintf(&all, "%s %d %s\n", e.Name(), len(text), text)
	}
	return all.String()
}

// The key that lies with its certificate's folder is the host's own: it is
// pointed to.
func TestTheKeyOfTheRequestMayLieInTheFolder(t *testing.T) {
	dir := newEstate(t)
	key := hostKey(t, dir)
	text, err := keys.EncodeWorkload(key)
	must(t, err)
	out := filepath.Join(dir, "host")
	must(t, os.Mkdir(out, 0o700))
	must(t, os.WriteFile(filepath.Join(out, "key.pem"), text, 0o600))
	f := open(t, dir, start())
	addObjects(t, f, "aws")
	for want, to := range map[string]string{"--private-key " + filepath.Join(out, "key.pem"): out, "--private-key PRIVATE-KEY": ""} {
		r := crashing("csr", dir)
		r.Out = to
		result, err := issuance.Issue(t.Context(), f, r)
		must(t, err)
		if len(result.Stanzas) == 0 || !strings.Contains(result.Stanzas[0].Helper, want) {
			t.Errorf("want %s, got %+v", want, result.Stanzas)
		}
	}
	after, err := os.ReadFile(filepath.Join(out, "key.pem"))
	if err != nil || string(after) != string(text) {
		t.Error("the host's key has changed")
	}
}
