package batch_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"anchorctl/internal/batch"
	"anchorctl/internal/folder/foldertest"
	"anchorctl/internal/hint"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/store"
)

func TestABatchGivesEachLineItsCertificate(t *testing.T) {
	dir := newEstate(t)
	f := open(t, dir, start(), nil)
	r := counted(t, "backup@web-%04d=1100", "reports=2")
	r.Lines = append(r.Lines,
		batch.Line{At: 1103, Workload: "reports"},
		batch.Line{At: 1104, Workload: "reports", Instance: "short", Lifetime: time.Hour},
		batch.Line{At: 1105, Workload: "reports", Instance: "p384", KeyType: keys.P384})
	result, err := batch.Issue(t.Context(), f, r)
	must(t, err)
	checkWhole(t, f, result)
	if result.Issued != 1105 || result.Before != 0 || result.Out != filepath.Join(dir, "out", "prod", "batch-"+result.Batch[:12]) {
		t.Errorf("the result is %+v", result)
	}
	leaf := func(name string) *certificate { return read(t, filepath.Join(result.Out, name)) }
	if c := leaf("backup@web-0001"); !c.NotAfter.Equal(start().Add(12*time.Hour)) || len(c.DNSNames) != 1 || c.kind != "ecdsa-p256" {
		t.Errorf("a certificate of backup ends at %s, with names %v and a key %s", c.NotAfter, c.DNSNames, c.kind)
	}
	if c := leaf("reports@short"); !c.NotAfter.Equal(start().Add(time.Hour)) {
		t.Errorf("the short one ends at %s", c.NotAfter)
	}
	if c := leaf("reports@p384"); c.kind != "ecdsa-p384" {
		t.Errorf("the key is of kind %s", c.kind)
	}
	if c := leaf("reports"); c.Subject.CommonName != "reports" || len(c.DNSNames) > 0 {
		t.Errorf("the certificate without an instance is that of %q", c.Subject)
	}
}

func TestAboveTenThousandLinesEachThousandHasItsFolder(t *testing.T) {
	if testing.Short() {
		t.Skip("it issues more than 10,000 certificates")
	}
	dir := newEstate(t)
	f := open(t, dir, start(), nil)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	r := counted(t, "backup=10001")
	r.Progress = func(p batch.Progress) {
		if p.Done >= 2_000 {
			stop() // this many show it
		}
	}
	result, err := batch.Issue(ctx, f, r)
	if !errors.Is(err, context.Canceled) || result.Issued != 2_000 || result.Manifest != "" {
		t.Fatalf("%+v, %v", result, err)
	}
	for _, name := range []string{"0000/backup@1", "0000/backup@1000", "0001/backup@1001", "0001/backup@2000"} {
		read(t, filepath.Join(result.Out, name))
	}
}

type certificate struct {
	NotAfter time.Time
	DNSNames []string
	Subject  struct{ CommonName string }
	kind     string
}

func read(t testing.TB, folder string) *certificate {
	t.Helper()
	c, err := pki.ParseOne(content(t, filepath.Join(folder, "cert.pem")))
	must(t, err)
	read := certificate{NotAfter: c.NotAfter, DNSNames: c.DNSNames, kind: pki.KeyKind(c.PublicKey)}
	read.Subject.CommonName = c.Subject.CommonName
	return &read
}

