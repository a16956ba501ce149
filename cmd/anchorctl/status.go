package main

import (
	"context"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/estate"
	"anchorctl/internal/plan"
	"anchorctl/internal/render"
	"anchorctl/internal/terminal"
)

func statusCommand() *cmdline.Command {
	var detail bool
	return &cmdline.Command{
		Name:    "status",
		Summary: "say how the estate stands, and what has drifted",
		Example: "anchorctl status",
		Exits:   []int{terminal.ExitChanges, terminal.ExitRefused, terminal.ExitInterrupted},
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "detailed-exitcode", Usage: "exit 3 when there is drift, something held, or anything else to be done", Destination: &detail},
		},
		Run: func(ctx context.Context, c *cmdline.Call) (cmdline.Reply, error) {
			return withWorld(ctx, c, noPassphrase(), func(w estate.World) (cmdline.Reply, error) {
				s, err := w.Status(ctx)
				if err != nil {
					return cmdline.Reply{Findings: s.Findings}, err
				}
				s.Drift, s.Notices = listOf(s.Drift), listOf(s.Notices)
				reply := cmdline.Reply{Result: s, Findings: s.Findings, Page: func(p *render.Page) { statusPage(p, s) }}
				if detail && (len(s.Drift) > 0 || len(holding(s.Findings)) > 0) {
					reply.Exit = terminal.ExitChanges
				}
				return reply, nil
			})
		},
	}
}

func statusPage(p *render.Page, s estate.Status) {
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
	for _, e := range s.Environments {
		p.Heading(e.Name)
		p.Line("issuer        %s", authority(e.Issuer))
		p.Line("certificates  %d valid", e.Certificates)
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
	p.Blank()
	if len(s.Drift) == 0 {
		if len(holding(s.Findings)) > 0 {
			p.Line("No drift, but not in order: apply opens nothing further until what is held is mended or waived.")
			return
		}
		p.Line("No drift: what is there is what the configuration says.")
		return
	}
	p.Heading("To be done")
	p.Plan(plan.Plan{Actions: s.Drift})
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
