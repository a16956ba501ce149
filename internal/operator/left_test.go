package operator_test

import (
	"testing"

	"anchorctl/internal/config"
	"anchorctl/internal/iampolicy"
	"anchorctl/internal/operator"
	"anchorctl/internal/plan"
)

// recorded is what the store of an estate lists that once had more: an account,
// a region and a role left the configuration.
func recorded() []plan.Object {
	at := func(account, region string) plan.Target { return plan.Target{Account: account, Region: region} }
	var objects []plan.Object
	for _, addr := range []plan.Addr{
		plan.Anchor("prod", at("111122223333", "eu-central-1")),
		plan.Anchor("prod", at("111122223333", "eu-west-1")),
		plan.Profile("prod", "app", at("111122223333", "eu-west-1")),
		plan.Role("111122223333", "dev-app"),
		plan.Role("111122223333", "team/left"),
		plan.Anchor("audit", at("777788889999", "us-gov-west-1")),
		plan.Role("777788889999", "audit-app"),
	} {
		objects = append(objects, plan.Object{Addr: addr})
	}
	return objects
}

// An identity policy names no principal: the zero Principal asks it.
func TestWhatLeftTheConfigurationMayBeRemovedAndNoMore(t *testing.T) {
	ours := map[string][]string{"aws:ResourceTag/anchorctl:estate": {lineage}}
	asked := map[string][]string{"aws:RequestTag/anchorctl:estate": {lineage}}
	const leftAnchor = "arn:aws:rolesanywhere:eu-west-1:111122223333:trust-anchor/x"
	const leftProfile = "arn:aws:rolesanywhere:eu-west-1:111122223333:profile/x"
	const leftRole = "arn:aws:iam::111122223333:role/team/left"
	const govAnchor = "arn:aws-us-gov:rolesanywhere:us-gov-west-1:777788889999:trust-anchor/x"
	const govRole = "arn:aws-us-gov:iam::777788889999:role/audit-app"
	for _, c := range []struct {
		name     string
		handling config.RoleHandling
		account  string
		action   string
		resource string
		context  map[string][]string
		want     bool
	}{
		{"an anchor in a region that left may be disabled", config.Manage, "111122223333", "rolesanywhere:DisableTrustAnchor", leftAnchor, ours, true},
		{"and deleted", config.Manage, "111122223333", "rolesanywhere:DeleteTrustAnchor", leftAnchor, ours, true},
		{"but not enabled", config.Manage, "111122223333", "rolesanywhere:EnableTrustAnchor", leftAnchor, ours, false},
		{"nor changed", config.Manage, "111122223333", "rolesanywhere:UpdateTrustAnchor", leftAnchor, ours, false},
		{"a foreign one there may not be deleted", config.Manage, "111122223333", "rolesanywhere:DeleteTrustAnchor", leftAnchor, nil, false},
		{"a profile in a region that left may be deleted", config.Manage, "111122223333", "rolesanywhere:DeleteProfile", leftProfile, ours, true},
		{"nothing in a region that never was", config.Manage, "111122223333", "rolesanywhere:DeleteProfile", "arn:aws:rolesanywhere:eu-north-1:111122223333:profile/x", ours, false},
		{"with manage, a role that left may be unpinned", config.Manage, "111122223333", "iam:UpdateAssumeRolePolicy", leftRole, nil, true},
		{"but not passed to a profile", config.Manage, "111122223333", "iam:PassRole", leftRole, nil, false},
		{"with verify, its trust policy is not written", config.Verify, "111122223333", "iam:UpdateAssumeRolePolicy", leftRole, nil, false},
		{"an account that left may be seen", config.Manage, "777788889999", "rolesanywhere:ListTrustAnchors", "*", nil, true},
		{"nobody there is looked at", config.Manage, "777788889999", "rolesanywhere:GetSubject", "arn:aws-us-gov:rolesanywhere:us-gov-west-1:777788889999:subject/x", nil, false},
		{"its anchor may be deleted, in its partition", config.Manage, "777788889999", "rolesanywhere:DeleteTrustAnchor", govAnchor, ours, true},
		{"nothing is created there", config.Manage, "777788889999", "rolesanywhere:CreateTrustAnchor", "*", asked, false},
		{"no plan touches its roles", config.Manage, "777788889999", "iam:UpdateAssumeRolePolicy", govRole, nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			all, err := operator.Policies(estate(c.handling), lineage, recorded())
			if err != nil {
				t.Fatal(err)
			}
			policy, err := operator.Of(all, c.account)
			if err != nil {
				t.Fatal(err)
			}
			doc, err := iampolicy.Parse(policy.Document)
			if err != nil {
				t.Fatal(err)
			}
			d := doc.Evaluate(iampolicy.Request{Actions: []string{c.action}, Resource: c.resource, Context: c.context})
			if d.Allowed != c.want {
				t.Errorf("allowed %v, want %v: %s", d.Allowed, c.want, d.Explain())
			}
		})
	}
}

func TestWhatIsConfiguredIsNotTakenForLeft(t *testing.T) {
	objects := []plan.Object{
		{Addr: plan.Anchor("dev", plan.Target{Account: "111122223333", Region: "eu-central-1"})}, {Addr: plan.Role("111122223333", "dev-app")},
	}
	bare, err := operator.Policies(estate(config.Manage), lineage, nil)
	if err != nil {
		t.Fatal(err)
	}
	applied, err := operator.Policies(estate(config.Manage), lineage, objects)
	if err != nil {
		t.Fatal(err)
	}
	for i, policy := range applied {
		if string(policy.Document) != string(bare[i].Document) {
			t.Errorf("account %s: applying what is configured changed the policy:\n%s", policy.Account, policy.Document)
		}
	}
}
