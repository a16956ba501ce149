package grants

import (
	"fmt"
	"slices"
	"strings"

	"anchorctl/internal/iampolicy"
	"anchorctl/internal/rules"
)

// checkAnchorPinned: what lets sessions in names the trust anchors they may
// come through (ANC304).
func checkAnchorPinned(j *trustJudgement) {
	for _, s := range j.admitting() {
		pins, why := j.anchorPins(s)
		if len(pins) == 0 {
			j.find("ANC304", s, why...).Remedy = "name the anchors in the statement's Condition: " + j.anchorBlock()
			continue
		}
		j.besideAnchors(s, pins)
	}
}

// anchorPins are the ARNs of the first condition that names anchors and
// nothing else; without one, why there is none.
func (j *trustJudgement) anchorPins(s trustStatement) (pins, why []string) {
	asked := false
	for _, c := range s.conditions {
		if c.key != strings.ToLower(iampolicy.KeySourceARN) {
			continue
		}
		asked = true
		wrong := j.anchorFaults(c)
		if len(wrong) == 0 {
			return c.Values, nil
		}
		why = append(why, c.String()+": "+strings.Join(wrong, ", "))
	}
	if asked {
		return nil, why
	}
	why = []string{"no condition on aws:SourceArn: any trust anchor of the account lets its certificates in"}
	for _, c := range s.conditions {
		if c.key == strings.ToLower(iampolicy.KeySourceAccount) && c.demands() {
			why = append(why, c.String()+" names the account, not the anchor")
		}
	}
	return nil, why
}

// anchorFaults say why a condition on aws:SourceArn does not name anchors.
func (j *trustJudgement) anchorFaults(c trustCondition) []string {
	if fault := c.notComparing(); fault != "" {
		return []string{fault}
	}
	var wrong []string
	accounts := map[string]bool{}
	for _, v := range c.Values {
		if fault := c.inexact(v); fault != "" {
			wrong = append(wrong, fault)
			continue
		}
		arn, ok := iampolicy.ParseAnchorARN(v)
		switch {
		case j.Anchors != nil && slices.Contains(j.Anchors, v):
		case !ok:
			wrong = append(wrong, fmt.Sprintf("%q is not the ARN of a trust anchor", v))
		case j.Account != "" && arn.Account != j.Account:
			wrong = append(wrong, fmt.Sprintf("%q is of account %s, the role of %s", v, arn.Account, j.Account))
		case j.Anchors != nil:
			wrong = append(wrong, fmt.Sprintf("%q is not an anchor that may let sessions in here", v))
		}
		if ok {
			accounts[arn.Account] = true
		}
	}
	if len(accounts) > 1 {
		wrong = append(wrong, "the anchors are of several accounts, and a role is taken through those of its own alone")
	}
	return wrong
}

// notComparing says why a condition cannot name anything, whatever its values
// are, or "".
func (c trustCondition) notComparing() string {
	switch name := c.op.Name; {
	case !c.known:
		return fmt.Sprintf("the operator %q is not one of AWS's: what it asks is not met, or not known", c.Operator)
	case !c.demands():
		return fmt.Sprintf("%s is met without the value, too", c.Operator)
	case !slices.Contains([]string{"StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike"}, name):
		return name + " compares no names"
	}
	return ""
}

// besideAnchors warns of what keeps a pinned statement from letting anybody in.
func (j *trustJudgement) besideAnchors(s trustStatement, pins []string) {
	account := ""
	for _, pin := range pins {
		arn, ok := iampolicy.ParseAnchorARN(pin)
		if ok && !arn.Made() {
			f := j.find("ANC304", s, fmt.Sprintf("%q has no identifier as the service makes them, so no anchor has this ARN", pin))
			f.Severity, f.Remedy = rules.Warn, "write the ARN of the anchor as the service gives it"
		}
		account = arn.Account
	}
	for _, c := range s.conditions {
		if c.key == strings.ToLower(iampolicy.KeySourceAccount) && c.demands() && account != "" && !slices.Contains(c.Values, account) && c.plain() {
			f := j.find("ANC304", s, fmt.Sprintf("%s is not met through anchors of account %s: the statement lets nobody in", c, account))
			f.Severity, f.Remedy = rules.Warn, "name the anchors' account: "+block("StringEquals", iampolicy.KeySourceAccount, account)
		}
	}
}

// plain reports whether all values are exact.
func (c trustCondition) plain() bool {
	return !slices.ContainsFunc(c.Values, func(v string) bool { return c.inexact(v) != "" })
}

func (j *trustJudgement) anchorBlock() string {
	anchors := j.Anchors
	if len(anchors) == 0 {
		account := j.Account
		if account == "" {
			account = "ACCOUNT"
		}
		anchors = []string{"arn:aws:rolesanywhere:REGION:" + account + ":trust-anchor/ID"}
	}
	return block("ArnEquals", iampolicy.KeySourceARN, anchors...)
}
