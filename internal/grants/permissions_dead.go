package grants

import (
	"slices"
	"strings"

	"anchorctl/internal/iamactions"
	"anchorctl/internal/iampolicy"
)

// checkDead: an action is given resources that it takes (ANC317).
func checkDead(j *permissionJudgement, g *grant) {
	if len(g.resources) == 0 || slices.ContainsFunc(g.resources, func(r resource) bool { return r.Everything() }) {
		return
	}
	var dead []string
	for _, text := range g.Actions {
		if !named(text) {
			continue
		}
		if action, found := g.unmet(text); found {
			dead = append(dead, g.wideName(text, action)+", which takes "+kindsOf(action))
		}
	}
	if len(dead) > 0 {
		j.find("ANC317", g.name, "on %s it allows nothing of this: %s", some(quoted(g.Resources), "and"), strings.Join(dead, "; "))
	}
}

// unmet reports whether no action of a pattern takes any of the resources, and
// gives the first.
func (g *grant) unmet(pattern string) (iamactions.Action, bool) {
	var first iamactions.Action
	for a := range g.table.Matching(pattern) {
		if g.meets(a) {
			return iamactions.Action{}, false
		}
		if first.Name == "" {
			first = a
		}
	}
	return first, first.Name != ""
}

func (g *grant) meets(a iamactions.Action) bool {
	if len(a.Resources) == 0 {
		return slices.ContainsFunc(g.resources, func(r resource) bool { return g.meetsUnnamed(r, a) })
	}
	for _, kind := range a.Resources {
		if g.meetsKind(kind.ARN) {
			return true
		}
	}
	return false
}

func (g *grant) meetsKind(arn string) bool {
	met, known := g.met[arn]
	if !known {
		kind := iampolicy.Resources(arn)
		met = slices.ContainsFunc(g.resources, func(r resource) bool { return r.Meets(kind) })
		g.met[arn] = met
	}
	return met
}

// meetsUnnamed reports whether a resource may be that of an action for which
// the reference lists none. Such an action is judged on "*"; many services,
// though, judge theirs on something that the reference keeps to itself, and a
// doubt is no finding:
//
//   - whatever names all of the service is taken for it: AWS's own examples give
//     s3:ListAllMyBuckets the resource arn:aws:s3:::*;
//   - an action that lists is judged on all of a kind: dynamodb:ListTables on
//     table/*, iam:ListRoles on role/ and a path;
//   - one that does something else may take any kind of its service:
//     resource-groups:CreateGroup takes groups.
//
// For some services it is well known that nothing but "*" will do.
func (g *grant) meetsUnnamed(r resource, a iamactions.Action) bool {
	if r.whoever.Covers(iampolicy.Resources("arn:${Partition}:" + a.Service + ":${Region}:${Account}:${Name}")) {
		return true
	}
	switch {
	case slices.Contains([]string{"ec2", "ecr", "kms", "lambda", "s3", "sts"}, a.Service):
		return false
	case a.Service == "ssmmessages": // https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-restrict-access-quickstart.html
		return r.Meets(iampolicy.Resources("arn:${Partition}:ssm:${Region}:${Account}:session/${SessionId}"))
	}
	kinds := g.table.Kinds(a.Service)
	if len(kinds) == 0 {
		kinds = []string{"arn:${Partition}:" + a.Service + ":${Region}:${Account}:${Name}"}
	}
	return slices.ContainsFunc(kinds, func(kind string) bool {
		switch {
		case a.Level != iamactions.List || a.Service == "logs":
			return r.Meets(iampolicy.Resources(kind))
		case a.Service == "iam":
			return r.Meets(iampolicy.Resources(kind+"/")) || r.Meets(iampolicy.Resources(kind).Unnamed(""))
		default:
			return r.Meets(iampolicy.Resources(kind).Unnamed("*")) || r.Meets(iampolicy.Resources(kind).Unnamed(""))
		}
	})
}
