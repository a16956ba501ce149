package wire

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"unicode/utf8"

	"anchorctl/internal/sandbox/limits"
)

// Checks collects failed constraints and words them as AWS does:
// "1 validation error detected: Value 'x' at 'name' failed to satisfy
// constraint: Member must …".
type Checks struct {
	problems []string
}

// Fail records a failed constraint. A nil value is shown as null.
func (c *Checks) Fail(at string, value *string, constraint string) {
	shown := "Value null"
	if value != nil {
		shown = "Value '" + shorten(*value) + "'"
	}
	c.problems = append(c.problems, fmt.Sprintf("%s at '%s' failed to satisfy constraint: %s", shown, at, constraint))
}

// Required holds that a member is there.
func (c *Checks) Required(at string, present bool) {
	if !present {
		c.Fail(at, nil, "Member must not be null")
	}
}

// Text holds the limit's length and pattern for a text that is there.
func (c *Checks) Text(at string, value *string, id limits.ID) {
	if value == nil {
		return
	}
	for _, p := range textProblems(*value, limits.Of(id)) {
		c.Fail(at, value, p)
	}
}

// Secret is Text for members that the model calls sensitive: their value is
// not shown.
func (c *Checks) Secret(at, value string, id limits.ID) {
	for _, p := range textProblems(value, limits.Of(id)) {
		c.problems = append(c.problems, fmt.Sprintf("Value at '%s' failed to satisfy constraint: %s", at, p))
	}
}

// Texts holds a limit for each member of a list, and another for its length.
func (c *Checks) Texts(at string, values []string, length, each limits.ID) {
	c.Len(at, len(values), length)
	l := limits.Of(each)
	for _, v := range values {
		if problems := textProblems(v, l); len(problems) > 0 {
			list := "[" + strings.Join(values, ", ") + "]"
			c.Fail(at, &list, "Member must satisfy constraint: ["+strings.Join(problems, ", ")+"]")
			return
		}
	}
}

// Len holds the length of a list, a map or a blob.
func (c *Checks) Len(at string, n int, id limits.ID) {
	if p := lengthProblem(n, limits.Of(id)); p != "" {
		c.problems = append(c.problems, fmt.Sprintf("Value of length %d at '%s' failed to satisfy constraint: %s", n, at, p))
	}
}

// Number holds a number between the limit's bounds.
func (c *Checks) Number(at string, value *int, id limits.ID) {
	if value == nil {
		return
	}
	l := limits.Of(id)
	shown := fmt.Sprint(*value)
	if *value < l.Min {
		c.Fail(at, &shown, fmt.Sprintf("Member must have value greater than or equal to %d", l.Min))
	}
	if *value > l.Max {
		c.Fail(at, &shown, fmt.Sprintf("Member must have value less than or equal to %d", l.Max))
	}
}

// Enum holds that a text that is there is one of the values.
func (c *Checks) Enum(at string, value *string, values ...string) {
	if value == nil {
		return
	}
	for _, v := range values {
		if *value == v {
			return
		}
	}
	c.Fail(at, value, "Member must satisfy enum value set: ["+strings.Join(values, ", ")+"]")
}

// Err is nil, or the error with all that failed.
func (c *Checks) Err(code string) error {
	switch n := len(c.problems); n {
	case 0:
		return nil
	case 1:
		return Errorf(http.StatusBadRequest, code, "1 validation error detected: %s", c.problems[0])
	default:
		return Errorf(http.StatusBadRequest, code, "%d validation errors detected: %s", n, strings.Join(c.problems, "; "))
	}
}

func textProblems(v string, l limits.Limit) []string {
	var all []string
	if p := lengthProblem(utf8.RuneCountInString(v), l); p != "" {
		all = append(all, p)
	}
	if l.Pattern == "" {
		return all
	}
	if ok, err := regexp.MatchString(`^(?s:`+l.Pattern+`)$`, v); err != nil || !ok {
		// Seen of the service: the pattern of a name is shown with its anchors.
		all = append(all, "Member must satisfy regular expression pattern: ^"+l.Pattern+"$")
	}
	return all
}

func lengthProblem(n int, l limits.Limit) string {
	if n < l.Min {
		return fmt.Sprintf("Member must have length greater than or equal to %d", l.Min)
	}
	if n > l.Max {
		return fmt.Sprintf("Member must have length less than or equal to %d", l.Max)
	}
	return ""
}

func shorten(v string) string {
	const most = 512
	if len(v) <= most {
		return v
	}
	return strings.ToValidUTF8(v[:most], "") + "..."
}
