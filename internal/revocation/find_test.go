package revocation_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"anchorctl/internal/clock"
	"anchorctl/internal/config"
	"anchorctl/internal/folder"
	"anchorctl/internal/hint"
	"anchorctl/internal/pki"
	"anchorctl/internal/pki/pkitest"
	"anchorctl/internal/revocation"
	"anchorctl/internal/store"
)

const configuration = `version: 1
estate: {name: example, organization: Example Corp, trustDomain: example.internal}
environments:
  prod:
    targets: [{account: "111122223333", region: eu-central-1}, {account: "111122223333", region: us-east-1}]
    workloads: {backup: {}, reports: {}}
    profiles:
      backup: {roles: {prod-backup: {workloads: [backup]}}, sessionDuration: 30m}
      both: {roles: {team/prod-both: {workloads: [backup, reports]}}, sessionDuration: 2h}
`

// estate is a folder whose store has prod's issuer.
type estate struct {
	made   *pkitest.Estate
	folder *folder.Folder
}

func newEstate(t *testing.T) *estate {
	t.Helper()
	c, err := config.Parse("anchorctl.yaml", []byte(configuration), os.ReadFile)
	if err != nil {
		t.Fatal(err)
	}
	now := clock.Clock{Now: pkitest.Now}
	s, err := store.Create(t.Context(), filepath.Join(t.TempDir(), "state.db"),
		store.Estate{Lineage: "6f1c2f0e-7d0a-4b8e-9a55-0d5f3a1f7a11", Name: "example", TrustDomain: "example.internal"}, store.Options{Now: now.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	e := &estate{pkitest.NewEstate(t, "prod"), &folder.Folder{Config: c, Store: s, Clock: now}}
	err = s.AddGeneration(t.Context(), store.Generation{
		Environment: "prod", Number: 1, Certificate: e.made.Issuers["prod"].Certificate.Raw, KeyURI: "file:issuer-prod-1.pem", Status: store.Active,
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// issued records a certificate with a serial number that is made up.
func (e *estate) issued(t *testing.T, workload, instance, serial string, ends time.Time) {
	t.Helper()
	err := e.folder.Store.RecordIssued(t.Context(), store.Issued{
		Environment: "prod", Workload: workload, Instance: instance, Generation: 1, Serial: serial, Certificate: []byte(serial),
		SPKI: sha256.Sum256([]byte(serial)), NotBefore: ends.Add(-time.Hour).Unix(), NotAfter: ends.Unix(),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// names are what was found, in order.
func names(list []revocation.Certificate) string {
	var all []string
	for _, c := range list {
		all = append(all, c.Name()+" "+c.SerialHex)
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

func TestFind(t *testing.T) {
	e := newEstate(t)
	later, before := pkitest.Now().Add(time.Hour), pkitest.Now().Add(-time.Hour)
	e.issued(t, "backup", "", "4aff", later)
	e.issued(t, "backup", "7", "4bff", later)
	e.issued(t, "backup", "7", "4cff", before)
	e.issued(t, "backup", "8", "5cff", before.Add(-2*time.Hour)) // a session lasts two hours at most
	e.issued(t, "former", "", "6cff", before)
	e.issued(t, "reports", "", "1234", later)
	e.issued(t, "reports", "", "04d2", later) // 1234 in decimal
	unrecorded := e.made.Leaf(t, "prod", "backup")
	stranger := pkitest.NewEstate(t, "prod").Leaf(t, "prod", "backup")
	old := e.made.Leaf(t, "prod", "backup", pkitest.Dates(pkitest.Now().AddDate(0, 0, -2), pkitest.Now().AddDate(0, 0, -1)))
	files := map[string][]byte{
		"cert.pem": unrecorded.PEM(), "chain.pem": pki.EncodePEM(unrecorded.Certificate, e.made.Issuers["prod"].Certificate),
		"other.pem": stranger.PEM(), "old.pem": old.PEM(), "noise": []byte("noise"),
	}
	lost := "a certificate of issuer/prod#1 " + pki.SerialHex(unrecorded.Certificate)
	for _, c := range []struct {
		name, what, want, fails string
		ended                   bool
	}{
		{"a serial number in hexadecimal", "4aff", "prod/backup 4aff", "", false},
		{"in capitals, with colons", "4A:FF", "prod/backup 4aff", "", false},
		{"with 0x", "0x4aff", "prod/backup 4aff", "", false},
		{"in decimal", "19199", "prod/backup 4aff", "", false},
		{"digits that are two serial numbers", "1234", "", "2 certificates can be meant", false},
		{"the same, told apart", "0x1234", "prod/reports 1234", "", false},
		{"a serial number of nothing", "dead", "", "no certificate with this serial number is on record", false},
		{"one that has expired", "4cff", "", "it expired at", false},
		{"one that has expired, for its sessions", "4cff", "prod/backup@7 4cff", "", true},
		{"one whose last session has ended", "5cff", "", "the last session that it can have been given ended by", true},
		{"a file of one that expired long ago, for its sessions", "old.pem", "", "no role of anchorctl.yaml lists its workload", true},
		{"a workload, with those whose sessions may go on", "prod/backup", "prod/backup 4aff, prod/backup@7 4bff, prod/backup@7 4cff", "", true},
		{"a workload: all of its instances that have not expired", "prod/backup", "prod/backup 4aff, prod/backup@7 4bff", "", false},
		{"an instance", "prod/backup@7", "prod/backup@7 4bff", "", false},
		{"an instance that has none", "prod/backup@9", "", "no certificate that has not expired", false},
		{"a workload that is none", "prod/backpu", "", `environment prod has no workload "backpu", and none was issued to; it has backup, reports`, false},
		{"a workload that left the configuration, and whose certificates have expired", "prod/former", "", "no certificate that has not expired", false},
		{"an instance after a dot", "prod/backup.7", "", "no file", false},
		{"an environment that is none", "dev/backup", "", "no workload of an environment that has an issuer, and no file", false},
		{"a file of a certificate that is not on record", "cert.pem", lost, "", false},
		{"a file of its chain", "chain.pem", lost, "", false},
		{"a file of another estate's certificate", "other.pem", "", "signed by no issuer of this estate", false},
		{"a file of one that has expired", "old.pem", "", "it expired at", false},
		{"a file of something else", "noise", "", "reading", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			list, err := revocation.Find(t.Context(), e.folder, c.what, revocation.Search{Ended: c.ended, Read: func(path string) ([]byte, error) {
				if data, there := files[path]; there {
					return data, nil
				}
				return nil, fmt.Errorf("opening %s: %w", path, os.ErrNotExist)
			}})
			if c.fails == "" && (err != nil || names(list) != c.want) {
				t.Errorf("found %q, %v; want %q", names(list), err, c.want)
			}
			if c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails)) {
				t.Errorf("found %q, %v; want an error with %q", names(list), err, c.fails)
			}
		})
	}
}

func TestRecordKeepsTheFirstReason(t *testing.T) {
	e := newEstate(t)
	e.issued(t, "backup", "", "4aff", pkitest.Now().Add(time.Hour))
	for _, c := range []struct{ reason, added int }{{1, 1}, {4, 0}} {
		list, err := revocation.Find(t.Context(), e.folder, "4aff", revocation.Search{Read: os.ReadFile})
		if err != nil {
			t.Fatal(err)
		}
		if revoked := list[0].RevokedAt != nil; revoked != (c.added == 0) {
			t.Errorf("revoked before: %v", revoked)
		}
		if added, err := revocation.Record(t.Context(), e.folder, list, c.reason); err != nil || added != c.added {
			t.Errorf("recorded %d, %v; want %d", added, err, c.added)
		}
	}
	kept, err := e.folder.Store.Revocations(t.Context(), "prod", 1)
	if err != nil || len(kept) != 1 || kept[0].Reason != 1 || kept[0].At != pkitest.Now().Unix() {
		t.Errorf("on record is %+v, %v", kept, err)
	}
}

func TestSessions(t *testing.T) {
	e := newEstate(t)
	e.issued(t, "backup", "", "4aff", pkitest.Now().Add(time.Hour))
	list, err := revocation.Find(t.Context(), e.folder, "4aff", revocation.Search{Read: os.ReadFile})
	if err != nil {
		t.Fatal(err)
	}
	s := revocation.SessionsOf(e.folder.Config, list, pkitest.Now())
	want := []string{"role/111122223333/prod-backup", "role/111122223333/team/prod-both"}
	if !slices.Equal(s.Roles, want) || s.Until == nil || !s.Until.Equal(pkitest.Now().Add(2*time.Hour)) {
		t.Errorf("sessions of %v until %v", s.Roles, s.Until)
	}
	// The policies deny what is given out for a quarter of an hour more: a session
	// of that time must not come back to life.
	if s.Needed == nil || !s.Needed.Equal(pkitest.Now().Add(2*time.Hour+15*time.Minute)) {
		t.Errorf("the policies are needed until %v", s.Needed)
	}
	denials, err := revocation.Deny(e.folder.Config, list, pkitest.Now())
	if err != nil || len(denials) != 2 || !strings.Contains(string(denials[0].Document), hex.EncodeToString([]byte{0x4a, 0xff})) {
		t.Errorf("denied is %+v, %v", denials, err)
	}
	wide, err := revocation.DenyAll(e.folder.Config, "team/prod-both", pkitest.Now())
	if err != nil || len(wide.Denials) != 1 || !slices.Equal(wide.Workloads, []string{"prod/backup", "prod/reports"}) {
		t.Errorf("role-wide is %+v, %v", wide, err)
	}
	if _, err := revocation.DenyAll(e.folder.Config, "prod-both", pkitest.Now()); err == nil {
		t.Error("a role is found without its path")
	}
}

// An expired certificate's sessions are counted from its end, and nothing of it
// is recorded.
func TestSessionsOfAnExpiredCertificate(t *testing.T) {
	e := newEstate(t)
	ended := pkitest.Now().Add(-time.Hour)
	e.issued(t, "backup", "", "4aff", ended)
	list, err := revocation.Find(t.Context(), e.folder, "4aff", revocation.Search{Read: os.ReadFile, Ended: true})
	if err != nil || len(list) != 1 || !list[0].Expired {
		t.Fatalf("found %+v, %v", list, err)
	}
	if s := revocation.SessionsOf(e.folder.Config, list, pkitest.Now()); s.Until == nil || !s.Until.Equal(ended.Add(2*time.Hour)) {
		t.Errorf("sessions until %v", s.Until)
	}
	if added, err := revocation.Record(t.Context(), e.folder, list, 1); err != nil || added != 0 || len(revocation.Environments(list)) != 0 || len(revocation.Good(list)) != 0 {
		t.Errorf("%d recorded, %v", added, err)
	}
	_, err = revocation.Find(t.Context(), e.folder, "4aff", revocation.Search{Read: os.ReadFile})
	if hints := strings.Join(hint.Of(err), ""); !strings.Contains(hints, "--end-sessions") {
		t.Errorf("the hints are %q", hints)
	}
}
