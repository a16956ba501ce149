package iampolicy

import (
	"maps"
	"slices"
)

// context is the request's context as conditions and variables see it.
type context struct {
	values    map[string][]string // by key in lower case
	unknown   func(key string) bool
	variables bool
}

func newContext(r Request, variables bool) *context {
	c := &context{values: map[string][]string{}, unknown: r.Unknown, variables: variables}
	for _, key := range slices.Sorted(maps.Keys(r.Context)) {
		folded := foldASCII(key)
		c.values[folded] = append(c.values[folded], r.Context[key]...)
	}
	return c
}

// lookup returns the values of a key: none when it is absent, known false when
// the request does not tell. "Context key names are not case-sensitive."
func (c *context) lookup(key string) (values []string, known bool) {
	folded := foldASCII(key)
	values, present := c.values[folded]
	return values, present || c.unknown == nil || !c.unknown(folded)
}

// condition judges one key of one operator.
func (c *context) condition(cond Condition) Check {
	op, ok := ParseOperator(cond.Operator)
	values, known := c.lookup(cond.Key)
	check := Check{Element: "Condition", Operator: cond.Operator, Key: cond.Key,
		Want: cond.Values, Found: values, Present: len(values) > 0, Result: Maybe}
	switch {
	case !ok:
		check.Note = "the operator is unknown"
	case !known:
		check.Note = "the value is not known"
	case len(cond.Values) == 0:
		check.Note = "the condition has no values"
	case op.Name == "Null":
		check.Result = null(cond.Values, values)
	case len(values) == 0:
		check.Result = op.absent()
	case op.Set == SetNone && len(values) > 1:
		// "Multivalued context keys require a condition set operator": what
		// happens without one is not documented.
		check.Note = "the key has several values and the operator no ForAnyValue or ForAllValues"
	case op.Set != SetNone && empty(values):
		check.Result = truth(op.Set == SetAll)
	default:
		check.Result = c.each(op, cond.Values, values)
	}
	if check.Result == Maybe && check.Note == "" {
		check.Note = "a value or variable is malformed or not of the operator's type"
	}
	return check
}

// absent is the verdict on a key that the request does not have.
//
// "If the key that you specify in a policy condition is not present in the
// request context, the values do not match and the condition is false. If the
// policy condition requires that the key is not matched, such as StringNotLike
// or ArnNotLike, and the right key is not present, the condition is true."
// With IfExists it is true. ForAllValues "also returns true if there are no
// keys in the request"; for ForAnyValue and "no matching key or a null
// dataset, the condition returns false".
func (o Operator) absent() Truth {
	switch {
	case o.IfExists:
		return Yes
	case o.Set == SetAll:
		return Yes
	case o.Set == SetAny:
		return No
	}
	return truth(o.Negated)
}

// null is the Null operator: "true (the key doesn't exist, it is null) or
// false (the key exists and its value is not null)".
func null(want, values []string) Truth {
	isNull := empty(values)
	result := No
	for _, w := range want {
		value, ok := truthValue(w)
		switch {
		case !ok:
			result = max(result, Maybe)
		case value == isNull:
			result = Yes
		}
	}
	return result
}

// empty says that there is no value, or "a null dataset, such as an empty
// string".
func empty(values []string) bool {
	for _, v := range values {
		if v != "" {
			return false
		}
	}
	return true
}

// each compares the request's values with the policy's. Several values of the
// policy are alternatives; under a negated operator none may match.
func (c *context) each(op Operator, want, values []string) Truth {
	result := truth(op.Set == SetAll || op.Set == SetNone)
	for _, v := range values {
		one := No
		for _, w := range want {
			one = max(one, op.compare(c, w, v))
		}
		if op.Negated {
			one = not(one)
		}
		if op.Set == SetAny {
			result = max(result, one)
		} else {
			result = min(result, one)
		}
	}
	return result
}
