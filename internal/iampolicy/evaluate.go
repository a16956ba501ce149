package iampolicy

import "slices"

// Request is what a document is asked about.
type Request struct {
	// Principal is who asks. The zero Principal asks an identity policy, whose
	// statements have no Principal.
	Principal Principal
	// Actions are all needed: each has to be allowed.
	Actions []string
	// Resource is the ARN acted upon; empty for a trust policy, whose
	// statements have no Resource.
	Resource string
	// Context holds the values of the context keys; a key that is not in it
	// (or has no values) is absent. Binary values are raw bytes.
	Context map[string][]string
	// Unknown says of a key that is not in Context, given in lower case, that
	// it may be absent or have any value. Nil means that no key is unknown.
	Unknown func(key string) bool
}

// Decision is the verdict on a request.
type Decision struct {
	// Allowed: every action is allowed, with all that is unclear or unknown
	// counted against it.
	Allowed bool
	// Possible: every action could be allowed, with all that is unclear or
	// unknown counted in its favour. Without unknown keys and with nothing
	// unclear it is the same as Allowed.
	Possible bool
	// Denied are the actions that are not allowed.
	Denied []string
	// Why has one reason for each action and statement, in their order.
	Why []Reason
}

// Reason is what one statement says to one action.
type Reason struct {
	Action    string
	Statement int // its index in the document
	Sid       string
	Effect    string
	Result    Truth // whether the statement covers the request
	Checks    []Check
}

// Check is one part of a statement, what it wanted and what was there.
type Check struct {
	Element  string // Principal, NotPrincipal, Action, NotAction, Resource, NotResource, Condition
	Operator string // of a condition
	Key      string // of a condition
	Want     []string
	Found    []string
	Present  bool // the key has a value in the request
	Result   Truth
	Note     string // why the result is Maybe
}

// Evaluate decides a request: an explicit deny wins, and what no statement
// allows is denied.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
func (d *Document) Evaluate(r Request) Decision {
	if d == nil || len(r.Actions) == 0 {
		return Decision{}
	}
	out := Decision{Allowed: true, Possible: true}
	c := newContext(r, d.variables())
	for _, action := range r.Actions {
		allow, deny := No, No
		for i, s := range d.Statements {
			reason := c.statement(s, r, action)
			reason.Statement = i
			out.Why = append(out.Why, reason)
			switch s.Effect {
			case Allow:
				allow = max(allow, reason.Result)
			case Deny:
				deny = max(deny, reason.Result)
			default:
				deny = max(deny, Maybe) // only a document that Parse did not make
			}
		}
		if allow != Yes || deny != No {
			out.Allowed = false
			out.Denied = append(out.Denied, action)
		}
		if allow == No || deny == Yes {
			out.Possible = false
		}
	}
	return out
}

func (c *context) statement(s Statement, r Request, action string) Reason {
	out := Reason{Action: action, Sid: s.Sid, Effect: s.Effect, Result: Yes}
	out.Checks = append(out.Checks, principal(s, r.Principal), c.action(s, action), c.resource(s, r.Resource))
	for _, cond := range s.Conditions {
		out.Checks = append(out.Checks, c.condition(cond))
	}
	for _, check := range out.Checks {
		out.Result = min(out.Result, check.Result)
	}
	return out
}

// Trusts says whether the statement is about the principal: its Principal or
// NotPrincipal covers it.
func (s Statement) Trusts(who Principal) Truth { return principal(s, who).Result }

// Covers says whether the statement is about the action.
func (s Statement) Covers(action string) Truth { return (&context{}).action(s, action).Result }

