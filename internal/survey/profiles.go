package survey

import (
	"fmt"
	"slices"
	"strings"

	"anchorctl/internal/config"
	"anchorctl/internal/estate"
	"anchorctl/internal/gates"
	"anchorctl/internal/plan"
	"anchorctl/internal/printable"
	"anchorctl/internal/roles"
)

// profile judges whose roles a profile lists (ANC607).
func (j *judgement) profile(p estate.PlacedProfile) Profile {
	out := Profile{
		Name: printable.Line(p.Live.Name), ARN: p.Live.ARN, Environment: p.Environment, Enabled: p.Live.Enabled, Roles: []string{},
	}
	if p.Environment != "" {
		out.Addr = p.Addr.String()
	}
	byOwner := map[string][]string{}
	var owners []string
	for _, arn := range p.Live.RoleARNs {
		role := estate.RoleAddr(arn)
		out.Roles = append(out.Roles, role.String())
		owner := j.owner(role)
		if byOwner[owner] == nil {
			owners = append(owners, owner)
		}
		byOwner[owner] = append(byOwner[owner], role.String())
	}
	slices.Sort(out.Roles)
	slices.Sort(owners)
	if mixes(p.Environment, owners) {
		var words []string
		for _, owner := range owners {
			who := "of environment " + owner
			if owner == "" {
				who = "of no environment"
			}
			words = append(words, who+": "+strings.Join(byOwner[owner], ", "))
		}
		whose := "a profile that is not ours"
		if p.Environment != "" {
			whose = "a profile of environment " + p.Environment
		}
		j.find("ANC607", p.Name(), "%s lists roles %s", whose, strings.Join(words, "; "))
	}
	return out
}

// owner is the environment that the configuration gives a role to, or "".
func (j *judgement) owner(role plan.Addr) string {
	for _, env := range j.census.Config.EnvironmentNames() {
		e := j.census.Config.Environments[env]
		if !slices.ContainsFunc(e.Targets, func(t config.Target) bool { return t.Account == role.Target.Account }) {
			continue
		}
		for _, profile := range e.ProfilesIn(role.Target.Account) {
			for name := range profile.Roles {
				// IAM tells roles apart by name alone, whatever the path and case.
				if strings.EqualFold(base(name), roles.Name(role)) {
					return env
				}
			}
		}
	}
	return ""
}

func base(pathAndName string) string { return pathAndName[strings.LastIndex(pathAndName, "/")+1:] }

// mixes reports whether a profile of an environment ("" is not ours) lists
// roles of others than one owner, or of another than its own.
func mixes(environment string, owners []string) bool {
	switch {
	case len(owners) > 1:
		return true
	case len(owners) == 0:
		return false
	}
	return owners[0] != environment
}

// accepting finds the roles that an enabled profile hands out, and that would
// accept an enabled anchor of ours by anything but our own pins (ANC603).
func (j *judgement) accepting(account string) {
	reasons := map[plan.Addr][]string{}
	for _, p := range j.census.Places {
		if p.Account != account {
			continue
		}
		for role, profiles := range handedOut(p) {
			for _, why := range j.accepts(p, role) {
				reasons[role] = append(reasons[role], fmt.Sprintf("%s lists it, and %s", strings.Join(profiles, ", "), why))
			}
		}
	}
	for _, role := range sorted(reasons) {
		slices.Sort(reasons[role])
		j.find("ANC603", role.String(), "%s", strings.Join(reasons[role], "; "))
	}
}

// handedOut are the roles of a place's enabled profiles, with those that list
// each.
func handedOut(p estate.Place) map[plan.Addr][]string {
	out := map[plan.Addr][]string{}
	for _, profile := range p.Profiles {
		for _, arn := range profile.Live.RoleARNs {
			if role := estate.RoleAddr(arn); profile.Live.Enabled && !slices.Contains(out[role], profile.Name()) {
				out[role] = append(out[role], profile.Name())
			}
		}
	}
	return out
}

// accepts says of each anchor of ours that is enabled at a place why the role
// would accept it.
func (j *judgement) accepts(p estate.Place, role plan.Addr) []string {
	var open []estate.PlacedAnchor
	for _, a := range p.Anchors {
		if a.Environment != "" && a.Live.Enabled {
			open = append(open, a)
		}
	}
	if len(open) == 0 {
		return nil
	}
	if why, unread := j.census.Unread[role]; unread {
		return []string{"it " + why}
	}
	live := j.census.Roles[role]
	if !live.Exists {
		return nil
	}
	rest, err := roles.Apart(role, live.Trust, j.census.Pinned[role])
	if err != nil {
		return []string{fmt.Sprintf("it cannot be judged: %v", err)}
	}
	if rest == "" {
		return nil
	}
	var why []string
	for _, a := range open {
		accepted, words, err := gates.WouldAccept(rest, a.Live.ARN, p.Account)
		switch {
		case err != nil:
			why = append(why, fmt.Sprintf("it cannot be judged for %s: %v", a.Name(), err))
		case accepted:
			why = append(why, fmt.Sprintf("it would accept %s: %s", a.Name(), words))
		}
	}
	return why
}
