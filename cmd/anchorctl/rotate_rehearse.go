package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/durable"
	"anchorctl/internal/estate"
	"anchorctl/internal/hint"
	"anchorctl/internal/rehearse"
	"anchorctl/internal/store"
	"anchorctl/internal/terminal"
)

// rehearseOptions are those of rotate rehearse.
type rehearseOptions struct {
	workloads      int
	offline, renew bool
	svg            string
}

func rotateRehearseCommand() *cmdline.Command {
	var o rehearseOptions
	return &cmdline.Command{
		Name: "rehearse", Args: "ENV", Min: 1, Max: 1,
		Summary: "do a rotation on a copy, in virtual time, and report who would be denied",
		About: `Copies the environment into a private sandbox: its part of the configuration,
certificates like those that live, roles like those in AWS. Then the whole
rotation is done there, while the fleet renews and opens sessions, in virtual
time that begins now. It reports denied sessions, which must be none, how long it
takes, what it waits for, and how many requests it sends. Nothing of the estate
or of AWS is changed, no private key is opened, and no passphrase is asked for.`,
		Example: "anchorctl rotate rehearse prod --workloads 10000 --svg rehearsal.svg",
		Exits:   []int{terminal.ExitRefused, terminal.ExitHeld, terminal.ExitInterrupted},
		Flags: []cli.Flag{
			&cli.IntFlag{Name: "workloads", Usage: "simulate at least `N` workloads, those on record among them", Destination: &o.workloads},
			&cli.BoolFlag{Name: "offline", Usage: "do not read AWS: roles are as the configuration wants them", Destination: &o.offline},
			&cli.BoolFlag{Name: "renew", Usage: "rehearse a renewal: same key, new dates", Destination: &o.renew},
			&cli.StringFlag{Name: "svg", Usage: "draw the timeline in `FILE`", Destination: &o.svg},
		},
		Run: func(ctx context.Context, c *cmdline.Call) (cmdline.Reply, error) {
			switch {
			case c.Args[0] == rootName:
				return cmdline.Reply{}, terminal.Usage("no trust anchor holds the root, so its rotation denies nobody: rehearse those of environments", "write anchorctl rotate rehearse ENV")
			case o.workloads < 0:
				return cmdline.Reply{}, terminal.Usage(fmt.Sprintf("--workloads %d: there are no fewer than none", o.workloads))
			}
			if err := replaceable(c, o.svg, "<svg ", "--svg"); err != nil {
				return cmdline.Reply{}, err
			}
			return o.run(ctx, c)
		},
	}
}

func (o *rehearseOptions) run(ctx context.Context, c *cmdline.Call) (cmdline.Reply, error) {
	return withWorld(ctx, c, noPassphrase(), func(w estate.World) (reply cmdline.Reply, err error) {
		dir, remove, err := c.Scratch()
		if err != nil {
			return cmdline.Reply{}, err
		}
		defer func() { err = errors.Join(err, remove()) }()
		kind := store.Rekey
		if o.renew {
			kind = store.Renewal
		}
		report, err := rehearse.Run(ctx, rehearse.Options{
			World: w, Environment: c.Args[0], Kind: kind, Workloads: o.workloads, Offline: o.offline, Dir: dir, Progress: c.Voice.Progress,
		})
		if report.Environment == "" {
			return cmdline.Reply{}, err
		}
		var denied *rehearse.DeniedError
		if errors.As(err, &denied) {
			err = hint.With(err, deniedHints(report)...)
		}
		drawn := o.svg
		if o.svg != "" {
			if failed := (durable.Files{}).Replace(within(c, o.svg), report.Timeline().SVG(), 0o644); failed != nil {
				drawn, err = "", errors.Join(err, failed)
			}
		}
		return rehearsedReply(report, drawn, err), err
	})
}
