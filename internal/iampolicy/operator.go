package iampolicy

import (
	"encoding/base64"
	"math/big"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// The set operators in front of an operator's name.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
const (
	SetNone = ""
	SetAny  = "ForAnyValue:"
	SetAll  = "ForAllValues:"
)

// Operator is a condition operator taken apart.
type Operator struct {
	Set      string // SetNone, SetAny or SetAll
	Name     string // "StringEquals"
	IfExists bool
	Negated  bool
	compare  func(c *context, policy, request string) Truth
}

// ParseOperator reads a condition operator as a policy writes it. Spelling is
// exact: what is spelled in another way is unknown.
func ParseOperator(text string) (Operator, bool) {
	op := Operator{Name: text}
	for _, set := range []string{SetAny, SetAll} {
		if rest, found := strings.CutPrefix(op.Name, set); found {
			op.Set, op.Name = set, rest
			break
		}
	}
	op.Name, op.IfExists = strings.CutSuffix(op.Name, "IfExists")
	if op.Name == "Null" {
		// "You can add IfExists to the end of any condition operator name
		// except the Null condition."
		return op, op.Set == SetNone && !op.IfExists
	}
	op.compare, op.Negated = comparison(op.Name)
	return op, op.compare != nil
}

// Respell finds the operator that was meant by a text of other letters:
// "stringequals" is meant as "StringEquals". What AWS makes of such a text is
// not documented.
func Respell(text string) (string, bool) {
	out := ""
	rest := text
	for _, set := range []string{SetAny, SetAll} {
		if after, found := cutFold(rest, set); found {
			out, rest = set, after
			break
		}
	}
	suffix := ""
	if n := len(rest) - len("IfExists"); n > 0 && foldASCII(rest[n:]) == "ifexists" {
		rest, suffix = rest[:n], "IfExists"
	}
	for _, name := range operatorNames() {
		if foldASCII(name) == foldASCII(rest) {
			return out + name + suffix, true
		}
	}
	return "", false
}

func operatorNames() []string {
	names := []string{"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike",
		"ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "Null"}
	for _, kind := range []string{"Numeric", "Date"} {
		for _, order := range []string{"Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"} {
			names = append(names, kind+order)
		}
	}
	return names
}

// comparison is the list of operators of
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
func comparison(name string) (compare func(c *context, policy, request string) Truth, negated bool) {
	switch name {
	case "StringEquals":
		return stringEquals, false
	case "StringNotEquals":
		return stringEquals, true
	case "StringEqualsIgnoreCase":
		return stringEqualsIgnoreCase, false
	case "StringNotEqualsIgnoreCase":
		return stringEqualsIgnoreCase, true
	case "StringLike":
		return stringLike, false
	case "StringNotLike":
		return stringLike, true
	case "ArnEquals", "ArnLike":
		return arnLike, false
	case "ArnNotEquals", "ArnNotLike":
		return arnLike, true
	case "Bool":
		return boolean, false
	case "BinaryEquals":
		return binaryEquals, false
	case "IpAddress":
		return ipAddress, false
	case "NotIpAddress":
		return ipAddress, true
	}
	if order, found := strings.CutPrefix(name, "Numeric"); found {
		return ordered(numbers, order)
	}
	if order, found := strings.CutPrefix(name, "Date"); found {
		return ordered(dates, order)
	}
	return nil, false
}

// ordered makes the operators that compare by size. order tells how the
// request's value stands to the policy's.
func ordered(order func(request, policy string) (int, bool), name string) (func(*context, string, string) Truth, bool) {
	var fits func(int) bool
	negated := false
	switch name {
	case "Equals":
		fits = func(o int) bool { return o == 0 }
	case "NotEquals":
		fits = func(o int) bool { return o == 0 }
		negated = true
	case "LessThan":
		fits = func(o int) bool { return o < 0 }
	case "LessThanEquals":
		fits = func(o int) bool { return o <= 0 }
	case "GreaterThan":
		fits = func(o int) bool { return o > 0 }
	case "GreaterThanEquals":
		fits = func(o int) bool { return o >= 0 }
	default:
		return nil, false
	}
	return func(_ *context, policy, request string) Truth {
		o, ok := order(request, policy)
		if !ok {
			return Maybe
		}
		return truth(fits(o))
	}, negated
}

func (c *context) stringMatch(policy, request string, wildcards bool, same letters) Truth {
	e := c.expand(policy, wildcards)
	switch {
	case e.unclear:
		return Maybe
	case e.null:
		return No
	}
	return truth(match(e.elements, []rune(request), same))
}

func stringEquals(c *context, policy, request string) Truth {
	return c.stringMatch(policy, request, false, exactly)
}

// stringEqualsIgnoreCase: which letters outside of ASCII differ by case alone
// is not documented.
func stringEqualsIgnoreCase(c *context, policy, request string) Truth {
	result := c.stringMatch(policy, request, false, ignoringCase)
	if result == No && c.stringMatch(policy, request, false, ignoringAnyCase) != No {
		return Maybe
	}
	return result
}

func stringLike(c *context, policy, request string) Truth {
	return c.stringMatch(policy, request, true, exactly)
}

func arnLike(c *context, policy, request string) Truth {
	e := c.expand(policy, true)
	switch {
	case e.unclear:
		return Maybe
	case e.null:
		return No
	}
	return matchARN(e.elements, request)
}

// boolean takes no variables: the guide's two pages about them disagree
// whether Bool does, so a variable is Maybe.
func boolean(_ *context, policy, request string) Truth {
	want, ok := truthValue(policy)
	have, known := truthValue(request)
	if !ok || !known {
		return Maybe
	}
	return truth(want == have)
}

func truthValue(s string) (value, ok bool) {
	return strings.EqualFold(s, "true"), strings.EqualFold(s, "true") || strings.EqualFold(s, "false")
}

// binaryEquals "compares the value of the specified key byte for byte against
// a base-64 encoded representation of the binary value in the policy".
func binaryEquals(_ *context, policy, request string) Truth {
	want, err := base64.StdEncoding.DecodeString(policy)
	if err != nil {
		return Maybe
	}
	return truth(string(want) == request)
}

func ipAddress(_ *context, policy, request string) Truth {
	have, err := netip.ParseAddr(request)
	if err != nil {
		return Maybe
	}
	have = have.Unmap()
	if strings.Contains(policy, "/") {
		prefix, err := netip.ParsePrefix(policy)
		if err != nil {
			return Maybe
		}
		return truth(prefix.Contains(have))
	}
	want, err := netip.ParseAddr(policy)
	if err != nil {
		return Maybe
	}
	return truth(want.Unmap() == have)
}

func numbers(request, policy string) (int, bool) {
	a, okA := number(request)
	b, okB := number(policy)
	if !okA || !okB {
		return 0, false
	}
	return a.Cmp(b), true
}

// number reads "an integer or decimal value". Exponents are not among them,
// and would let a short text ask for much memory.
func number(s string) (*big.Rat, bool) {
	const longest = 64
	digits := strings.TrimLeft(s, "+-")
	if len(s) > longest || len(s)-len(digits) > 1 || digits == "" || digits[0] == '.' {
		return nil, false
	}
	if strings.Trim(digits, "0123456789.") != "" {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

func dates(request, policy string) (int, bool) {
	a, okA := date(request)
	b, okB := date(policy)
	if !okA || !okB {
		return 0, false
	}
	return a.Compare(b), true
}

// date reads the forms of https://www.w3.org/TR/NOTE-datetime and seconds
// since 1970. Four digits could be a year or seconds: they are neither.
func date(s string) (time.Time, bool) {
	for _, layout := range []string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04Z07:00", "2006-01-02", "2006-01"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	const year, latest = 4, 12
	if len(s) <= year || len(s) > latest || strings.Trim(s, "0123456789") != "" {
		return time.Time{}, false
	}
	seconds, err := strconv.ParseInt(s, 10, 64)
	return time.Unix(seconds, 0), err == nil
}
