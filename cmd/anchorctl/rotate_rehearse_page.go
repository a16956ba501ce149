package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/config"
	"anchorctl/internal/rehearse"
	"anchorctl/internal/render"
	"anchorctl/internal/rules"
)

// rehearsal is a report and its picture, as JSON.
type rehearsal struct {
	rehearse.Report

	SVG string `json:"svg,omitempty"`
}

func rehearsedReply(r rehearse.Report, svg string, err error) cmdline.Reply {
	return cmdline.Reply{Result: rehearsal{r, svg}, Findings: heldFindings([]rules.Finding{}, err), Page: func(p *render.Page) {
		rehearsalPage(p, r)
		if svg != "" {
			p.Blank()
			p.Line("Timeline: %s", svg)
		}
	}}
}

// deniedHints say where to look first.
func deniedHints(r rehearse.Report) []string {
	for _, s := range r.States {
		if s.State == "before" && s.Denied > 0 {
			return []string{"they are denied before any rotation begins: mend that first; \"anchorctl prove isolation\" names who cannot get a session"}
		}
	}
	return []string{"do not rotate before this is mended: the page names who was denied, and at which gate"}
}

func rehearsalPage(p *render.Page, r rehearse.Report) {
	p.Heading(fmt.Sprintf("Rehearsal of the rotation of %s, from %s to %s", r.Environment, r.From, r.To))
	p.Line("Roles are %s.", map[string]string{
		"live": "as in AWS, with whatever their teams wrote", "configured": "as the configuration wants them: AWS was not read",
	}[r.Roles])
	p.Line("%s in the fleet: %s like those on record, %s simulated.", counted(r.Workloads, "workload"), counted(r.Certificates, "certificate"), counted(r.Simulated, "workload"))
	p.Blank()
	var rows [][]string
	for _, s := range r.States {
		rows = append(rows, []string{
			s.State, s.From.UTC().Format(time.RFC3339), strconv.Itoa(s.Opened), strconv.Itoa(s.Denied), strconv.Itoa(s.Renewals), strconv.Itoa(s.Checked),
		})
	}
	p.Table([]string{"state", "from", "sessions", "denied", "renewals", "checked after changes"}, rows)
	if len(r.Denials) > 0 {
		p.Blank()
		p.Line("Denied:")
		for _, d := range r.Denials {
			p.Line("  %s %s at %s for %s, %s: %s", d.At.UTC().Format(time.RFC3339), d.Workload, d.Target, d.Role, d.Gate, d.Why)
		}
	}
	waitsPage(p, r)
	requestsPage(p, r)
	for _, l := range r.Late {
		p.Line("Late: %s should have renewed long ago; its certificate ends at %s, and it is taken not to renew", l.Workload, l.NotAfter.Format(time.RFC3339))
	}
	for _, n := range r.Notes {
		p.Line("Note: %s", n)
	}
	p.Blank()
	p.Line("%s", verdictOf(r))
}

func waitsPage(p *render.Page, r rehearse.Report) {
	if len(r.Waits) == 0 {
		return
	}
	p.Blank()
	p.Line("What it waits for:")
	for _, w := range r.Waits {
		p.Line("  %s for %s, from %s to %s", w.Gate, lasting(w.Seconds), w.From.UTC().Format(time.RFC3339), w.Until.UTC().Format(time.RFC3339))
		for _, s := range w.Stragglers {
			p.Line("    %s (until %s)", s.Workload, s.NotAfter.UTC().Format(time.RFC3339)) // its serial is the copy's, and nobody can look that up
		}
	}
}

func requestsPage(p *render.Page, r rehearse.Report) {
	p.Blank()
	var rows [][]string
	for _, q := range r.Requests {
		limit := "–"
		if q.Limit > 0 {
			limit = strconv.Itoa(q.Limit)
		}
		rows = append(rows, []string{q.Family, q.Target, strconv.Itoa(q.Requests), strconv.Itoa(q.Peak), limit})
	}
	p.Table([]string{"requests of the rotation", "at", "in all", "most in a second", "limit"}, rows)
	p.Blank()
	text := fmt.Sprintf("The fleet opens at most %s in a second at one target; the limit is 10", counted(r.SessionPeak, "session"))
	if r.Throttled > 0 {
		text += fmt.Sprintf(", and %s had to wait for it, the longest for %s", counted(r.Throttled, "session"), lasting(max(r.Delay, 1)))
	}
	p.Line("%s.", text)
}

// verdictOf is the last line: whether the rotation can be done, and when it would
// be over.
func verdictOf(r rehearse.Report) string {
	end := fmt.Sprintf("begun at %s, it is over at %s, %s later", r.Begun.UTC().Format(time.RFC3339), r.Ended.UTC().Format(time.RFC3339), lasting(r.Seconds))
	switch {
	case r.Outcome != "done":
		return "Held: the rotation does not come to its end by waiting."
	case r.Denied > 0:
		return fmt.Sprintf("Denied: %d of %d sessions and checks.", r.Denied, r.Opened+r.Denied+r.Checked)
	default:
		return fmt.Sprintf("Nobody was denied: %s and %s, %d of them signed requests; %s.",
			counted(r.Opened, "session"), counted(r.Checked, "check"), r.Real, end)
	}
}

func lasting(seconds int64) string {
	return strings.TrimSpace(config.Duration(time.Duration(seconds) * time.Second).String())
}

// counted is a number of things, in words that fit it.
func counted(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + one + "s"
}
