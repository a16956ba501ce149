package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/estate"
	"anchorctl/internal/hint"
	"anchorctl/internal/render"
	"anchorctl/internal/terminal"
)

type destroyOptions struct {
	approve  string
	waitLock bool
}

func destroyCommand() *cmdline.Command {
	var o destroyOptions
	return &cmdline.Command{
		Name:    "destroy",
		Summary: "take everything of the estate out of AWS",
		About: `Disables and deletes what the store lists and the tags confirm: trust anchors
and profiles. Nothing else in AWS is touched. Revocation lists that somebody
imported stay; they are named. Statements in trust policies stay (they name
anchors that are gone), and so do the keys, the store and its record on this
machine.

It asks for the estate's name to be typed; off a terminal, --approve carries it.`,
		Example: "anchorctl plan --destroy && anchorctl destroy",
		Exits:   []int{terminal.ExitRefused, terminal.ExitHeld, terminal.ExitLocked, terminal.ExitInterrupted},
		Resume:  `run "anchorctl destroy" to go on`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "approve", Usage: "do not ask; `NAME` is the estate's name", Destination: &o.approve},
			&cli.BoolFlag{Name: "wait-lock", Usage: "wait while another run holds the estate", Destination: &o.waitLock},
		},
		Run: func(ctx context.Context, c *cmdline.Call) (cmdline.Reply, error) {
			return withWorld(ctx, c, noPassphrase(), func(w estate.World) (cmdline.Reply, error) { return destroy(ctx, c, w, o) })
		},
	}
}

func destroy(ctx context.Context, c *cmdline.Call, w estate.World, o destroyOptions) (cmdline.Reply, error) {
	name := w.Folder.Config.Estate.Name
	if o.approve != "" && o.approve != name {
		return cmdline.Reply{}, terminal.Usage(fmt.Sprintf("--approve says %q, and this estate is called %q", o.approve, name))
	}
	options := estate.ApplyOptions{Options: estate.Options{Destroy: true}, Wait: o.waitLock}
	if o.approve == "" {
		options.Approve = func(ctx context.Context, p estate.Proposal) error { return askToDestroy(ctx, c, p, name) }
	}
	report, err := w.Apply(ctx, options)
	return appliedReply(report, err)
}

func askToDestroy(ctx context.Context, c *cmdline.Call, p estate.Proposal, name string) error {
	otherwise := "pass --approve " + name
	if c.JSON {
		return hint.With(errors.New("asking for confirmation: with --json nobody is asked"), otherwise)
	}
	if err := c.Print(func(page *render.Page) { planPage(page, p, "") }); err != nil {
		return err
	}
	question := fmt.Sprintf("\nFrom then on no workload of this estate gets a session. Type the estate's name, %s:", name)
	return c.Confirm(ctx, c.Voice, question, name, otherwise)
}
