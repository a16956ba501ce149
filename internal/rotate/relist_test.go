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
