package prove

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"anchorctl/internal/gates"
	"anchorctl/internal/plan"
	"anchorctl/internal/rules"
)

// tally collects rows and what follows from them.
type tally struct {
	stage  *stage
	report Report
	lines  map[[2]string]*Line
	seen   map[grant]bool // grants that a row was made for
	open   map[string]NotTested
}

func newTally(s *stage, form string) *tally {
	t := &tally{stage: s, lines: map[[2]string]*Line{}, seen: map[grant]bool{}, open: map[string]NotTested{}}
	t.report = Report{
		Form: form, At: s.scene.Now.UTC().Truncate(time.Second), Workloads: s.workloads(), Anchors: len(s.anchors), Profiles: len(s.profiles), Roles: len(s.roles),
		Totals: newCounts(), Matrix: []Line{}, Leaks: []Leak{}, Blocked: []Blocked{}, Rows: []Row{}, NotTested: []NotTested{},
		Notices: append([]string{}, s.scene.Notices...), Findings: append([]rules.Finding{}, s.scene.Findings...),
	}
	return t
}

func newCounts() Counts { return Counts{Gates: map[string]int{}} }

func (c *Counts) add(n int, row Row, outcome string) {
	c.Tuples += n
	if row.Disabled != "" {
		c.Disabled += n
	}
	switch outcome {
	case Granted:
		c.Granted += n
	case leaking:
		c.Leaking += n
	case blocking:
		c.Blocked += n
	case Untested:
		c.Untested += n
	default:
		c.Denied += n
	}
	if row.Gate != "" && row.Verdict == Denied {
		c.Gates[row.Gate] += n
	}
}

// What a row means for the proof, besides the verdicts that are as expected.
const (
	leaking  = "leaking"
	blocking = "blocked"
)

// outcome holds a verdict against what was expected.
func (r Row) outcome() string {
	let := r.Verdict == Granted || r.Verdict == Unclear
	switch {
	case r.Verdict == Untested:
		return Untested
	case r.Expected == expectDenied && let:
		return leaking
	case r.Expected == expectGranted && (r.Verdict != Granted || r.Disabled != ""):
		return blocking
	}
	return r.Verdict
}

// row records a row. per says how many of its tuples are of roles of each
// environment.
func (t *tally) row(r Row, per map[string]int) {
	outcome := r.outcome()
	if outcome == Denied {
		r.Why = "" // the gate says it; there can be very many
	}
	for env, n := range per {
		if n == 0 {
			continue
		}
		r.Tuples += n
		key := [2]string{r.Workload, env}
		if t.lines[key] == nil {
			t.lines[key] = &Line{Workload: r.Workload, Environment: env, Counts: newCounts()}
		}
		t.lines[key].add(n, r, outcome)
	}
	if r.Tuples == 0 {
		return
	}
	t.report.Totals.add(r.Tuples, r, outcome)
	t.report.Rows = append(t.report.Rows, r)
}

// tuple records one tuple of a class.
func (t *tally) tuple(c class, a anchor, p profile, one role, r Row) {
	r.Workload, r.Issuer, r.Anchor, r.Profile, r.Role = c.workload.String(), c.issuer.String(), a.name(), p.name(), name(one.addr, one.arn)
	r.Expected = t.stage.expected(c, a, p, one)
	g := grant{c.workload, a.Addr, p.Addr, one.addr}
	if t.stage.grants[g] && c.active {
		t.seen[g] = true
	}
	t.row(r, map[string]int{one.environment: 1})
	switch outcome := r.outcome(); {
	case outcome == leaking:
		t.leak(c, a, p, one, r)
	case outcome == Untested && r.Expected == expectGranted:
		t.blocked(g, gates.GateRole, r.Why)
	case outcome == blocking:
		gate, why := cmp.Or(r.Disabled, r.Gate), r.Why
		if r.Disabled != "" {
			why = "it is disabled"
		}
		t.blocked(g, gate, why)
	}
}

func (t *tally) leak(c class, a anchor, p profile, one role, r Row) {
	rule := "ANC603"
	if one.environment != "" && one.environment != c.workload.Environment {
		rule = "ANC301"
	}
	t.report.Leaks = append(t.report.Leaks, Leak{
		Kind: KindSession, Workload: r.Workload, Anchor: r.Anchor, Profile: r.Profile, Role: r.Role, Verdict: r.Verdict,
		Disabled: r.Disabled != "", Rule: rule, Waived: t.waived(rule, one.addr), Why: r.Why,
	})
}

// crossing records that a class's certificate leads to an anchor that is not
// of its environment. The roles may still refuse it; that it gets there leaves
// only them between two environments.
func (t *tally) crossing(environment string, a anchor) {
	if a.Environment == environment {
		return
	}
	l := Leak{
		Kind: KindPath, Workload: "every workload of " + environment, Anchor: a.name(), Verdict: Granted,
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
	for _, known := range t.report.Leaks {
		if known == l {
			return
		}
	}
	t.report.Leaks = append(t.report.Leaks, l)
}

func (t *tally) blocked(g grant, gate, why string) {
	t.report.Blocked = append(t.report.Blocked, Blocked{
		Workload: g.workload.String(), Anchor: g.anchor.String(), Profile: g.profile.String(), Role: g.role.String(), Gate: gate, Why: why,
	})
}

// waived reports whether the configuration accepts the finding at a role.
func (t *tally) waived(rule string, at plan.Addr) bool {
	found, _ := rules.ByID(rule)
	if !found.Waivable {
		return false
	}
	for _, w := range t.stage.scene.Config.Waivers {
		if w.Rule == rule && w.At == at.String() && w.Valid(t.stage.scene.Now) {
			return true
		}
	}
	return false
}

// untested notes once what the proof says nothing of.
func (t *tally) untested(what, why string, open bool) {
	t.open[what] = NotTested{What: what, Why: why, Open: open}
}

// absent are the grants for which there is no anchor or no profile at all.
func (t *tally) absent() {
	there := map[plan.Addr]bool{}
	for _, a := range t.stage.anchors {
		there[a.Addr] = true
	}
	for _, p := range t.stage.profiles {
		there[p.Addr] = true
	}
	for g := range t.stage.grants {
		switch {
		case t.seen[g]:
		case !there[g.anchor]:
			t.blocked(g, gates.GateAnchor, "there is no such trust anchor")
		case !there[g.profile]:
			t.blocked(g, gates.GateProfile, "there is no such profile")
		default:
			t.blocked(g, gates.GateRoleListed, "the profile does not list the role")
		}
	}
}

// done is the report in order.
func (t *tally) done() Report {
	r := t.report
	for _, line := range t.lines {
		r.Matrix = append(r.Matrix, *line)
	}
	slices.SortFunc(r.Matrix, func(a, b Line) int {
		return cmp.Or(strings.Compare(a.Workload, b.Workload), strings.Compare(a.Environment, b.Environment))
	})
	slices.SortFunc(r.Blocked, func(a, b Blocked) int {
		return cmp.Or(strings.Compare(a.Workload, b.Workload), strings.Compare(a.Anchor, b.Anchor), strings.Compare(a.Profile, b.Profile), strings.Compare(a.Role, b.Role))
	})
	for _, n := range t.open {
		r.NotTested = append(r.NotTested, n)
	}
	slices.SortFunc(r.NotTested, func(a, b NotTested) int { return strings.Compare(a.What, b.What) })
	for _, l := range r.Leaks {
		r.Findings = append(r.Findings, l.finding())
	}
	return r
}
