package prove

import (
	"fmt"

	"anchorctl/internal/estate"
	"anchorctl/internal/gates"
	"anchorctl/internal/iampolicy"
	"anchorctl/internal/rules"
	"anchorctl/internal/scrutiny"
)

// shortest is the shortest session there is: whoever wants in asks for what the
// role allows, so that its length never decides.
const shortest = 900

// InModel judges every tuple of a scene by a model of the service. The form is
// Model for a scene that was looked at, Offline for a draft.
func InModel(s estate.Scene, form string) (Report, error) {
	if err := refused(s); err != nil {
		return Report{}, err
	}
	c, err := newCast(s)
	if err != nil {
		return Report{}, fmt.Errorf("proving isolation: %w", err)
	}
	m := model{tally: newTally(newStage(s), form), certificates: map[string]gates.Anchor{}}
	for _, a := range m.stage.anchors {
		m.certificates[a.Live.ARN] = c.anchor(m.stage, a)
	}
	classes := c.classes(s)
	for _, one := range classes {
		for _, a := range m.stage.anchors {
			m.at(one, a)
		}
	}
	m.heirless(c, classes)
	m.strangers(c)
	m.absent()
	m.report.Notices = append(m.report.Notices, c.notes...)
	m.limits()
	r := m.done()
	return r, r.conclude()
}

// refused: a configuration that the rules refuse grants nothing that AWS could
// be held against.
func refused(s estate.Scene) error {
	if found := scrutiny.JudgeConfig(s.Config, s.Now); rules.Refused(found) {
		return &rules.Refusal{Findings: found}
	}
	return nil
}

// anchor is an anchor as the gates take it, as if it were enabled.
func (c *cast) anchor(s *stage, a anchor) gates.Anchor {
	g := gates.Anchor{ARN: a.Live.ARN, Enabled: true, Certificates: c.plays(a.PlacedAnchor)}
	for _, p := range s.scene.Places {
		for _, crl := range p.CRLs {
			if crl.AnchorARN == a.Live.ARN {
				g.CRLs = append(g.CRLs, gates.CRL{Enabled: crl.Enabled, List: crl.List})
			}
		}
	}
	return g
}

type model struct {
	*tally

	certificates map[string]gates.Anchor // by ARN
}

// at asks for every session that a class can ask for at an anchor.
func (m *model) at(c class, a anchor) {
	whole := Row{Workload: c.workload.String(), Issuer: c.issuer.String(), Anchor: a.name(), Profile: Every, Role: Every, Expected: expectDenied}
	if !a.Live.Enabled {
		whole.Disabled = gates.GateAnchorEnabled
	}
	if gate, why := m.unasked(c, a); gate != "" {
		whole.Verdict, whole.Why = Untested, why
		m.whole(whole, c, a, gate, why)
		return
	}
	certificates := m.certificates[a.Live.ARN]
	request := gates.Session{
		Leaf: c.leaf, Chain: c.chain, Account: a.at.Account, Region: a.at.Region, Anchor: &certificates, Now: m.stage.scene.Now,
	}
	presented := gates.Present(request)
	if result, refused := presented.Refused(); refused {
		last := result.Last()
		whole.Verdict, whole.Gate = Denied, last.Name
		m.whole(whole, c, a, last.Name, last.Detail)
		return
	}
	m.crossing(c.workload.Environment, a)
	m.elsewhere(whole, presented, a)
	for _, p := range m.stage.here(a.at) {
		m.by(c, a, p, presented)
	}
}

// unasked says why nothing can be asked for with a class at an anchor, and at
// which gate a session then fails.
func (m *model) unasked(c class, a anchor) (gate, why string) {
	switch {
	case c.without != "":
		m.untested(c.workload.String(), "it can get no certificate: "+c.without, false)
		return gates.GateVersion, c.without
	case a.Unreadable != "":
		m.untested("certificates at "+a.name(), a.Unreadable+"; its roles are held against any certificate", false)
		return gates.GatePath, a.Unreadable
	}
	return "", ""
}