// Every line is judged before anything is made: the good lines beside a bad one
// get nothing.
func TestNothingIsIssuedWhenOneLineIsRefused(t *testing.T) {
	lines := func(more ...batch.Line) []batch.Line {
		return append([]batch.Line{{At: 1, Workload: "backup"}, {At: 2, Workload: "reports", Instance: "a"}}, more...)
	}
	for _, test := range []struct {
		name    string
		request batch.Request
		want    string
	}{
		{"an unknown workload", batch.Request{Lines: lines(batch.Line{At: 3, Workload: "nobody"})}, `line 3: environment prod has no workload "nobody"`},
		{"a lifetime beyond the configured one", batch.Request{Lines: lines(batch.Line{At: 3, Workload: "backup", Instance: "b", Lifetime: 13 * time.Hour})},
			"line 3: a lifetime of 13h0m0s is longer than the configured 12h0m0s"},
		{"a lifetime for all beyond that of one", batch.Request{Lines: lines(), Lifetime: 20 * time.Hour}, "line 1: a lifetime of 20h0m0s is longer than the configured 12h0m0s"},
		{"an instance that no certificate can carry", batch.Request{Lines: lines(batch.Line{At: 3, Workload: "backup", Instance: "a/b"})}, `line 3: the instance "a/b" may hold only`},
		{"an instance that leads out of the folder", batch.Request{Lines: lines(batch.Line{At: 3, Workload: "backup", Instance: "/../../x"})}, "line 3: the instance"},
		{"a name that is too long", batch.Request{Lines: lines(batch.Line{At: 3, Workload: "backup", Instance: strings.Repeat("x", 60)})}, "line 3: the common name"},
		{"one name twice", batch.Request{Lines: lines(batch.Line{At: 3, Workload: "reports", Instance: "a"})}, "line 3: reports@a stands in line 2 already"},
		{"one name twice in other letters", batch.Request{Lines: lines(batch.Line{At: 3, Workload: "reports", Instance: "A"})}, "line 3: reports@A stands in line 2 already"},
		{"an unknown environment", batch.Request{Environment: "test", Lines: lines()}, `there is no environment "test"`},
		{"an environment without issuer", batch.Request{Environment: "dev", Lines: lines()[:1]}, "environment dev has no issuer yet"},
		{"a label that is none", batch.Request{Lines: lines(), Label: "a\nb"}, "the label"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := newEstate(t)
			f := open(t, dir, start(), nil)
			if test.request.Environment == "" {
				test.request.Environment = "prod"
			}
			test.request.Source = "hosts"
			result, err := batch.Issue(t.Context(), f, test.request)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
			if n, err := f.Store.CountIssued(t.Context(), store.Filter{}); n != 0 || err != nil || result.Issued != 0 {
				t.Errorf("%d certificates were issued: %v", n, err)
			}
			if _, err := os.Stat(filepath.Join(dir, "out")); err == nil {
				t.Error("a folder was made")
			}
		})
	}
}

func TestALifetimeBeyondTheIssuersEndIsRefusedBeforeAnythingIsMade(t *testing.T) {
	dir := newEstate(t)
	f := open(t, dir, start().Add(365*24*time.Hour-2*time.Hour), nil)
	_, err := batch.Issue(t.Context(), f, counted(t, "backup=3"))
	var tooLong *pki.LifetimeError
	if !errors.As(err, &tooLong) || !strings.Contains(strings.Join(hint.Of(err), " "), "--lifetime 2h0m0s") {
		t.Errorf("got %v, hints %v", err, hint.Of(err))
	}
	if _, err := os.Stat(filepath.Join(dir, "out")); err == nil {
		t.Error("a folder was made")
	}
}

func TestABatchRunAgainGivesOutWhatWasIssued(t *testing.T) {
	dir := newEstate(t)
	f := open(t, dir, start(), nil)
	r := counted(t, "backup=20")
	first, err := batch.Issue(t.Context(), f, r)
	must(t, err)
	// A torn, a missing and an altered certificate file.
	for name, text := range map[string]string{"backup@3": "", "backup@5": "-----BEGIN CERTIFICATE-----"} {
		must(t, os.WriteFile(filepath.Join(first.Out, name, "cert.pem"), []byte(text), 0o600))
	}
	must(t, os.Remove(filepath.Join(first.Out, "backup@7", "cert.pem")))
	again, err := batch.Issue(t.Context(), f, r)
	must(t, err)
	if again.Before != 20 || again.Issued != 0 || again.Mended != 3 || again.Batch != first.Batch {
		t.Errorf("the second run did %+v", again)
	}
	checkWhole(t, f, again)
	// What tells batches apart: the label, the flags, every line and their order.
	seen := map[string]bool{first.Batch: true}
	for i, change := range []func(*batch.Request){
		func(r *batch.Request) { r.Label = "second" },
		func(r *batch.Request) { r.Lifetime = time.Hour },
		func(r *batch.Request) { r.KeyType = keys.P384 },
		func(r *batch.Request) { r.Lines = r.Lines[:19] },
		func(r *batch.Request) { r.Lines[0], r.Lines[1] = r.Lines[1], r.Lines[0] },
		func(r *batch.Request) { r.Lines[4].Lifetime = time.Hour },
	} {
		r := counted(t, "backup=20")
		change(&r)
		other, err := batch.Issue(t.Context(), f, r)
		must(t, err)
		if seen[other.Batch] || other.Before != 0 {
			t.Errorf("change %d gives no other batch: %+v", i, other)
		}
		seen[other.Batch] = true
	}
}

func TestARunAgainSaysWhatHasEnded(t *testing.T) {
	dir := newEstate(t)
	r := counted(t, "backup=5")
	_, err := batch.Issue(t.Context(), open(t, dir, start(), nil), r)
	must(t, err)
	result, err := batch.Issue(t.Context(), open(t, dir, start().Add(48*time.Hour), nil), r)
	must(t, err)
	if result.Before != 5 || len(result.Notes) != 1 || !strings.Contains(result.Notes[0], "5 certificates of this batch have ended") {
		t.Errorf("got %+v", result)
	}
}

