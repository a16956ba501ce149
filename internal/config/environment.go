package config

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"anchorctl/internal/plan"
)

// RootName is what commands call the root where they could name an environment.
const RootName = "root"

func (c *checker) environment(path string, e *Environment) {
	c.name(path, e.Name, "an environment")
	if e.Name == RootName {
		c.keyProblem(path, "choose another name, such as \"shared\"", "%q is what commands such as \"rotate start root\" call the estate's root", e.Name)
	}
	if strings.HasSuffix(e.Name, "-") {
		c.keyProblem(path, "end it in a letter or a digit", "%q is a label of the host name %s.%s, which cannot end in a hyphen",
			e.Name, e.Name, c.config.Estate.TrustDomain)
	}
	c.issuer(path, e)
	c.domains(path+".dnsDomains", e.DNSDomains)
	c.limits(path+".limits", e)
	c.crl(path+".crl", e.CRL)
	c.notifications(path+".notifications", e.Notifications)
	c.targets(path+".targets", e.Targets)
	for _, name := range e.WorkloadNames() {
		at := below(path+".workloads", name)
		c.name(at, name, "a workload")
		c.reserved(at, name, ProbeWorkload, "workload")
		if strings.HasSuffix(name, "-") {
			c.keyProblem(at, "end it in a letter or a digit", "%q cannot end in a hyphen: a workload's name can be a label of its DNS names", name)
		}
		c.workload(at, e, e.Workloads[name])
	}
	for _, name := range e.ProfileNames() {
		at := below(path+".profiles", name)
		c.name(at, name, "a profile")
		c.reserved(at, name, ProbeProfile, "profile")
		c.profile(path, at, e, e.Profiles[name])
	}
	c.sharedRoles(path, e)
}

func (c *checker) issuer(path string, e *Environment) {
	c.keyType(path+".issuer.key.type", e.Issuer.Key.Type, "an issuer", issuerKeys())
	at := path + ".issuer.lifetime"
	c.between(at, e.Issuer.Lifetime, minAuthority, maxIssuerLifetime, "")
	if e.Issuer.Lifetime > c.config.Root.Lifetime && !c.given("root.certificate") {
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
	c.between(path+".sensitiveSessionDuration", l.SensitiveSessionDuration, minSession, maxSensitive, "")
	c.between(path+".renewalInterval", l.RenewalInterval, minRenewal, maxRenewal, "")
	if l.RolesPerProfile > maxRoles {
		c.problem(path+".rolesPerProfile", "", "the service takes at most %d roles in a profile", maxRoles)
	}
}

// crl: half of the time until the next update is there to find out why no list
// came (ANC701), so that time has to hold two.
func (c *checker) crl(path string, s CRLSpec) {
	c.between(path+".interval", s.Interval, minCRLInterval, maxCRLValidity/2, "")
	c.between(path+".validity", s.Validity, 2*minCRLInterval, maxCRLValidity, "")
	if s.Validity < 2*s.Interval && c.sound(path) {
		at := path + ".validity"
		if !c.given(at) {
			at = path + ".interval"
		}
		c.problem(at, "lengthen validity, or shorten interval", "a list valid for %s is to be renewed every %s, and should live through two of those", s.Validity, s.Interval)
	}
	if problem := pointProblem(s.DistributionPoint); problem != "" && c.given(path+".distributionPoint") {
		c.problem(path+".distributionPoint", `write the folder that "anchorctl crl publish" fills, as in "http://crl.example.internal/anchorctl"`, "%q %s", s.DistributionPoint, problem)
	}
	if s.CheckDistributionPoint && s.DistributionPoint == "" && c.sound(path) {
		c.problem(path+".checkDistributionPoint", "add distributionPoint, or leave the key out", "the certificates name no distribution point that could be checked")
	}
}

// pointProblem says what keeps a text from being the URL of a folder, or "".
func pointProblem(text string) string {
	u, err := url.Parse(text)
	switch {
	case len(text) > maxURL:
		return "is too long"
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https":
		return "is no http or https URL"
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(text, "?#"):
		return "has more than a host and a path"
	case strings.HasSuffix(text, "/"):
		return "must not end in a slash"
	case strings.IndexFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) >= 0:
		return "holds what a URL cannot"
	}
	return ""
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
		c.shaped(at+".account", t.Account, is(accountShape), "", "the 12 digits of an AWS account")
		c.shaped(at+".region", t.Region, is(regionShape), "", `the code of an AWS region, such as "eu-central-1"`)
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
	c.shaped(path+".assumeRole", k.AssumeRole, is(assumeShape), "", `the ARN of a role, such as "arn:aws:iam::111122223333:role/anchorctl"`)
	if parts := strings.Split(k.AssumeRole, ":"); len(parts) > 4 && assumeShape().MatchString(k.AssumeRole) && parts[4] != t.Account {
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
		return "is an ARN: the account is the target's [ANC301]"
	case strings.HasPrefix(role, "/"):
		return "must not begin with a slash"
	case strings.ContainsAny(role, "*?$"):
		return "holds a wildcard or a policy variable: roles are named one by one [ANC301]"
	case cut+1 > maxRolePath: // IAM counts the slash the path begins with
		return fmt.Sprintf("has a path of more than %d characters", maxRolePath)
	case !roleShape().MatchString(role):
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