// whole records that nothing is granted at an anchor. What the configuration
// grants there stays a tuple of its own.
func (m *model) whole(row Row, c class, a anchor, gate, why string) {
	rest := m.per(len(m.stage.profiles), nil)
	for _, p := range m.stage.here(a.at) {
		for _, i := range p.listed {
			one := m.stage.roles[i]
			if m.stage.expected(c, a, p, one) != expectDenied {
				rest[one.environment]--
				m.tuple(c, a, p, one, Row{Verdict: Denied, Gate: gate, Disabled: row.Disabled, Why: why})
			}
		}
	}
	m.row(row, rest)
}

// per counts tuples by the environment of their role: n of every role, but for
// those listed.
func (m *model) per(n int, listed []int) map[string]int {
	per := map[string]int{}
	for _, one := range m.stage.roles {
		per[one.environment] += n
	}
	for _, i := range listed {
		per[m.stage.roles[i].environment] -= n
	}
	return per
}

// elsewhere asks for every profile of another account and region: all that a
// session uses lies in one.
func (m *model) elsewhere(row Row, presented gates.Presented, a anchor) {
	n := 0
	for _, p := range m.stage.elsewhere(a.at) {
		result := presented.Ask(gates.Session{Profile: p.open(), RoleARN: a.Live.ARN})
		if result.Last().Name == gates.GateProfile && !result.Granted {
			n++
			continue
		}
		row.Profile, row.Verdict, row.Gate, row.Why = p.name(), Unclear, "", "a profile of another account or region is taken"
		m.row(row, m.per(1, nil))
	}
	if n == 0 {
		return
	}
	row.Profile, row.Verdict, row.Gate = Elsewhere, Denied, gates.GateProfile
	m.row(row, m.per(n, nil))
}

// by asks for every role by one profile.
func (m *model) by(c class, a anchor, p profile, presented gates.Presented) {
	disabled := ""
	switch {
	case !a.Live.Enabled:
		disabled = gates.GateAnchorEnabled
	case !p.Live.Enabled:
		disabled = gates.GateProfileEnabled
	}
	for _, i := range p.listed {
		row := m.ask(c, a, p, m.stage.roles[i], presented)
		row.Disabled = disabled
		m.tuple(c, a, p, m.stage.roles[i], row)
	}
	if p.other < 0 {
		return
	}
	// Which of the roles it does not list is asked for makes no difference.
	row := m.ask(c, a, p, m.stage.roles[p.other], presented)
	row.Workload, row.Issuer, row.Anchor, row.Profile, row.Role = c.workload.String(), c.issuer.String(), a.name(), p.name(), Unlisted
	row.Expected, row.Disabled = expectDenied, disabled
	m.row(row, m.per(1, p.listed))
}

// ask asks for one role.
func (m *model) ask(c class, a anchor, p profile, one role, presented gates.Presented) Row {
	listed := m.stage.lists(p, one)
	if one.unread != "" && listed {
		m.untested(one.addr.String(), one.unread, !m.waived("ANC603", one.addr))
		return Row{Verdict: Untested, Why: one.unread}
	}
	request := gates.Session{Profile: p.whole(), RoleARN: one.arn, Role: one.gate()}
	if m.stage.expected(c, a, p, one) == expectDenied {
		seconds := shortest
		request.Profile, request.DurationSeconds = p.open(), &seconds
	}
	result := presented.Ask(request)
	last := result.Last()
	switch {
	case result.Granted:
		return Row{Verdict: Granted, Why: allowing(result.Decision)}
	case last.Name == gates.GateTrust && (result.Decision.Possible || len(result.Decision.Why) == 0):
		return Row{Verdict: Unclear, Gate: last.Name, Why: "the documentation leaves open whether it is denied: " + last.Detail}
	}
	return Row{Verdict: Denied, Gate: last.Name, Why: last.Detail}
}

func (s *stage) lists(p profile, one role) bool {
	for _, i := range p.listed {
		if s.roles[i].arn == one.arn {
			return true
		}
	}
	return false
}

// allowing names the statement that lets a session in.
func allowing(d iampolicy.Decision) string {
	for _, reason := range d.Why {
		if reason.Effect == iampolicy.Allow && reason.Result == iampolicy.Yes {
			return reason.Name() + " of its trust policy allows it"
		}
	}
	return "its trust policy allows it"
}
