package iampolicy_test

import (
	"slices"
	"strings"
	"testing"

	"anchorctl/internal/iampolicy"
)

const (
	principalPage    = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html"
	notPrincipalPage = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html"
	actionPage       = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html"
	notActionPage    = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html"
	resourcePage     = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html"
	notResourcePage  = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notresource.html"
	logic            = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html"
)

// Verdicts written by hand from the pages named.
func TestPrincipals(t *testing.T) {
	anywhere := iampolicy.Principal{Kind: iampolicy.Service, Value: "rolesanywhere.amazonaws.com"}
	user := iampolicy.Principal{Kind: iampolicy.AWS, Value: "arn:aws:iam::111122223333:user/Bob"}
	session := iampolicy.Principal{Kind: iampolicy.AWS, Value: "arn:aws:sts::111122223333:assumed-role/audit/app"}
	google := iampolicy.Principal{Kind: iampolicy.Federated, Value: "accounts.google.com"}
	for _, c := range []struct {
		name    string
		page    string
		element string
		who     iampolicy.Principal
		want    iampolicy.Truth
	}{
		{"the service", principalPage, `"Principal":{"Service":"rolesanywhere.amazonaws.com"}`, anywhere, yes},
		{"one of several services", principalPage, `"Principal":{"Service":["ec2.amazonaws.com","rolesanywhere.amazonaws.com"]}`, anywhere, yes},
		{"another service", principalPage, `"Principal":{"Service":"ec2.amazonaws.com"}`, anywhere, no},
		{"the service's name as another kind", principalPage, `"Principal":{"Federated":"rolesanywhere.amazonaws.com"}`, anywhere, no},
		{"a service with a wildcard", principalPage, `"Principal":{"Service":"*"}`, anywhere, maybe},
		{"a service in another case", principalPage, `"Principal":{"Service":"RolesAnywhere.amazonaws.com"}`, anywhere, maybe},
		{"everyone", principalPage, `"Principal":"*"`, anywhere, yes},
		{"everyone, as an AWS principal", principalPage, `"Principal":{"AWS":"*"}`, anywhere, yes},
		{"an account is not a service", principalPage, `"Principal":{"AWS":"111122223333"}`, anywhere, no},
		{"the account by its number", principalPage, `"Principal":{"AWS":"111122223333"}`, user, yes},
		{"the account by its ARN", principalPage, `"Principal":{"AWS":"arn:aws:iam::111122223333:root"}`, user, yes},
		{"another account", principalPage, `"Principal":{"AWS":["444455556666","arn:aws:iam::777788889999:root"]}`, user, no},
		{"the user", principalPage, `"Principal":{"AWS":"arn:aws:iam::111122223333:user/Bob"}`, user, yes},
		{"the user's name is case sensitive", principalPage, `"Principal":{"AWS":"arn:aws:iam::111122223333:user/bob"}`, user, no},
		{"a wildcard for part of a name", principalPage, `"Principal":{"AWS":"arn:aws:iam::111122223333:user/*"}`, user, maybe},
		{"a session by its role", principalPage, `"Principal":{"AWS":"arn:aws:iam::111122223333:role/team/audit"}`, session, yes},
		{"a session by another role", principalPage, `"Principal":{"AWS":"arn:aws:iam::111122223333:role/other"}`, session, no},
		{"a session by the role of another account", principalPage, `"Principal":{"AWS":"arn:aws:iam::444455556666:role/audit"}`, session, no},
		{"a session by itself", principalPage, `"Principal":{"AWS":"arn:aws:sts::111122223333:assumed-role/audit/app"}`, session, yes},
		{"another session", principalPage, `"Principal":{"AWS":"arn:aws:sts::111122223333:assumed-role/audit/web"}`, session, no},
		{"a provider", principalPage, `"Principal":{"Federated":"accounts.google.com"}`, google, yes},
		{"another provider", principalPage, `"Principal":{"Federated":"www.amazon.com"}`, google, no},
		{"a canonical user", principalPage, `"Principal":{"CanonicalUser":"79a5"}`, user, no},
		{"no principal in a trust policy", principalPage, `"Sid":"x"`, anywhere, maybe},
		{"all but the service", notPrincipalPage, `"NotPrincipal":{"Service":"rolesanywhere.amazonaws.com"}`, anywhere, no},
		{"all but another service", notPrincipalPage, `"NotPrincipal":{"Service":"ec2.amazonaws.com"}`, anywhere, yes},
		{"all but an AWS account", notPrincipalPage, `"NotPrincipal":{"AWS":"111122223333"}`, anywhere, yes},
		{"all but Bob and his account: the guide's example", notPrincipalPage,
			`"NotPrincipal":{"AWS":["arn:aws:iam::111122223333:user/Bob","arn:aws:iam::111122223333:root"]}`, user, no},
		{"all but Alice and the account: Bob is not exempt", notPrincipalPage,
			`"NotPrincipal":{"AWS":["arn:aws:iam::111122223333:user/Alice","arn:aws:iam::111122223333:root"]}`, user, yes},
		{"all but Bob, without his account", notPrincipalPage, `"NotPrincipal":{"AWS":"arn:aws:iam::111122223333:user/Bob"}`, user, maybe},
		{"all but a session, its role and its account: the guide's example", notPrincipalPage, `"NotPrincipal":{"AWS":[
			"arn:aws:sts::111122223333:assumed-role/audit/app","arn:aws:iam::111122223333:role/audit","arn:aws:iam::111122223333:root"]}`, session, no},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := parse(t, `{"Version":"2012-10-17","Statement":{"Effect":"Allow",`+c.element+`,"Action":"sts:AssumeRole"}}`)
			got := d.Evaluate(iampolicy.Request{Principal: c.who, Actions: []string{"sts:AssumeRole"}})
			if got.Why[0].Result != c.want {
				t.Errorf("got %v, want %v (%s): %s", got.Why[0].Result, c.want, c.page, got.Explain())
			}
			if got.Allowed != (c.want == yes) || got.Possible != (c.want != no) {
				t.Errorf("allowed %v, possible %v for %v", got.Allowed, got.Possible, c.want)
			}
		})
	}
}

