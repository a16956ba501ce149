package iampolicy

import (
	"strings"
	"unicode/utf8"
)

// Truth is a three-valued verdict. Maybe is what the documentation does not
// settle or what the request does not tell.
type Truth int

// The three verdicts, in the order that makes "and" the least and "or" the
// greatest of them (Kleene's logic).
const (
	No Truth = iota
	Maybe
	Yes
)

func (t Truth) String() string { return [...]string{"no", "maybe", "yes"}[t] }

func not(t Truth) Truth { return Yes - t }

func truth(b bool) Truth {
	if b {
		return Yes
	}
	return No
}

// element is one place of a pattern: a character or a wildcard.
type element struct {
	char   rune
	wild   bool // char is '*' or '?' and stands for others
	values bool // from the value of a variable, not from the policy's text
}

// expansion is a policy's string with its variables replaced.
type expansion struct {
	elements []element
	null     bool // a variable without a value: there is nothing equal or like it
	unclear  bool // malformed, multi-valued or unknown
}

// expand replaces the variables of a policy's string. With wildcards, * and ?
// of the policy's own text stand for other characters.
//
// "When policy variables reference a condition context key that has no value
// or is not present […] the value is effectively null."
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
func (c *context) expand(text string, wildcards bool) expansion {
	var out expansion
	for text != "" {
		if c.variables && strings.HasPrefix(text, "${") {
			name, fallback, rest, ok := variable(text)
			if !ok {
				out.unclear = true
				return out
			}
			text = rest
			c.substitute(&out, name, fallback, wildcards)
			continue
		}
		char, size := utf8.DecodeRuneInString(text)
		out.elements = append(out.elements, element{char: char, wild: wildcards && (char == '*' || char == '?')})
		text = text[size:]
	}
	return out
}

// substitute adds the value of one variable.
func (c *context) substitute(out *expansion, name string, fallback *string, wildcards bool) {
	var value string
	switch values, known := c.lookup(name); {
	case name == "*" || name == "?" || name == "$":
		value = name
	case !known, len(values) > 1, !strings.Contains(name, ":"):
		// "You can't use a multivalued condition key as a variable."
		out.unclear = true
		return
	case len(values) == 1 && values[0] != "":
		value = values[0]
		// Whether a wildcard inside a value is one is not documented.
		if wildcards && strings.ContainsAny(value, "*?") {
			out.unclear = true
		}
	case fallback != nil:
		value = *fallback
		if wildcards && strings.ContainsAny(value, "*?") {
			out.unclear = true
		}
	default:
		out.null = true
		return
	}
	for _, char := range value {
		out.elements = append(out.elements, element{char: char, values: true})
	}
}

// Variables are the keys that the variables in a policy's string name, in
// order. What begins like a variable and is none that can be read is named "".
func Variables(text string) []string {
	var names []string
	for {
		_, after, found := strings.Cut(text, "${")
		if !found {
			return names
		}
		name, _, rest, ok := variable("${" + after)
		if !ok {
			// What AWS makes of white space around a name is not documented.
			inner, _, _ := strings.Cut(after, "}")
			inner, _, _ = strings.Cut(inner, ",")
			name, rest = strings.TrimSpace(inner), after
		}
		names, text = append(names, name), rest
	}
}

// variable takes a variable from the front of text: ${name} or
// ${name, 'default'}, or one of ${*}, ${?} and ${$}.
func variable(text string) (name string, fallback *string, rest string, ok bool) {
	body := text[len("${"):]
	end := strings.IndexAny(body, "},'{")
	if end <= 0 {
		return "", nil, "", false
	}
	name, rest = body[:end], body[end:]
	if name != strings.TrimSpace(name) {
		return "", nil, "", false
	}
	if rest[0] == '}' {
		return name, nil, rest[1:], true
	}
	value, found := strings.CutPrefix(rest, ", '")
	if !found {
		return "", nil, "", false
	}
	value, rest, found = strings.Cut(value, "'}")
	if !found || strings.Contains(value, "'") {
		return "", nil, "", false
	}
	return name, &value, rest, true
}

// letters says which characters count as the same.
type letters func(a, b rune) bool

func exactly(a, b rune) bool { return a == b }

// ignoringCase is for ASCII letters, of which names are made.
func ignoringCase(a, b rune) bool { return lowerASCII(a) == lowerASCII(b) }

func ignoringAnyCase(a, b rune) bool { return strings.EqualFold(string(a), string(b)) }

func lowerASCII(r rune) rune {
	if 'A' <= r && r <= 'Z' {
		return r + ('a' - 'A')
	}
	return r
}

// foldASCII makes ASCII letters lower case and no others: the Kelvin sign is
// no k.
func foldASCII(s string) string { return strings.Map(lowerASCII, s) }

// match says whether a value is what the pattern describes.
func match(pattern []element, value []rune, same letters) bool {
	p, v, star, mark := 0, 0, -1, 0
	for v < len(value) {
		switch {
		case p < len(pattern) && pattern[p].wild && pattern[p].char == '*':
			star, mark = p, v
			p++
		case p < len(pattern) && (pattern[p].wild || same(pattern[p].char, value[v])):
			p++
			v++
		case star >= 0:
			mark++
			p, v = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p].wild && pattern[p].char == '*' {
		p++
	}
	return p == len(pattern)
}

// split cuts a pattern at the colons of the policy's own text into at most six
// parts, as an ARN has them.
func split(pattern []element) [][]element {
	var parts [][]element
	start := 0
	for i, e := range pattern {
		if e.char == ':' && !e.wild && !e.values && len(parts) < 5 {
			parts = append(parts, pattern[start:i])
			start = i + 1
		}
	}
	return append(parts, pattern[start:])
}

// matchARN compares the six colon-delimited components of an ARN one by one.
// "Each of the six colon-delimited components of the ARN is checked separately
// and each can include multi-character match wildcards (*) or single-character
// match wildcards (?)."
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN
func matchARN(pattern []element, arn string) Truth {
	want, have := split(pattern), strings.SplitN(arn, ":", 6)
	if len(want) != 6 || len(have) != 6 {
		return Maybe
	}
	for i := range want {
		if !match(want[i], []rune(have[i]), exactly) {
			return No
		}
	}
	return Yes
}
