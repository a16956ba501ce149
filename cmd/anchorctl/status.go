package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"anchorctl/internal/calendar"
	"anchorctl/internal/cmdline"
	"anchorctl/internal/config"
	"anchorctl/internal/estate"
	"anchorctl/internal/hint"
	"anchorctl/internal/plan"
	"anchorctl/internal/render"
	"anchorctl/internal/rules"
	"anchorctl/internal/terminal"
)

type statusOptions struct {
	detail     bool
	failWithin string
}

// shownStatus is how the estate stands and when all of it ends.
type shownStatus struct {
	estate.Status
	Calendar calendar.Calendar `json:"calendar"`
}

func statusCommand() *cmdline.Command {
	var o statusOptions
	return &cmdline.Command{
		Name:    "status",
		Summary: "say how the estate stands, what has drifted, and when what ends",
		About: `Shows when the root, the issuers, what the trust anchors hold, the revocation
lists and the certificates of workloads end, by when root and issuers have to be
rotated, and what differs from the configuration.

With --fail-within it is a check for monitoring: it exits with 1 when something
ends or has to be rotated within that time, when a workload or a revocation list
was not renewed, and when something could not be read. Each is named.`,
		Example: "anchorctl status --fail-within 30d",
		Exits:   []int{terminal.ExitChanges, terminal.ExitRefused, terminal.ExitHeld, terminal.ExitInterrupted},
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "detailed-exitcode", Usage: "exit 3 when there is drift, something held, or anything else to be done", Destination: &o.detail},
			&cli.StringFlag{Name: "fail-within", Usage: "exit 1 when something ends or has to be rotated within `DURATION`, such as 30d", Destination: &o.failWithin},
		},
		Run: func(ctx context.Context, c *cmdline.Call) (cmdline.Reply, error) {
			var within config.Duration
			if o.failWithin != "" {
				var err error
				if within, err = config.ParseDuration(o.failWithin); err != nil {
					return cmdline.Reply{}, terminal.Usage(fmt.Sprintf("reading --fail-within: %q %v", o.failWithin, err), "write 30d or 12h")
				}
			}
			return withWorld(ctx, c, noPassphrase(), func(w estate.World) (cmdline.Reply, error) { return status(ctx, w, within, o.detail) })
		},
	}
}

// status replies with what is known even when not all could be read.
func status(ctx context.Context, w estate.World, within config.Duration, detail bool) (cmdline.Reply, error) {
	s, failed := w.Status(ctx)
	if failed != nil && s.Lineage == "" {
		return cmdline.Reply{Findings: s.Findings}, failed
	}
	dates, err := calendar.Read(ctx, w.Folder, s)
	if err != nil {
		return cmdline.Reply{Findings: s.Findings}, errors.Join(failed, err)
	}
	s.Drift, s.Notices, s.Environments, s.Documents = listOf(s.Drift), listOf(s.Notices), listOf(s.Environments), listOf(s.Documents)
	if within > 0 {
		until := dates.At.Add(time.Duration(within))
		dates.Within = &calendar.Within{Duration: within.String(), Until: until, Events: dates.Look(until)}
	}
	shown := shownStatus{Status: s, Calendar: dates}
	reply := cmdline.Reply{Result: shown, Findings: s.Findings, Page: func(p *render.Page) { statusPage(p, shown, failed == nil) }}
	if within > 0 {
		failed = withinError(dates, failed)
	}
	if failed == nil && detail && (len(s.Drift) > 0 || len(rules.Only(s.Findings, rules.Hold)) > 0) {
		reply.Exit = terminal.ExitChanges
	}
	return reply, failed
}

// mostInError is how many things an error names; the page and the JSON object
// name the others.
const mostInError = 5

