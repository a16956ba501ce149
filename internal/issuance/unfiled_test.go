package issuance_test

import (
	"crypto"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"anchorctl/internal/config"
	"anchorctl/internal/issuance"
	"anchorctl/internal/pki"
)

func TestACertificateWithoutFilesIsRecordedLikeEveryOther(t *testing.T) {
	dir := newEstate(t)
	f := open(t, dir, start().Add(time.Hour))
	before, err := os.ReadDir(dir)
	must(t, err)
	r := backup()
	r.Lifetime = 5 * time.Minute
	made, err := issuance.IssueUnfiled(t.Context(), f, r)
	must(t, err)
	record, found, err := f.Store.IssuedBySPKI(t.Context(), pki.SPKIDigest(made.Certificate))
	if err != nil || !found || record.Workload != "backup" || record.Serial != pki.SerialHex(made.Certificate) {
		t.Errorf("the record is %+v (%v)", record, err)
	}
	if !made.Key.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(made.Certificate.PublicKey) {
		t.Error("the key is not that of the certificate")
	}
	if len(made.Chain) != 1 || !pki.SignedBy(made.Certificate, made.Chain[0]) {
		t.Error("the chain did not sign the certificate")
	}
	if end := start().Add(time.Hour + 5*time.Minute); !made.Certificate.NotAfter.Equal(end) {
		t.Errorf("it ends at %s, want %s", made.Certificate.NotAfter, end)
	}
	after, err := os.ReadDir(dir)
	must(t, err)
	if len(after) != len(before) {
		t.Errorf("files were written: %v", after)
	}
	if _, err := os.Stat(filepath.Join(dir, "out")); err == nil {
		t.Error("there is a folder of issued certificates")
	}
}

func TestTheProbeGetsACertificateInMemoryAlone(t *testing.T) {
	dir := newEstate(t)
	f := open(t, dir, start())
	r := issuance.Request{Environment: "prod", Workload: config.ProbeWorkload}
	if made, err := issuance.IssueUnfiled(t.Context(), f, r); err == nil {
		t.Errorf("without a probe role, issued %s", made.Certificate.Subject)
	}
	f.Config.Environments["prod"].Targets[0].ProbeRole = "probe"
	made, err := issuance.IssueUnfiled(t.Context(), f, r)
	must(t, err)
	if life := made.Certificate.NotAfter.Sub(start()); life != time.Hour || made.Certificate.URIs[0].String() != "spiffe://prod.example.internal/anchorctl-probe" {
		t.Errorf("it is of %s and lives %s", made.Certificate.URIs[0], life)
	}
	for name, issue := range map[string]func() error{
		"files":             func() error { _, err := issuance.Issue(t.Context(), f, r); return err },
		"a bundle":          func() error { _, err := issuance.IssueBundle(t.Context(), f, r); return err },
		"a line of a batch": func() error { _, err := issuance.Allow(f, r); return err },
		"a line with a key": func() error { _, err := issuance.Admit(t.Context(), f, r); return err },
	} {
		if err := issue(); err == nil || !strings.Contains(err.Error(), "built-in probe") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "out")); err == nil {
		t.Error("there is a folder of issued certificates")
	}
}

func TestACertificateWithoutFilesIsRefusedLikeEveryOther(t *testing.T) {
	f := open(t, newEstate(t), start())
	for name, r := range map[string]issuance.Request{
		"a workload that is not named":         {Environment: "prod", Workload: "nobody"},
		"a life longer than the configuration": {Environment: "prod", Workload: "backup", Lifetime: 13 * time.Hour},
		"an environment without an issuer":     {Environment: "dev", Workload: "backup"},
	} {
		if made, err := issuance.IssueUnfiled(t.Context(), f, r); err == nil {
			t.Errorf("%s: issued %s", name, made.Certificate.Subject)
		}
	}
}
