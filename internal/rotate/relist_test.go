package rotate_test

import (
	"strings"
	"testing"

	"anchorctl/internal/estate"
	"anchorctl/internal/store"
)

// TestNoListComesBackForAnIssuerThatLeft: between the withdrawal and the end, which may
// wait for a team, the timer that refreshes lists goes on, and so does apply.
func TestNoListComesBackForAnIssuerThatLeft(t *testing.T) {
	l := verified(t, "prod issuer 1")
	slow := l.issue(t, "slow", "attic")
	l.revoke(t, slow)
	l.dead(slow.Certificate)
	s, err := l.Stage()
	if err != nil {
		t.Fatal(err)
	}
	both := strings.NewReplacer(`["prod issuer 1"]`, `["prod issuer 1","prod issuer 2"]`, `"prod issuer 1"`, `["prod issuer 1","prod issuer 2"]`)
	if err := l.Cloud(t, "eu-central-1").Roles.PutTrust(t.Context(), "prod-app", both.Replace(s.Trust["prod-app"])); err != nil {
		t.Fatal(err)
	}
	_, err = l.run(t.Context(), start(store.Rekey), nil)
	l.come(t, err)
	_, err = l.run(t.Context(), resume(), nil)
	if len(holds(err)) != 1 || !strings.Contains(err.Error(), "role.narrow") {
		t.Fatalf("error is %v, want a hold at the role", err)
	}
	lists := func() (n int) {
		s, err := l.Stage()
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range s.Anchors {
			n += len(a.CRLs)
		}
		return n
	}
	if n := lists(); n != 0 {
		t.Fatalf("%d lists are left", n)
	}
	if _, err := l.Apply(t.Context(), estate.ApplyOptions{}, nil); err != nil {
		t.Fatal(err)
	}
	l.refresh(t)
	if n := lists(); n != 0 {
		t.Errorf("a list of the issuer that left is back")
	}
}

// TestWhatIsRevokedInAnEmergencyStaysRevoked: an anchor takes the list of the new issuer
// only once it holds it, and has it then.
func TestWhatIsRevokedInAnEmergencyStaysRevoked(t *testing.T) {
	l := newLab(t, configuration("manage", "eu-central-1"), map[string]string{})
	l.off = func(store.Issued) bool { return true }
	l.issue(t, "slow", "attic")
	_, err := l.run(t.Context(), start(store.Emergency), nil)
	heldBy(t, err, "ANC505")
	fresh := l.issue(t, "app", "fresh")
	l.revoke(t, fresh)
	if _, err := l.run(t.Context(), cutOff(""), nil); err != nil {
		t.Fatal(err)
	}
	s, err := l.Stage()
	if err != nil {
		t.Fatal(err)
	}
	if s.Ask(fresh.Certificate, "prod", "eu-central-1", "app", "prod-app").Granted {
		t.Error("it was revoked, and opens sessions")
	}
	l.settled(t, "done", []string{"retired", "active"}, 1)
}
