package rotate_test

import (
	"context"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"anchorctl/internal/issuance"
	"anchorctl/internal/pki"
	"anchorctl/internal/renewal"
	"anchorctl/internal/store"
)

// TestARenewalAfterTheCutOverComesFromTheNewIssuer: the files of a workload hold a
// chain that fits its certificate, before and after.
func TestARenewalAfterTheCutOverComesFromTheNewIssuer(t *testing.T) {
	l := newLab(t, twoRegions(), map[string]string{})
	w := l.Open(t)
	issued, err := issuance.Issue(t.Context(), w.Folder, issuance.Request{Environment: "prod", Workload: "app"})
	if err != nil {
		t.Fatal(err)
	}
	dir, old := filepath.Dir(issued.KeyFile), l.active(t)
	l.signedBy(t, dir, old)
	l.cutOver(t)
	if out := renewal.Renew(t.Context(), w.Folder, dir, nil, renewal.Options{Force: true}); out.Action != renewal.Renewed {
		t.Fatalf("it was not renewed: %+v", out)
	}
	if now := l.active(t); now.Equal(old) {
		t.Fatal("nothing was cut over")
	}
	l.signedBy(t, dir, l.active(t))
}

// TestAnIssueThatWasStoppedBeforeTheCutOverGoesOnAfterIt takes up a key that a killed
// run had left.
func TestAnIssueThatWasStoppedBeforeTheCutOverGoesOnAfterIt(t *testing.T) {
	l := newLab(t, twoRegions(), map[string]string{})
	w := l.Open(t)
	request := issuance.Request{Environment: "prod", Workload: "app"}
	ctx, stop := context.WithCancel(t.Context())
	stopped, done, err := l.World(t.Context(), func(name string) {
		if strings.HasPrefix(name, "durable.dirsync") {
			stop() // the key is there, and nothing can be recorded any more
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = issuance.Issue(ctx, stopped.Folder, request)
	done()
	if err == nil {
		t.Fatal("it was not stopped")
	}
	if left, err := filepath.Glob(filepath.Join(l.Dir, "out", "prod", "app", "*")); err != nil || len(left) == 0 {
		t.Fatalf("no key was left: %v", err)
	}
	l.cutOver(t)
	issued, err := issuance.Issue(t.Context(), w.Folder, request)
	if err != nil {
		t.Fatal(err)
	}
	l.signedBy(t, filepath.Dir(issued.KeyFile), l.active(t))
	if n, err := w.Folder.Store.CountIssued(t.Context(), store.Filter{Environment: "prod", Workload: "app"}); err != nil || n != 1 {
		t.Errorf("%d certificates are on record (%v), want one", n, err)
	}
}

// signedBy asserts that the certificate and the chain of a folder are of one issuer.
func (l *lab) signedBy(t *testing.T, dir string, issuer *x509.Certificate) {
	t.Helper()
	var read [2]*x509.Certificate
	for i, name := range []string{issuance.CertificateFile, issuance.ChainFile} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		all, err := pki.ParseBundle(string(text))
		if err != nil {
			t.Fatal(err)
		}
		read[i] = all[0]
	}
	if read[0].CheckSignatureFrom(issuer) != nil || !read[1].Equal(issuer) {
		t.Errorf("the files are not of %s", issuer.Subject.CommonName)
	}
}
