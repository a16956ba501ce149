package main

import (
	"context"

	"github.com/urfave/cli/v2"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/folder"
	"anchorctl/internal/render"
	"anchorctl/internal/store"
	"anchorctl/internal/terminal"
)

// auditVerdict is what a sound audit log is told about.
type auditVerdict struct {
	Entries int64  `json:"entries"`
	Head    string `json:"head"` // to be noted elsewhere
}

func auditVerifyCommand() *cmdline.Command {
	var since string
	return &cmdline.Command{
		Name:    "verify",
		Summary: "verify that the audit log, and what is on record, was not changed",
		About: `Verifies the store's file, the chain of hashes of the audit log from its first
entry to its last, and that issuers, certificates, revocations, revocation lists
and objects on record are those that the log tells of.

Whoever can write to the store can also compute a new chain. So it prints the
head of the log, its newest entry and hash: note it somewhere else, and give it
to --since the next time.`,
		Example: "anchorctl audit verify",
		Exits:   []int{terminal.ExitInterrupted},
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "since", Usage: "verify that the log goes on from `HEAD`, which was noted before", Destination: &since},
		},
		Run: func(ctx context.Context, c *cmdline.Call) (cmdline.Reply, error) {
			return withEstate(ctx, c, noPassphrase(), func(f *folder.Folder) (cmdline.Reply, error) { return auditVerify(ctx, c, f, since) })
		},
	}
}

func auditVerify(ctx context.Context, c *cmdline.Call, f *folder.Folder, since string) (cmdline.Reply, error) {
	var noted store.Head
	if since != "" {
		var err error
		if noted, err = store.ParseHead(since); err != nil {
			return cmdline.Reply{}, terminal.Usage(err.Error())
		}
	}
	c.Voice.Progress("verifying the audit log")
	head, err := f.Store.AuditHead(ctx)
	if err != nil {
		return cmdline.Reply{}, err
	}
	if err := f.Store.VerifyAudit(ctx); err != nil {
		return cmdline.Reply{}, err
	}
	if since != "" {
		if err := f.Store.VerifySince(ctx, noted); err != nil {
			return cmdline.Reply{}, err
		}
	}
	v := auditVerdict{Entries: head.Entries, Head: head.String()}
	return cmdline.Reply{Result: v, Page: func(p *render.Page) {
		p.Line("The audit log holds together, and what is on record is what it tells of.")
		p.Fields(render.Field{Name: "head", Value: v.Head})
	}}, nil
}
