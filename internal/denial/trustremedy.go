package denial

import (
	"fmt"
	"slices"
	"strings"

	"anchorctl/internal/config"
	"anchorctl/internal/gates"
	"anchorctl/internal/iampolicy"
	"anchorctl/internal/roles"
)

// trustDocument is the trust policy with the pin alone.
func trustDocument(p roles.Pin) []byte { return iampolicy.GenerateTrust(p.Trust()) }

// trustRemedies are what to change about a trust policy that refuses.
func (v view) trustRemedies() []Remedy {
	role := roleOf(v.c.RoleARN)
	owner := v.k.environmentOf(role)
	if owner != "" {
		if settled := v.ownRole(owner); len(settled) > 0 {
			return settled
		}
	}
	trusts := v.trust()
	var out []Remedy
	if len(trusts) == 0 {
		out = []Remedy{{Do: "write a trust policy that IAM can read and that has a statement for Roles Anywhere", Text: v.example()}}
	}
	for _, t := range trusts {
		out = append(out, v.statementRemedies(t)...)
	}
	return append(out, Remedy{Do: "before a changed trust policy is installed, run " +
		fmt.Sprintf("%q", fmt.Sprintf("anchorctl check policy FILE --anchor %s --account %s", v.c.AnchorARN, v.c.Target.Account))})
}

// ownRole tells what to do about a role of the configuration; nothing when its
// trust policy is as the configuration wants it, and something in it refuses all
// the same.
func (v view) ownRole(owner string) []Remedy {
	env, workload := v.k.workload(v.c.Leaf)
	role := roleOf(v.c.RoleARN)
	switch {
	case v.c.names.environment != "" && v.c.names.environment != owner:
		return []Remedy{{Do: fmt.Sprintf("take the role with a certificate of %s at the anchor of %s: anchorctl.yaml gives it to %s alone, and this anchor is %s's",
			owner, owner, owner, v.c.names.environment)}}
	case env == owner && workload == config.ProbeWorkload && !v.k.Config.Environments[env].IsProbe(role):
		return do("ask for the probe role: the built-in probe takes no other")
	case env == owner && workload != config.ProbeWorkload && v.k.Config.Environments[env].IsProbe(role):
		return do("ask for a role of the workload's own: the built-in probe alone takes a probe role")
	case env == owner && !slices.Contains(v.k.workloadsOf(owner, role), workload):
		return []Remedy{
			{Do: fmt.Sprintf("if %s may have the role, add it to anchorctl.yaml at environments.%s.profiles.%s.roles.%s.workloads", workload, owner, orName(v.c.names.profile), role.Name),
				Text: fmt.Sprintf("%s: {workloads: [%s]}", role.Name, strings.Join(append(v.k.workloadsOf(owner, role), workload), ", "))},
			{Do: `run "anchorctl plan" to see the change of the trust policy, then "anchorctl apply"`},
		}
	case env == "" && v.signedFor(owner):
		return do(fmt.Sprintf("add the workload to environments.%s.workloads and to the role's workloads in anchorctl.yaml, if it may have the role: %s issued this certificate, and no workload there has its URI",
			owner, v.certificate().IssuedBy), `run "anchorctl plan" to see the change of the trust policy, then "anchorctl apply"`)
	case env != "" && env != owner:
		return []Remedy{{Do: fmt.Sprintf("take the role with a certificate of %s: this one is %s's workload %s", owner, env, workload)}}
	}
	pin := v.k.pin(owner, role)
	if pin.Trust().Check() != nil || v.q.Role == nil {
		return nil
	}
	installed, _, err := pin.Installed(v.q.Role.Trust)
	if err == nil && installed {
		return nil // the configuration's statement is there: something else refuses
	}
	if v.k.manages() {
		return []Remedy{{Do: `the trust policy is not as anchorctl.yaml wants it: run "anchorctl plan" to see the difference, then "anchorctl apply"`}}
	}
	return []Remedy{{Do: fmt.Sprintf("the trust policy is not as anchorctl.yaml wants it: have this one installed, by whoever owns %s", roles.Name(role)),
		Text: string(trustDocument(pin))}}
}

// signedFor says that the issuer of an environment signed the certificate.
func (v view) signedFor(env string) bool {
	by, ours := v.k.signer(v.c.Leaf)
	return ours && by.addr.Environment == env
}

func orName(profile string) string {
	if profile == "" {
		return "NAME"
	}
	return profile
}

// statementRemedies are what to change in one statement.
func (v view) statementRemedies(t Trust) []Remedy {
	if t.Effect == iampolicy.Deny {
		return v.denyRemedies(t)
	}
	if t.lacks("Principal") {
		return []Remedy{{Do: "add a statement for Roles Anywhere to the trust policy", Text: v.example()}}
	}
	var out []Remedy
	for _, c := range t.failed() {
		switch {
		case c.Element == "Action" || c.Element == "NotAction":
			out = append(out, Remedy{Do: "let " + t.Statement + " allow all three actions that a session needs",
				Text: `"Action": ["` + strings.Join(iampolicy.TrustActions(), `", "`) + `"]`})
		case c.Result == unclear:
			out = append(out, Remedy{Do: fmt.Sprintf("rewrite %s %s in %s: %s", c.Operator, c.Key, t.Statement, c.Note)})
		default:
			out = append(out, v.conditionRemedy(t, c))
		}
	}
	return out
}

