package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/estate"
	"anchorctl/internal/render"
	"anchorctl/internal/roles"
	"anchorctl/internal/rotate"
	"anchorctl/internal/store"
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
		Exits:   []int{terminal.ExitInterrupted},
		Run: func(ctx context.Context, c *cmdline.Call) (cmdline.Reply, error) {
			return withWorld(ctx, c, noPassphrase(), func(w estate.World) (cmdline.Reply, error) {
				only := ""
				if len(c.Args) == 1 {
					only = c.Args[0]
				}
				states, err := rotate.World{World: w}.States(ctx, only)
				if err != nil {
					return cmdline.Reply{}, err
				}
				if only != "" && only != rootName && len(states) == 0 {
					if _, err := w.Folder.Config.Environment(only); err != nil {
						return cmdline.Reply{}, estate.NoSuchRotation(err)
					}
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
	if s.Ended == nil && len(s.Held) == 0 {
		p.Line("%s", stateWords(s))
	}
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
		if s.CutOff != nil {
			p.Blank()
			cutOffPage(p, *s.CutOff, s.From, s.To)
		}
		return
	}
	targetsPage(p, s)
	livingPage(p, s)
	leftPage(p, s)
	p.Blank()
	for _, o := range s.Held {
		p.Line("it cannot go on: %s", o.What)
		for _, h := range o.Hints {
			p.Line("  %s", h)
		}
	}
	p.Line("go on with: anchorctl rotate resume %s", s.Rotation)
}

// leftPage is what is still to be done, and what each waits for.
func leftPage(p *render.Page, s rotate.State) {
	if len(s.Left) == 0 {
		return
	}
	p.Blank()
	p.Line("left to do:")
	for _, a := range s.Left {
		gate := ""
		switch {
		case a.Gate != "":
			gate = ", " + gateWords(a.Gate, false)
		case roles.Waits(a):
			gate = fmt.Sprintf(", once its team has done it: \"anchorctl rotate resume %s\" prints the statement", s.Rotation)
		}
		p.Line("  %s%s", a.ID, gate)
	}
}

// targetsPage is how far each target is.
func targetsPage(p *render.Page, s rotate.State) {
	if len(s.Targets) == 0 {
		return
	}
	p.Blank()
	titles, rows := []string{"target", "state"}, [][]string{}
	tried := s.Kind == string(store.Rekey)
	if tried {
		titles = append(titles, "sessions with "+s.To)
	}
	for _, t := range s.Targets {
		row := []string{t.Target, t.State}
		if tried {
			row = append(row, sessionsOf(t))
		}
		rows = append(rows, row)
	}
	p.Table(titles, rows)
	failuresPage(p, s.Targets)
}

// livingPage is what is valid of the old issuer, and who has nothing else.
func livingPage(p *render.Page, s rotate.State) {
	if s.Living == 0 {
		return
	}
	p.Blank()
	p.Line("%s still valid, the last until %s:", rotate.Valid(s.Living, s.From), s.Last.Format(time.RFC3339))
	for _, one := range s.Some {
		p.Line("  %s", one)
	}
	if more := s.Living - len(s.Some); more > 0 {
		p.Line("  and %d more", more)
	}
	if len(s.Without) > 0 {
		p.Line("%s no certificate of %s yet", rotate.SomeOf(s.Without, "has", "have"), s.To)
	}
}

// what a rotation changes. A renewal keeps its issuer.
func what(s rotate.State) string {
	if s.From == s.To {
		return s.Kind + " of " + s.From
	}
	return fmt.Sprintf("%s from %s to %s", s.Kind, s.From, s.To)
}

// stateWords say what a state means to whoever looks at it at night.
func stateWords(s rotate.State) string {
	switch {
	case s.Rotation == rootName && s.State == rotate.Prepared:
		return "the new root is about to sign; nothing has changed for workloads"
	case s.Rotation == rootName && s.State == rotate.Draining:
		return "the new root signs every issuer anew, with the key that it has; nothing changes for workloads"
	case s.Rotation == rootName:
		return "nothing rests on the old root any more; what is left is tidying up"
	case s.Kind == string(store.Renewal):
		return "trust anchors get the new certificate; the key is the same, so nothing changes for workloads"
	case s.State == rotate.Prepared:
		return "not every trust anchor holds the new certificate yet; nothing has changed for workloads"
	case s.State == rotate.Published:
		return "trust anchors hold both; sessions with the new issuer are tried, and certificates come from the old one"
	case s.State == rotate.Seen:
		return "sessions with the new issuer have succeeded for long enough; the cut-over is next"
	case s.Kind == string(store.Emergency) && s.State != rotate.Leaving:
		return "certificates come from the new issuer; trust anchors take those of the old one alone until they are exchanged, and those of the new one from then on"
	case s.State == rotate.Draining:
		return "certificates come from the new issuer; trust anchors hold the old one until its certificates have ended"
	case s.State == rotate.Drained:
		return "no certificate of the old issuer is valid; it leaves the trust anchors next"
	default:
		return "no trust anchor holds the old issuer any more; what is left is tidying up"
	}
}

// failuresPage says why sessions were denied, and what to do.
func failuresPage(p *render.Page, targets []rotate.Target) {
	for _, t := range targets {
		if t.Failure == "" {
			continue
		}
		why, rest, _ := strings.Cut(t.Failure, "\n")
		p.Blank()
		p.Line("%s, at %s: %s", t.Target, t.Last.Format(time.RFC3339), why)
		if rest != "" {
			for line := range strings.SplitSeq(rest, "\n") {
				p.Line("  %s", line)
			}
		}
	}
}

func sessionsOf(t rotate.Target) string {
	switch {
	case t.Failure != "":
		return "denied, see below"
	case t.Sessions == 0:
		return "none yet"
	case t.State == rotate.Published:
		return fmt.Sprintf("%d since %s, needed until %s", t.Sessions, t.Since.Format(time.RFC3339), t.Since.Add(rotate.SeenFor).Format(time.RFC3339))
	default:
		return fmt.Sprintf("%d since %s", t.Sessions, t.Since.Format(time.RFC3339))
	}
}
