package rotate_test

import (
	"testing"
	"time"

	"anchorctl/internal/estate"
	"anchorctl/internal/issuance"
	"anchorctl/internal/sandbox"
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

// TestARefreshBringsNoListBack: between the withdrawal of the old issuer and its end,
// an anchor that gave it up gets no list of it any more.
func TestARefreshBringsNoListBack(t *testing.T) {
	l, slow := draining(t)
	l.unlucky(t, slow)
	l.Order(t, sandbox.Fault{Op: "DeleteCrl", Nth: 2, Count: -1, Mode: sandbox.ModeDeny})
	if _, err := l.run(t.Context(), resume(), nil); err == nil {
		t.Fatal("the second list was deleted in spite of the fault")
	}
	l.Calm(t)
	lists := func() (count int) {
		s, err := l.Stage()
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range s.Anchors {
			count += len(a.CRLs)
		}
		return count
	}
	if lists() != 1 {
		t.Fatalf("%d lists are left, want the one whose deletion failed", lists())
	}
	l.Advance(t, 48*time.Hour)
	l.refresh(t)
	if lists() != 1 {
		t.Errorf("a refresh left %d lists, want 1", lists())
	}
	l.through(t, resume())
	l.retired(t)
}
