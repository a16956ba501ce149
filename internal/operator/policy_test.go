package operator_test

import (
	"strings"
	"testing"

	"anchorctl/internal/config"
	"anchorctl/internal/iampolicy"
	"anchorctl/internal/operator"
)

const lineage = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"

func estate(handling config.RoleHandling) *config.Config {
	profile := func(role string) map[string]*config.Profile {
		return map[string]*config.Profile{"app": {Roles: map[string]*config.RoleUse{role: {Workloads: []string{"app"}}}}}
	}
	return &config.Config{Roles: handling, Environments: map[string]*config.Environment{
		"prod": {
			Targets: []config.Target{
				{Account: "111122223333", Region: "eu-central-1", ProbeRole: "probe"}, {Account: "111122223333", Region: "us-east-1"},
			},
			Profiles: profile("team/prod-app"),
		},
		"dev":   {Targets: []config.Target{{Account: "111122223333", Region: "eu-central-1"}}, Profiles: profile("dev-app")},
		"china": {Targets: []config.Target{{Account: "444455556666", Region: "cn-north-1"}}, Profiles: profile("china-app")},
	}}
}

// policies are the documents by account, as IAM's evaluator reads them. An
// identity policy names no principal; the evaluator wants one, so each
// statement gets that of the caller.
func policies(t *testing.T, handling config.RoleHandling) map[string]*iampolicy.Document {
	t.Helper()
	all, err := operator.Policies(estate(handling), lineage, nil)
	if err != nil {
		t.Fatal(err)
	}
	byAccount := map[string]*iampolicy.Document{}
	for i, p := range all {
		if i > 0 && all[i-1].Account >= p.Account {
			t.Errorf("accounts out of order: %s, %s", all[i-1].Account, p.Account)
		}
		text := strings.ReplaceAll(string(p.Document), `"Effect": "Allow",`, `"Effect": "Allow", "Principal": "*",`)
		doc, err := iampolicy.Parse([]byte(text))
		if err != nil {
			t.Fatalf("account %s: %v\n%s", p.Account, err, text)
		}
		byAccount[p.Account] = doc
	}
	return byAccount
}

