package iampolicy

import (
	"fmt"
	"slices"
	"strings"
)

// Equal compares documents by meaning. The order of statements and lists, a
// list of one against a string, repeated values, the case of actions and of
// condition keys, an account's two spellings, the two spellings of "everyone",
// the twins ArnEquals and ArnLike, and the Version where no "${" is there to be
// read as a variable or not, do not count. Sids and the Id do.
func Equal(a, b *Document) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.ID == b.ID && a.meaning() == b.meaning()
}

func (d *Document) meaning() string {
	var all []string
	for _, s := range d.Statements {
		all = append(all, s.meaning())
	}
	meaning := set(all)
	if strings.Contains(meaning, "${") {
		return fmt.Sprintf("%t %s", d.variables(), meaning)
	}
	return meaning
}

// meaning is a text that two statements share when they mean the same.
func (s Statement) meaning() string {
	var conditions []string
	for _, c := range s.Conditions {
		conditions = append(conditions, fmt.Sprintf("%q %q %s", twin(c.Operator), foldASCII(c.Key), set(c.Values)))
	}
	return fmt.Sprintf("%q %q %s %s %s %s %s %s %s", s.Sid, s.Effect, s.Principal.meaning(), s.NotPrincipal.meaning(),
		set(lower(s.Actions)), set(lower(s.NotActions)), set(s.Resources), set(s.NotResources), set(conditions))
}

// twin gives operators that "behave identically" one name.
func twin(operator string) string {
	op, ok := ParseOperator(operator)
	if !ok {
		return operator
	}
	name := strings.NewReplacer("ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike").Replace(op.Name)
	if op.IfExists {
		name += "IfExists"
	}
	return op.Set + name
}

func (p *Principals) meaning() string {
	if p == nil {
		return "-"
	}
	aws := slices.Clone(p.AWS)
	if p.All {
		aws = append(aws, "*")
	}
	for i, v := range aws {
		// "the service might convert it to the principal ARN. This does not
		// change the functionality of the policy."
		if account := accountOf(v); account != "" {
			aws[i] = account
		}
	}
	return set(aws) + set(p.Service) + set(p.Federated) + set(p.CanonicalUser)
}

func lower(values []string) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = foldASCII(v)
	}
	return out
}

// set is a text that two lists share when they hold the same values.
func set(values []string) string {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return fmt.Sprintf("%q", slices.Compact(sorted))
}
