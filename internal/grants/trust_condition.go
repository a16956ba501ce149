package grants

import (
	"fmt"
	"slices"
	"strings"

	"anchorctl/internal/iampolicy"
	"anchorctl/internal/rules"
)

// checkConditions: a statement that lets sessions in asks for what has to be
// there (ANC306). Where the statement is pinned, what else it asks about other
// things than the certificate and its anchor is not dangerous.
func checkConditions(j *trustJudgement) {
	for _, s := range j.admitting() {
		pins, _ := j.anchorPins(s)
		strength, _ := certificatePin(s)
		pinned := len(pins) > 0 && strength > pinsNobody
		var grave, mild []string
		for _, c := range s.conditions {
			why := j.hazards(c)
			switch {
			case len(why) == 0:
			case pinned && !aboutSession(c.key):
				mild = append(mild, c.String()+" "+strings.Join(why, ", and "))
			default:
				grave = append(grave, c.String()+" "+strings.Join(why, ", and "))
			}
		}
		if len(grave) > 0 {
			j.find("ANC306", s, grave...)
		}
		if len(mild) > 0 {
			f := j.find("ANC306", s, mild...)
			f.Severity, f.Remedy = rules.Warn, "say it in a Deny statement, where it narrows; the statement is pinned without it"
		}
	}
}

// aboutSession reports whether a key says whose session it is, or through
// which anchor it comes.
func aboutSession(key string) bool {
	for _, prefix := range []string{"aws:principaltag/", "aws:requesttag/", "aws:originidentity/"} {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return slices.Contains([]string{keySourceIdentity, keySessionName, "aws:sourceidentity", "aws:sourcearn", "aws:sourceaccount",
		"aws:sourceorgid", "aws:sourceorgpaths", "aws:principalarn", "aws:principalservicename", "aws:principalservicenameslist",
		"aws:principalisawsservice", "aws:userid"}, key)
}

// hazards say why a condition is met by those it does not name.
func (j *trustJudgement) hazards(c trustCondition) []string {
	var why []string
	if c.op.Negated {
		why = append(why, "is met by all others, and when the value is absent")
	}
	if c.op.IfExists {
		why = append(why, "is met when the value is absent")
	}
	if c.op.Set == iampolicy.SetAll {
		why = append(why, "is met when there are no values at all")
	}
	if c.op.Name == "Null" && slices.ContainsFunc(c.Values, func(v string) bool { return strings.EqualFold(v, "true") }) {
		why = append(why, "is met only when the value is absent")
	}
	for _, v := range c.Values {
		for _, name := range iampolicy.Variables(v) {
			switch {
			case !sameFact(c.key, strings.ToLower(name)):
			case j.version == iampolicy.Version2012:
				why = append(why, fmt.Sprintf("compares the session with itself: %q is met by everybody", v))
			default:
				why = append(why, fmt.Sprintf("has the literal text %q, as a document without Version 2012-10-17 has no variables: it is never met", v))
			}
		}
	}
	return slices.Compact(why)
}

// sameFact reports whether two keys tell the same of a session: a key and
// itself, a tag as the principal's and as the request's, and the common name,
// of which the source identity is made.
func sameFact(a, b string) bool { return fact(a) == fact(b) }

func fact(key string) string {
	for _, prefix := range []string{"aws:principaltag/", "aws:requesttag/"} {
		if rest, found := strings.CutPrefix(key, prefix); found {
			key = "tag/" + rest
			break
		}
	}
	switch key {
	case keySourceIdentity, "aws:sourceidentity", "tag/x509subject/cn":
		return "common name"
	}
	return key
}
