package issuance_test

import (
	"crypto"
	"os"
	"path/filepath"
	"testing"
	"time"

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
