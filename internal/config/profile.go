package config

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"anchorctl/internal/iampolicy"
)

func (c *checker) profile(env, path string, e *Environment, p *Profile) {
	if len(p.Roles) == 0 && c.given(path+".roles") {
		c.problem(path+".roles", "name a role and the workloads that may take it", "a profile without roles gives no session")
	}
	if len(p.Roles) > maxRoles {
		c.problem(path+".roles", "split the profile", "the service takes at most %d roles in a profile", maxRoles)
	}
	for _, role := range p.RoleNames() {
		at := below(path+".roles", role)
		if problem := roleProblem(role); problem != "" {
			c.keyProblem(at, roleRemedy, "the role's name %s", problem)
		}
		c.users(env, at+".workloads", e, p.Roles[role])
	}
	at := path + ".sessionDuration"
	c.session(at, p.SessionDuration)
	if c.given(at) && p.SessionDuration > e.Limits.SessionDuration {
		c.problem(at, "shorten it, or raise limits.sessionDuration of the environment",
			"%s is longer than the environment's limit of %s", p.SessionDuration, e.Limits.SessionDuration)
	}
	c.managed(path+".managedPolicies", e, p.ManagedPolicies)
	c.mapped(path+".attributeMappings", p.AttributeMappings)
	c.sessionPolicy(path+".sessionPolicy", p)
}

// users checks the workloads that may take a role.
func (c *checker) users(env, path string, e *Environment, use *RoleUse) {
	if len(use.Workloads) == 0 && c.given(path) {
		c.problem(path, "name the workloads one by one; there is no word for all", "no workload may take the role [ANC203]")
	}
	for i, w := range use.Workloads {
		at := item(path, i)
		if e.Workloads[w] == nil && c.given(at) && c.sound(env+".workloads") && !c.broken[env] {
			remedy := "add it to workloads of the environment"
			if w == ProbeWorkload {
				remedy = "remove it: the built-in probe takes the probe roles of the targets, and no other"
			} else if likely := c.nearest(w, e.WorkloadNames()); likely != "" {
				remedy = `did you mean "` + likely + `"?`
			}
			c.problem(at, remedy, "environment %s has no workload %q", e.Name, w)
		}
		if slices.Index(use.Workloads, w) < i {
			c.problem(at, "remove it", "%q stands here a second time", w)
		}
	}
}

// sharedRoles holds profiles to the same workloads for the same role: a trust
// policy cannot tell by which profile a session was asked for, so each
// workload could take the role under either.
func (c *checker) sharedRoles(path string, e *Environment) {
	type use struct {
		profile   string
		workloads []string
	}
	first := map[string]use{}
	for _, profile := range e.ProfileNames() {
		for _, role := range e.Profiles[profile].RoleNames() {
			at := below(below(path+".profiles", profile)+".roles", role)
			workloads := slices.Sorted(slices.Values(e.Profiles[profile].Roles[role].Workloads))
			known, again := first[role]
			if !again {
				first[role] = use{profile, workloads}
				continue
			}
			if !slices.Equal(known.workloads, workloads) && c.sound(at) && c.sound(below(path+".profiles", known.profile)) {
				c.keyProblem(at, "list the same workloads in both, or use a second role",
					"profile %s lists other workloads for this role; a trust policy cannot tell profiles apart", known.profile)
			}
		}
	}
}

// managed checks the managed policies that narrow the sessions. STS looks for
// those of customers in the role's account.
func (c *checker) managed(path string, e *Environment, arns []string) {
	if len(arns) > maxManaged {
		c.problem(path, "", "the service takes at most %d managed policies in a profile", maxManaged)
		return
	}
	for i, arn := range arns {
		at := item(path, i)
		switch {
		case !c.given(at):
		case len(arn) > maxManagedARN:
			c.problem(at, "", "has more than %d characters", maxManagedARN)
		case !policyShape().MatchString(arn):
			c.problem(at, "", `%q must be the ARN of a managed policy, such as "arn:aws:iam::aws:policy/ReadOnlyAccess"`, arn)
		case slices.Index(arns, arn) < i:
			c.problem(at, "remove it", "%q stands here a second time", arn)
		default:
			c.policyAccount(at, arn, e)
		}
	}
}

func (c *checker) policyAccount(path, arn string, e *Environment) {
	account := strings.Split(arn, ":")[4]
	for _, t := range e.Targets {
		if account != "aws" && account != t.Account && accountShape().MatchString(t.Account) {
			c.problem(path, "use a session policy, or an environment for each account",
				"the policy is of account %s; in account %s, a target of the environment, it cannot be used", account, t.Account)
			return
		}
	}
}

