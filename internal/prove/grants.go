package prove

import (
	"anchorctl/internal/config"
	"anchorctl/internal/plan"
)

// grant is a session that the configuration grants.
type grant struct {
	workload, anchor, profile, role plan.Addr
}

// grants are all of them: workload, anchor, profile and role of one
// environment, anchor and profile at one of its targets and the role in that
// account, and the role listing the workload in that profile.
func grants(c *config.Config) map[grant]bool {
	all := map[grant]bool{}
	for _, env := range c.EnvironmentNames() {
		e := c.Environments[env]
		for _, t := range e.Targets {
			at := plan.Target{Account: t.Account, Region: t.Region}
			for _, profile := range e.ProfilesAt(at) {
				for role, use := range profile.Roles {
					for _, workload := range use.Workloads {
						all[grant{plan.Workload(env, workload), plan.Anchor(env, at), plan.Profile(env, profile.Name, at), plan.Role(t.Account, role)}] = true
					}
				}
			}
		}
	}
	return all
}

// rolesOf names the environment of each role that the configuration maps.
func rolesOf(c *config.Config) map[plan.Addr]string {
	owner := map[plan.Addr]string{}
	for g := range grants(c) {
		owner[g.role] = g.profile.Environment
	}
	return owner
}
