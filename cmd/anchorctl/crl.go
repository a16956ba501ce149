package main

import (
	"context"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/estate"
	"anchorctl/internal/folder"
	"anchorctl/internal/render"
	"anchorctl/internal/revocation"
	"anchorctl/internal/rules"
	"anchorctl/internal/terminal"
)

func crlCommand() *cmdline.Command {
	return &cmdline.Command{
		Name:    "crl",
		Summary: "keep the certificate revocation lists",
		Sub:     []*cmdline.Command{crlShowCommand(), crlRefreshCommand(), crlPublishCommand()},
	}
}

func crlShowCommand() *cmdline.Command {
	return &cmdline.Command{
		Name: "show", Args: "ENV", Min: 1, Max: 1,
		Summary: "say how the revocation lists of an environment stand",
		About: `Shows the newest list of each generation of the environment's issuer as it is on
record: its number, dates and size, for how many more certificates there is
room, and why a new one is due. It asks nothing of AWS; status does.`,
		Example: "anchorctl crl show prod",
		Run: func(ctx context.Context, c *cmdline.Call) (cmdline.Reply, error) {
			return withEstate(ctx, c, noPassphrase(), func(f *folder.Folder) (cmdline.Reply, error) {
				lists, findings, err := estate.World{Folder: f}.Lists(ctx, c.Args[0])
				if err != nil {
					return cmdline.Reply{}, err
				}
				result := shownLists{Environment: c.Args[0], Lists: lists}
				return cmdline.Reply{Result: result, Findings: findings, Page: func(p *render.Page) { listsPage(p, lists) }}, nil
			})
		},
	}
}

type shownLists struct {
	Environment string              `json:"environment"`
	Lists       []estate.ListStatus `json:"lists"`
}

func listsPage(p *render.Page, lists []estate.ListStatus) {
	if len(lists) == 0 {
		p.Line("No certificate was revoked: there is no revocation list.")
	}
	for _, l := range lists {
		listLine(p, l)
		if l.ThisUpdate != nil {
			p.Line("  signed at %s", l.ThisUpdate.Format(time.RFC3339))
		}
		if l.Due != "" {
			p.Line("  a new one is due: %s", l.Due)
		}
	}
}

type refreshOptions struct{ all, waitLock bool }

func crlRefreshCommand() *cmdline.Command {
	var o refreshOptions
	return &cmdline.Command{
		Name: "refresh", Args: "[ENV...]", Max: -1,
		Summary: "sign the revocation lists that are due, and bring them to the trust anchors",
		About: `For cron and timers: signs a new list where crl.interval has passed or a
revocation is not on the list yet, records it, and imports or updates it at the
trust anchors. It touches nothing else of the estate, and does nothing when
nothing is due. Without ENV it sees to all environments.`,
		Example: "anchorctl crl refresh",
		Exits:   []int{terminal.ExitHeld, terminal.ExitLocked, terminal.ExitInterrupted},
		Resume:  `run "anchorctl crl refresh" to go on`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "all", Usage: "all environments, as without ENV", Destination: &o.all},
			&cli.BoolFlag{Name: "wait-lock", Usage: "wait while another run holds the estate", Destination: &o.waitLock},
		},
		Run: func(ctx context.Context, c *cmdline.Call) (cmdline.Reply, error) {
			return withWorld(ctx, c, noPassphrase(), func(w estate.World) (cmdline.Reply, error) { return refreshLists(ctx, c, w, o) })
		},
	}
}

func refreshLists(ctx context.Context, c *cmdline.Call, w estate.World, o refreshOptions) (cmdline.Reply, error) {
	for _, env := range c.Args {
		if _, err := w.Folder.Config.Environment(env); err != nil {
			return cmdline.Reply{}, err
		}
	}
	environments := w.Folder.Config.EnvironmentNames()
	switch {
	case o.all && len(c.Args) > 0:
		return cmdline.Reply{}, terminal.Usage("--all and names of environments exclude each other")
	case len(c.Args) > 0:
		environments = c.Args
	}
	scope := estate.Revocation{Environments: environments}
	report, err := w.Apply(ctx, estate.ApplyOptions{Options: estate.Options{Revocation: &scope}, Wait: o.waitLock})
	if err == nil && report.Run == "" {
		result := applied{Done: []string{}, Held: []string{}, Skipped: []string{}, Notes: []string{}, Documents: documentsOf(nil)}
		if result.Plan, err = proposalOf(report.Proposal); err != nil {
			return cmdline.Reply{}, err
		}
		page := func(p *render.Page) {
			p.Line("Nothing is due.")
			for _, n := range report.Proposal.Notices {
				p.Line("Note: %s", n)
			}
		}
		return cmdline.Reply{Result: result, Findings: report.Proposal.Findings, Page: page}, nil
	}
	return appliedReply(report, err)
}

func crlPublishCommand() *cmdline.Command {
	var out string
	return &cmdline.Command{
		Name: "publish", Args: "ENV", Min: 1, Max: 1,
		Summary: "write the revocation lists of an environment for a distribution point",
		About: `Writes the newest list of each generation of the environment's issuer into a
folder that a web server serves: ENV-GENERATION.crl in DER, which is what
certificates name under crl.distributionPoint, and ENV-GENERATION.crl.pem. It
signs nothing: run "anchorctl crl refresh" before.`,
		Example: "anchorctl crl publish prod --out /srv/crl",
		Needs:   []string{"out"},
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "out", Usage: "write into `DIR`", Destination: &out},
		},
		Run: func(ctx context.Context, c *cmdline.Call) (cmdline.Reply, error) {
			return withEstate(ctx, c, noPassphrase(), func(f *folder.Folder) (cmdline.Reply, error) { return publishLists(ctx, c, f, out) })
		},
	}
}

type publishedLists struct {
	Environment string                 `json:"environment"`
	Files       []revocation.Published `json:"files"`
}

func publishLists(ctx context.Context, c *cmdline.Call, f *folder.Folder, out string) (cmdline.Reply, error) {
	_, findings, err := estate.World{Folder: f}.Lists(ctx, c.Args[0])
	if err != nil {
		return cmdline.Reply{}, err
	}
	files, err := revocation.Publish(ctx, f, c.Args[0], within(c, out))
	if err != nil {
		return cmdline.Reply{}, err
	}
	findings = slices.DeleteFunc(findings, func(f rules.Finding) bool { return f.Rule == "ANC702" }) // no limit of a file
	result := publishedLists{Environment: c.Args[0], Files: files}
	return cmdline.Reply{Result: result, Findings: findings, Page: func(p *render.Page) {
		for _, one := range files {
			p.Line("%s, %s  list %d of %s, next update by %s", one.DER, one.PEM, one.Number, one.Issuer, one.NextUpdate.Format(time.RFC3339))
		}
	}}, nil
}
