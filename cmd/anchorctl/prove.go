package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/estate"
	"anchorctl/internal/folder"
	"anchorctl/internal/prove"
	"anchorctl/internal/render"
	"anchorctl/internal/session"
	"anchorctl/internal/terminal"
)

func proveCommand() *cmdline.Command {
	return &cmdline.Command{
		Name:    "prove",
		Summary: "show that what should not be possible is not",
		Sub:     []*cmdline.Command{proveIsolationCommand()},
	}
}

type isolationOptions struct {
	offline, live bool
	atMost        int
}

func proveIsolationCommand() *cmdline.Command {
	var o isolationOptions
	return &cmdline.Command{
		Name:    "isolation",
		Summary: "show that no workload gets a role that the configuration does not grant it",
		About: `Tries every workload at every trust anchor, by every profile, for every role,
foreign ones too, and names each session that is granted and should not be.
Without a flag, what AWS holds now is put through a model of IAM Roles Anywhere:
use it after each apply, and from time to time. --offline puts the configuration
through the same model and needs no network: use it in review. Both are models,
written from AWS's documentation. --live asks the service itself for sessions
that it should deny, eight a second: use it to hold the model against AWS. It
issues certificates of five minutes, records them, and keeps their keys in
memory. Exits 4 when something leaks, 1 when nothing leaks and nothing is shown
either, as when a session that the configuration grants is denied.`,
		Example: "anchorctl prove isolation\nanchorctl prove isolation --offline",
		Exits:   []int{terminal.ExitRefused, terminal.ExitInterrupted},
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "offline", Usage: "judge what the configuration would make, without a network", Destination: &o.offline},
			&cli.BoolFlag{Name: "live", Usage: "ask the service for sessions that it should deny", Destination: &o.live},
			&cli.IntFlag{Name: "at-most", Usage: "with --live: ask for `N` sessions at most, spread over all", Destination: &o.atMost},
		},
		Run: func(ctx context.Context, c *cmdline.Call) (cmdline.Reply, error) { return proveIsolation(ctx, c, o) },
	}
}

func proveIsolation(ctx context.Context, c *cmdline.Call, o isolationOptions) (cmdline.Reply, error) {
	switch {
	case o.offline && o.live:
		return cmdline.Reply{}, terminal.Usage("--offline and --live exclude each other")
	case o.atMost < 0 || o.atMost > 0 && !o.live:
		return cmdline.Reply{}, terminal.Usage("--at-most takes a number above 0 and goes with --live")
	case o.offline:
		return withEstate(ctx, c, noPassphrase(), func(f *folder.Folder) (cmdline.Reply, error) {
			draft, err := estate.World{Folder: f}.Draft(ctx)
			if err != nil {
				return cmdline.Reply{}, err
			}
			c.Voice.Progress("judging every session")
			return isolation(prove.InModel(draft, prove.Offline))
		})
	}
	return withWorld(ctx, c, noPassphrase(), func(w estate.World) (cmdline.Reply, error) {
		scene, err := w.Look(ctx)
		if err != nil {
			return cmdline.Reply{}, err
		}
		if !o.live {
			c.Voice.Progress("judging every session")
			return isolation(prove.InModel(scene, prove.Model))
		}
		return isolation(prove.InAWS{
			Scene: scene, Folder: w.Folder, Client: session.Client{Clock: c.Clock}, Endpoint: sessionEndpoint(c, ""), AtMost: o.atMost,
			Progress: func(done, total int) {
				c.Voice.Progress(fmt.Sprintf("asking for session %d of %d", done+1, total))
			},
		}.Prove(ctx))
	})
}

func isolation(r prove.Report, err error) (cmdline.Reply, error) {
	if r.Form == "" {
		return cmdline.Reply{}, err
	}
	return cmdline.Reply{
		Result: r, Findings: r.Findings, Said: len(r.Leaks) > 0 && !errors.Is(err, prove.ErrBrokenOff), Page: func(p *render.Page) { isolationPage(p, r) },
	}, err
}

// maxFindings is how many people read.
const maxFindings = 50

func isolationPage(p *render.Page, r prove.Report) {
	p.Line("%s", map[string]string{
		prove.Offline: "What the configuration would make, in a model of IAM Roles Anywhere",
		prove.Model:   "What AWS holds, in a model of IAM Roles Anywhere",
		prove.Live:    "What IAM Roles Anywhere answers",
	}[r.Form]+", at "+r.At.Format(time.RFC3339))
	p.Line("%d workloads, %d trust anchors, %d profiles, %d roles: %d sessions", r.Workloads, r.Anchors, r.Profiles, r.Roles, r.Totals.Tuples)
	p.Blank()
	var rows [][]string
	for _, pair := range r.Pairs() {
		to := pair.To
		if to == "" {
			to = "no environment"
		}
		rows = append(rows, []string{pair.From, to, number(pair.Tuples), number(pair.Granted), number(pair.Denied), number(pair.Leaking), decided(pair.Gates)})
	}
	p.Table([]string{"WORKLOADS OF", "ROLES OF", "SESSIONS", "GRANTED", "DENIED", "LEAKING", "GATE THAT CLOSES"}, rows)
	p.Findings(r.Findings[:min(maxFindings, len(r.Findings))])
	if more := len(r.Findings) - maxFindings; more > 0 {
		p.Blank()
		p.Line("and %d more: --json has them all", more)
	}
	if len(r.Blocked) > 0 {
		p.Heading("Granted by the configuration, and denied")
		for _, b := range r.Blocked {
			p.Line("%s at %s by %s for %s: %s: %s", b.Workload, b.Anchor, b.Profile, b.Role, b.Gate, b.Why)
		}
	}
	openPage(p, r)
}

// openPage says what the proof is worth.
func openPage(p *render.Page, r prove.Report) {
	if r.Totals.Disabled > 0 {
		p.Blank()
		p.Line("%d of the sessions are denied now because an anchor or a profile is disabled; they were judged as if it were enabled.", r.Totals.Disabled)
	}
	if len(r.NotTested) > 0 {
		p.Heading("Not tested")
		for _, n := range r.NotTested {
			p.Line("%s: %s", n.What, n.Why)
		}
	}
	for _, n := range r.Notices {
		p.Blank()
		p.Line("Note: %s", n)
	}
	p.Blank()
	p.Line("%s", conclusion(r))
	if r.Form != prove.Live {
		p.Line("This is a model of AWS, written from its documentation; --live asks AWS itself.")
	}
}

func conclusion(r prove.Report) string {
	switch waived := r.Waived(); {
	case r.Proven && waived > 0:
		return fmt.Sprintf("Isolated, but for what is waived. Waived leaks: %d.", waived)
	case r.Proven && r.Form == prove.Live:
		return fmt.Sprintf("Isolated: %d sessions were asked for and denied.", r.Totals.Denied)
	case r.Proven:
		return fmt.Sprintf("Isolated: nothing is granted but the %d sessions of the configuration.", r.Totals.Granted)
	case len(r.Leaks) > waived:
		return fmt.Sprintf("Not isolated. Leaks: %d.", len(r.Leaks)-waived)
	}
	return "Not proven."
}

func number(n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

func decided(byGate map[string]int) string {
	names := slices.SortedFunc(maps.Keys(byGate), func(a, b string) int {
		return cmp.Or(byGate[b]-byGate[a], strings.Compare(a, b))
	})
	words := make([]string, len(names))
	for i, name := range names {
		words[i] = fmt.Sprintf("%s %d", name, byGate[name])
	}
	return strings.Join(words, ", ")
}
