package iampolicy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// RolesAnywhere is the service principal that trust policies name.
const RolesAnywhere = "rolesanywhere.amazonaws.com"

// The actions that a trust policy must grant to Roles Anywhere
// (https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html)
// and the context keys that the generated statement uses.
const (
	ActionAssumeRole        = "sts:AssumeRole"
	ActionTagSession        = "sts:TagSession"
	ActionSetSourceIdentity = "sts:SetSourceIdentity"

	KeySourceARN     = "aws:SourceArn"
	KeySourceAccount = "aws:SourceAccount"
	KeySubjectOU     = "aws:PrincipalTag/x509Subject/OU"
	KeySANURI        = "aws:PrincipalTag/x509SAN/URI"
)

// TrustActions are the three actions of a session, each needed.
func TrustActions() []string {
	return []string{ActionAssumeRole, ActionTagSession, ActionSetSourceIdentity}
}

// Trust is what a role trusts: workloads of one environment, through the
// anchors of that environment in one account.
type Trust struct {
	Sid          string
	AnchorARNs   []string
	Account      string
	Environment  string
	WorkloadURIs []string
}

// Check refuses a trust that would pin nothing, or whose values would mean
// more than themselves in a policy.
func (t Trust) Check() error {
	lists := map[string][]string{"sid": {t.Sid}, "anchor": t.AnchorARNs, "account": {t.Account},
		"environment": {t.Environment}, "workload URI": t.WorkloadURIs}
	for _, name := range []string{"sid", "anchor", "account", "environment", "workload URI"} {
		if len(lists[name]) == 0 || slices.Contains(lists[name], "") {
			return fmt.Errorf("pinning a role: no %s given", name)
		}
		for _, v := range lists[name] {
			if strings.ContainsAny(v, "*?$") {
				return fmt.Errorf("pinning a role: the %s %q has a wildcard or variable", name, v)
			}
		}
	}
	for _, c := range t.Sid {
		if !isAlphanumeric(c) {
			return errors.New("pinning a role: the sid has characters other than A-Z, a-z and 0-9")
		}
	}
	for _, text := range t.AnchorARNs {
		switch arn, ok := ParseAnchorARN(text); {
		case !ok:
			return fmt.Errorf("pinning a role: %q is not the ARN of a trust anchor", text)
		case arn.Account != t.Account:
			return fmt.Errorf("pinning a role: the anchor %q is not of account %s", text, t.Account)
		}
	}
	return nil
}

// Statement is the one statement that pins a role. All conditions are
// positive, so that an attribute that is not mapped fails them.
func (t Trust) Statement() Statement {
	return Statement{
		Sid:       t.Sid,
		Effect:    Allow,
		Principal: &Principals{Service: []string{RolesAnywhere}},
		Actions:   TrustActions(),
		Conditions: []Condition{
			{Operator: "ArnEquals", Key: KeySourceARN, Values: sorted(t.AnchorARNs)},
			{Operator: "StringEquals", Key: KeySourceAccount, Values: []string{t.Account}},
			{Operator: "StringEquals", Key: KeySubjectOU, Values: []string{t.Environment}},
			{Operator: "StringEquals", Key: KeySANURI, Values: sorted(t.WorkloadURIs)},
		},
	}
}

func sorted(values []string) []string {
	out := slices.Clone(values)
	slices.Sort(out)
	return slices.Compact(out)
}

// GenerateTrust writes a whole trust policy with the one statement. It is nil
// when Check refuses the trust: there is no safe document to write then.
func GenerateTrust(t Trust) []byte {
	if t.Check() != nil {
		return nil
	}
	d := &Document{Version: Version2012, Statements: []Statement{t.Statement()}}
	return d.Encode()
}

// Sid is the Sid of an environment's statement: "Anchorctl" and the name in
// camel case, letters and digits only. No two names share one: a hyphen before
// a letter makes it upper case, but "-z" is "Zz", and any other hyphen is "Z0".
func Sid(environment string) string {
	var b strings.Builder
	b.WriteString("Anchorctl")
	hyphen := false
	for i, c := range environment {
		lower := 'a' <= c && c <= 'z'
		switch {
		case hyphen && lower && c != 'z', i == 0 && lower:
			b.WriteString(strings.ToUpper(string(c)))
			hyphen = false
			continue
		case hyphen && c == 'z':
			b.WriteString("Zz")
			hyphen = false
			continue
		case hyphen:
			b.WriteString("Z0")
			hyphen = false
		}
		switch {
		case c == '-':
			hyphen = true
		case lower || '0' <= c && c <= '9':
			b.WriteRune(c)
		default:
			fmt.Fprintf(&b, "Z1%xZ", c) // not in a valid name
		}
	}
	if hyphen {
		b.WriteString("Z0")
	}
	return b.String()
}
