package grants

import (
	"fmt"
	"slices"
	"strings"

	"anchorctl/internal/iamactions"
	"anchorctl/internal/iampolicy"
)

// fewActions is below how many actions a service is so small that patterns may
// well match all of it by accident.
const fewActions = 10

// wholeServices says of which services the statement allows every action. The
// patterns are judged by what they match, not by how they are written: "s3:?*"
// is "s3:*", and so is one pattern for each letter of the alphabet.
func (g *grant) wholeServices() []string {
	var found []string
	whole := map[string]bool{}
	for _, text := range g.Actions {
		pattern := actionGlob(text)
		if pattern.Everything() || pattern.Covers(actionGlob("?*:?*")) {
			return []string{fmt.Sprintf("%q: every action of every service", text)}
		}
		var services []string
		for _, service := range g.services(text) {
			// A quick look first: what matches all names matches a strange one.
			if !whole[service] && iamactions.Match(strings.ToLower(text), service+":~") && pattern.Covers(actionGlob(service+":?*")) {
				whole[service] = true
				services = append(services, service)
			}
		}
		if len(services) > 0 {
			found = append(found, fmt.Sprintf("%q: every action of %s", shortened(text), some(services, "and")))
		}
	}
	return append(found, g.together(whole)...)
}

// together are the services that all patterns of the statement cover together.
func (g *grant) together(whole map[string]bool) []string {
	var found []string
	for _, service := range g.patternServices() {
		if whole[service] {
			continue
		}
		if actions := g.table.Actions(service); len(actions) >= fewActions && !slices.ContainsFunc(actions, g.leavesOut) {
			found = append(found, fmt.Sprintf("all %d actions of %s, by several patterns", len(actions), service))
		}
	}
	return found
}

// patternServices are those that patterns of the statement can mean.
func (g *grant) patternServices() []string {
	var services []string
	for _, text := range g.Actions {
		if !named(text) {
			return g.table.Services()
		}
		if wildcards(text) {
			services = append(services, g.services(text)...)
		}
	}
	slices.Sort(services)
	return slices.Compact(services)
}

// services are those that a pattern may mean: the one it names, or all that the
// table knows.
func (g *grant) services(pattern string) []string {
	if named(pattern) {
		prefix, _, _ := strings.Cut(strings.ToLower(pattern), ":")
		return []string{prefix}
	}
	return g.table.Services()
}

func actionGlob(pattern string) iampolicy.Glob { return new(iampolicy.Document).Glob(pattern) }

func wildcards(pattern string) bool { return strings.ContainsAny(pattern, "*?") }

// includes reports whether the statement allows an action, by its whole name.
func (g *grant) includes(action string) bool {
	action = strings.ToLower(action)
	return slices.ContainsFunc(g.folded, func(pattern string) bool { return iamactions.Match(pattern, action) }) != (len(g.NotActions) > 0)
}

func (g *grant) leavesOut(a iamactions.Action) bool { return !g.includes(a.String()) }

// takes reports whether an action must be given resources. Those that list, and
// can be given a resource to list less, are right with "*"; so are those whose
// only resource stands for all of an account.
func takes(a iamactions.Action) bool {
	optional := !slices.ContainsFunc(a.Resources, func(r iamactions.Resource) bool { return r.Required })
	switch {
	case len(a.Resources) == 0:
		return false
	case optional && len(a.Resources) == 1:
		return a.Level != iamactions.List && !slices.ContainsFunc(accountWide(), func(kind string) bool {
			return strings.Contains(a.Resources[0].ARN, kind)
		})
	default:
		return true
	}
}

// accountWide are kinds of resources that nobody has to name: data that is not
// in a dataset of its own, costs that are not in a view, the one hub.
func accountWide() []string {
	return []string{":cloudwatch:${Region}:${Account}:dataset/", ":billingview/", ":hub/default", ":federated-user/"}
}
