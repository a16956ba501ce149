package config

import (
	"fmt"
	"slices"
	"strings"

	"anchorctl/internal/plan"
)

// checker holds the values to what the services and the rest of the file
// demand. Every problem is reported; those that only follow from a value that
// could not be read are not.
type checker struct {
	*decoder
	config   *Config
	dir      string // of the file
	readFile func(string) ([]byte, error)
}

// problem reports that the value at path is wrong.
func (c *checker) problem(path, remedy, format string, args ...any) {
	c.report.add(c.place(path), path, remedy, format, args...)
}

// keyProblem reports that the key at path is wrong.
func (c *checker) keyProblem(path, remedy, format string, args ...any) {
	at, ok := c.keys[path]
	if !ok {
		at = c.place(path)
	}
	c.report.add(at, path, remedy, format, args...)
}

// place is where the value at path stands. One that was filled in stands where
// the mapping does that it belongs to.
func (c *checker) place(path string) place {
	for ; path != ""; path = parent(path) {
		if at, ok := c.places[path]; ok {
			return at
		}
	}
	return c.places[""]
}

// given reports whether the file has a readable value at path.
func (c *checker) given(path string) bool {
	_, ok := c.places[path]
	return ok && !c.broken[path]
}

// sound reports whether everything at and below path could be read.
func (c *checker) sound(path string) bool {
	// With keys that were left out for standing twice, nothing is sound.
	return !c.within[path] && !c.broken[""]
}

// shaped checks a text against a pattern, if it is there.
func (c *checker) shaped(path, value string, matches func(string) bool, remedy, must string) {
	if c.given(path) && !matches(value) {
		c.problem(path, remedy, "%q must be %s", value, must)
	}
}

// between checks a duration that the file gives.
func (c *checker) between(path string, value, least, most Duration, why string) {
	switch {
	case !c.given(path):
	case value < least:
		c.problem(path, "", "%s is shorter than %s%s", value, least, why)
	case value > most:
		c.problem(path, "", "%s is longer than %s%s", value, most, why)
	}
}

const nameRule = "a lower-case letter, then up to 31 lower-case letters, digits and hyphens"

// name checks a key that names something.
func (c *checker) name(path, name, what string) {
	if !nameShape.MatchString(name) {
		c.keyProblem(path, "", "the name of %s must be %s", what, nameRule)
	}
}

func (c *checker) all() {
	if c.given("version") && c.config.Version != 1 {
		c.problem("version", "write version: 1", "this program reads version 1, not %d", c.config.Version)
	}
	c.estate()
	c.root()
	c.waivers()
	for _, name := range c.config.EnvironmentNames() {
		c.environment(below("environments", name), c.config.Environments[name])
	}
	c.isolation()
}

func (c *checker) estate() {
	e := c.config.Estate
	c.shaped("estate.name", e.Name, nameShape.MatchString, "", nameRule)
	if c.given("estate.organization") {
		if problem := proseProblem(e.Organization, maxOrganization); problem != "" {
			c.problem("estate.organization", fmt.Sprintf("write up to %d characters on one line", maxOrganization), "%q %s", e.Organization, problem)
		} else if i := strings.IndexFunc(e.Organization, notInTag); i >= 0 {
			bad := []rune(e.Organization[i:])[0]
			c.problem("estate.organization", "use letters, digits, spaces and _ . : / = + - @",
				"%q holds %q, which a session tag of STS cannot carry", e.Organization, bad)
		}
	}
	if c.given("estate.trustDomain") {
		if problem := domainProblem(e.TrustDomain, maxTrustDomain); problem != "" {
			c.problem("estate.trustDomain", `write a domain you own, such as "example.internal"`, "%q %s", e.TrustDomain, problem)
		}
	}
	if c.given("roles") && c.config.Roles != Verify && c.config.Roles != Manage {
		c.problem("roles", "", "%q must be %q or %q", c.config.Roles, Verify, Manage)
	}
	c.store()
}

func (c *checker) store() {
	s := c.config.Store
	switch {
	case s == DefaultStore:
	case strings.HasPrefix(s, "postgres://"), strings.HasPrefix(s, "postgresql://"):
		c.problem("store", "leave the key out: the store is "+DefaultStore, "PostgreSQL is not supported in this version")
	default:
		c.problem("store", "leave the key out", "%q must be %q", s, DefaultStore)
	}
}

// The keys of each level: what holds for a decade is stronger than what holds
// for a year.
func rootKeys() []string   { return []string{"ecdsa-p384", "rsa-4096"} }
func issuerKeys() []string { return []string{"ecdsa-p256", "ecdsa-p384", "rsa-3072"} }

func (c *checker) keyType(path, value, level string, allowed []string) {
	if c.given(path) && !slices.Contains(allowed, value) {
		c.problem(path, "", "%q must be %s for %s", value, oneOf(allowed), level)
	}
}

