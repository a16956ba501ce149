package gates_test

import (
	"strings"
	"testing"

	"anchorctl/internal/gates"
)

// Verdicts written by hand from the trust model page and, for negated and
// IfExists conditions, from
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
func TestWouldAccept(t *testing.T) {
	const other = "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/99999999-2222-3333-4444-555555555555"
	statement := func(condition string) string {
		return `{"Version":"2012-10-17","Statement":[{"Sid":"X","Effect":"Allow","Principal":{"Service":"rolesanywhere.amazonaws.com"},
			"Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"],"Condition":` + condition + `}]}`
	}
	deny := func(condition string) string {
		return strings.TrimSuffix(statement(`{}`), "]}") + `,{"Effect":"Deny","Principal":"*","Action":"sts:*","Condition":` + condition + `}]}`
	}
	for _, c := range []struct {
		name  string
		trust string
		want  bool
		why   string
	}{
		{"the whole account's anchors", statement(`{}`), true, "statement X accepts every certificate under this anchor"},
		{"this anchor", statement(`{"ArnEquals":{"aws:SourceArn":"` + anchorARN + `"}}`), true, "every certificate"},
		{"this anchor and a condition on the certificate", statement(`{"ArnEquals":{"aws:SourceArn":"` + anchorARN + `"},"StringEquals":{"aws:PrincipalTag/x509Subject/CN":"x"}}`),
			true, "depending only on StringEquals aws:PrincipalTag/x509Subject/CN"},
		{"a condition on the certificate alone", statement(`{"StringEquals":{"aws:PrincipalTag/x509Subject/OU":"prod"}}`), true, "depending only on"},
		{"another anchor", statement(`{"ArnEquals":{"aws:SourceArn":"` + other + `"}}`), false, "aws:SourceArn"},
		{"another anchor, if there is a source", statement(`{"ArnEqualsIfExists":{"aws:SourceArn":"` + other + `"}}`), false, "aws:SourceArn"},
		{"another anchor, by StringLike", statement(`{"StringLike":{"aws:SourceArn":"` + other + `"}}`), false, "aws:SourceArn"},
		{"one of two anchors", statement(`{"ArnLike":{"aws:SourceArn":["` + other + `","` + anchorARN + `"]}}`), true, "every"},
		{"all anchors by a wildcard", statement(`{"ArnLike":{"aws:SourceArn":"arn:aws:rolesanywhere:*:111122223333:trust-anchor/*"}}`), true, "every"},
		{"anchors of another region", statement(`{"ArnLike":{"aws:SourceArn":"arn:aws:rolesanywhere:us-*:111122223333:trust-anchor/*"}}`), false, "aws:SourceArn"},
		{"all but another anchor", statement(`{"ArnNotEquals":{"aws:SourceArn":"` + other + `"}}`), true, "every"},
		{"all but this anchor", statement(`{"ArnNotEquals":{"aws:SourceArn":"` + anchorARN + `"}}`), false, "aws:SourceArn"},
		{"this account", statement(`{"StringEquals":{"aws:SourceAccount":"111122223333"}}`), true, "every"},
		{"another account", statement(`{"StringEquals":{"aws:SourceAccount":"444455556666"}}`), false, "aws:SourceAccount"},
		{"an anchor that a tag of the certificate names", statement(`{"StringEquals":{"aws:SourceArn":"${aws:PrincipalTag/x509Subject/CN}"}}`), true, "depending only on"},
		{"an unknown operator", statement(`{"StringMatches":{"aws:SourceArn":"x"}}`), true, "depending only on"},
		{"a condition on something nobody documents", statement(`{"StringEquals":{"aws:SourceOrgID":"o-1"}}`), true, "depending only on"},
		{"another anchor beside an unknown operator", statement(`{"StringMatches":{"a:b":"x"},"ArnEquals":{"aws:SourceArn":"` + other + `"}}`), false, "aws:SourceArn"},
		{"a deny for this anchor", deny(`{"ArnEquals":{"aws:SourceArn":"` + anchorARN + `"}}`), false, "denied by statement 2"},
		{"a deny unless it is another anchor", deny(`{"ArnNotEquals":{"aws:SourceArn":"` + other + `"}}`), false, "denied by statement 2"},
		{"a deny for some certificates", deny(`{"StringNotEquals":{"aws:PrincipalTag/x509Subject/CN":"x"}}`), true, "every"},
		{"a deny with an unknown operator", deny(`{"Odd":{"a:b":"c"}}`), true, "every"},
		{"everyone", strings.Replace(statement(`{}`), `{"Service":"rolesanywhere.amazonaws.com"}`, `"*"`, 1), true, "every"},
		{"everyone as AWS principals", strings.Replace(statement(`{}`), `{"Service":"rolesanywhere.amazonaws.com"}`, `{"AWS":"*"}`, 1), true, "every"},
		{"all services by a wildcard", strings.Replace(statement(`{}`), `rolesanywhere.amazonaws.com`, `*`, 1), true, ""},
		{"another service", strings.Replace(statement(`{}`), `rolesanywhere.amazonaws.com`, `ec2.amazonaws.com`, 1), false, "Principal"},
		{"all but another service", strings.Replace(strings.Replace(statement(`{}`), `rolesanywhere`, `ec2`, 1), `"Principal"`, `"NotPrincipal"`, 1), true, "every"},
		{"an account", strings.Replace(statement(`{}`), `"Service":"rolesanywhere.amazonaws.com"`, `"AWS":"111122223333"`, 1), false, "Principal"},
		{"all actions", strings.Replace(statement(`{}`), `["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]`, `"sts:*"`, 1), true, "every"},
		{"no source identity, without which there is no session", strings.Replace(statement(`{}`), `,"sts:SetSourceIdentity"`, ``, 1), false, "sts:SetSourceIdentity"},
		{"no tags, which a profile need not map", strings.Replace(statement(`{}`), `"sts:TagSession",`, ``, 1), true, "every"},
		{"the actions in two statements", `{"Statement":[{"Effect":"Allow","Principal":{"Service":"rolesanywhere.amazonaws.com"},"Action":"sts:AssumeRole"},
			{"Effect":"Allow","Principal":{"Service":"rolesanywhere.amazonaws.com"},"NotAction":"sts:AssumeRole"}]}`, true, "statement 1"},
		{"the pinned statement of this environment", trustPolicy, true, "depending only on"},
		{"the pinned statement of another environment", strings.ReplaceAll(trustPolicy, anchorARN, other), false, "aws:SourceArn"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, why, err := gates.WouldAccept(c.trust, anchorARN, account)
			if err != nil || got != c.want || !strings.Contains(why, c.why) {
				t.Errorf("got %v, %q, %v; want %v, %q (%s)", got, why, err, c.want, c.why, trustModel)
			}
		})
	}
	for _, text := range []string{"", "{}", `{"Version":"2012-10-17","Statement":[]}`, "\x00"} {
		if accepts, _, err := gates.WouldAccept(text, anchorARN, account); err == nil || accepts {
			t.Errorf("%q was read", text)
		}
	}
}

