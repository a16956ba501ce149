package rotate_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"anchorctl/internal/config"
	"anchorctl/internal/estate"
	"anchorctl/internal/issuance"
	"anchorctl/internal/pki"
	"anchorctl/internal/rotate"
	"anchorctl/internal/store"
	"anchorctl/internal/subjects"
)

// restored is a laboratory in the same state, with the store of an earlier one: it was
// lost, and put back from a backup.
func (l *lab) restored(t *testing.T, backup *lab) *lab {
	t.Helper()
	c := &lab{Lab: l.Copy(t)}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		path := filepath.Join(".anchorctl", "state.db"+suffix)
		if err := os.RemoveAll(filepath.Join(c.Dir, path)); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join(backup.Dir, path))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(c.Dir, path), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c.warden = guard(t, c.Lab)
	return c
}

// saved is a copy to restore from.
func (l *lab) saved(t *testing.T) *lab {
	t.Helper()
	defer l.Reach(t)
	return &lab{Lab: l.Copy(t)}
}

// issueFiles gives a workload its files where issue writes them.
func (l *lab) issueFiles(t *testing.T, workload string) {
	t.Helper()
	w := l.Open(t)
	if _, err := issuance.Issue(t.Context(), w.Folder, issuance.Request{Environment: "prod", Workload: workload}); err != nil {
		t.Fatal(err)
	}
}

// TestARestoredStoreTakesNoIssuerFromItsWorkloads: the store says that nothing was cut
// over, and workloads have certificates of the new issuer. Something shows it each
// time, nothing is taken away, and going on is right.
func TestARestoredStoreTakesNoIssuerFromItsWorkloads(t *testing.T) {
	for _, test := range []struct {
		name  string
		lives func(l *lab) issuance.Unfiled // what happens after the cut-over; what has to be let in at the end
		rule  string
		says  func(l *lab, with issuance.Unfiled) string
	}{
		{"Roles Anywhere has seen one in one region", func(l *lab) issuance.Unfiled {
			made := l.issue(t, "slow", "host-7")
			if err := l.ask(t.Context(), "eu-west-1", made); err != nil {
				t.Fatal(err)
			}
			return made
		}, "ANC503", func(_ *lab, with issuance.Unfiled) string {
			return "prod/slow@host-7 (serial " + pki.SerialHex(with.Certificate)
		}},
		{"the files of one are there", func(l *lab) issuance.Unfiled {
			l.issueFiles(t, "app")
			return l.issue(t, "slow", "host-7")
		}, "ANC503", func(l *lab, _ issuance.Unfiled) string {
			return "in " + filepath.Join(l.Dir, "out", "prod", "app", "cert.pem")
		}},
		{"it was over", func(l *lab) issuance.Unfiled {
			l.through(t, resume())
			return l.issue(t, "slow", "host-7")
		}, "", func(*lab, issuance.Unfiled) string { return "it holds issuer/prod#2 and issuer/prod#1 no more" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := newLab(t, twoRegions(), map[string]string{})
			l.issue(t, "slow", "attic")
			_, err := l.run(t.Context(), start(store.Rekey), nil)
			heldBy(t, err, "ANC504")
			backup := l.saved(t)
			l.come(t, err)
			_, err = l.run(t.Context(), resume(), nil)
			heldBy(t, err, "ANC503")
			with := test.lives(l)
			r := l.restored(t, backup)
			before := r.former(t)
			for range 2 {
				_, err = r.run(t.Context(), abort(), nil)
				held := heldBy(t, err, test.rule)
				if says := test.says(r, with); !strings.Contains(held.Reason, says) || !strings.Contains(held.Hints[0], `"anchorctl rotate resume prod"`) {
					t.Errorf("it says %s, with %v, want %s, and to resume", held.Reason, held.Hints, says)
				}
				before.unchanged(r, t)
			}
			r.through(t, resume())
			r.retired(t)
			for _, region := range []string{"eu-central-1", "eu-west-1"} {
				if err := r.ask(t.Context(), region, with); err != nil {
					t.Errorf("%s: %v", region, err)
				}
			}
		})
	}
}