func TestABatchWhoseKeysAreGoneIsNotIssuedAgain(t *testing.T) {
	dir := newEstate(t)
	f := open(t, dir, start(), nil)
	r := counted(t, "backup=5")
	result, err := batch.Issue(t.Context(), f, r)
	must(t, err)
	must(t, os.RemoveAll(filepath.Join(result.Out, "backup@4")))
	_, err = batch.Issue(t.Context(), f, r)
	if err == nil || !strings.Contains(err.Error(), "the keys of 1 certificates that were issued are not in") || !strings.Contains(err.Error(), "backup@4") {
		t.Errorf("got %v", err)
	}
	r.Out = filepath.Join(dir, "elsewhere")
	_, err = batch.Issue(t.Context(), f, r)
	if err == nil || !strings.Contains(err.Error(), "5 of its certificates were issued since 2026-11-02T12:00:00Z, and their keys are not in") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(r.Out); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder is left where the batch's own could be put back: %v", err)
	}
	if n, err := f.Store.CountIssued(t.Context(), store.Filter{}); n != 5 || err != nil {
		t.Errorf("%d certificates are recorded: %v", n, err)
	}
}

func TestAFolderOfSomebodyElseIsLeftAlone(t *testing.T) {
	dir := newEstate(t)
	f := open(t, dir, start(), nil)
	r := counted(t, "backup=3")
	r.Out = filepath.Join(dir, "theirs")
	must(t, os.MkdirAll(r.Out, 0o700))
	must(t, os.WriteFile(filepath.Join(r.Out, "notes.txt"), []byte("x"), 0o600))
	if _, err := batch.Issue(t.Context(), f, r); err == nil || !strings.Contains(err.Error(), "is not empty and is no batch's") {
		t.Errorf("got %v", err)
	}
	must(t, os.WriteFile(filepath.Join(r.Out, "batch.json"), []byte("{}"), 0o600))
	if _, err := batch.Issue(t.Context(), f, r); err == nil || !strings.Contains(err.Error(), "is not ours and stays as it is") {
		t.Errorf("got %v", err)
	}
	r.Out = filepath.Join(dir, "ours")
	_, err := batch.Issue(t.Context(), f, r)
	must(t, err)
	other := counted(t, "backup=4")
	other.Out = r.Out
	if _, err := batch.Issue(t.Context(), f, other); err == nil || !strings.Contains(err.Error(), "is that of batch") {
		t.Errorf("got %v", err)
	}
}

// A disk that fails in the middle: the error names the line, what was recorded
// stays, and the next run goes on.
func TestABatchGoesOnAfterAFailure(t *testing.T) {
	dir := newEstate(t)
	var once sync.Once
	out := filepath.Join(dir, "out")
	f := open(t, dir, start(), func(step string) {
		if step == "durable.mkdir backup@25" {
			once.Do(func() { must(t, os.WriteFile(filepath.Join(out, "backup@25"), nil, 0o600)) })
		}
	})
	r := counted(t, "backup=40")
	r.Out, r.Group = out, 10
	result, err := batch.Issue(t.Context(), f, r)
	if err == nil || !strings.Contains(err.Error(), "line 25: making folder") || result.Issued != 20 {
		t.Fatalf("got %+v, %v", result, err)
	}
	must(t, os.Remove(filepath.Join(out, "backup@25")))
	result, err = batch.Issue(t.Context(), f, r)
	must(t, err)
	checkWhole(t, f, result)
	if result.Before != 20 || result.Issued != 20 || result.KeysReused == 0 {
		t.Errorf("got %+v", result)
	}
}

func TestAnInterruptedBatchStopsAfterItsGroup(t *testing.T) {
	dir := newEstate(t)
	f := open(t, dir, start(), nil)
	stopped := errors.New("interrupted")
	ctx, stop := context.WithCancelCause(t.Context())
	r := counted(t, "backup=100")
	r.Group = 10
	var seen []batch.Progress
	r.Progress = func(p batch.Progress) {
		if seen = append(seen, p); p.Done == 30 {
			stop(stopped)
		}
	}
	result, err := batch.Issue(ctx, f, r)
	if !errors.Is(err, stopped) || result.Issued != 30 || result.Done() != 30 || result.Manifest != "" {
		t.Fatalf("got %+v, %v", result, err)
	}
	if last := seen[len(seen)-1]; last.Done != 30 || last.Total != 100 {
		t.Errorf("the last progress is %+v", last)
	}
	r.Progress = nil
	result, err = batch.Issue(t.Context(), f, r)
	must(t, err)
	checkWhole(t, f, result)
	if result.Before != 30 || result.Issued != 70 {
		t.Errorf("got %+v", result)
	}
}

