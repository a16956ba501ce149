package rotate_test

import (
	"strings"
	"testing"

	"anchorctl/internal/store"
)

// TestWhatKeepsTheOldIssuerOutIsSaidInThePlan: who is kept out is for the team to say.
func TestWhatKeepsTheOldIssuerOutIsSaidInThePlan(t *testing.T) {
	trust := strings.Replace(teamsOwn("prod issuer 1"), `"Statement":[`, `"Statement":[{"Sid":"KeepOut","Effect":"Deny","Principal":{"Service":"rolesanywhere.amazonaws.com"},`+
		`"Action":"sts:SetSourceIdentity","Condition":{"StringEquals":{"aws:PrincipalTag/x509Issuer/CN":"prod issuer 9"}}},`+
		`{"Sid":"KeepNext","Effect":"Deny","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:TagSession","Condition":{"StringEquals":{"aws:PrincipalTag/x509Issuer/CN":"prod issuer 2"}}},`, 1)
	l := newLab(t, twoRegions(), map[string]string{"prod-app": trust})
	report, err := l.run(t.Context(), start(store.Rekey), nil)
	heldBy(t, err, "ANC504")
	said := strings.Join(report.Proposal.Notices, "\n")
	if !strings.Contains(said, "KeepNext") || strings.Contains(said, "KeepOut") || strings.Contains(said, "TeamOne") {
		t.Errorf("the notices are %q, want the one condition that tells the two issuers apart and stays", said)
	}
}
