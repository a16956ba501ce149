package batch_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"anchorctl/internal/batch"
	"anchorctl/internal/durable"
	"anchorctl/internal/pki"
	"anchorctl/internal/rules"
	"anchorctl/internal/store"
)

// requested makes hosts with keys of their own, and the batch of their requests.
func requested(t *testing.T, dir string, hosts int) (batch.Request, []crypto.Signer) {
	t.Helper()
	r := batch.Request{Environment: "prod", Source: "hosts", Open: os.ReadFile}
	var owners []crypto.Signer
	for i := range hosts {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		must(t, err)
		path := filepath.Join(dir, fmt.Sprintf("%d.csr", i))
		writeRequest(t, path, key)
		owners = append(owners, key)
		r.Lines = append(r.Lines, batch.Line{At: i + 2, Workload: "backup", Instance: fmt.Sprint(i), CSR: path})
	}
	return r, owners
}

func writeRequest(t *testing.T, path string, key crypto.Signer) {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	must(t, err)
	must(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}), 0o600))
}

func TestALineWithARequestGetsACertificateForItsKey(t *testing.T) {
	dir := newEstate(t)
	f := open(t, dir, start(), nil)
	r, owners := requested(t, dir, 5)
	r.Lines = append(r.Lines, batch.Line{At: 7, Workload: "reports"})
	result, err := batch.Issue(t.Context(), f, r)
	must(t, err)
	for i, e := range entriesOf(t, result.Manifest)[:5] {
		c, err := pki.ParseOne(content(t, filepath.Join(result.Out, e.Certificate)))
		must(t, err)
		if !c.PublicKey.(*ecdsa.PublicKey).Equal(owners[i].Public()) {
			t.Errorf("line %d has a certificate for another key", e.Line)
		}
		if _, err := os.Stat(filepath.Join(result.Out, filepath.Dir(e.Certificate), "key.pem")); e.Key != "" || !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("line %d has a key file %q: %v", e.Line, e.Key, err)
		}
	}
	// Run again, with a file that is gone.
	must(t, os.RemoveAll(filepath.Join(result.Out, "backup@3")))
	again, err := batch.Issue(t.Context(), f, r)
	must(t, err)
	if again.Before != 6 || again.Issued != 0 || again.Mended != 1 || again.Batch != result.Batch {
		t.Errorf("got %+v", again)
	}
	// Another request is another batch.
	writeRequest(t, r.Lines[2].CSR, owners[2])
	other, err := batch.Issue(t.Context(), f, r)
	must(t, err)
	if other.Batch == result.Batch || other.Issued != 6 {
		t.Errorf("got %+v", other)
	}
}

