package pki_test

import (
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"anchorctl/internal/pki"
	"anchorctl/internal/pki/pkitest"
)

// All but the recorded issuer's own signature is judged.
func TestVerifyRecorded(t *testing.T) {
	e := pkitest.NewEstate(t, "prod", "dev")
	root, issuer := e.Root.Certificate, e.Issuers["prod"].Certificate
	leaf := e.Leaf(t, "prod", "backup").Certificate
	renamed := *root
	renamed.SubjectKeyId = []byte("another key")
	nameless := *issuer
	nameless.AuthorityKeyId = nil
	former := pkitest.Root(t, pkitest.Name("example root 0")).Certificate
	for _, c := range []struct {
		name   string
		leaf   *x509.Certificate
		issuer *x509.Certificate
		roots  []*x509.Certificate
		at     time.Time
		want   pki.PathCode // "" when it holds
	}{
		{"a workload's certificate", leaf, issuer, []*x509.Certificate{former, root}, pkitest.Now(), ""},
		{"of another issuer", e.Leaf(t, "dev", "backup").Certificate, issuer, []*x509.Certificate{root}, pkitest.Now(), pki.PathNone},
		{"signed by another key", e.Leaf(t, "prod", "backup", pkitest.SelfSigned()).Certificate, issuer, []*x509.Certificate{root}, pkitest.Now(), pki.PathNone},
		{"below a root of another name", leaf, issuer, []*x509.Certificate{former}, pkitest.Now(), pki.PathNone},
		{"below a root of the same name with another key", leaf, issuer, []*x509.Certificate{&renamed}, pkitest.Now(), pki.PathNone},
		{"of an issuer that does not say who signed it", leaf, &nameless, []*x509.Certificate{root}, pkitest.Now(), pki.PathNone},
		{"after the end", leaf, issuer, []*x509.Certificate{root}, pkitest.Now().AddDate(30, 0, 0), pki.PathDates},
		{"a CA in place of a workload", issuer, issuer, []*x509.Certificate{root}, pkitest.Now(), pki.PathNotCA},
	} {
		path, err := pki.VerifyRecorded(c.leaf, c.issuer, c.roots, c.at)
		var wrong *pki.PathError
		switch {
		case c.want == "" && (err != nil || len(path) != 3):
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (!errors.As(err, &wrong) || wrong.Code != c.want):
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}
