package prove

import (
	"fmt"
	"strings"

	"anchorctl/internal/gates"
)

// crossing records that a class's certificate leads to an anchor that is not
// of its environment. The roles may still refuse it; that it gets there leaves
// only them between two environments.
func (m *model) crossing(c class, a anchor) {
	if a.Environment == c.workload.Environment {
		return
	}
	l := Leak{
		Kind: KindPath, Workload: "every workload of " + c.workload.Environment, Anchor: a.name(), Verdict: Granted,
		Disabled: !a.Live.Enabled, Rule: "ANC604",
	}
	var held []string
	for i, known := range a.Known {
		switch {
		case known.IsZero():
			held = append(held, "a certificate of "+a.Certificates[i].Subject.String())
		default:
			held = append(held, known.String())
		}
		if !known.IsZero() && known.Environment == "" {
			l.Rule = "ANC101"
		}
	}
	if a.Addr.IsZero() && l.Rule == "ANC604" {
		l.Rule = "ANC601"
	}
	l.Why = "the anchor holds " + strings.Join(held, " and ")
	for _, known := range m.report.Leaks {
		if known == l {
			return
		}
	}
	m.report.Leaks = append(m.report.Leaks, l)
}

// strangers holds each role against each anchor that is not of its
// environment, whatever a certificate under it says: what foreign CAs sign is
// not known, and what an issuer of ours might sign is more than the workloads
// there are. Foreign anchors and roles among themselves are not looked at.
func (m *model) strangers() {
	for _, a := range m.stage.anchors {
		for i, one := range m.stage.roles {
			if one.addr.Target.Account == a.at.Account && one.environment != a.Environment {
				m.stranger(a, i)
			}
		}
	}
}

func (m *model) stranger(a anchor, i int) {
	one := m.stage.roles[i]
	row := Row{Workload: AnyCertificate, Anchor: a.name(), Profile: Every, Role: name(one.addr, one.arn), Expected: expectDenied}
	listed, enabled := m.listing(a, i)
	switch {
	case !a.Live.Enabled:
		row.Disabled = gates.GateAnchorEnabled
	case listed && !enabled:
		row.Disabled = gates.GateProfileEnabled
	}
	switch {
	case !listed:
		row.Verdict, row.Gate = Denied, gates.GateRoleListed
	case one.unread != "":
		m.untested(one.addr.String(), one.unread, !m.waived("ANC603", one.addr))
		row.Verdict, row.Why = Untested, one.unread
	case !one.live.Exists:
		row.Verdict, row.Gate = Denied, gates.GateRole
	default:
		row.Verdict, row.Gate, row.Why = wouldAccept(one, a)
	}
	m.row(row, map[string]int{one.environment: 1})
	if row.outcome() == leaking && !m.leaked(row) {
		m.report.Leaks = append(m.report.Leaks, Leak{
			Kind: KindCertificate, Workload: AnyCertificate, Anchor: row.Anchor, Profile: Every, Role: row.Role, Verdict: row.Verdict,
			Disabled: row.Disabled != "", Rule: "ANC603", Waived: m.waived("ANC603", one.addr), Why: row.Why,
		})
	}
}

func wouldAccept(one role, a anchor) (verdict, gate, why string) {
	accepts, why, err := gates.WouldAccept(one.live.Trust, a.Live.ARN, a.at.Account)
	switch {
	case err != nil:
		return Unclear, gates.GateTrust, fmt.Sprintf("its trust policy cannot be judged: %v", err)
	case accepts:
		return Granted, "", why
	}
	return Denied, gates.GateTrust, why
}

// listing says whether a profile at the anchor's place lists the role, and
// whether one that is enabled does.
func (m *model) listing(a anchor, i int) (listed, enabled bool) {
	for _, p := range m.stage.here(a.at) {
		for _, j := range p.listed {
			if i == j {
				listed, enabled = true, enabled || p.Live.Enabled
			}
		}
	}
	return listed, enabled
}

// leaked reports whether a workload that is known gets the role at the anchor:
// that says more.
func (m *model) leaked(row Row) bool {
	for _, l := range m.report.Leaks {
		if l.Kind == KindSession && l.Anchor == row.Anchor && l.Role == row.Role {
			return true
		}
	}
	return false
}

// limits notes what of the scene could not be looked at.
func (m *model) limits() {
	for _, at := range m.stage.scene.Closed {
		m.untested(at.String(), "it left anchorctl.yaml and could not be opened", false)
	}
	for _, p := range m.stage.scene.Places {
		if p.CRLsUnread != "" && m.report.Form != Offline {
			m.untested("revocation lists at "+p.Target.String(), p.CRLsUnread, false)
		}
	}
}
