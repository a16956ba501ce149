package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/engine"
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

// applied is what a run did, as JSON.
type applied struct {
	Run       string            `json:"run,omitempty"` // empty when there was nothing to do
	Resumed   bool              `json:"resumed"`
	Plan      proposal          `json:"plan"`
	Done      []string          `json:"done"`
	Held      []string          `json:"held"`
	Skipped   []string          `json:"skipped"`
	Notes     []string          `json:"notes"`
	Documents []engine.Document `json:"documents"` // what somebody has to install
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

// appliedReply tells what a run did, also when it did not come to its end.
func appliedReply(r estate.Report, err error) (cmdline.Reply, error) {
	if err != nil && r.Run == "" {
		return cmdline.Reply{Findings: r.Proposal.Findings}, err
	}
	planned, encodeErr := proposalOf(r.Proposal)
	if encodeErr != nil {
		return cmdline.Reply{}, errors.Join(err, encodeErr)
	}
	result := applied{
		Run: r.Run, Resumed: r.Resumed, Plan: planned,
		Done: listOf(r.Result.Done), Held: listOf(r.Result.Held), Skipped: listOf(r.Result.Skipped), Notes: listOf(r.Result.Notes),
		Documents: documentsOf(err),
	}
	page := func(p *render.Page) { appliedPage(p, result) }
	return cmdline.Reply{Result: result, Findings: r.Proposal.Findings, Page: page}, err
}

// documentsOf are the texts that a held run waits for.
func documentsOf(err error) []engine.Document {
	documents := []engine.Document{}
	var run *engine.HeldRun
	if errors.As(err, &run) {
		for _, h := range run.Held {
			documents = append(documents, h.Documents...)
		}
	}
	return documents
}

func appliedPage(p *render.Page, r applied) {
	for _, d := range r.Documents {
		p.Heading(d.Title + " of " + d.At)
		p.Text(d.Text)
	}
	for _, n := range r.Notes {
		p.Line("Note: %s", n)
	}
	for _, n := range r.Plan.Notices {
		p.Line("Note: %s", n)
	}
	p.Blank()
	switch {
	case r.Run == "":
		p.Line("Nothing to do: what is there is what the configuration says.")
	default:
		p.Line("Done: %d of %d steps, %d held, %d waiting for those.", len(r.Done), len(r.Plan.Actions), len(r.Held), len(r.Skipped))
	}
}