// Verdicts written by hand from the pages named.
func TestActionsAndResources(t *testing.T) {
	const bucket = "arn:aws:s3:::DOC-EXAMPLE-BUCKET"
	for _, c := range []struct {
		name     string
		page     string
		elements string
		action   string
		resource string
		want     iampolicy.Truth
	}{
		{"the action", actionPage, `"Action":"s3:GetObject","Resource":"*"`, "s3:GetObject", bucket, yes},
		{"prefix and name are case insensitive", actionPage, `"Action":"IAM:listaccesskeys","Resource":"*"`, "iam:ListAccessKeys", bucket, yes},
		{"all actions of a product", actionPage, `"Action":"s3:*","Resource":"*"`, "s3:GetObject", bucket, yes},
		{"a wildcard as part of the name", actionPage, `"Action":"iam:*AccessKey*","Resource":"*"`, "iam:CreateAccessKey", bucket, yes},
		{"a question mark", actionPage, `"Action":"s3:?etObject","Resource":"*"`, "s3:GetObject", bucket, yes},
		{"all actions", actionPage, `"Action":"*","Resource":"*"`, "sts:AssumeRole", bucket, yes},
		{"another product", actionPage, `"Action":"s3:*","Resource":"*"`, "sqs:SendMessage", bucket, no},
		{"variables have no place in actions", actionPage, `"Action":"s3:${aws:username}","Resource":"*"`, "s3:bob", bucket, no},
		{"NotAction, not listed", notActionPage, `"NotAction":"iam:*","Resource":"*"`, "s3:GetObject", bucket, yes},
		{"NotAction, listed", notActionPage, `"NotAction":["iam:*","S3:get*"],"Resource":"*"`, "s3:GetObject", bucket, no},
		{"the resource", resourcePage, `"Action":"*","Resource":"` + bucket + `"`, "s3:GetObject", bucket, yes},
		{"resources are case sensitive", resourcePage, `"Action":"*","Resource":"arn:aws:s3:::doc-example-bucket"`, "s3:GetObject", bucket, no},
		{"a star replaces everything within a segment", resourcePage, `"Action":"*","Resource":"` + bucket + `/*/test/*"`, "s3:GetObject", bucket + "/1/2/test/3/object.jpg", yes},
		{"also an empty part", resourcePage, `"Action":"*","Resource":"` + bucket + `/*/test/*"`, "s3:GetObject", bucket + "//test/object.jpg", yes},
		{"the guide's counterexample", resourcePage, `"Action":"*","Resource":"` + bucket + `/*/test/*"`, "s3:GetObject", bucket + "/1-test/object.jpg", no},
		{"the guide's other counterexample", resourcePage, `"Action":"*","Resource":"` + bucket + `/*/test/*"`, "s3:GetObject", bucket + "/test/object.jpg", no},
		{"a star that would have to cross a colon", resourcePage, `"Action":"*","Resource":"arn:aws:s3*BUCKET"`, "s3:GetObject", bucket, maybe},
		{"a variable in the resource part", variablesPage, `"Action":"*","Resource":"arn:aws:s3:::home/${aws:username}/*"`, "s3:GetObject", "arn:aws:s3:::home/bob/x", yes},
		{"a variable without value matches no resource", variablesPage, `"Action":"*","Resource":"arn:aws:s3:::home/${aws:userid}/*"`, "s3:GetObject", "arn:aws:s3:::home//x", no},
		{"a default", variablesPage, `"Action":"*","Resource":"arn:aws:s3:::b-${aws:PrincipalTag/team, 'company-wide'}"`, "s3:GetObject", "arn:aws:s3:::b-company-wide", yes},
		{"a variable before the fifth colon", variablesPage, `"Action":"*","Resource":"arn:aws:${aws:username}:::x"`, "s3:GetObject", "arn:aws:bob:::x", maybe},
		{"NotResource, not listed", notResourcePage, `"Action":"*","NotResource":"` + bucket + `/*"`, "s3:GetObject", bucket, yes},
		{"NotResource, listed", notResourcePage, `"Action":"*","NotResource":"` + bucket + `/*"`, "s3:GetObject", bucket + "/x", no},
		{"NotResource with a variable without value", variablesPage, `"Action":"*","NotResource":"arn:aws:s3:::${aws:userid}"`, "s3:GetObject", bucket, maybe},
		{"an identity policy without a resource", resourcePage, `"Action":"*"`, "s3:GetObject", bucket, maybe},
		{"a resource in a trust policy", resourcePage, `"Action":"*","Resource":"*"`, "sts:AssumeRole", "", maybe},
		{"a principal in an identity policy", principalPage, `"Action":"*","Resource":"*","Principal":"*"`, "s3:GetObject", bucket, maybe},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := parse(t, `{"Version":"2012-10-17","Statement":{"Effect":"Allow",`+c.elements+`}}`)
			got := d.Evaluate(iampolicy.Request{Actions: []string{c.action}, Resource: c.resource, Context: ctx{"aws:username": {"bob"}}})
			if got.Why[0].Result != c.want {
				t.Errorf("got %v, want %v (%s): %s", got.Why[0].Result, c.want, c.page, got.Explain())
			}
		})
	}
}