// Between two runs of a batch its issuer may have been replaced: each certificate
// keeps the chain it has.
func TestACertificateOfAnotherGenerationKeepsItsChain(t *testing.T) {
	dir := newEstate(t)
	f := open(t, dir, start(), nil)
	ctx, stop := context.WithCancel(t.Context())
	r := counted(t, "backup=20")
	r.Group = 10
	r.Progress = func(batch.Progress) { stop() }
	first, err := batch.Issue(ctx, f, r)
	if err == nil || first.Issued != 10 {
		t.Fatalf("got %+v, %v", first, err)
	}
	former := foldertest.AddIssuer(t, f, 2, store.Retired)
	key, err := keys.Generate(keys.P256)
	must(t, err)
	text, err := keys.EncodeWorkload(key)
	must(t, err)
	must(t, os.MkdirAll(filepath.Join(first.Out, "backup@20"), 0o700))
	must(t, os.WriteFile(filepath.Join(first.Out, "backup@20", "key.pem"), text, 0o600))
	c, err := pki.NewWorkload(pki.WorkloadSpec{Environment: "prod", Workload: "backup", Instance: "20", Organization: "Example Corp",
		TrustDomain: "example.internal", Lifetime: time.Hour, Now: start()}, key.Public(), former)
	must(t, err)
	must(t, f.Store.RecordIssued(t.Context(), store.Issued{Environment: "prod", Workload: "backup", Instance: "20", Generation: 2,
		Serial: pki.SerialHex(c), Certificate: c.Raw, SPKI: pki.SPKIDigest(c), NotBefore: c.NotBefore.Unix(), NotAfter: c.NotAfter.Unix(),
		Batch: first.Batch, Line: 20}))
	r.Progress = nil
	result, err := batch.Issue(t.Context(), f, r)
	must(t, err)
	checkWhole(t, f, result)
	if result.Before != 11 || len(result.Notes) != 1 || !strings.Contains(result.Notes[0], "1 certificates of this batch were signed by issuer/prod#2, which no longer signs") {
		t.Errorf("got %+v", result)
	}
}

// An issuer that is cut over in the middle signs nothing more, and what it has
// signed and nobody recorded is thrown away: its keys get certificates of the next.
func TestABatchGoesOnUnderTheNextIssuer(t *testing.T) {
	dir := newEstate(t)
	f, other := open(t, dir, start(), nil), open(t, dir, start(), nil)
	rekey := store.Rotation{Environment: "prod", Kind: store.Rekey, From: 1, To: 2, Reason: "due"}
	_, err := other.Store.StartRotation(t.Context(), rekey)
	must(t, err)
	foldertest.AddIssuer(t, other, 2, store.Next)
	r := counted(t, "backup=100")
	r.Group = 10
	r.Progress = func(p batch.Progress) {
		if p.Done == 30 {
			must(t, other.Store.CutOver(t.Context(), "prod"))
		}
	}
	result, err := batch.Issue(t.Context(), f, r)
	if !errors.Is(err, store.ErrStatus) || !strings.Contains(strings.Join(hint.Of(err), " "), "run the same command again") || result.Issued != 30 {
		t.Fatalf("got %+v, %v", result, err)
	}
	r.Progress = nil
	result, err = batch.Issue(t.Context(), f, r)
	must(t, err)
	checkWhole(t, f, result)
	by := map[string]int{}
	for _, e := range entriesOf(t, result.Manifest) {
		by[e.Issuer]++
	}
	if result.Before != 30 || result.Issued != 70 || result.KeysReused < 10 || by["issuer/prod#1"] != 30 || by["issuer/prod#2"] != 70 {
		t.Errorf("got %+v, issued by %v", result, by)
	}
}

// What makes a batch durable is counted: at most one sync for each hundred
// certificates, and five. SQLite adds those of its checkpoints, three for each
// 4,000 pages.
func TestABatchTakesFewSyncs(t *testing.T) {
	dir := newEstate(t)
	var mu sync.Mutex
	syncs, written := 0, map[string]int{}
	f := open(t, dir, start(), func(step string) {
		mu.Lock()
		defer mu.Unlock()
		name, at, _ := strings.Cut(step, " ")
		switch name {
		case "durable.syncfs", "durable.fsync", "durable.dirsync", "durable.sync", "durable.mkdirsync", "store.commit":
			syncs++
		case "durable.remove":
			t.Errorf("%s was written and removed", at)
		case "durable.write":
			written[at]++
		}
	})
	syncs = 0
	const count = 1_500
	result, err := batch.Issue(t.Context(), f, counted(t, "backup=1500"))
	must(t, err)
	if syncs > 10 || result.Issued != count {
		t.Errorf("%d certificates took %d syncs", result.Issued, syncs)
	}
	if written["key.pem"] != count || written["cert.pem"] != count || len(written) != 4 {
		t.Errorf("what was written: %v", written)
	}
	t.Logf("%d certificates, %d syncs", count, syncs)
}