// The same service, account or anchor written in ways that a search for text
// would miss, and ways that only look as if they let it in. Verdicts written by
// hand from
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html,
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html and
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_multi-value-conditions.html
func TestWouldAcceptSeesThroughDisguises(t *testing.T) {
	const service = `"Principal":{"Service":"rolesanywhere.amazonaws.com"}`
	for _, c := range []struct {
		name string
		who  string // Principal and Condition
		want bool
	}{
		{"the service in every partition", `"Principal":{"Service":"rolesanywhere.*"}`, true},
		{"the service in other letters", `"Principal":{"Service":"RolesAnywhere.amazonaws.com"}`, true},
		{"one of two services", `"Principal":{"Service":["ec2.amazonaws.com","rolesanywhere.amazonaws.com"]}`, true},
		{"a regional name that the service does not use", `"Principal":{"Service":"rolesanywhere.eu-central-1.amazonaws.com"}`, false},
		{"all but this service", `"NotPrincipal":{"Service":"rolesanywhere.amazonaws.com"}`, false},
		{"everyone for this account", `"Principal":"*","Condition":{"StringEquals":{"aws:SourceAccount":"111122223333"}}`, true},
		{"everyone for another account", `"Principal":"*","Condition":{"StringEquals":{"aws:SourceAccount":"444455556666"}}`, false},
		{"an anchor that equals itself", service + `,"Condition":{"StringEquals":{"aws:SourceArn":"${aws:SourceArn}"}}`, true},
		{"the key in other letters", service + `,"Condition":{"StringLike":{"AWS:sourcearn":"arn:aws:rolesanywhere:*"}}`, true},
		{"something else, if there is a source", service + `,"Condition":{"StringEqualsIfExists":{"aws:SourceArn":"x"}}`, false},
		{"any value like any anchor", service + `,"Condition":{"ForAnyValue:ArnLike":{"aws:SourceArn":"arn:*:rolesanywhere:*:*:trust-anchor/*"}}`, true},
		{"all values of what may have none", service + `,"Condition":{"ForAllValues:StringEquals":{"aws:PrincipalTag/x509Subject/OU":"prod"}}`, true},
		{"no source at all", service + `,"Condition":{"Null":{"aws:SourceArn":"true"}}`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` + c.who + `,"Action":["sts:AssumeRole","sts:SetSourceIdentity"]}]}`
			got, why, err := gates.WouldAccept(trust, anchorARN, account)
			if err != nil || got != c.want {
				t.Errorf("got %v, %q, %v; want %v", got, why, err, c.want)
			}
		})
	}
}

// What any certificate gets, WouldAccept must have foreseen.
func TestWouldAcceptForeseesEveryGrant(t *testing.T) {
	w := newWorld(t)
	for _, trust := range []string{
		trustPolicy,
		strings.Replace(trustPolicy, "StringEquals", "StringLike", 1),
		strings.Replace(trustPolicy, `"Principal": {"Service": "rolesanywhere.amazonaws.com"}`, `"Principal": "*"`, 1),
		strings.Replace(trustPolicy, `"aws:PrincipalTag/x509Subject/OU": "prod"`, `"aws:RequestTag/x509Subject/CN": "backup"`, 1),
	} {
		w.Role.Trust = trust
		if got := gates.CreateSession(w.Session); !got.Granted {
			t.Fatalf("not granted: %+v", got)
		}
		if accepts, why, err := gates.WouldAccept(trust, anchorARN, account); err != nil || !accepts {
			t.Errorf("not foreseen: %s, %v", why, err)
		}
	}
}