func oneOf(words []string) string {
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

func (c *checker) root() {
	c.keyType("root.key.type", c.config.Root.Key.Type, "a root", rootKeys())
	c.between("root.lifetime", c.config.Root.Lifetime, minAuthority, maxRootLifetime, "")
}

func (c *checker) waivers() {
	seen := map[string]bool{}
	for i, w := range c.config.Waivers {
		path := item("waivers", i)
		c.shaped(path+".rule", w.Rule, ruleShape.MatchString, "", `the number of a rule, such as "ANC303"`)
		if _, err := plan.ParseAddr(w.At); err != nil && c.given(path+".at") {
			c.problem(path+".at", `write what the finding is about, as in "role/111122223333/prod-backup"`, "%q is no address", w.At)
		}
		for _, f := range []struct{ key, value string }{{"reason", w.Reason}, {"owner", w.Owner}} {
			if problem := proseProblem(f.value, maxProse); problem != "" && c.given(path+"."+f.key) {
				c.problem(path+"."+f.key, "", "%s", problem)
			}
		}
		if id := w.Rule + " " + w.At; seen[id] && c.sound(path) {
			c.problem(path, "remove one of the two", "%s is waived for %s a second time", w.Rule, w.At)
		} else {
			seen[id] = true
		}
	}
}

func (c *checker) environment(path string, e *Environment) {
	c.name(path, e.Name, "an environment")
	c.issuer(path, e)
	c.domains(path+".dnsDomains", e.DNSDomains)
	c.limits(path+".limits", e)
	c.targets(path+".targets", e.Targets)
	for _, name := range e.WorkloadNames() {
		at := below(path+".workloads", name)
		c.name(at, name, "a workload")
		c.workload(at, e, e.Workloads[name])
	}
	for _, name := range e.ProfileNames() {
		at := below(path+".profiles", name)
		c.name(at, name, "a profile")
		c.profile(path, at, e, e.Profiles[name])
	}
	c.sharedRoles(path, e)
}

func (c *checker) issuer(path string, e *Environment) {
	c.keyType(path+".issuer.key.type", e.Issuer.Key.Type, "an issuer", issuerKeys())
	at := path + ".issuer.lifetime"
	c.between(at, e.Issuer.Lifetime, minAuthority, maxIssuerLifetime, "")
	if e.Issuer.Lifetime > c.config.Root.Lifetime {
		c.problem(at, "shorten it, or lengthen root.lifetime", "the issuer (%s) would outlive the root (%s)", e.Issuer.Lifetime, c.config.Root.Lifetime)
	}
}

func (c *checker) domains(path string, domains []string) {
	if len(domains) > maxDNSDomains {
		c.problem(path, "", "more than %d domains", maxDNSDomains)
		return
	}
	for i, d := range domains {
		at := item(path, i)
		if problem := domainProblem(d, maxDomain); problem != "" && c.given(at) {
			c.problem(at, `write a domain, such as "prod.example.internal"; names below it are included`, "%q %s", d, problem)
		}
		if slices.Index(domains, d) < i {
			c.problem(at, "remove it", "%q stands here a second time", d)
		}
	}
}

func (c *checker) limits(path string, e *Environment) {
	l := e.Limits
	c.between(path+".certificateLifetime", l.CertificateLifetime, minCertificate, e.Issuer.Lifetime, ", the issuer's lifetime or the least there is")
	c.session(path+".sessionDuration", l.SessionDuration)
	if l.RolesPerProfile > maxRoles {
		c.problem(path+".rolesPerProfile", "", "the service takes at most %d roles in a profile", maxRoles)
	}
	if l.AnchorsPerTarget > maxAnchors {
		c.problem(path+".anchorsPerTarget", "", "the service takes at most %d anchors in a region", maxAnchors)
	}
}

func (c *checker) session(path string, d Duration) {
	c.between(path, d, minSession, maxSession, ", which the service demands")
}

func (c *checker) targets(path string, targets []Target) {
	if len(targets) == 0 && c.given(path) {
		c.problem(path, `add one: {account: "111122223333", region: eu-central-1}`, "an environment needs at least one account and region")
	}
	seen := map[plan.Target]bool{}
	for i, t := range targets {
		at := item(path, i)
		c.shaped(at+".account", t.Account, accountShape.MatchString, "", "the 12 digits of an AWS account")
		c.shaped(at+".region", t.Region, regionShape.MatchString, "", `the code of an AWS region, such as "eu-central-1"`)
		c.role(at+".probeRole", t.ProbeRole)
		c.credentials(at+".credentials", t)
		place := plan.Target{Account: t.Account, Region: t.Region}
		if seen[place] && c.sound(at) {
			c.problem(at, "remove one of the two", "account %s and region %s are a target of this environment already", t.Account, t.Region)
		}
		seen[place] = true
	}
}

func (c *checker) credentials(path string, t Target) {
	k := t.Credentials
	if k == nil || !c.sound(path) {
		return
	}
	if k.Profile == "" && k.AssumeRole == "" {
		c.problem(path, "name a profile, a role to assume, or both", "says nothing")
	}
	if problem := proseProblem(k.Profile, maxProse); problem != "" {
		c.problem(path+".profile", "", "%s", problem)
	}
	if k.AssumeRole == "" {
		return
	}
	c.shaped(path+".assumeRole", k.AssumeRole, assumeShape.MatchString, "", `the ARN of a role, such as "arn:aws:iam::111122223333:role/anchorctl"`)
	if parts := strings.Split(k.AssumeRole, ":"); len(parts) > 4 && assumeShape.MatchString(k.AssumeRole) && parts[4] != t.Account {
		c.problem(path+".assumeRole", "name a role of the target's account", "the role is of account %s, the target is account %s", parts[4], t.Account)
	}
}

// role checks the path and name of an IAM role in a value.
func (c *checker) role(path, role string) {
	if problem := roleProblem(role); problem != "" && c.given(path) {
		c.problem(path, roleRemedy, "%q %s", role, problem)
	}
}

const roleRemedy = `write the role's path and name, such as "prod-backup" or "team/prod-backup"`

func roleProblem(role string) string {
	cut := strings.LastIndexByte(role, '/') + 1
	switch {
	case strings.HasPrefix(role, "arn:"):
		return "is an ARN: the account is the target's"
	case strings.HasPrefix(role, "/"):
		return "must not begin with a slash"
	case strings.ContainsAny(role, "*?$"):
		return "holds a wildcard or a policy variable: roles are named one by one"
	case cut+1 > maxRolePath: // IAM counts the slash the path begins with
		return fmt.Sprintf("has a path of more than %d characters", maxRolePath)
	case !roleShape.MatchString(role):
		return "is no role's path and name: up to 64 letters, digits and _+=,.@- after the path"
	}
	return ""
}

func (c *checker) workload(path string, e *Environment, w *Workload) {
	at := path + ".certificateLifetime"
	c.between(at, w.CertificateLifetime, minCertificate, Duration(maxDuration), "")
	if c.given(at) && w.CertificateLifetime > e.Limits.CertificateLifetime {
		c.problem(at, "shorten it, or raise limits.certificateLifetime of the environment",
			"%s is longer than the environment's limit of %s", w.CertificateLifetime, e.Limits.CertificateLifetime)
	}
	if len(w.DNS) > maxDNSNames {
		c.problem(path+".dns", "", "more than %d names", maxDNSNames)
		return
	}
	for i, name := range w.DNS {
		at := item(path+".dns", i)
		inside := slices.ContainsFunc(e.DNSDomains, func(d string) bool { return within(name, d) })
		if problem := domainProblem(name, maxDomain); problem != "" && c.given(at) {
			c.problem(at, "", "%q %s", name, problem)
		} else if !inside && c.given(at) {
			c.problem(at, "add its domain to dnsDomains of the environment", "%q is under none of the environment's dnsDomains", name)
		}
		if slices.Index(w.DNS, name) < i {
			c.problem(at, "remove it", "%q stands here a second time", name)
		}
	}
}

// isolation holds environments apart whose objects in AWS, or whose names in
// certificates, could be taken for one another's.
func (c *checker) isolation() {
	type owner struct{ env, path string }
	named := map[string]owner{} // by name in AWS
	for _, env := range c.config.EnvironmentNames() {
		for _, profile := range c.config.Environments[env].ProfileNames() {
			name, at := c.config.ProfileName(env, profile), below(below("environments", env)+".profiles", profile)
			if first, taken := named[name]; taken && c.meet(first.env, env) {
				c.keyProblem(at, "rename one of the two", "its name in AWS, %q, is also that of %s in the same account and region", name, first.path)
			}
			named[name] = owner{env, at}
		}
	}
	c.foreignDomains()
}

// meet reports whether two environments have a target in common.
func (c *checker) meet(a, b string) bool {
	targets := map[plan.Target]bool{}
	for _, t := range c.config.Environments[a].Targets {
		targets[plan.Target{Account: t.Account, Region: t.Region}] = true
	}
	return slices.ContainsFunc(c.config.Environments[b].Targets, func(t Target) bool {
		return targets[plan.Target{Account: t.Account, Region: t.Region}]
	})
}

// foreignDomains reports DNS domains that lie in another environment's: a name
// in a certificate then says nothing about whose it is.
func (c *checker) foreignDomains() {
	owner := map[string]string{}
	for _, env := range c.config.EnvironmentNames() {
		owner[env+"."+c.config.Estate.TrustDomain] = env
	}
	for _, env := range c.config.EnvironmentNames() {
		for _, d := range c.config.Environments[env].DNSDomains {
			if _, taken := owner[d]; !taken {
				owner[d] = env
			}
		}
	}
	for _, env := range c.config.EnvironmentNames() {
		for i, d := range c.config.Environments[env].DNSDomains {
			for domain := d; domain != ""; _, domain, _ = strings.Cut(domain, ".") {
				if other, taken := owner[domain]; taken && other != env {
					c.problem(item(below("environments", env)+".dnsDomains", i), "give each environment domains of its own",
						"%q lies in %q, which is environment %s's", d, domain, other)
					break
				}
			}
		}
	}
}
