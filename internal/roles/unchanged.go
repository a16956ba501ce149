package roles

import (
	"fmt"
	"slices"
	"strings"

	"anchorctl/internal/iampolicy"
)

// Unchanged says, one sentence each, what in a policy depends on the name of
// the issuer and does not follow it from one to the other: the conditions of
// permission and session policies, the conditions of a trust policy that keep
// one of the two out and not the other, and variables for the name.
func Unchanged(document string, kind iampolicy.Kind, from, to string) ([]string, error) {
	doc, err := iampolicy.ParseKind([]byte(document), kind)
	if err != nil {
		return nil, fmt.Errorf("reading the policy: %w", err)
	}
	var all []string
	for _, p := range doc.Places(onIssuerName) {
		old, other := doc.Lists(p.Condition, from), doc.Lists(p.Condition, to)
		if old == other && old != iampolicy.Maybe || kind == iampolicy.TrustKind && !keepsOut(p) {
			continue
		}
		all = append(all, fmt.Sprintf("statement %s: %s on %s %s", p.Where(), p.Operator, p.Key, listed(old, other, from, to)))
	}
	for i, s := range doc.Statements {
		if usesIssuerName(doc, s) {
			where := iampolicy.Place{Statement: i, Sid: s.Sid}.Where()
			all = append(all, fmt.Sprintf("statement %s: a variable stands for the issuer's name, which becomes %q", where, to))
		}
	}
	return all, nil
}

// listed is never asked for two equal answers, but for two Maybe.
func listed(old, other iampolicy.Truth, from, to string) string {
	switch {
	case old == iampolicy.Yes && other == iampolicy.No:
		return fmt.Sprintf("names %q and not %q", from, to)
	case old == iampolicy.No && other == iampolicy.Yes:
		return fmt.Sprintf("names %q and not %q", to, from)
	default:
		return fmt.Sprintf("may tell %q from %q", from, to)
	}
}

// usesIssuerName reports whether a variable for the issuer's name stands in a
// condition's values or in the resources.
func usesIssuerName(doc *iampolicy.Document, s iampolicy.Statement) bool {
	if doc.Version != iampolicy.Version2012 {
		return false // there are no variables then
	}
	texts := slices.Concat(s.Resources, s.NotResources)
	for _, c := range s.Conditions {
		texts = append(texts, c.Values...)
	}
	return slices.ContainsFunc(iampolicy.Variables(strings.Join(texts, "\n")), onIssuerName)
}
