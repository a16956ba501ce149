package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/config"
	"anchorctl/internal/engine"
	"anchorctl/internal/estate"
	"anchorctl/internal/hint"
	"anchorctl/internal/keys"
	"anchorctl/internal/plan"
	"anchorctl/internal/render"
	"anchorctl/internal/rotate"
	"anchorctl/internal/store"
	"anchorctl/internal/terminal"
)

func rotateCommand() *cmdline.Command {
	return &cmdline.Command{
		Name:    "rotate",
		Summary: "change the issuer of an environment, or the root, without one denied session",
		Sub:     []*cmdline.Command{rotateStartCommand(), rotateResumeCommand(), rotateStatusCommand(), rotateAbortCommand(), rotateRehearseCommand()},
	}
}

// rotateOptions are those of start, resume and abort.
type rotateOptions struct {
	renew, emergency, cutOff, keepKey, approve, watch, waitLock bool
	reason, endpoint                                            string
	passphrase                                                  terminal.PassphraseSource
}

// rootName is what the root is called where an environment could stand.
const rootName = config.RootName

func (o *rotateOptions) lock() cli.Flag {
	return &cli.BoolFlag{Name: "wait-lock", Usage: "wait while another run holds the estate", Destination: &o.waitLock}
}

func (o *rotateOptions) goingOn() []cli.Flag {
	return append([]cli.Flag{
		&cli.BoolFlag{Name: "watch", Usage: "stay, and go on by itself until it is done", Destination: &o.watch},
		&cli.BoolFlag{Name: "emergency", Usage: "go past the gates that protect sessions; needs --reason", Destination: &o.emergency},
		&cli.StringFlag{Name: "reason", Usage: "why, in `WORDS`, for the audit log", Destination: &o.reason},
		&cli.BoolFlag{Name: "cut-off", Usage: "with --emergency: even those who have no new certificate yet", Destination: &o.cutOff},
		o.lock(),
		&cli.StringFlag{Name: "endpoint", Usage: "ask for sessions at `URL` instead of AWS", Destination: &o.endpoint},
	}, passphraseFlags(&o.passphrase)...)
}

func exitsOfRotation() []int {
	return []int{terminal.ExitRefused, terminal.ExitHeld, terminal.ExitLocked, terminal.ExitInterrupted}
}

func rotateStartCommand() *cmdline.Command {
	var o rotateOptions
	return &cmdline.Command{
		Name: "start", Args: "ENV|root", Min: 1, Max: 1,
		Summary: "start a rotation, and go on until it has to wait",
		About: `Shows every step from here to the end, asks, and goes on until a gate holds it:
exit 5 then says when to come back. The new issuer is minted, trust anchors take
it in beside the old one, sessions with it have to succeed, certificates come
from it, and once no certificate of the old one lives, the old one leaves and its
key is destroyed. Killed at any point, "anchorctl rotate resume" goes on.

--renew keeps the key and changes the dates. --emergency is for a key that was
stolen: new certificates first, then one update of the trust anchors that cuts off
whoever holds an old one, and the end of all sessions. With "root", the root
changes and every issuer is signed anew with the key that it has.`,
		Example: `anchorctl rotate start prod --watch`,
		Exits:   exitsOfRotation(),
		Resume:  `run "anchorctl rotate resume ARG" to go on`,
		Flags: append([]cli.Flag{
			&cli.BoolFlag{Name: "approve", Usage: "do not ask", Destination: &o.approve},
			&cli.BoolFlag{Name: "renew", Usage: "same key, new dates", Destination: &o.renew},
			&cli.BoolFlag{Name: "keep-key", Usage: "put the old key away instead of destroying it; that of a root is put away always", Destination: &o.keepKey},
		}, o.goingOn()...),
		Run: func(ctx context.Context, c *cmdline.Call) (cmdline.Reply, error) {
			rotation, err := o.begun(o.rotation(c))
			if err != nil {
				return cmdline.Reply{}, err
			}
			return o.run(ctx, c, rotation)
		},
	}
}

// begun is the rotation that start begins, of the kind that its flags say.
func (o *rotateOptions) begun(r estate.Rotation) (estate.Rotation, error) {
	r.Kind, r.KeepKey = store.Rekey, o.keepKey
	ofRoot := r.Environment == ""
	switch {
	case o.renew && (o.emergency || o.keepKey):
		return r, terminal.Usage("--renew keeps the key: neither --emergency nor --keep-key goes with it")
	case o.renew && ofRoot:
		return r, terminal.Usage("--renew is for issuers: a root that ends gets a new key", `run "anchorctl rotate start root"`)
	case o.keepKey && ofRoot:
		return r, terminal.Usage("--keep-key is for issuers: the key of the old root is put away in any case", `run "anchorctl rotate start root"`)
	case o.renew:
		r.Kind = store.Renewal
	case o.emergency && ofRoot:
		return r, terminal.Usage("--emergency is for issuers: no trust anchor holds the root, so its rotation denies nobody", `run "anchorctl rotate start root", then start a rotation of each environment`)
	case o.emergency:
		r.Kind = store.Emergency
	}
	return r, nil
}

func rotateResumeCommand() *cmdline.Command {
	var o rotateOptions
	return &cmdline.Command{
		Name: "resume", Args: "ENV|root", Min: 1, Max: 1,
		Summary: "go on with a rotation",
		About: `Reads what there is, and does what is left of the rotation until a gate holds it
(exit 5, with the time to come back) or it is done. Run it from cron, or let it
stay with --watch. Nobody is asked: the plan was agreed to when it was started.`,
		Example: "anchorctl rotate resume prod --watch",
		Exits:   exitsOfRotation(),
		Resume:  `run "anchorctl rotate resume ARG" to go on`,
		Flags:   o.goingOn(),
		Run: func(ctx context.Context, c *cmdline.Call) (cmdline.Reply, error) {
			o.approve = true
			return o.run(ctx, c, o.rotation(c))
		},
	}
}

