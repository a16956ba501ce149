package denial

import (
	"fmt"
	"slices"
	"strings"

	"anchorctl/internal/iampolicy"
)

// Trust is a statement that decides that a role is not given: an Allow that
// comes nearest to covering the session, or a Deny that covers it.
type Trust struct {
	Statement string   `json:"statement"`
	Effect    string   `json:"effect"`
	Actions   []string `json:"actions"` // those that it decides on
	Says      string   `json:"says"`
	Checks    []Check  `json:"checks"`
}

// Check is one part of the statement.
type Check struct {
	Element  string   `json:"element"` // Principal, Action, Condition and their like
	Operator string   `json:"operator,omitempty"`
	Key      string   `json:"key,omitempty"`
	Wanted   []string `json:"wanted"`
	Found    []string `json:"found"`
	Present  bool     `json:"present"`
	Result   string   `json:"result"` // met, not met, unclear
	Note     string   `json:"note,omitempty"`
}

// trust tells of each denied action which statement decides, and puts together
// those for which it is the same for the same reasons.
func (v view) trust() []Trust {
	out := []Trust{}
	seen := map[string]int{}
	for _, action := range v.e.Decision.Denied {
		reason, found := v.e.Decision.Deciding(action)
		if !found {
			continue
		}
		t := Trust{Statement: reason.Name(), Effect: reason.Effect, Actions: []string{action}, Checks: []Check{}}
		key := t.Statement
		for _, c := range reason.Checks {
			if c.Element == "Resource" && len(c.Want) == 0 && c.Result == iampolicy.Yes {
				continue // a trust policy has none
			}
			key += "\x00" + c.Element + c.Operator + c.Key + result(c.Result)
			t.Checks = append(t.Checks, check(c))
		}
		if i, before := seen[key]; before {
			out[i].Actions = append(out[i].Actions, action)
			continue
		}
		seen[key] = len(out)
		out = append(out, t)
	}
	for i := range out {
		out[i].Says = out[i].words()
	}
	return out
}

func check(c iampolicy.Check) Check {
	return Check{
		Element: c.Element, Operator: c.Operator, Key: c.Key, Wanted: list(c.Want), Found: list(c.Found), Present: c.Present,
		Result: result(c.Result), Note: c.Note,
	}
}

func list(values []string) []string { return append([]string{}, values...) }

// The results of a check.
const (
	met     = "met"
	notMet  = "not met"
	unclear = "unclear"
)

func result(t iampolicy.Truth) string {
	switch t {
	case iampolicy.Yes:
		return met
	case iampolicy.No:
		return notMet
	}
	return unclear
}

// words say in one sentence what the statement does to the session.
func (t Trust) words() string {
	actions := strings.Join(t.Actions, ", ")
	if t.Effect == iampolicy.Deny {
		return fmt.Sprintf("%s denies %s: a Deny wins over every Allow", t.Statement, actions)
	}
	if missing := t.lacks("Action"); missing && len(t.failed()) == 1 {
		return fmt.Sprintf("%s fits, and does not allow %s: %s", t.Statement, actions, why(t.Actions))
	}
	if t.lacks("Principal") {
		return fmt.Sprintf("no statement is for %s; %s is for somebody else", iampolicy.RolesAnywhere, t.Statement)
	}
	return fmt.Sprintf("no statement allows %s; %s comes nearest", actions, t.Statement)
}

// why says what Roles Anywhere needs an action for: a session needs all three.
func why(actions []string) string {
	var reasons []string
	for _, a := range actions {
		switch a {
		case iampolicy.ActionTagSession:
			reasons = append(reasons, "the certificate's names come as session tags")
		case iampolicy.ActionSetSourceIdentity:
			reasons = append(reasons, "the certificate's common name comes as the source identity")
		default:
			reasons = append(reasons, "the session is the assumed role")
		}
	}
	return strings.Join(reasons, ", and ")
}

func (t Trust) failed() []Check {
	return slices.DeleteFunc(slices.Clone(t.Checks), func(c Check) bool { return c.Result == met })
}

// lacks says that an element of the statement, or its opposite, is not met.
func (t Trust) lacks(element string) bool {
	return slices.ContainsFunc(t.failed(), func(c Check) bool { return strings.TrimPrefix(c.Element, "Not") == element })
}
