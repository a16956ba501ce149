package iampolicy

import (
	"fmt"
	"strconv"
	"strings"
)

// Explain says in one line why the request is not allowed, or "allowed".
func (d Decision) Explain() string {
	if d.Allowed {
		return "allowed"
	}
	if len(d.Denied) == 0 {
		return "there is nothing to decide"
	}
	action := d.Denied[0]
	deciding, found := d.Deciding(action)
	switch {
	case !found:
		return fmt.Sprintf("no statement allows %s", action)
	case deciding.Effect == Deny:
		return fmt.Sprintf("%s is denied by %s%s", action, deciding.Name(), deciding.open())
	}
	var failed []string
	for _, c := range deciding.Failed() {
		failed = append(failed, c.String())
	}
	return fmt.Sprintf("no statement allows %s; in %s, %s", action, deciding.Name(), strings.Join(failed, ", and "))
}

// Deciding is the reason why an action is not allowed: the first Deny that
// covers the request or may, or else the Allow that is nearest to covering it.
// There is none when the document has no Allow.
func (d Decision) Deciding(action string) (Reason, bool) {
	var nearest *Reason
	for i, r := range d.Why {
		if r.Action != action {
			continue
		}
		if r.Effect == Deny && r.Result != No {
			return r, true
		}
		if r.Effect == Allow && r.Result != Yes && (nearest == nil || r.distance() < nearest.distance()) {
			nearest = &d.Why[i]
		}
	}
	if nearest == nil {
		return Reason{}, false
	}
	return *nearest, true
}

// Failed are the checks that keep the statement from covering the request.
func (r Reason) Failed() []Check {
	var out []Check
	for _, c := range r.Checks {
		if c.Result != Yes {
			out = append(out, c)
		}
	}
	return out
}

// distance is how far a statement is from covering the request: one for
// another principal was never meant for it, one for another action hardly.
func (r Reason) distance() int {
	const principal, action = 1 << 20, 1 << 10
	far := 0
	for _, c := range r.Failed() {
		switch c.Element {
		case "Principal", "NotPrincipal":
			far += principal
		case "Action", "NotAction":
			far += action
		default:
			far++
		}
	}
	return far
}

// Name is what people call the statement: by its Sid, or by its number.
func (r Reason) Name() string {
	if r.Sid != "" {
		return "statement " + r.Sid
	}
	return fmt.Sprintf("statement %d", r.Statement+1)
}

// open tells of a Deny that holds only because something is unclear.
func (r Reason) open() string {
	for _, c := range r.Failed() {
		return ", as " + c.Note
	}
	return ""
}

// String says what was wanted and what was there.
func (c Check) String() string {
	what := c.Element
	if c.Element == "Condition" {
		what = "condition " + c.Operator + " " + c.Key
	}
	found := "it is absent"
	if c.Present {
		found = "found " + list(c.Found)
	}
	if c.Note != "" {
		found = c.Note
	}
	return fmt.Sprintf("%s wants %s: %s", what, list(c.Want), found)
}

func list(values []string) string {
	if len(values) == 0 {
		return "nothing"
	}
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = strconv.Quote(bothEnds(v))
	}
	return strings.Join(quoted, " or ")
}

// bothEnds shortens what is very long. What tells two values apart, as of two
// ARNs, is often their end.
func bothEnds(s string) string {
	const most = 128
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return string(runes[:most/2]) + "…" + string(runes[len(runes)-most/2:])
}
