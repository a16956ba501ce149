package main

import (
	"strings"
	"testing"

	"anchorctl/internal/plan"
	"anchorctl/internal/render"
	"anchorctl/internal/roles"
	"anchorctl/internal/rotate"
)

// Whoever looks at a rotation that waits for a team is told what prints the statement.
func TestARotationThatWaitsForATeamSaysWhatPrintsTheStatement(t *testing.T) {
	const trust = `{"Version":"2012-10-17","Statement":[{"Sid":"Team","Effect":"Allow","Principal":{"Service":"rolesanywhere.amazonaws.com"},` +
		`"Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:PrincipalTag/x509Issuer/CN":"prod issuer 1"}}}]}`
	for _, waits := range []bool{true, false} {
		a, needed, err := roles.Widen(plan.Role("111122223333", "prod-app"), roles.Live{Name: "prod-app", Exists: true, Trust: trust},
			roles.Rename{Old: "prod issuer 1", New: "prod issuer 2", Wait: waits}, nil)
		if err != nil || !needed {
			t.Fatalf("%v, needed %v", err, needed)
		}
		var p render.Page
		leftPage(&p, rotate.State{Rotation: "prod", Left: []plan.Action{a}})
		want := `role.widen role/111122223333/prod-app, once its team has done it: "anchorctl rotate resume prod" prints the statement`
		if got := string(p.Bytes()); strings.Contains(got, want) != waits {
			t.Errorf("waiting %v, it says %s", waits, got)
		}
	}
}