// withinError is the error of what ends and of what was not read. It is a failure
// of its own, whatever else stood in the way: who watches asked for these dates,
// so the other error only becomes a part of its text.
func withinError(c calendar.Calendar, other error) error {
	var parts, hints []string
	if n := len(c.Within.Events); n > 0 {
		var named []string
		for _, e := range c.Within.Events[:min(n, mostInError)] {
			named = append(named, e.Text)
		}
		if n > mostInError {
			named = append(named, fmt.Sprintf("%d more", n-mostInError))
		}
		parts = append(parts, strings.Join(named, "; "))
		hints = append(hints, withinHints(c.Within.Events)...)
	}
	if n := len(c.NotRead); n > 0 {
		parts = append(parts, fmt.Sprintf("%d not read: %s: %s", n, c.NotRead[0].Addr, c.NotRead[0].Why))
	}
	switch {
	case len(parts) == 0:
		return other
	case other != nil && len(c.NotRead) == 0:
		parts = append(parts, other.Error())
	}
	if other != nil {
		hints = append(hints, hint.Of(other)...)
	}
	return hint.With(fmt.Errorf("looking %s ahead: %s", c.Within.Duration, strings.Join(parts, "; ")), hints...)
}

func withinHints(events []calendar.Event) []string {
	var hints []string
	for _, e := range events {
		text := `read "End dates" in docs/operating.md`
		environment, issuer := strings.CutPrefix(e.Addr, "issuer/")
		environment, _, _ = strings.Cut(environment, "#")
		switch {
		case e.Event == calendar.RotateBy && issuer:
			text = fmt.Sprintf("run \"anchorctl rotate start %s\"", environment)
		case e.Event == calendar.Renewal && issuer:
			text = `run "anchorctl crl refresh"`
		case e.Event == calendar.Renewal:
			text = `run "anchorctl renew --all due", and find out why no timer did; a workload that is gone leaves anchorctl.yaml, or is revoked`
		}
		if !slices.Contains(hints, text) {
			hints = append(hints, text)
		}
	}
	return hints
}

func statusPage(p *render.Page, s shownStatus, whole bool) {
	bound := s.Bound
	if bound == "" {
		bound = "nowhere yet"
	}
	p.Fields(
		render.Field{Name: "estate", Value: s.Estate}, render.Field{Name: "lineage", Value: s.Lineage},
		render.Field{Name: "lives in", Value: bound}, render.Field{Name: "root", Value: authority(s.Root)},
	)
	if r := s.OpenRun; r != nil {
		p.Blank()
		p.Line("Open run: %s by %s since %s, %s with %d steps done: run \"anchorctl %s\" to go on.",
			r.Command, r.Actor, r.Started.Format(time.RFC3339), r.Status, r.Done, r.Command)
	}
	p.Calendar(s.Calendar)
	if !whole { // what was not read or not judged is told by the error
		return
	}
	for _, e := range s.Environments {
		p.Heading(e.Name)
		p.Line("issuer        %s", authority(e.Issuer))
		p.Line("certificates  %s", validNow(e))
		for _, l := range e.Revocation {
			listLine(p, l)
		}
		rows := make([][]string, len(e.Objects))
		for i, o := range e.Objects {
			rows[i] = []string{o.Addr, o.State, enabledWord(o.Enabled), o.ARN}
		}
		p.Table([]string{"OBJECT", "STATE", "ENABLED", "ARN"}, rows)
	}
	for _, n := range s.Notices {
		p.Blank()
		p.Line("Note: %s", n)
	}
	heldLines(p, s.Findings)
	documentsPage(p, s.Documents)
	p.Blank()
	if len(s.Drift) == 0 {
		if len(rules.Only(s.Findings, rules.Hold)) > 0 {
			p.Line("No drift, but not in order: apply opens nothing further until what is held is mended or waived.")
			return
		}
		p.Line("No drift: what is there is what the configuration says.")
		return
	}
	p.Heading("To be done")
	p.Plan(plan.Plan{Actions: s.Drift})
}

// validNow counts the certificates of workloads, and names those apart that a
// rotation or a proof has made for itself.
func validNow(e estate.EnvironmentStatus) string {
	text := fmt.Sprintf("%d valid", e.Certificates)
	if e.Probes > 0 {
		text += fmt.Sprintf(", and %d of the built-in probe", e.Probes)
	}
	return text
}

func authority(a estate.Authority) string {
	if a.Addr == "" || a.NotAfter == nil {
		return "none yet"
	}
	return fmt.Sprintf("%s, until %s (%d days)", a.Addr, a.NotAfter.Format("2006-01-02"), a.DaysLeft)
}

func enabledWord(enabled *bool) string {
	switch {
	case enabled == nil:
		return "-"
	case *enabled:
		return "yes"
	default:
		return "no"
	}
}
