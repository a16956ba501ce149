package prove

import (
	"fmt"
	"slices"

	"anchorctl/internal/estate"
	"anchorctl/internal/gates"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
)

// strangers holds each role against each anchor that is not of its
// environment, whatever a certificate under it says: what foreign CAs sign is
// not known, and what an issuer of ours might sign is more than the workloads
// there are. An anchor of ours that holds something foreign is held against
// the roles of its own environment, too. Foreign anchors and roles among
// themselves are not looked at.
func (m *model) strangers(c *cast) {
	for _, a := range m.stage.anchors {
		strange := c.strange(a.PlacedAnchor)
		for i, one := range m.stage.roles {
			apart := one.environment != a.Environment
			if one.addr.Target.Account == a.at.Account && (apart || strange != "" && a.Environment != "") {
				m.stranger(a, i, strange)
			}
		}
	}
}

// strange says what an anchor holds that is neither ours nor has a key of ours.
func (c *cast) strange(a estate.PlacedAnchor) string {
	for i, cert := range a.Certificates {
		if cert == nil || !a.Known[i].IsZero() {
			continue
		}
		if _, ours := c.byKey[pki.SPKIDigest(cert)]; !ours {
			return "a certificate of " + cert.Subject.String()
		}
	}
	if a.Unreadable != "" {
		return "certificates that it does not show"
	}
	return ""
}

func (m *model) stranger(a anchor, i int, strange string) {
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
	// What a workload of ours gets there is another matter than who else could.
	if row.outcome() != leaking || m.leaked(row) && one.environment != a.Environment {
		return
	}
	l := Leak{
		Kind: KindCertificate, Workload: AnyCertificate, Anchor: row.Anchor, Profile: Every, Role: row.Role, Verdict: row.Verdict,
		Disabled: row.Disabled != "", Rule: "ANC603", Waived: m.waived("ANC603", one.addr), Why: row.Why,
	}
	if one.environment == a.Environment {
		l.Rule, l.Waived, l.Why = "ANC604", false, "the anchor holds "+strange+", and "+row.Why
	}
	m.report.Leaks = append(m.report.Leaks, l)
}

// heirless are issuers without a workload that could be tried: of environments
// that left the configuration, whose certificates live on. Anchors that are not
// theirs must not hold them either.
func (m *model) heirless(c *cast, classes []class) {
	for _, g := range m.stage.scene.Issuers {
		tried := slices.ContainsFunc(classes, func(one class) bool { return one.issuer == g.Addr && one.leaf != nil })
		if g.Environment == "" || g.Certificate == nil || tried || m.stage.scene.Now.After(g.Certificate.NotAfter) {
			continue
		}
		for _, a := range m.stage.anchors {
			if c.holds(a.PlacedAnchor, g.Addr) {
				m.crossing(g.Environment, a)
			}
		}
	}
}

// holds reports whether an anchor holds an issuer, another certificate with its
// key, or a root.
func (c *cast) holds(a estate.PlacedAnchor, issuer plan.Addr) bool {
	for i, cert := range a.Certificates {
		root := a.Known[i].Kind == plan.KindRoot
		if a.Known[i] == issuer || root || cert != nil && c.byKey[pki.SPKIDigest(cert)] == issuer {
			return true
		}
	}
	return false
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
