package config

import (
	"slices"
	"strings"

	"anchorctl/internal/plan"
)

// isolation holds environments apart whose objects in AWS, or whose names in
// certificates, could be taken for one another's.
func (c *checker) isolation() {
	type owner struct{ env, path string }
	named := map[string]owner{} // by name in AWS
	for _, env := range c.config.EnvironmentNames() {
		for _, profile := range c.profileNames(env) {
			name, at := c.config.ProfileName(env, profile), below(below("environments", env)+".profiles", profile)
			if first, taken := named[name]; taken && c.meet(first.env, env) {
				c.keyProblem(at, "rename one of the two", "its name in AWS, %q, is also that of %s in the same account and region", name, first.path)
			}
			named[name] = owner{env, at}
		}
	}
	c.foreignDomains()
	c.probeRoles()
}

// profileNames are those of an environment, the probe's included.
func (c *checker) profileNames(env string) []string {
	e := c.config.Environments[env]
	names := e.ProfileNames()
	if e.Probed() && !slices.Contains(names, ProbeProfile) {
		names = append(names, ProbeProfile)
	}
	return names
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
