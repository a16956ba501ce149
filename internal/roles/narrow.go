package roles

import (
	"encoding/json"
	"slices"
	"strings"

	"anchorctl/internal/iampolicy"
	"anchorctl/internal/plan"
)

// Narrows reports whether the writing of a pin only takes trust away: every
// statement that lets somebody in afterwards was there before, or one of its Sid
// that let in at least as many, and nothing that denied is gone. That some other
// statement lets in even more does not count: it may go, and the pin stays.
func Narrows(a plan.Action) bool {
	var before, after Fields
	if json.Unmarshal(a.Before, &before) != nil || json.Unmarshal(a.After, &after) != nil {
		return false
	}
	from, err := iampolicy.Parse(before.Trust)
	if err != nil {
		return false
	}
	to, err := iampolicy.Parse(after.Trust)
	if err != nil || to.Version != from.Version {
		return false
	}
	for _, s := range to.Statements {
		if s.Effect == iampolicy.Allow && !slices.ContainsFunc(from.Statements, func(old iampolicy.Statement) bool { return covers(old, s) }) {
			return false
		}
	}
	for _, s := range from.Statements {
		if s.Effect == iampolicy.Deny && !slices.ContainsFunc(to.Statements, func(kept iampolicy.Statement) bool { return same(s, kept) }) {
			return false
		}
	}
	return true
}

// covers reports whether an Allow statement lets in whomever another of its Sid
// does: it is equal but for conditions, and each of its conditions is one of the
// other's that asks for the same or for fewer values.
func covers(wide, narrow iampolicy.Statement) bool {
	bare := func(s iampolicy.Statement) iampolicy.Statement {
		s.Conditions = nil
		return s
	}
	if !same(bare(wide), bare(narrow)) {
		return false
	}
	for _, c := range wide.Conditions {
		if !slices.ContainsFunc(narrow.Conditions, func(n iampolicy.Condition) bool { return asksLess(c, n) }) {
			return false
		}
	}
	return true
}

// asksLess reports whether whoever meets narrow meets wide.
func asksLess(wide, narrow iampolicy.Condition) bool {
	if wide.Operator != narrow.Operator || !strings.EqualFold(wide.Key, narrow.Key) {
		return false
	}
	// Of these, a condition with fewer values lets in fewer; of negated ones more.
	positive := slices.Contains([]string{"StringEquals", "StringLike", "ArnEquals", "ArnLike"}, wide.Operator)
	among := func(v string) bool { return slices.Contains(wide.Values, v) }
	if !positive && len(wide.Values) != len(narrow.Values) {
		return false
	}
	return !slices.ContainsFunc(narrow.Values, func(v string) bool { return !among(v) })
}

func same(a, b iampolicy.Statement) bool {
	document := func(s iampolicy.Statement) *iampolicy.Document {
		return &iampolicy.Document{Version: iampolicy.Version2012, Statements: []iampolicy.Statement{s}}
	}
	return iampolicy.Equal(document(a), document(b))
}