func rotateAbortCommand() *cmdline.Command {
	var o rotateOptions
	return &cmdline.Command{
		Name: "abort", Args: "ENV|root", Min: 1, Max: 1,
		Summary: "go back to the issuer from before a rotation",
		About: `Takes the new issuer out of the trust anchors and destroys its key; with "root",
destroys the new root's key. It is possible until the cut-over; from then on
workloads hold certificates of the new issuer, and the new root signs. Where such
a certificate is found although the store knows of no cut-over, since it was
restored from a backup, the abort is held (exit 5): "anchorctl rotate resume" is
right then.`,
		Example: "anchorctl rotate abort prod",
		Exits:   exitsOfRotation(),
		Resume:  `run "anchorctl rotate abort ARG" to go on`,
		Flags:   []cli.Flag{&cli.BoolFlag{Name: "approve", Usage: "do not ask", Destination: &o.approve}, o.lock()},
		Run: func(ctx context.Context, c *cmdline.Call) (cmdline.Reply, error) {
			rotation := o.rotation(c)
			rotation.Abort = true
			return o.run(ctx, c, rotation)
		},
	}
}

func (o *rotateOptions) rotation(c *cmdline.Call) estate.Rotation {
	r := estate.Rotation{Environment: c.Args[0], Reason: o.reason}
	if r.Environment == rootName {
		r.Environment = ""
	}
	return r
}

func (o *rotateOptions) run(ctx context.Context, c *cmdline.Call, r estate.Rotation) (cmdline.Reply, error) {
	switch {
	case o.emergency && strings.TrimSpace(o.reason) == "":
		return cmdline.Reply{}, terminal.Usage("--emergency goes past what protects sessions: it needs --reason, for the audit log", `write --reason "what happened"`)
	case o.cutOff && !o.emergency:
		return cmdline.Reply{}, terminal.Usage("--cut-off goes with --emergency alone")
	case o.watch && c.JSON:
		return cmdline.Reply{}, terminal.Usage("--watch does not go with --json, which is one object")
	}
	return withWorld(ctx, c, o.passphrase, func(w estate.World) (cmdline.Reply, error) {
		world := rotate.World{World: w, Endpoint: sessionEndpoint(c, o.endpoint), Progress: c.Voice.Progress}
		options := rotate.Options{Rotation: r, Emergency: o.emergency, CutOff: o.cutOff, Wait: o.waitLock}
		if !o.approve {
			options.Approve = func(ctx context.Context, p estate.Proposal) error { return askToRotate(ctx, c, world, p, r.Abort) }
		}
		var done estate.Report
		var err error
		if o.watch {
			done, err = world.Watch(ctx, options, waiting(c))
		} else {
			done, err = world.Run(ctx, options)
		}
		if errors.Is(err, keys.ErrWrongPassphrase) {
			err = hint.With(untouched(err), "give the passphrase of the root")
		}
		return rotatedReply(ctx, world, done, err)
	})
}

// waiting says what a rotation that stays is waiting for, each time that it is
// something else.
func waiting(c *cmdline.Call) func(held *engine.HeldRun, until time.Time) {
	said := ""
	return func(held *engine.HeldRun, until time.Time) {
		if text := held.Error(); text != said {
			said = text
			c.Voice.Note(text)
		}
		c.Voice.Progress("looking again at " + until.UTC().Format(time.RFC3339) + "; Ctrl-C stops, and rotate resume goes on")
	}
}

func askToRotate(ctx context.Context, c *cmdline.Call, w rotate.World, p estate.Proposal, back bool) error {
	const otherwise = "pass --approve"
	if c.JSON {
		return hint.With(errors.New("asking for confirmation: with --json nobody is asked"), otherwise)
	}
	alive, ending, err := w.Living(ctx, *p.Rotation)
	if err != nil {
		return err
	}
	err = c.Print(func(page *render.Page) {
		planPage(page, p, "")
		gatesPage(page, p.Plan.Actions, back)
		if alive > 0 && !back && slices.ContainsFunc(p.Plan.Actions, func(a plan.Action) bool { return a.Gate == estate.GateDrained }) {
			page.Line("%s valid now, the last until %s.", rotate.Valid(alive, rotate.Old(*p.Rotation)), ending[0].NotAfter.Format(time.RFC3339))
		}
	})
	if err != nil {
		return err
	}
	return c.Confirm(ctx, c.Voice, fmt.Sprintf("\nDo these %d steps, each as soon as its gate opens? Type yes:", len(p.Plan.Actions)), "yes", otherwise)
}

// gatesPage says what the steps of a rotation wait for, or those of going back.
func gatesPage(p *render.Page, actions []plan.Action, back bool) {
	for _, a := range actions {
		if a.Gate != "" {
			p.Line("  %s: %s", a.ID, gateWords(a.Gate, back))
		}
	}
}

func gateWords(gate string, back bool) string {
	if back {
		return "unless a workload has a certificate of the new issuer [" + gate + "]"
	}
	words := "once its rule allows it"
	switch gate {
	case estate.GateSeen:
		words = fmt.Sprintf("once sessions with it have succeeded for %d minutes at every target", int(rotate.SeenFor.Minutes()))
	case estate.GateDrained:
		words = "once no certificate of the old issuer is valid"
	case estate.GateReissued:
		words = "once whoever has a valid certificate of the old issuer has one of the new"
	}
	return words + " [" + gate + "]"
}
