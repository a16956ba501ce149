package renewal_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"anchorctl/internal/config"
	"anchorctl/internal/folder"
	"anchorctl/internal/folder/foldertest"
	"anchorctl/internal/issuance"
)

func start() time.Time { return foldertest.Start() }

// configuration is that of an estate with a workload that lives twelve hours.
func configuration() *config.Config {
	day := config.Duration(24 * time.Hour)
	return &config.Config{
		Version: 1,
		Estate:  config.Estate{Name: "example", Organization: "Example Corp", TrustDomain: "example.internal"},
		Environments: map[string]*config.Environment{"prod": {
			Name: "prod", Limits: config.Limits{CertificateLifetime: day, SessionDuration: config.Duration(time.Hour)},
			Workloads: map[string]*config.Workload{"backup": {CertificateLifetime: day / 2}, "reports": {CertificateLifetime: day}},
		}},
	}
}

// opened opens the estate in a folder at a time, with a step of the test's own.
func opened(ctx context.Context, dir string, now time.Time, step func(string)) (*folder.Folder, error) {
	return foldertest.Open(ctx, dir, configuration(), now, step)
}

func open(t testing.TB, dir string, now time.Time) *folder.Folder {
	t.Helper()
	return foldertest.Opened(t, dir, configuration(), now, nil)
}

// newEstate makes an estate with an issuer, and issues a certificate at start.
func newEstate(t testing.TB) (dir, out string) {
	t.Helper()
	dir = foldertest.New(t, configuration())
	f := open(t, dir, start())
	r, err := issuance.Issue(t.Context(), f, issuance.Request{Environment: "prod", Workload: "backup"})
	must(t, err)
	return dir, filepath.Dir(r.KeyFile)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
