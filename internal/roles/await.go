package roles

import (
	"fmt"
	"slices"

	"anchorctl/internal/engine"
	"anchorctl/internal/iampolicy"
	"anchorctl/internal/plan"
)

// Await says what has to be installed at a role, and how. The anchors of the pin
// have their ARNs by then.
func (p Pin) Await(live Live) *engine.HeldError {
	const again = `, then run "anchorctl apply" again: it goes on from here`
	held := &engine.HeldError{
		Action: plan.ID(plan.RoleVerify, p.Addr),
		Reason: "the role's trust policy does not hold the statement that pins it to its environment",
	}
	title := "to add to the trust policy, as one more statement"
	stands, replaces := p.inPlace(live.Trust)
	switch {
	case !live.Exists:
		held.Reason = "the role does not exist; its permissions are its team's, so it is not created here"
		title = "the trust policy to create the role with"
		held.Hints = []string{fmt.Sprintf("have %s created with the trust policy shown", p.Addr) + again}
	case replaces:
		held.Reason = fmt.Sprintf("in the role's trust policy, the statement %s is not the one that pins it to its environment now", stands)
		title = fmt.Sprintf("to put in the place of the statement %s in the trust policy", stands)
		held.Hints = []string{fmt.Sprintf("replace the statement %s in the trust policy of %s by the one shown, and leave the others", stands, p.Addr) + again}
	default:
		held.Hints = []string{fmt.Sprintf("add the statement shown to the trust policy of %s, beside what is there", p.Addr) + again}
	}
	held.Documents = []engine.Document{{At: p.Addr.String(), Title: title, Text: string(iampolicy.GenerateTrust(p.Trust()))}}
	return held
}

// inPlace is the statement that the pin takes the place of, as people find it: the
// one with its Sid or, since a team may call it what it likes, one that is a pin of
// the environment but for the anchors and workloads that it names.
func (p Pin) inPlace(trust string) (where string, there bool) {
	doc, err := iampolicy.Parse([]byte(trust))
	if err != nil {
		return "", false
	}
	sid := iampolicy.Sid(p.Environment)
	at := slices.IndexFunc(doc.Statements, func(s iampolicy.Statement) bool { return s.Sid == sid })
	if at < 0 {
		at = slices.IndexFunc(doc.Statements, func(s iampolicy.Statement) bool {
			_, is := pinOf(p.Environment, p.Addr.Target.Account, s)
			return is
		})
	}
	if at < 0 {
		return "", false
	}
	return iampolicy.Place{Sid: doc.Statements[at].Sid, Statement: at}.Where(), true
}
