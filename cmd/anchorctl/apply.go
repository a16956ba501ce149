package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/estate"
	"anchorctl/internal/hint"
	"anchorctl/internal/keys"
	"anchorctl/internal/render"
	"anchorctl/internal/terminal"
)

type applyOptions struct {
	approvals

	approve    bool
	waitLock   bool
	passphrase terminal.PassphraseSource
}

// maxPlan is more than the plan of a very large estate.
const maxPlan = 64 << 20

func applyCommand() *cmdline.Command {
	var o applyOptions
	return &cmdline.Command{
		Name: "apply", Args: "[PLAN]", Max: 1,
		Summary: "do what plan shows",
		About: `Computes the plan again and carries it out, step by step. Every step is recorded
before and after: killed at any point, the next apply goes on from there.
Trust anchors and profiles are enabled last, and only when no role would accept
a certificate that it should not.

On a terminal it asks first. Otherwise it needs --approve, or PLAN, a file that
"anchorctl plan --out" wrote and that must be exactly what would be done now.`,
		Example: "anchorctl plan --out plan.json && anchorctl apply plan.json",
		Exits:   []int{terminal.ExitRefused, terminal.ExitHeld, terminal.ExitLocked, terminal.ExitInterrupted},
		Resume:  `run "anchorctl apply" to go on`,
		Flags: append(append([]cli.Flag{
			&cli.BoolFlag{Name: "approve", Usage: "do not ask", Destination: &o.approve},
			&cli.BoolFlag{Name: "wait-lock", Usage: "wait while another run holds the estate", Destination: &o.waitLock},
		}, o.flags()...), passphraseFlags(&o.passphrase)...),
		Run: func(ctx context.Context, c *cmdline.Call) (cmdline.Reply, error) {
			return withWorld(ctx, c, o.passphrase, func(w estate.World) (cmdline.Reply, error) { return apply(ctx, c, w, &o) })
		},
	}
}

func apply(ctx context.Context, c *cmdline.Call, w estate.World, o *applyOptions) (cmdline.Reply, error) {
	options := estate.ApplyOptions{Options: o.options(), Wait: o.waitLock}
	if len(c.Args) == 1 {
		saved, err := readFile(c, c.Args[0], maxPlan)
		if err != nil {
			return cmdline.Reply{}, err
		}
		options.Saved = saved
	}
	if options.Saved == nil && !o.approve {
		options.Approve = func(ctx context.Context, p estate.Proposal) error { return askToApply(ctx, c, p) }
	}
	report, err := w.Apply(ctx, options)
	if errors.Is(err, keys.ErrWrongPassphrase) {
		err = hint.With(untouched(err), "give the passphrase that was chosen when the estate was made")
	}
	return appliedReply(report, err)
}

func askToApply(ctx context.Context, c *cmdline.Call, p estate.Proposal) error {
	otherwise := `pass --approve, or save a plan with "anchorctl plan --out FILE" and apply the file`
	if c.JSON {
		return hint.With(errors.New("asking for confirmation: with --json nobody is asked"), otherwise)
	}
	if err := c.Print(func(page *render.Page) { planPage(page, p, "") }); err != nil {
		return err
	}
	question := fmt.Sprintf("\nDo these %d steps? Type yes:", len(p.Plan.Actions))
	return c.Confirm(ctx, c.Voice, question, "yes", otherwise)
}
