package scrutiny

import (
	"time"

	"anchorctl/internal/config"
	"anchorctl/internal/grants"
)

// checkSensitive: a role that the configuration calls sensitive is alone in its
// profiles, and their sessions are short and of one workload (ANC318).
func checkSensitive(j *configJudgement) {
	for _, env := range j.environments() {
		sensitive := SensitiveRoles(env)
		for _, name := range env.ProfileNames() {
			profile := env.Profiles[name]
			for _, role := range profile.RoleNames() {
				if sensitive[role] {
					j.sensitive(env, name, role)
				}
			}
		}
	}
}

// SensitiveRoles are the roles of an environment, by path and name, that any of
// its profiles calls sensitive.
func SensitiveRoles(env *config.Environment) map[string]bool {
	sensitive := map[string]bool{}
	for _, profile := range env.Profiles {
		for role, use := range profile.Roles {
			if use != nil && use.Sensitive {
				sensitive[role] = true
			}
		}
	}
	return sensitive
}

func (j *configJudgement) sensitive(env *config.Environment, profile, role string) {
	at, p := place(env, profile), env.Profiles[profile]
	if n := len(p.Roles); n > 1 {
		j.find("ANC318", at, "the role %q is sensitive and shares its profile with %s", role, grants.OtherRoles(n-1))
	}
	most := time.Duration(env.Limits.SensitiveSessionDuration)
	if session := env.DurationOf(profile); session > most {
		j.find("ANC318", at, "the role %q is sensitive and its sessions last %s, limits.sensitiveSessionDuration is %s",
			role, config.Duration(session), config.Duration(most))
	}
	if use := p.Roles[role]; use != nil && len(use.Workloads) > 1 {
		j.find("ANC318", at, "the role %q is sensitive and %d workloads may take it", role, len(use.Workloads))
	}
}