// Verdicts written by hand from the page on evaluation logic.
func TestDecisions(t *testing.T) {
	for _, c := range []struct {
		name     string
		text     string
		actions  []string
		allowed  bool
		possible bool
		denied   []string
	}{
		{"nothing allows: implicit deny", `[{"Effect":"Allow","Action":"a:x","Resource":"*"}]`, []string{"a:y"}, false, false, []string{"a:y"}},
		{"one statement of two allows", `[{"Effect":"Allow","Action":"a:x","Resource":"*"},{"Effect":"Allow","Action":"a:y","Resource":"*"}]`, []string{"a:y"}, true, true, nil},
		{"an explicit deny wins, wherever it stands", `[{"Effect":"Deny","Action":"a:y","Resource":"*"},{"Effect":"Allow","Action":"*","Resource":"*"}]`, []string{"a:y"}, false, false, []string{"a:y"}},
		{"a deny of another action", `[{"Effect":"Deny","Action":"a:x","Resource":"*"},{"Effect":"Allow","Action":"*","Resource":"*"}]`, []string{"a:y"}, true, true, nil},
		{"each action needs its permission", `[{"Effect":"Allow","Action":["a:x","a:y"],"Resource":"*"}]`, []string{"a:x", "a:z", "a:y"}, false, false, []string{"a:z"}},
		{"actions may be allowed by different statements", `[{"Effect":"Allow","Action":"a:x","Resource":"*"},{"Effect":"Allow","Action":"a:y","Resource":"*"}]`, []string{"a:x", "a:y"}, true, true, nil},
		{"no actions, nothing to allow", `[{"Effect":"Allow","Action":"*","Resource":"*"}]`, nil, false, false, nil},
		{"an unclear allow beside a clear one", `[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Odd":{"a:b":"c"}}},{"Effect":"Allow","Action":"*","Resource":"*"}]`, []string{"a:x"}, true, true, nil},
		{"an unclear allow alone", `[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Odd":{"a:b":"c"}}}]`, []string{"a:x"}, false, true, []string{"a:x"}},
		{"an unclear deny", `[{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Odd":{"a:b":"c"}}},{"Effect":"Allow","Action":"*","Resource":"*"}]`, []string{"a:x"}, false, true, []string{"a:x"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := parse(t, `{"Version":"2012-10-17","Statement":`+c.text+`}`).Evaluate(iampolicy.Request{Actions: c.actions, Resource: "arn:aws:a:::b"})
			if got.Allowed != c.allowed || got.Possible != c.possible || !slices.Equal(got.Denied, c.denied) {
				t.Errorf("allowed %v, possible %v, denied %v; want %v, %v, %v (%s)", got.Allowed, got.Possible, got.Denied, c.allowed, c.possible, c.denied, logic)
			}
		})
	}
	var none *iampolicy.Document
	if got := none.Evaluate(iampolicy.Request{Actions: []string{"a:x"}}); got.Allowed || got.Possible {
		t.Error("no document allows nothing")
	}
}