func (v view) denyRemedies(t Trust) []Remedy {
	var matched []string
	for _, c := range t.Checks {
		if c.Element == "Condition" {
			matched = append(matched, fmt.Sprintf("%s %s (wants %s, found %s)", c.Operator, c.Key, quoted(c.Wanted), quoted(c.Found)))
		}
	}
	if len(matched) == 0 {
		return []Remedy{{Do: "take Roles Anywhere out of what " + t.Statement + " denies: it has no condition, so it denies every session"}}
	}
	return []Remedy{{Do: fmt.Sprintf("if this session is not meant by it, change the conditions of %s, which all hold: %s", t.Statement, strings.Join(matched, "; "))}}
}

// conditionRemedy is what to do about a condition that is not met: it says no,
// so either the session is another than the role is for, or the condition is
// wrong.
func (v view) conditionRemedy(t Trust, c Check) Remedy {
	key := strings.ToLower(c.Key)
	tag, isTag := strings.CutPrefix(key, "aws:principaltag/")
	switch {
	case key == strings.ToLower(iampolicy.KeySourceARN):
		return Remedy{Do: fmt.Sprintf("ask at the anchor that the role trusts, or, if it is this one that it should trust, let %s name it", t.Statement),
			Text: condition(c, v.c.AnchorARN)}
	case isTag && !c.Present:
		return v.absentTag(t, c, tag)
	case isTag:
		return Remedy{Do: fmt.Sprintf("use a certificate whose %s is %s, or, if this one may have the role, let %s name %s", c.Key[len("aws:PrincipalTag/"):],
			quoted(c.Wanted), t.Statement, quoted(c.Found)), Text: condition(c, c.Found...)}
	}
	return Remedy{Do: fmt.Sprintf("make %s %s of %s hold: it wants %s and found %s", c.Operator, c.Key, t.Statement, quoted(c.Wanted), quoted(c.Found))}
}

// absentTag tells a certificate without an attribute from a profile that does
// not map it.
func (v view) absentTag(t Trust, c Check, tag string) Remedy {
	all, err := gates.MappedTags(v.c.Leaf, nil)
	for name := range all {
		if err == nil && strings.EqualFold(name, tag) {
			field, specifier, _ := strings.Cut(name, "/")
			if v.mapped(field, specifier) {
				return Remedy{Do: fmt.Sprintf(`the profile does not map %s of %s as anchorctl.yaml wants: run "anchorctl plan" to see the difference, then "anchorctl apply"`, specifier, field)}
			}
			if v.c.names.profile != "" {
				return Remedy{Do: fmt.Sprintf("let the profile map %s of %s, which the certificate has: add it to environments.%s.profiles.%s.attributeMappings in anchorctl.yaml, "+
					`then run "anchorctl plan" and "anchorctl apply"`, specifier, field, v.c.names.environment, v.c.names.profile),
					Text: fmt.Sprintf("%s: [%s]", field, specifier)}
			}
			return Remedy{Do: fmt.Sprintf("let the profile map %s of %s, which the certificate has: run %q", specifier, field,
				fmt.Sprintf("aws rolesanywhere put-attribute-mapping --profile-id %s --certificate-field %s --mapping-rules specifier=%s --region %s",
					id(v.c.ProfileARN), field, specifier, v.c.Target.Region))}
		}
	}
	return Remedy{Do: fmt.Sprintf("use a certificate that has %s, which %s wants to be %s: this one has none", c.Key[len("aws:PrincipalTag/"):], t.Statement, quoted(c.Wanted))}
}

// condition is the condition with the values it wants and further ones.
func condition(c Check, more ...string) string {
	values := slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(c.Wanted), more...))))
	return fmt.Sprintf("%q: {%q: [%s]}", c.Operator, c.Key, strings.Join(quotes(values), ", "))
}

func quotes(values []string) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = fmt.Sprintf("%q", v)
	}
	return out
}

func quoted(values []string) string {
	if len(values) == 0 {
		return "nothing"
	}
	return strings.Join(quotes(values), " or ")
}

// example is a statement that would let this certificate in, through this anchor
// alone: by its workload's names, or by whatever common name it has.
func (v view) example() string {
	leaf := v.c.Leaf
	trust := iampolicy.Trust{Sid: "RolesAnywhere", AnchorARNs: []string{v.c.AnchorARN}, Account: v.c.Target.Account}
	if ou := leaf.Subject.OrganizationalUnit; len(ou) > 0 {
		trust.Environment = ou[0]
	}
	if len(leaf.URIs) > 0 {
		trust.WorkloadURIs = []string{leaf.URIs[0].String()}
	}
	if whole := iampolicy.GenerateTrust(trust); whole != nil {
		return string(whole)
	}
	cn := leaf.Subject.CommonName
	if cn == "" || strings.ContainsAny(cn, "*?$") {
		return ""
	}
	statement := trust.Statement()
	statement.Conditions = append(statement.Conditions[:2], iampolicy.Condition{
		Operator: "StringEquals", Key: "aws:PrincipalTag/" + gates.FieldSubject + "/CN", Values: []string{cn},
	})
	return string((&iampolicy.Document{Version: iampolicy.Version2012, Statements: []iampolicy.Statement{statement}}).Encode())
}
