package main

import (
	"context"
	"fmt"
	"time"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/estate"
	"anchorctl/internal/render"
	"anchorctl/internal/rotate"
	"anchorctl/internal/terminal"
)

// rotations is what rotate status shows, as JSON.
type rotations struct {
	Rotations []rotate.State `json:"rotations"`
}

func rotateStatusCommand() *cmdline.Command {
	return &cmdline.Command{
		Name: "status", Args: "[ENV|root]", Max: 1,
		Summary: "say how far rotations are, and what they wait for",
		About: `Shows the open rotation of each environment and of the root, or else the newest
that has ended: its state at each target, the sessions that the new issuer was
given, which certificates of the old one live still and until when, and what is
left to do. It changes nothing.`,
		Example: "anchorctl rotate status prod",
		Run: func(ctx context.Context, c *cmdline.Call) (cmdline.Reply, error) {
			return withWorld(ctx, c, noPassphrase(), func(w estate.World) (cmdline.Reply, error) {
				only := ""
				if len(c.Args) == 1 {
					only = c.Args[0]
				}
				if only != "" && only != rootName && w.Folder.Config.Environments[only] == nil {
					return cmdline.Reply{}, terminal.Usage(fmt.Sprintf("there is no environment %q; there are %v, and root", only, w.Folder.Config.EnvironmentNames()))
				}
				states, err := rotate.World{World: w}.States(ctx, only)
				if err != nil {
					return cmdline.Reply{}, err
				}
				return cmdline.Reply{Result: rotations{states}, Page: func(p *render.Page) { rotationsPage(p, states) }}, nil
			})
		},
	}
}

func rotationsPage(p *render.Page, states []rotate.State) {
	if len(states) == 0 {
		p.Line("There was no rotation yet.")
	}
	for i, s := range states {
		if i > 0 {
			p.Blank()
		}
		rotationPage(p, s)
	}
}

func rotationPage(p *render.Page, s rotate.State) {
	p.Heading(s.Rotation + ": " + s.State)
	p.Line("%s, started at %s by %s", what(s), s.Started.Format(time.RFC3339), s.Actor)
	if s.Reason != "" {
		p.Line("because: %s", s.Reason)
	}
	if s.CutOver != nil {
		signs := "certificates come from %s since"
		if s.Rotation == rootName {
			signs = "issuers are signed by %s since"
		}
		p.Line("cut over at %s: "+signs, s.CutOver.Format(time.RFC3339), s.To)
	}
	if s.Ended != nil {
		p.Line("ended at %s", s.Ended.Format(time.RFC3339))
		return
	}
	if len(s.Targets) > 0 {
		p.Blank()
		var rows [][]string
		for _, t := range s.Targets {
			rows = append(rows, []string{t.Target, t.State, sessionsOf(t)})
		}
		p.Table([]string{"target", "state", "sessions with " + s.To}, rows)
	}
	if s.Living > 0 {
		p.Blank()
		p.Line("%d certificates of %s live still, the last until %s:", s.Living, s.From, s.Last.Format(time.RFC3339))
		for _, one := range s.Some {
			p.Line("  %s", one)
		}
	}
	p.Blank()
	p.Line("left to do:")
	for _, a := range s.Left {
		gate := ""
		if a.Gate != "" {
			gate = ", once " + a.Gate + " allows it"
		}
		p.Line("  %s%s", a.ID, gate)
	}
	p.Blank()
	p.Line("go on with: anchorctl rotate resume %s", s.Rotation)
}

// what a rotation changes. A renewal keeps its issuer.
func what(s rotate.State) string {
	if s.From == s.To {
		return s.Kind + " of " + s.From
	}
	return fmt.Sprintf("%s from %s to %s", s.Kind, s.From, s.To)
}

func sessionsOf(t rotate.Target) string {
	switch {
	case t.Failure != "":
		return "denied: " + t.Failure
	case t.Sessions == 0:
		return "none yet"
	default:
		return fmt.Sprintf("%d since %s", t.Sessions, t.Since.Format(time.RFC3339))
	}
}