func principal(s Statement, who Principal) Check {
	out := Check{Element: "Principal", Present: who != Principal{}, Result: Maybe}
	if out.Present {
		out.Found = []string{who.Kind + ":" + who.Value}
	}
	switch {
	case (s.Principal == nil && s.NotPrincipal == nil) != (who == Principal{}):
		out.Note = "a trust policy needs a principal in each statement and an identity policy has none"
	case s.Principal != nil:
		out.Want, out.Result = s.Principal.names(), s.Principal.matches(who)
	case s.NotPrincipal != nil:
		out.Element = "NotPrincipal"
		out.Want, out.Result = s.NotPrincipal.names(), not(s.NotPrincipal.excludes(who))
	default:
		out.Result = Yes
	}
	if out.Result == Maybe && out.Note == "" {
		out.Note = "the principal is not spelled as documented"
	}
	return out
}

// names are the principals in the form "Service:ec2.amazonaws.com".
func (p *Principals) names() []string {
	var all []string
	if p.All {
		all = append(all, "*")
	}
	for _, kind := range []string{AWS, Service, Federated, "CanonicalUser"} {
		values := p.list(kind)
		if kind == AWS {
			values = p.AWS
		}
		for _, v := range values {
			all = append(all, kind+":"+v)
		}
	}
	return all
}

// action compares actions: "The prefix and the action name are case
// insensitive", and a wildcard may stand anywhere in them.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html
func (c *context) action(s Statement, action string) Check {
	out := Check{Element: "Action", Want: s.Actions, Found: []string{action}, Present: true, Result: Maybe}
	literal := &context{} // variables have no place in actions
	covers := func(patterns []string) Truth {
		for _, p := range patterns {
			if match(literal.expand(p, true).elements, []rune(action), ignoringCase) {
				return Yes
			}
		}
		return No
	}
	switch {
	case len(s.Actions) > 0:
		out.Result = covers(s.Actions)
	case len(s.NotActions) > 0:
		out.Element, out.Want = "NotAction", s.NotActions
		out.Result = not(covers(s.NotActions))
	default:
		out.Note = "the statement has no actions"
	}
	return out
}

func (c *context) resource(s Statement, arn string) Check {
	out := Check{Element: "Resource", Want: s.Resources, Present: arn != "", Result: Maybe}
	if arn != "" {
		out.Found = []string{arn}
	}
	has := len(s.Resources) > 0 || len(s.NotResources) > 0
	switch {
	case has != (arn != ""):
		out.Note = "a trust policy has no Resource and every other policy has one"
	case len(s.Resources) > 0:
		out.Result = c.covers(s.Resources, arn)
	case len(s.NotResources) > 0:
		out.Element, out.Want = "NotResource", s.NotResources
		out.Result = c.outside(s.NotResources, arn)
	default:
		out.Result = Yes
	}
	if out.Result == Maybe && out.Note == "" {
		out.Note = "a wildcard or variable is not where the documentation puts it"
	}
	return out
}

func (c *context) covers(patterns []string, arn string) Truth {
	result := No
	for _, p := range patterns {
		result = max(result, c.covered(p, arn))
	}
	return result
}

// outside is NotResource. "The resource that includes a policy variable with
// no value will not match any resource" can be read both ways there.
func (c *context) outside(patterns []string, arn string) Truth {
	for _, p := range patterns {
		if c.expand(p, true).null {
			return Maybe
		}
	}
	return not(c.covers(patterns, arn))
}

// covered compares a resource with one pattern. Wildcards stand "within ARN
// segments (the parts separated by colons)"; whether they may also cross a
// colon is not said clearly, so that is Maybe. Variables may stand "only in
// the resource portion of the ARN", after the fifth colon.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
func (c *context) covered(pattern, arn string) Truth {
	if pattern == "*" {
		return Yes
	}
	e := c.expand(pattern, true)
	switch {
	case e.unclear:
		return Maybe
	case e.null:
		return No
	}
	for _, part := range split(e.elements)[:min(5, len(split(e.elements))-1)] {
		if slices.ContainsFunc(part, func(e element) bool { return e.values }) {
			return Maybe
		}
	}
	if matchARN(e.elements, arn) == Yes {
		return Yes
	}
	if match(e.elements, []rune(arn), exactly) {
		return Maybe
	}
	return No
}