func TestTheOperatorMayDoWhatIsItsOwnAndNoMore(t *testing.T) {
	manage, verify := policies(t, config.Manage), policies(t, config.Verify)
	const anchor = "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/x"
	const list = "arn:aws:rolesanywhere:eu-central-1:111122223333:crl/x"
	const profile = "arn:aws:rolesanywhere:us-east-1:111122223333:profile/x"
	ours := map[string][]string{"aws:ResourceTag/anchorctl:estate": {lineage}}
	asked := map[string][]string{"aws:RequestTag/anchorctl:estate": {lineage}}
	for _, c := range []struct {
		name     string
		in       map[string]*iampolicy.Document
		action   string
		resource string
		context  map[string][]string
		want     bool
	}{
		{"an anchor with the estate's tag may be created", manage, "rolesanywhere:CreateTrustAnchor", "*", asked, true},
		{"one without may not", manage, "rolesanywhere:CreateTrustAnchor", "*", nil, false},
		{"our anchor may be enabled", manage, "rolesanywhere:EnableTrustAnchor", anchor, ours, true},
		{"a foreign one may not", manage, "rolesanywhere:EnableTrustAnchor", anchor, map[string][]string{"aws:ResourceTag/anchorctl:estate": {"other"}}, false},
		{"one without tags may not", manage, "rolesanywhere:DeleteTrustAnchor", anchor, nil, false},
		{"our profile in the other region may be updated", manage, "rolesanywhere:UpdateProfile", profile, ours, true},
		{"nothing in a third region", manage, "rolesanywhere:UpdateProfile", strings.Replace(profile, "us-east-1", "eu-west-1", 1), ours, false},
		{"a configured role may be passed", manage, "iam:PassRole", "arn:aws:iam::111122223333:role/team/prod-app", nil, true},
		{"the probe role may be passed", manage, "iam:PassRole", "arn:aws:iam::111122223333:role/probe", nil, true},
		{"the probe role's trust policy may be written", manage, "iam:UpdateAssumeRolePolicy", "arn:aws:iam::111122223333:role/probe", nil, true},
		{"another role may not", manage, "iam:PassRole", "arn:aws:iam::111122223333:role/admin", nil, false},
		{"every role may be read, to be judged", manage, "iam:GetRole", "arn:aws:iam::111122223333:role/admin", nil, true},
		{"its permissions too", manage, "iam:GetRolePolicy", "arn:aws:iam::111122223333:role/admin", nil, true},
		{"what is attached to it too", manage, "iam:ListAttachedRolePolicies", "arn:aws:iam::111122223333:role/admin", nil, true},
		{"the account's own policies may be read", manage, "iam:GetPolicyVersion", "arn:aws:iam::111122223333:policy/team/p", nil, true},
		{"they may not be changed", manage, "iam:CreatePolicyVersion", "arn:aws:iam::111122223333:policy/team/p", nil, false},
		{"all roles may be listed", manage, "iam:ListRoles", "arn:aws:iam::111122223333:role/", nil, true},
		{"with manage, a configured role's trust policy may be written", manage, "iam:UpdateAssumeRolePolicy", "arn:aws:iam::111122223333:role/dev-app", nil, true},
		{"another role's may not", manage, "iam:UpdateAssumeRolePolicy", "arn:aws:iam::111122223333:role/admin", nil, false},
		{"with verify, no trust policy may", verify, "iam:UpdateAssumeRolePolicy", "arn:aws:iam::111122223333:role/dev-app", nil, false},
		{"with manage, a configured role's sessions may be ended", manage, "iam:PutRolePolicy", "arn:aws:iam::111122223333:role/dev-app", nil, true},
		{"another role's sessions may not", manage, "iam:PutRolePolicy", "arn:aws:iam::111122223333:role/admin", nil, false},
		{"with verify, permissions are never touched", verify, "iam:PutRolePolicy", "arn:aws:iam::111122223333:role/dev-app", nil, false},
		{"nothing is attached to a role", manage, "iam:AttachRolePolicy", "arn:aws:iam::111122223333:role/dev-app", nil, false},
		{"a revocation list with the estate's tag may be imported", manage, "rolesanywhere:ImportCrl", "*", asked, true},
		{"a list without it may not", manage, "rolesanywhere:ImportCrl", "*", nil, false},
		{"our revocation list may be updated", manage, "rolesanywhere:UpdateCrl", list, ours, true},
		{"our revocation list may not be disabled", manage, "rolesanywhere:DisableCrl", list, ours, false},
		{"a foreign one may not be updated", manage, "rolesanywhere:UpdateCrl", list, nil, false},
		{"the service's own role may be made", manage, "iam:CreateServiceLinkedRole",
			"arn:aws:iam::111122223333:role/aws-service-role/rolesanywhere.amazonaws.com/AWSServiceRoleForRolesAnywhere",
			map[string][]string{"iam:AWSServiceName": {"rolesanywhere.amazonaws.com"}}, true},
		{"no other service's", manage, "iam:CreateServiceLinkedRole",
			"arn:aws:iam::111122223333:role/aws-service-role/rolesanywhere.amazonaws.com/AWSServiceRoleForRolesAnywhere",
			map[string][]string{"iam:AWSServiceName": {"ecs.amazonaws.com"}}, false},
		{"who asked for sessions may be listed", verify, "rolesanywhere:ListSubjects", "*", nil, true},
		{"and read", verify, "rolesanywhere:GetSubject", strings.Replace(list, "crl", "subject", 1), nil, true},
		{"but not in a third region", verify, "rolesanywhere:GetSubject", strings.Replace(strings.Replace(list, "crl", "subject", 1), "eu-central-1", "eu-west-1", 1), nil, false},
		{"tags of ours may be restored", manage, "rolesanywhere:TagResource", anchor, ours, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := c.in["111122223333"].Evaluate(iampolicy.Request{
				Principal: iampolicy.Principal{Kind: "AWS", Value: "arn:aws:iam::111122223333:role/operator"},
				Actions:   []string{c.action}, Resource: c.resource, Context: c.context,
			})
			if d.Allowed != c.want {
				t.Errorf("allowed %v, want %v", d.Allowed, c.want)
			}
		})
	}
}

func TestEachAccountHasItsOwnPartition(t *testing.T) {
	all, err := operator.Policies(estate(config.Manage), lineage, nil)
	if err != nil {
		t.Fatal(err)
	}
	china, err := operator.Of(all, "444455556666")
	if err != nil {
		t.Fatal(err)
	}
	text := string(china.Document)
	if !strings.Contains(text, "arn:aws-cn:iam::444455556666:role/china-app") || strings.Contains(text, "arn:aws:") || strings.Contains(text, "111122223333") {
		t.Errorf("got %s", text)
	}
	if _, err := operator.Of(all, "999999999999"); err == nil || !strings.Contains(err.Error(), "111122223333, 444455556666") {
		t.Errorf("got %v", err)
	}
}