// mapped checks the attribute mappings and that they keep what the generated
// trust policies compare.
func (c *checker) mapped(path string, named map[string][]string) {
	fields := []string{fieldIssuer, fieldSAN, fieldSubject}
	for field, specifiers := range named {
		at := below(path, field)
		if !slices.Contains(fields, field) {
			c.keyProblem(at, "", "a certificate has no field %q to map; there are %s", field, strings.Join(fields, ", "))
			continue
		}
		for i, s := range specifiers {
			c.specifier(item(at, i), field, s)
			if slices.Index(specifiers, s) < i {
				c.problem(item(at, i), "remove it", "%q stands here a second time", s)
			}
		}
	}
	for _, need := range []struct{ field, specifier, what string }{
		{fieldSubject, "OU", "the environment"}, {fieldSAN, "URI", "the workload"},
	} {
		at := below(path, need.field)
		specifiers, there := named[need.field]
		kept := slices.Contains(specifiers, need.specifier) || slices.Contains(specifiers, "*")
		if there && !kept && c.sound(at) {
			c.problem(at, "add "+need.specifier, "without %s no trust policy can tell %s: every session would be denied",
				need.field+"/"+need.specifier, need.what)
		}
	}
}

// specifier checks one mapping rule.
// https://docs.aws.amazon.com/rolesanywhere/latest/userguide/attribute-mapping.html
func (c *checker) specifier(path, field, s string) {
	if !c.given(path) {
		return
	}
	if utf8.RuneCountInString(s) > maxSpecifier {
		c.problem(path, "", "has more than %d characters", maxSpecifier)
		return
	}
	if field == fieldSAN {
		name, isName := strings.CutPrefix(canonicalSpecifier(field, s), "Name/")
		if s != "DNS" && s != "URI" && (!isName || !attributeShape(name)) {
			c.problem(path, "", `%q must be DNS, URI, Name/* or Name/ and an attribute, such as Name/CN`, s)
		}
		return
	}
	if !attributeShape(s) {
		c.problem(path, "", `%q must be * or an attribute of a name, such as CN, OU or 2.5.4.5`, s)
	}
}

// attributeShape: the short name or the number of an attribute, or all.
func attributeShape(s string) bool {
	letters := strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
	digits := strings.Trim(s, "0123456789.")
	return s == "*" || s != "" && (letters == "" || digits == "")
}

// sessionPolicy reads the file a profile names.
func (c *checker) sessionPolicy(path string, p *Profile) {
	if !c.given(path) {
		return
	}
	if !filepath.IsLocal(p.SessionPolicy) {
		c.problem(path, "move the file beside the configuration, or below", "%q must be a path relative to the configuration that stays below it", p.SessionPolicy)
		return
	}
	file := filepath.Join(c.dir, filepath.FromSlash(p.SessionPolicy))
	data, err := c.readFile(file)
	if err != nil {
		c.problem(path, "", "reading session policy: %s", err)
		return
	}
	p.SessionPolicyDocument = string(data)
	if n := utf8.RuneCount(data); n > maxSessionPolicy {
		c.problem(path, "", "the session policy has %d characters, the service takes at most %d", n, maxSessionPolicy)
		return
	}
	c.policyDocument(path, file, p)
}

// policyDocument holds a session policy to the grammar of policies. It speaks
// of permissions alone: whom it applies to is the session.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session
func (c *checker) policyDocument(path, file string, p *Profile) {
	wrong := func(at iampolicy.Position, remedy, message string) {
		lines := strings.Split(strings.ToValidUTF8(p.SessionPolicyDocument, "\ufffd"), "\n")
		c.total++
		c.problems = append(c.problems, &Error{File: file, Line: at.Line, Column: at.Column, Path: path,
			Message: message, Excerpt: excerpt(lines, place{at.Line, at.Column}), Hint: remedy})
	}
	document, err := iampolicy.Parse([]byte(p.SessionPolicyDocument))
	var syntax *iampolicy.SyntaxError
	if errors.As(err, &syntax) {
		wrong(iampolicy.Position{Line: syntax.Line, Column: syntax.Column}, "", syntax.Message)
		return
	}
	if err != nil {
		c.problem(path, "", "reading session policy: %s", err)
		return
	}
	for _, s := range document.Statements {
		if s.Principal != nil || s.NotPrincipal != nil {
			wrong(s.At, "remove it: the policy applies to the sessions of this profile", "a session policy cannot name a principal")
		}
	}
}
