package sandbox_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere"

	"anchorctl/internal/gates"
)

// Who asks inside of the program is told what who asks by the wire is told.
func TestWhatIsAskedInsideIsWhatTheWireSays(t *testing.T) {
	e := newEstate(t)
	q := e.question()
	verdict := func() (inside, wire bool) {
		t.Helper()
		asked, err := e.bench.Asked(prod, region)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(asked.Roles, func(r *gates.Role) bool { return r.ARN == backupRole })
		if len(asked.Anchors) != 1 || len(asked.Profiles) != 1 || i < 0 {
			t.Fatalf("there are %d anchors, %d profiles and %d roles", len(asked.Anchors), len(asked.Profiles), len(asked.Roles))
		}
		result := gates.CreateSession(gates.Session{
			Leaf: q.leaf, Account: prod, Region: region, Anchor: asked.Anchors[0], Profile: asked.Profiles[0], RoleARN: backupRole,
			Role: asked.Roles[i], Now: e.clock.tell(),
		})
		status, _ := e.ask(q)
		return result.Granted, status == http.StatusCreated
	}
	if inside, wire := verdict(); !inside || !wire {
		t.Errorf("inside %v, by the wire %v, want both granted", inside, wire)
	}
	e.trust(strings.ReplaceAll(trustOf(e.anchor), "/backup", "/reports"))
	if inside, wire := verdict(); inside || wire {
		t.Errorf("at a role that trusts another: inside %v, by the wire %v, want both denied", inside, wire)
	}
	e.trust(trustOf(e.anchor))
	e.revoke(q, true)
	if inside, wire := verdict(); inside || wire {
		t.Errorf("revoked: inside %v, by the wire %v, want both denied", inside, wire)
	}
	must(e.anywhere(prod).DisableTrustAnchor(t.Context(), &rolesanywhere.DisableTrustAnchorInput{TrustAnchorId: &e.anchorID}))
	if inside, wire := verdict(); inside || wire {
		t.Errorf("at a disabled anchor: inside %v, by the wire %v, want both denied", inside, wire)
	}

	if elsewhere, err := e.bench.Asked(prod, "us-east-1"); err != nil || len(elsewhere.Anchors)+len(elsewhere.Profiles)+len(elsewhere.Roles) != 0 {
		t.Errorf("where nothing was made there is %+v, %v", elsewhere, err)
	}
	if _, err := e.bench.Asked("999999999999", region); err == nil {
		t.Error("an account that is not there was answered for")
	}
}
