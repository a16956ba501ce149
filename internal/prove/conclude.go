package prove

import (
	"errors"
	"fmt"
	"strings"

	"anchorctl/internal/hint"
	"anchorctl/internal/rules"
)

// ErrNotProven is what a proof without leaks comes to when it shows nothing.
var ErrNotProven = errors.New("isolation is not proven")

// conclude says what the report comes to: a refusal that names each leak, an
// ErrNotProven, or nothing, and then it is proven.
func (r *Report) conclude() error {
	var leaks []rules.Finding
	for _, l := range r.Leaks {
		if !l.Waived {
			leaks = append(leaks, l.finding())
		}
	}
	if len(leaks) > 0 {
		return &rules.Refusal{Findings: leaks}
	}
	if n := len(r.Blocked); n > 0 {
		return hint.With(fmt.Errorf("%w: %d of the sessions that the configuration grants are denied", ErrNotProven, n),
			`run "anchorctl plan" to see what is not as configured`)
	}
	for _, n := range r.NotTested {
		if n.Open {
			return fmt.Errorf("%w: %s was not tested: %s", ErrNotProven, n.What, n.Why)
		}
	}
	switch {
	case r.Form != Live && r.Totals.Granted == 0:
		return fmt.Errorf("%w: the configuration grants no session, and where all is denied nothing is shown", ErrNotProven)
	case r.Form == Live && r.Totals.Denied == 0 && r.Anchors > 0:
		return hint.With(fmt.Errorf("%w: there was nothing to ask for: of what is there, no session should be denied", ErrNotProven),
			`run "anchorctl prove isolation": the model also judges certificates that nobody has`)
	case r.Form == Live && r.Totals.Denied == 0:
		return hint.With(fmt.Errorf("%w: there was nothing to ask for", ErrNotProven), `run "anchorctl apply" first`)
	}
	r.Proven = true
	return nil
}

// finding says a leak as the rule that it breaks.
func (l Leak) finding() rules.Finding {
	at, evidence := l.Role, l.Workload+" "
	switch l.Kind {
	case KindPath:
		at = l.Anchor
		evidence += "can present its certificate there: " + l.Why
	case KindCertificate:
		if l.Rule == "ANC604" {
			at, evidence = l.Anchor, "some certificate under it could get "+l.Role+": "+l.Why
			break
		}
		evidence = "some certificate under " + l.Anchor + " could get it: " + l.Why
	default:
		gets := "gets it"
		if l.Verdict == Unclear {
			gets = "may get it"
		}
		evidence += gets + " at " + l.Anchor + " by " + l.Profile + ": " + l.Why
	}
	if l.Disabled {
		evidence += "; something on the way is disabled now, and nothing else is"
	}
	f := rules.Find(l.Rule, at, evidence)
	f.Remedy = l.remedy(f.Remedy)
	if l.Waived {
		f.Severity = rules.Warn
	}
	return f
}

// remedy is what to do about a leak, given what its rule says in general: a
// role that is one environment's alone in the configuration is let go by its
// trust policy.
func (l Leak) remedy(general string) string {
	const narrow = `have the role's trust policy name its own environment's anchors and the workloads that may take it, in every statement: "anchorctl check account" shows what each lacks`
	switch {
	case l.Kind == KindPath || l.Rule == "ANC604":
		return general
	case strings.HasPrefix(l.Profile, "arn:"):
		return "find out whose the profile is that hands the role out, and have it deleted or list roles of its own; where the role's trust policy lets in more than the configuration says, narrow it"
	case l.Rule == "ANC603":
		return narrow + "; or waive it with reason, owner and end date"
	default:
		return narrow
	}
}