// TestARestoredStoreKeepsTheKeyOfAnEmergency: no anchor holds the new issuer yet, and
// workloads have its certificates.
func TestARestoredStoreKeepsTheKeyOfAnEmergency(t *testing.T) {
	l := newLab(t, twoRegions(), map[string]string{})
	l.off = func(store.Issued) bool { return true }
	l.issueFiles(t, "app")
	ctx, stop := context.WithCancel(t.Context())
	_, err := l.run(ctx, start(store.Emergency), func(name string) {
		if strings.HasPrefix(name, "store.committed begin") {
			stop() // minted, and not cut over
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error is %v", err)
	}
	backup := l.saved(t)
	_, err = l.run(t.Context(), resume(), nil)
	heldBy(t, err, "ANC505")
	l.issueFiles(t, "slow")
	r := l.restored(t, backup)
	r.off = l.off
	_, err = r.run(t.Context(), abort(), nil)
	if held := heldBy(t, err, "ANC503"); !strings.Contains(held.Reason, filepath.Join("out", "prod", "slow", "cert.pem")) || strings.Contains(held.Hints[0], "denies nobody") {
		t.Errorf("it says %s, with %v: an emergency denies those without a new certificate", held.Reason, held.Hints)
	}
	if keys, err := filepath.Glob(filepath.Join(r.Dir, ".anchorctl", "keys", "issuer-prod-2*")); err != nil || len(keys) != 1 {
		t.Errorf("the new key is not there: %v %v", keys, err)
	}
	o := resume()
	o.Emergency, o.CutOff, o.Reason = true, true, "the store was restored"
	if _, err := r.run(t.Context(), o, nil); err != nil {
		t.Fatal(err)
	}
}

// TestAnAbortAsksForNoMoreThanTenMinutes: those that asked last are asked for first,
// and the end of a certificate, or somebody else's, proves nothing.
func TestAnAbortAsksForNoMoreThanTenMinutes(t *testing.T) {
	l := newLab(t, configuration("manage", "eu-central-1"), map[string]string{})
	_, err := l.run(t.Context(), start(store.Rekey), nil)
	heldBy(t, err, "ANC504")
	w, done, err := l.World(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	asked, open := []string{}, w.Open
	old := l.issue(t, "app", "old")
	w.Open = func(ctx context.Context, target config.Target) (estate.Cloud, error) {
		cloud, err := open(ctx, target)
		cloud.Subjects = subjects.API{
			List: func(context.Context) ([]subjects.Summary, error) {
				var list []subjects.Summary
				for i := range 700 {
					list = append(list, subjects.Summary{ID: fmt.Sprint(i), LastSeen: l.Now().Add(time.Duration(i) * time.Second)})
				}
				return append(list, subjects.Summary{ID: "before", LastSeen: l.Now().Add(-time.Hour)}), nil
			},
			Get: func(_ context.Context, id string) (subjects.Subject, error) {
				asked = append(asked, id)
				return subjects.Subject{Credentials: []subjects.Credential{{Seen: l.Now(), PEM: string(pki.EncodePEM(old.Certificate))}, {PEM: "nothing"}}}, nil
			},
		}
		return cloud, err
	}
	if _, err := (rotate.World{World: w, Endpoint: l.URL}).Run(t.Context(), abort()); err != nil {
		t.Fatal(err)
	}
	if len(asked) != 600 || asked[0] != "699" || asked[599] != "100" {
		t.Errorf("%d were asked for, want the 600 that asked last: %v", len(asked), asked)
	}
}

// TestAStoreRestoredFromBeforeARotationSaysSo: an anchor holds an issuer that the store
// has never heard of. Its key is there still, and the next rotation takes it up.
func TestAStoreRestoredFromBeforeARotationSaysSo(t *testing.T) {
	l := newLab(t, configuration("manage", "eu-central-1"), map[string]string{})
	l.issue(t, "slow", "attic")
	backup := l.saved(t)
	l.cutOver(t)
	with := l.issue(t, "slow", "host-7")
	r := l.restored(t, backup)
	_, err := r.Apply(t.Context(), estate.ApplyOptions{}, nil)
	held := heldBy(t, err, "ANC604")
	if !strings.Contains(held.Reason, `"prod issuer 2" is signed by root#1 and not on record`) || !strings.HasPrefix(held.Hints[0], "look for a newer backup of the store first") {
		t.Errorf("it says %s, with %v", held.Reason, held.Hints)
	}
	if _, err := r.Apply(t.Context(), estate.ApplyOptions{Options: estate.Options{Restore: []string{"prod"}}}, nil); err != nil {
		t.Fatal(err)
	}
	if err := r.ask(t.Context(), "eu-central-1", with); err == nil {
		t.Error("its issuer was taken out, and it is let in")
	}
	r.denied = nil // that was meant
	_, err = r.run(t.Context(), start(store.Rekey), nil)
	heldBy(t, err, "ANC504")
	if err := r.ask(t.Context(), "eu-central-1", with); err != nil {
		t.Errorf("the key of its issuer is taken up, and it is denied: %v", err)
	}
}
