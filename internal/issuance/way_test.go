package issuance_test

import (
	"path/filepath"
	"strings"
	"testing"

	"anchorctl/internal/issuance"
)

func TestFindWay(t *testing.T) {
	dir := newEstate(t)
	f := open(t, dir, start())
	q := backup()
	q.Out = t.TempDir()
	if _, err := issuance.FindWay(t.Context(), f, q, issuance.Choice{}); err == nil || !strings.Contains(err.Error(), "is not there yet") {
		t.Errorf("before the first apply: %v", err)
	}
	addObjects(t, f, "aws")
	for _, c := range []struct {
		name    string
		choice  issuance.Choice
		role    string
		wantErr string
	}{
		{"a role names the way", issuance.Choice{Role: "prod-restore"}, "prod-restore", ""},
		{"profile, role and target name it too", issuance.Choice{Profile: "backup", Role: "team/prod-backup", Target: "111122223333/eu-central-1"}, "team/prod-backup", ""},
		{"several ways are listed", issuance.Choice{Profile: "backup"}, "", "there are several: profile backup, role prod-restore"},
		{"a role of nobody fits none", issuance.Choice{Role: "admin"}, "", "none fits"},
		{"another region fits none", issuance.Choice{Role: "prod-restore", Target: "111122223333/us-east-1"}, "", "none fits"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, err := issuance.FindWay(t.Context(), f, q, c.choice)
			if c.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), c.wantErr) {
					t.Errorf("got %v, want %q", err, c.wantErr)
				}
				return
			}
			must(t, err)
			if w.Role != c.role || w.Profile != "backup" || w.RoleARN != "arn:aws:iam::111122223333:role/"+c.role ||
				w.KeyFile != filepath.Join(q.Out, "key.pem") || w.CertificateFile != filepath.Join(q.Out, "cert.pem") ||
				!strings.Contains(w.AnchorARN, ":anchor/") || !strings.Contains(w.ProfileARN, ":profile/") {
				t.Errorf("got %+v", w)
			}
		})
	}
}
