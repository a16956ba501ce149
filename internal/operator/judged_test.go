package operator_test

import (
	"testing"

	"anchorctl/internal/config"
	"anchorctl/internal/grants"
	"anchorctl/internal/operator"
)

// What anchorctl asks of its operator is what it asks of everybody.
func TestTheRulesFindNothingInTheOperatorsPolicy(t *testing.T) {
	for _, handling := range []config.RoleHandling{config.Manage, config.Verify} {
		all, err := operator.Policies(estate(handling), lineage, recorded())
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range all {
			for _, f := range grants.JudgePermissions(grants.PermissionCase{At: p.Account, Document: p.Document, Kind: grants.RolePermissions}) {
				t.Errorf("%s: %s", f.Severity, f)
			}
		}
	}
}
