package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/config"
	"anchorctl/internal/folder"
	"anchorctl/internal/hint"
	"anchorctl/internal/inventory"
	"anchorctl/internal/render"
	"anchorctl/internal/terminal"
)

type certsPruneOptions struct {
	endedBefore string
	approve     bool
}

func certsPruneCommand() *cmdline.Command {
	var o certsPruneOptions
	return &cmdline.Command{
		Name:    "prune",
		Summary: "remove the records of certificates that ended long ago",
		About: `The audit log stays whole: it tells of each certificate that was issued, and of
the pruning. What is valid is never removed, nor what is revoked and must stay in
a revocation list. The store's file does not get smaller; what is issued later
uses the room.

On a terminal it says what would go, and asks. Otherwise it needs --approve.`,
		Example: "anchorctl certs prune --ended-before 90d",
		Exits:   []int{terminal.ExitInterrupted},
		Resume:  "run the same command to go on",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "ended-before", Usage: "remove what ended longer than `DURATION` ago, such as 90d", Destination: &o.endedBefore},
			&cli.BoolFlag{Name: "approve", Usage: "do not ask", Destination: &o.approve},
		},
		Needs: []string{"ended-before"},
		Run: func(ctx context.Context, c *cmdline.Call) (cmdline.Reply, error) {
			return withEstate(ctx, c, noPassphrase(), func(f *folder.Folder) (cmdline.Reply, error) { return certsPrune(ctx, c, f, o) })
		},
	}
}

func certsPrune(ctx context.Context, c *cmdline.Call, f *folder.Folder, o certsPruneOptions) (cmdline.Reply, error) {
	age, err := config.ParseDuration(o.endedBefore)
	if err != nil {
		return cmdline.Reply{}, terminal.Usage(fmt.Sprintf("reading --ended-before: %q is no duration", o.endedBefore), "write 90d")
	}
	approve := func(p inventory.Pruning) error { return askToPrune(ctx, c, p) }
	if o.approve {
		approve = func(inventory.Pruning) error { return nil }
	}
	told := func(removed, of int) { c.Voice.Progress(fmt.Sprintf("removing certificates: %d of %d", removed, of)) }
	p, err := inventory.Prune(ctx, f, time.Duration(age), approve, told)
	return cmdline.Reply{Result: p, Page: func(page *render.Page) {
		if err == nil {
			certsPrunePage(page, p)
		}
	}}, err
}

func askToPrune(ctx context.Context, c *cmdline.Call, p inventory.Pruning) error {
	const otherwise = "pass --approve"
	if c.JSON {
		return hint.With(errors.New("asking for approval: with --json nobody is asked"), otherwise)
	}
	if err := c.Print(func(page *render.Page) { certsPrunePage(page, p) }); err != nil {
		return err
	}
	return c.Confirm(ctx, c.Voice, "\nType yes to remove them:", "yes", otherwise)
}

func certsPrunePage(page *render.Page, p inventory.Pruning) {
	before := p.EndedBefore.Format(time.RFC3339)
	switch {
	case p.Removed:
		page.Line("Removed from the record: certificates that ended before %s: %d.", before, p.Certificates)
	case p.Certificates+p.Revocations == 0:
		page.Line("Nothing to remove: no certificate on record ended before %s that no revocation list needs.", before)
	default:
		page.Line("To be removed from the record: certificates that ended before %s: %d.", before, p.Certificates)
	}
	if p.Revocations > 0 {
		page.Line("Revocations among them, which no list needs any more: %d.", p.Revocations)
	}
	if p.Held > 0 {
		page.Line("Kept, because a revocation list still needs them: %d.", p.Held)
	}
}
