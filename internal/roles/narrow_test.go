package roles_test

import (
	"encoding/json"
	"strings"
	"testing"

	"anchorctl/internal/plan"
	"anchorctl/internal/roles"
)

func TestNarrowingTakesTrustAwayAndGivesNone(t *testing.T) {
	const (
		anchor = `"ArnEquals":{"aws:SourceArn":["${anchor/prod@111122223333/eu-central-1.arn}"]}`
		two    = `"ArnEquals":{"aws:SourceArn":["${anchor/prod@111122223333/eu-central-1.arn}","${anchor/prod@111122223333/us-east-1.arn}"]}`
		a      = `"StringEquals":{"aws:PrincipalTag/x509SAN/URI":["spiffe://prod/a"]}`
		ab     = `"StringEquals":{"aws:PrincipalTag/x509SAN/URI":["spiffe://prod/a","spiffe://prod/b"]}`
		other  = `{"Sid":"Team","Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}`
		deny   = `{"Sid":"No","Effect":"Deny","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}`
	)
	pin := func(conditions ...string) string {
		return `{"Sid":"AnchorctlProd","Effect":"Allow","Principal":{"Service":"rolesanywhere.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"],` +
			`"Condition":{` + strings.Join(conditions, ",") + `}}`
	}
	open := strings.Replace(pin(), `,"Condition":{}`, "", 1)
	document := func(statements ...string) string {
		return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
	}
	for _, c := range []struct {
		name          string
		before, after string
		want          bool
	}{
		{"nothing changes", document(pin(anchor, a)), document(pin(anchor, a)), true},
		{"a workload leaves", document(pin(anchor, ab)), document(pin(anchor, a)), true},
		{"an anchor leaves", document(pin(two, a)), document(pin(anchor, a)), true},
		{"a statement that took all is pinned", document(open), document(pin(anchor, a)), true},
		{"a condition is added", document(pin(anchor)), document(pin(anchor, a)), true},
		{"another statement leaves", document(pin(anchor, a), other), document(pin(anchor, a)), true},

		{"the pin comes beside a statement that takes all", document(strings.Replace(open, "AnchorctlProd", "X", 1)), document(strings.Replace(open, "AnchorctlProd", "X", 1), pin(anchor, a)), false},
		{"a workload comes beside one", document(strings.Replace(open, "AnchorctlProd", "X", 1), pin(anchor, a)), document(strings.Replace(open, "AnchorctlProd", "X", 1), pin(anchor, ab)), false},
		{"a workload comes", document(pin(anchor, a)), document(pin(anchor, ab)), false},
		{"an anchor comes", document(pin(anchor, a)), document(pin(two, a)), false},
		{"one workload for another", document(pin(anchor, a)), document(pin(anchor, strings.Replace(a, "/a", "/b", 1))), false},
		{"a condition leaves", document(pin(anchor, a)), document(pin(anchor)), false},
		{"the pin comes", document(other), document(other, pin(anchor, a)), false},
		{"a statement that denied leaves", document(pin(anchor, ab), deny), document(pin(anchor, a)), false},
		{"a statement that denied becomes another", document(pin(anchor, ab), deny), document(pin(anchor, a), strings.Replace(deny, "lambda", "ec2", 1)), false},
		{"fewer values of a negated condition", document(pin(anchor, strings.Replace(ab, "StringEquals", "StringNotEquals", 1))), document(pin(anchor, strings.Replace(a, "StringEquals", "StringNotEquals", 1))), false},
		{"another version", strings.Replace(document(pin(anchor, ab)), "2012", "2008", 1), document(pin(anchor, a)), false},
		{"what cannot be read", "{}", document(pin(anchor, a)), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			action, err := plan.NewAction(plan.RolePin, prodApp(), roles.Fields{Trust: json.RawMessage(c.before)}, roles.Fields{Trust: json.RawMessage(c.after)}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := roles.Narrows(action); got != c.want {
				t.Errorf("narrows: %v, want %v", got, c.want)
			}
		})
	}
	if roles.Narrows(plan.Action{Kind: plan.RolePin}) {
		t.Error("an action that shows nothing narrows")
	}
}

func prodApp() plan.Addr { return plan.Role("111122223333", "prod-app") }
