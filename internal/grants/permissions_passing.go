package grants

import (
	"slices"

	"anchorctl/internal/iampolicy"
	"anchorctl/internal/rules"
)

const passRole = "iam:PassRole"

// checkEveryRole: who may hand a role to a service may use all that the role may
// (ANC316).
func checkEveryRole(j *permissionJudgement, g *grant) {
	if !g.everyRole() || !g.includes(passRole) || slices.ContainsFunc(j.denials, (*grant).deniesPassing) {
		return
	}
	f := j.find("ANC316", g.name, "it allows %s on every role", passRole)
	switch narrow := g.narrowed(); {
	case g.passedTo() != "":
		f.Severity, f.Evidence = rules.Warn, f.Evidence+", to "+g.passedTo()+" alone"
	case narrow != "":
		f.Severity, f.Evidence = rules.Warn, f.Evidence+"; the condition on "+narrow+" narrows it"
	}
}

// everyRole reports whether the statement is about every role of an account.
func (g *grant) everyRole() bool {
	every := func(r resource) bool { return r.whoever.Covers(everyRoleThereIs()) }
	return slices.ContainsFunc(g.resources, every) || len(g.spared) > 0 && !slices.ContainsFunc(g.spared, every)
}

// deniesPassing reports whether a denial takes back iam:PassRole altogether.
func (g *grant) deniesPassing() bool {
	every := func(r resource) bool { return r.anywhere.Covers(everyRoleThereIs()) }
	return len(g.Conditions) == 0 && slices.ContainsFunc(g.resources, every) && g.includes(passRole)
}

func everyRoleThereIs() iampolicy.Glob {
	return iampolicy.Resources("arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}")
}
