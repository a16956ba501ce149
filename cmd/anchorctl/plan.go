package main

import (
	"context"

	"github.com/urfave/cli/v2"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/engine"
	"anchorctl/internal/estate"
	"anchorctl/internal/plan"
	"anchorctl/internal/render"
	"anchorctl/internal/rules"
	"anchorctl/internal/terminal"
)

// approvals are the environments and targets for which something that cannot be taken
// back is approved.
type approvals struct{ remove, restore, forget cli.StringSlice }

func (a *approvals) flags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "approve-delete", Usage: "remove what the environment `ENV`, gone from anchorctl.yaml, has in AWS; may be repeated", Destination: &a.remove},
		&cli.StringSliceFlag{Name: "approve-restore", Usage: "take certificates that are not ours out of the trust anchors of `ENV`; may be repeated", Destination: &a.restore},
		&cli.StringSliceFlag{Name: "approve-forget", Usage: "take what is at `ACCOUNT/REGION`, gone from anchorctl.yaml, off the record: its account is gone for good; may be repeated", Destination: &a.forget},
	}
}

func (a *approvals) options() estate.Options {
	return estate.Options{Delete: a.remove.Value(), Restore: a.restore.Value(), Forget: a.forget.Value()}
}

type planOptions struct {
	approvals

	out     string
	detail  bool
	destroy bool
}

// proposal is a plan with what is to be said about it, as JSON.
type proposal struct {
	Changes bool          `json:"changes"`
	Digest  string        `json:"digest"`
	Basis   plan.Basis    `json:"basis"`
	Actions []plan.Action `json:"actions"`
	Notices []string      `json:"notices"`
	// Documents are what somebody has to install.
	Documents []engine.Document `json:"documents"`
	File      string            `json:"file,omitempty"` // where the plan was saved
}

func planCommand() *cmdline.Command {
	var o planOptions
	return &cmdline.Command{
		Name:    "plan",
		Summary: "show what apply would do; nothing is changed",
		About: `Reads anchorctl.yaml, the store and what is in AWS, and lists every step in the
order in which apply takes it, with the fields it changes. + creates, ~ changes,
- deletes, ? checks, ‖ names the rule that must hold just before a step is done.

A saved plan (--out) holds neither times nor secrets. apply FILE computes the
plan again and needs it to be the same.`,
		Example: "anchorctl plan --out plan.json && anchorctl apply plan.json",
		Exits:   []int{terminal.ExitChanges, terminal.ExitRefused, terminal.ExitInterrupted},
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "out", Usage: "save the plan in `FILE`", Destination: &o.out},
			&cli.BoolFlag{Name: "detailed-exitcode", Usage: "exit 3 when there are changes", Destination: &o.detail},
			&cli.BoolFlag{Name: "destroy", Usage: "plan what destroy would do", Destination: &o.destroy},
		}, o.flags()...),
		Run: func(ctx context.Context, c *cmdline.Call) (cmdline.Reply, error) {
			if err := replaceable(c, o.out, `{"actions":`, "--out"); err != nil {
				return cmdline.Reply{}, err
			}
			return withWorld(ctx, c, noPassphrase(), func(w estate.World) (cmdline.Reply, error) { return propose(ctx, c, w, &o) })
		},
	}
}

func propose(ctx context.Context, c *cmdline.Call, w estate.World, o *planOptions) (cmdline.Reply, error) {
	options := o.options()
	options.Destroy = o.destroy
	p, err := w.Plan(ctx, options)
	if err != nil {
		return cmdline.Reply{Findings: p.Findings}, err
	}
	if rules.Refused(p.Findings) {
		err = &rules.Refusal{Findings: p.Findings}
	}
	result, encodeErr := proposalOf(p)
	if encodeErr != nil {
		return cmdline.Reply{}, encodeErr
	}
	if o.out != "" && err == nil {
		raw, err := p.Plan.Encode()
		if err != nil {
			return cmdline.Reply{}, err
		}
		if err := w.Folder.Files.Replace(within(c, o.out), append(raw, '\n'), 0o600); err != nil {
			return cmdline.Reply{}, err
		}
		result.File = o.out
	}
	reply := cmdline.Reply{Result: result, Findings: p.Findings, Page: func(page *render.Page) { planPage(page, p, o.out) }}
	if o.detail && result.Changes {
		reply.Exit = terminal.ExitChanges
	}
	return reply, err
}

func proposalOf(p estate.Proposal) (proposal, error) {
	digest, err := p.Plan.Digest()
	return proposal{
		Changes: !p.Plan.Empty(), Digest: digest, Basis: p.Plan.Basis,
		Actions: listOf(p.Plan.Actions), Notices: listOf(p.Notices), Documents: listOf(p.Documents()),
	}, err
}

func planPage(page *render.Page, p estate.Proposal, saved string) {
	page.Plan(p.Plan)
	for _, n := range p.Notices {
		page.Blank()
		page.Line("Note: %s", n)
	}
	heldLines(page, p.Findings)
	documentsPage(page, p.Documents())
	if saved != "" {
		page.Blank()
		page.Line("Saved in %s: apply exactly this with: anchorctl apply %s", saved, saved)
	}
}

// heldLines says what is held, and what to do about it.
func heldLines(page *render.Page, findings []rules.Finding) {
	for _, f := range rules.Only(findings, rules.Hold) {
		page.Blank()
		page.Line("Held: %s", f)
		page.Line("      %s", f.Remedy)
	}
}
