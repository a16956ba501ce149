package rotate_test

import (
	"testing"

	"anchorctl/internal/estate"
	"anchorctl/internal/issuance"
)

// TestListsWhileTheOldIssuerDrains: both issuers have a list at every anchor, an apply
// leaves them there, and what was revoked stays so.
func TestListsWhileTheOldIssuerDrains(t *testing.T) {
	l, slow := draining(t)
	old := l.unlucky(t, slow)
	fresh := l.issue(t, "app", "fresh")
	l.revoke(t, fresh)
	l.dead(fresh.Certificate, old.Certificate)
	for range 2 {
		s, err := l.Stage()
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range s.Anchors {
			if len(a.CRLs) != 2 || len(a.Certificates) != 2 {
				t.Errorf("%s has %d lists and %d certificates, want two of each", a.Resource, len(a.CRLs), len(a.Certificates))
			}
		}
		if _, err := l.Apply(t.Context(), estate.ApplyOptions{}, nil); err != nil {
			t.Fatal(err)
		}
	}
	l.through(t, resume())
	l.retired(t)
}

// unlucky is a certificate of the draining issuer, revoked after the cut-over: slow
// itself, since nothing else can come from that issuer any more.
func (l *lab) unlucky(t *testing.T, slow issuance.Unfiled) issuance.Unfiled {
	t.Helper()
	if got := l.generations(t); got[0] != "draining" {
		t.Fatalf("the old issuer is %s", got[0])
	}
	l.revoke(t, slow)
	return slow
}
