package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"anchorctl/internal/denial"
	"anchorctl/internal/render"
)

// denialPage shows how sessions fare.
func denialPage(r denial.Result) func(*render.Page) {
	return func(p *render.Page) {
		for i, s := range r.Sessions {
			if i > 0 {
				p.Blank()
				p.Blank()
			}
			sessionSection(p, s)
		}
		if len(r.Notes) > 0 {
			p.Blank()
		}
		for _, note := range r.Notes {
			p.Line("note: %s", note)
		}
	}
}

func sessionSection(p *render.Page, s denial.Session) {
	const layout = "2006-01-02 15:04 MST"
	p.Line("%s", headline(s))
	certificate := s.Certificate.Subject + ", serial " + s.Certificate.SerialHex
	if s.Certificate.IssuedBy != "" {
		certificate += ", of " + s.Certificate.IssuedBy
	}
	p.Fields(
		render.Field{Name: "  certificate", Value: certificate}, render.Field{Name: "  trust anchor", Value: s.TrustAnchorARN},
		render.Field{Name: "  profile", Value: s.ProfileARN}, render.Field{Name: "  role", Value: s.RoleARN},
		render.Field{Name: "  at", Value: s.Time.Format(layout)}, render.Field{Name: "  service said", Value: said(s)},
	)
	p.Blank()
	gateList(p, s.Gates)
	for _, t := range s.Trust {
		trustSection(p, t)
	}
	if len(s.Tags) > 0 {
		p.Heading("Session tags")
		var tags []render.Field
		for _, name := range slices.Sorted(maps.Keys(s.Tags)) {
			tags = append(tags, render.Field{Name: "  " + name, Value: s.Tags[name]})
		}
		p.Fields(tags...)
	}
	remedySection(p, s)
	for _, note := range s.Notes {
		p.Blank()
		p.Line("note: %s", note)
	}
}

// gateList is a table whose last column folds: details are long, and nobody reads
// nineteen gates as records.
func gateList(p *render.Page, gates []denial.Gate) {
	name, result := len("GATE"), len("RESULT")
	for _, g := range gates {
		name, result = max(name, len(g.Name)), max(result, len(word(g)))
	}
	row := func(a, b, c string) render.Field {
		return render.Field{Name: fmt.Sprintf("%-*s  %-*s", name, a, result, b), Value: c}
	}
	rows := []render.Field{row("GATE", "RESULT", "DETAIL")}
	for _, g := range gates {
		rows = append(rows, row(g.Name, word(g), g.Detail))
	}
	p.Fields(rows...)
}

// headline is the verdict in one line.
func headline(s denial.Session) string {
	what := s.RoleARN[strings.LastIndexByte(s.RoleARN, '/')+1:] + " at " + s.Target
	if s.Profile != "" {
		what = fmt.Sprintf("%s by profile %s at %s", s.RoleARN[strings.LastIndexByte(s.RoleARN, '/')+1:], s.Profile, s.Target)
	}
	switch s.Verdict {
	case denial.Denied:
		return fmt.Sprintf("%s: denied by the gate %q", what, s.Fails)
	case denial.Granted:
		line := fmt.Sprintf("%s: would be granted, for %s", what, time.Duration(s.Seconds)*time.Second)
		if len(s.NotChecked) > 0 {
			line += fmt.Sprintf(" (not checked: %s)", strings.Join(s.NotChecked, ", "))
		}
		return line
	}
	return fmt.Sprintf("%s: nothing fails, and %d gates could not be checked", what, len(s.NotChecked))
}

func said(s denial.Session) string {
	if s.Service == nil {
		return ""
	}
	text := s.Service.Message
	if s.Service.Code != "" {
		text += " (" + s.Service.Code + ")"
	}
	return text
}

// word is how a gate went. One that closes behind another is what comes next.
func word(g denial.Gate) string {
	switch {
	case g.Status == "failed" && g.Then:
		return "then"
	case g.Status == "failed":
		return "FAILED"
	}
	return g.Status
}

func trustSection(p *render.Page, t denial.Trust) {
	p.Heading("Trust policy: " + t.Says)
	var rows [][]string
	for _, c := range t.Checks {
		what := c.Element
		if c.Element == "Condition" {
			what = c.Operator + " " + c.Key
		}
		found := strings.Join(c.Found, ", ")
		if !c.Present {
			found = "absent"
		}
		result := c.Result
		if c.Note != "" {
			result += ": " + c.Note
		}
		rows = append(rows, []string{what, strings.Join(c.Wanted, ", "), found, result})
	}
	p.Table([]string{"ELEMENT", "WANTS", "FOUND", "RESULT"}, rows)
}

func remedySection(p *render.Page, s denial.Session) {
	if s.Verdict != denial.Denied {
		return
	}
	p.Heading("What to change")
	for _, g := range s.Gates {
		for i, r := range g.Remedies {
			if i == 0 {
				p.Line("  %s", g.Name)
			}
			p.Fields(render.Field{Name: "   -", Value: r.Do})
			for line := range strings.SplitSeq(strings.TrimSpace(r.Text), "\n") {
				if line != "" {
					p.Text("        " + line)
				}
			}
		}
	}
}