func TestRequestsAreJudgedBeforeAnythingIsIssued(t *testing.T) {
	dir := newEstate(t)
	f := open(t, dir, start(), nil)
	for _, test := range []struct {
		name   string
		change func(r batch.Request, owners []crypto.Signer)
		want   string
	}{
		{"no such file", func(r batch.Request, _ []crypto.Signer) { r.Lines[1].CSR += ".gone" }, "line 3: open"},
		{"no request", func(r batch.Request, _ []crypto.Signer) {
			must(t, os.WriteFile(r.Lines[1].CSR, []byte("hello"), 0o600))
		}, "line 3: "},
		{"a key that two lines bring", func(r batch.Request, owners []crypto.Signer) { writeRequest(t, r.Lines[1].CSR, owners[0]) },
			"line 3: the key of its request is that of line 2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, owners := requested(t, t.TempDir(), 3)
			test.change(r, owners)
			if _, err := batch.Issue(t.Context(), f, r); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
	if n, err := f.Store.CountIssued(t.Context(), store.Filter{}); n != 0 || err != nil {
		t.Errorf("%d certificates were issued: %v", n, err)
	}
}

// What rules refuse is told apart from what is written wrongly; of several
// problems, the first decides.
func TestRequestsThatRulesRefuse(t *testing.T) {
	dir := newEstate(t)
	f := open(t, dir, start(), nil)
	r, _ := requested(t, t.TempDir(), 3)
	for _, l := range r.Lines[1:] {
		weak, err := rsa.GenerateKey(rand.Reader, 1024)
		must(t, err)
		writeRequest(t, l.CSR, weak)
	}
	_, err := batch.Issue(t.Context(), f, r)
	var refusal *rules.Refusal
	if !errors.As(err, &refusal) || len(refusal.Findings) != 2 || refusal.Findings[0].Rule != "ANC206" {
		t.Errorf("got %v, which refuses %+v", err, refusal)
	}
	r.Lines[0].Workload = "nobody"
	if _, err := batch.Issue(t.Context(), f, r); errors.As(err, &refusal) || !strings.Contains(err.Error(), "line 3: ") {
		t.Errorf("got %v, want that the first line is wrong", err)
	}
}

// A request that is another one by the time its turn comes would get a certificate
// that nobody judged.
func TestARequestThatChangesInTheMiddleStopsTheBatch(t *testing.T) {
	dir := newEstate(t)
	r, _ := requested(t, dir, 20)
	r.Group = 5
	_, others := requested(t, t.TempDir(), 1)
	path := r.Lines[17].CSR
	was := content(t, path)
	f := open(t, dir, start(), func(step string) {
		if step == "durable.write chain-prod-1.pem" {
			writeRequest(t, path, others[0])
		}
	})
	result, err := batch.Issue(t.Context(), f, r)
	if err == nil || !strings.Contains(err.Error(), `line 19: `) || !strings.Contains(err.Error(), `17.csr" has changed since it was judged`) || result.Issued > 15 {
		t.Fatalf("got %+v, %v", result, err)
	}
	must(t, os.WriteFile(path, was, 0o600))
	again, err := batch.Issue(t.Context(), open(t, dir, start(), nil), r)
	must(t, err)
	if again.Batch != result.Batch || again.Before != result.Issued || again.Done() != 20 {
		t.Errorf("got %+v", again)
	}
}

// A key gets no second owner while a batch is under way, either.
func TestAKeyThatGotAnOwnerMeanwhileIsNotCertified(t *testing.T) {
	dir := newEstate(t)
	r, owners := requested(t, dir, 10)
	r.Group = 5
	key, err := pki.DigestOfKey(owners[8].Public())
	must(t, err)
	other := open(t, dir, start(), nil)
	theirs := store.Issued{Environment: "prod", Workload: "reports", Generation: 1, Serial: "beef", Certificate: []byte("theirs"), SPKI: key,
		NotBefore: start().Unix(), NotAfter: start().Unix() + 60}
	f := open(t, dir, start(), func(step string) {
		if step == "durable.mkdir backup@8" { // its request has been judged
			must(t, other.Store.RecordRequested(t.Context(), theirs, ""))
		}
	})
	result, err := batch.Issue(t.Context(), f, r)
	if !errors.Is(err, store.ErrKeyUsed) || result.Issued != 5 {
		t.Errorf("got %+v, %v", result, err)
	}
	var refusal *rules.Refusal
	if result, err = batch.Issue(t.Context(), open(t, dir, start(), nil), r); !errors.As(err, &refusal) || !strings.Contains(err.Error(), "prod/reports") {
		t.Errorf("the same again: got %+v, %v", result, err)
	}
}

func TestASecondRunAtTheSameTimeIsTurnedAway(t *testing.T) {
	dir := newEstate(t)
	f := open(t, dir, start(), nil)
	r := counted(t, "backup=3")
	first, err := batch.Issue(t.Context(), f, r)
	must(t, err)
	release, held, err := f.Files.TryLockFolder(first.Out)
	if err != nil || !held {
		t.Fatal(held, err)
	}
	var busy *durable.BusyError
	if _, err := batch.Issue(t.Context(), f, r); !errors.As(err, &busy) || !strings.Contains(err.Error(), "another run is writing to") {
		t.Errorf("got %v", err)
	}
	must(t, release())
	if again, err := batch.Issue(t.Context(), f, r); err != nil || again.Before != 3 {
		t.Errorf("got %+v, %v", again, err)
	}
}

func TestARevokedCertificateIsNotGivenOutAgain(t *testing.T) {
	dir := newEstate(t)
	f := open(t, dir, start(), nil)
	r := counted(t, "backup=3")
	result, err := batch.Issue(t.Context(), f, r)
	must(t, err)
	e := entriesOf(t, result.Manifest)[1]
	_, err = f.Store.Revoke(t.Context(), store.Revocation{Environment: "prod", Generation: 1, Serial: e.SerialHex,
		At: start().Unix(), Reason: 1, NotAfter: e.NotAfter.Unix()})
	must(t, err)
	must(t, os.Remove(filepath.Join(result.Out, e.Certificate)))
	result, err = batch.Issue(t.Context(), f, r)
	must(t, err)
	if _, err := os.Stat(filepath.Join(result.Out, e.Certificate)); !errors.Is(err, fs.ErrNotExist) || result.Mended != 0 ||
		len(result.Notes) != 1 || !strings.Contains(result.Notes[0], "1 certificates of this batch were revoked") {
		t.Errorf("%v: %+v", err, result)
	}
}
