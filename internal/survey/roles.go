package survey

import (
	"slices"
	"strings"

	"anchorctl/internal/estate"
	"anchorctl/internal/grants"
	"anchorctl/internal/plan"
	"anchorctl/internal/roles"
	"anchorctl/internal/rules"
)

// trusting is a role that trusts Roles Anywhere, or of which that cannot be
// ruled out.
type trusting struct {
	addr plan.Addr
	live roles.Live
}

// roles judges every role of an account that trusts Roles Anywhere, and every
// mapped one, and returns the former.
func (j *judgement) roles(account estate.AccountRoles) []trusting {
	var found []trusting
	for _, live := range j.rolesOf(account) {
		addr := estate.RoleAddr(live.ARN)
		mapped, ours := j.mapped(live)
		admits, err := grants.AdmitsRolesAnywhere([]byte(live.Trust))
		switch {
		case linked(live):
			continue
		case ours:
			j.add(grants.JudgeRole(mapped.Case)...)
		case err != nil:
			j.unclear(addr, live)
		case admits:
			j.add(grants.JudgeTrust(grants.TrustCase{
				At: addr.String(), Document: []byte(live.Trust), Account: account.Account, Mappings: j.mappings(addr),
			})...)
		}
		if admits || err != nil {
			found = append(found, trusting{addr, live})
		}
	}
	return found
}

// mapped finds what the configuration says of a role. Its address is written
// there, and may have another path than the role.
func (j *judgement) mapped(live roles.Live) (estate.MappedRole, bool) {
	for addr, m := range j.census.Mapped {
		if j.census.Roles[addr].ARN == live.ARN {
			return m, true
		}
	}
	return estate.MappedRole{}, false
}

// rolesOf are the account's roles: those that were listed, and those that were
// read and that the list does not show, because it lags or may not be had.
func (j *judgement) rolesOf(account estate.AccountRoles) []roles.Live {
	all := slices.Clone(account.Roles)
	for _, addr := range sorted(j.census.Roles) {
		live := j.census.Roles[addr]
		shown := slices.ContainsFunc(all, func(l roles.Live) bool { return l.ARN == live.ARN })
		if live.Exists && addr.Target.Account == account.Account && !shown {
			all = append(all, live)
		}
	}
	return all
}

// linked reports whether a role is linked to a service of AWS's. The service
// alone makes, changes and takes it, and no profile can list it; that of Roles
// Anywhere itself trusts rolesanywhere.amazonaws.com.
// https://docs.aws.amazon.com/rolesanywhere/latest/userguide/using-service-linked-roles.html
func linked(live roles.Live) bool { return strings.HasPrefix(live.Path, "/aws-service-role/") }

// unclear judges a foreign role whose trust policy is not understood. IAM took
// it: it holds when it speaks of Roles Anywhere.
func (j *judgement) unclear(addr plan.Addr, live roles.Live) {
	for _, f := range grants.JudgeTrust(grants.TrustCase{At: addr.String(), Document: []byte(live.Trust)}) {
		f.Severity = rules.Warn
		if strings.Contains(strings.ToLower(live.Trust), "rolesanywhere") {
			f.Severity = rules.Hold
		}
		j.add(f)
	}
}

// mappings are the attribute mappings of the profiles that list a role; nil
// when none does.
func (j *judgement) mappings(role plan.Addr) map[string]map[string][]string {
	var known map[string]map[string][]string
	for _, p := range j.census.Places {
		for _, profile := range p.Profiles {
			for _, arn := range profile.Live.RoleARNs {
				if estate.RoleAddr(arn) != role {
					continue
				}
				if known == nil {
					known = map[string]map[string][]string{}
				}
				known[profile.Name()] = profile.Live.Mappings
			}
		}
	}
	return known
}