func TestUnknownKeysCouldBeAnything(t *testing.T) {
	unknown := func(key string) bool { return strings.HasPrefix(key, "aws:principaltag/") }
	for _, c := range []struct {
		name      string
		condition string
		want      iampolicy.Truth
	}{
		{"a value of an unknown key", `{"StringEquals":{"aws:PrincipalTag/x":"a"}}`, maybe},
		{"negated", `{"StringNotEquals":{"aws:PrincipalTag/x":"a"}}`, maybe},
		{"its absence", `{"Null":{"aws:PrincipalTag/x":"true"}}`, maybe},
		{"if it exists", `{"StringEqualsIfExists":{"aws:PrincipalTag/x":"a"}}`, maybe},
		{"as a variable", `{"StringEquals":{"k:a":"${aws:PrincipalTag/x}"}}`, maybe},
		{"as a variable with a default", `{"StringEquals":{"k:a":"${aws:PrincipalTag/x, 'a'}"}}`, maybe},
		{"a key that is known to be absent", `{"StringEquals":{"k:b":"a"}}`, no},
		{"an unknown key beside a known refusal", `{"StringEquals":{"aws:PrincipalTag/x":"a","k:a":"z"}}`, no},
		{"a known value, although its kind is unknown", `{"StringEquals":{"aws:PrincipalTag/known":"b"}}`, yes},
	} {
		d := parse(t, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":`+c.condition+`}}`)
		got := d.Evaluate(iampolicy.Request{Actions: []string{"a:x"}, Resource: "arn:aws:a:::b", Unknown: unknown,
			Context: ctx{"k:a": {"a"}, "aws:PrincipalTag/Known": {"b"}}})
		if got.Why[0].Result != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got.Why[0].Result, c.want)
		}
	}
}

func TestExplainNamesWhatFailedAndWhatWasThere(t *testing.T) {
	text := `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"},
		{"Sid":"Pinned","Effect":"Allow","Principal":{"Service":"rolesanywhere.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession"],
		 "Condition":{"StringEquals":{"aws:PrincipalTag/x509Subject/OU":["prod","qa"],"aws:SourceAccount":"111122223333"}}}]}`
	ask := func(actions []string, ou ...string) string {
		r := iampolicy.Request{Principal: iampolicy.Principal{Kind: iampolicy.Service, Value: "rolesanywhere.amazonaws.com"}, Actions: actions,
			Context: ctx{"aws:PrincipalTag/x509Subject/OU": ou, "aws:SourceAccount": {"111122223333"}}}
		return parse(t, text).Evaluate(r).Explain()
	}
	for _, c := range []struct{ got, want string }{
		{ask([]string{"sts:AssumeRole"}, "prod"), "allowed"},
		{ask([]string{"sts:AssumeRole"}, "dev"),
			`no statement allows sts:AssumeRole; in statement Pinned, condition StringEquals aws:PrincipalTag/x509Subject/OU wants "prod" or "qa": found "dev"`},
		{ask([]string{"sts:AssumeRole"}),
			`no statement allows sts:AssumeRole; in statement Pinned, condition StringEquals aws:PrincipalTag/x509Subject/OU wants "prod" or "qa": it is absent`},
		{ask([]string{"sts:AssumeRole", "sts:SetSourceIdentity"}, "prod"),
			`no statement allows sts:SetSourceIdentity; in statement Pinned, Action wants "sts:AssumeRole" or "sts:TagSession": found "sts:SetSourceIdentity"`},
	} {
		if c.got != c.want {
			t.Errorf("got  %s\nwant %s", c.got, c.want)
		}
	}
	deny := parse(t, `{"Statement":[{"Sid":"No","Effect":"Deny","Principal":"*","Action":"*","Condition":{"Odd":{"a:b":"c"}}}]}`)
	got := deny.Evaluate(iampolicy.Request{Principal: iampolicy.Principal{Kind: iampolicy.Service, Value: "x"}, Actions: []string{"sts:AssumeRole"}}).Explain()
	if want := "sts:AssumeRole is denied by statement No, as the operator is unknown"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
