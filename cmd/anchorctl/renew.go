package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/config"
	"anchorctl/internal/folder"
	"anchorctl/internal/hint"
	"anchorctl/internal/issuance"
	"anchorctl/internal/renewal"
	"anchorctl/internal/terminal"
)

type renewOptions struct {
	all, env, out, lifetime string
	in                      cli.StringSlice
	exec, endpoint          string
	force, probe, watch     bool
}

func renewCommand() *cmdline.Command {
	var o renewOptions
	return &cmdline.Command{
		Name: "renew", Args: "[ENV/WORKLOAD[@INSTANCE]]", Max: 1,
		Summary: "give workloads a new key and certificate before the old one ends",
		About: `Renews the certificate of one workload, or with --all due of all whose files lie
below out/ in the estate, when two thirds of its life are over; each workload has
a moment of its own between two thirds and three quarters, so that a fleet does
not renew at once. It belongs on a timer, on the issuing machine. The old files
stay until the new ones are whole and, with --probe, the service has given a
session for them. --exec brings them to their host: CMD runs in sh after each
renewal and for what was issued and never pushed, with ANCHORCTL_KEY_FILE,
_CERTIFICATE_FILE, _CHAIN_FILE, _FOLDER, _ENVIRONMENT, _WORKLOAD, _INSTANCE,
_SERIAL and _NOT_AFTER in its environment; when it fails, the next run tries it
again. What was revoked is renewed by name and with --force only.`,
		Example: `anchorctl renew prod/backup --probe
anchorctl renew --all due --exec /usr/local/bin/push-certificate`,
		Exits:  []int{terminal.ExitRefused, terminal.ExitHeld, terminal.ExitLocked, terminal.ExitInterrupted},
		Resume: "run the same command to go on: what was begun is completed, nothing is made twice",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "all", Usage: "all certificates that are `WHICH`; there is one word for it: due", Destination: &o.all},
			&cli.StringFlag{Name: "env", Usage: "with --all: only those of the environment `ENV`", Destination: &o.env},
			&cli.StringSliceFlag{Name: "in", Usage: "with --all: look below `DIR`, where issue --out wrote, instead of out/; may be repeated", Destination: &o.in},
			&cli.StringFlag{Name: "out", Usage: "with ENV/WORKLOAD: issue wrote its files into `DIR`", Destination: &o.out},
			&cli.BoolFlag{Name: "force", Usage: "renew although it is not due", Destination: &o.force},
			&cli.StringFlag{Name: "lifetime", Usage: "the new one lives `DURATION`, such as 12h, at most as long as configured", Destination: &o.lifetime},
			&cli.BoolFlag{Name: "probe", Usage: "ask for a session with the new certificate before the old files are replaced", Destination: &o.probe},
			&cli.StringFlag{Name: "endpoint", Usage: "with --probe: ask at `URL`, instead of AWS in the trust anchor's region", Destination: &o.endpoint},
			&cli.BoolFlag{Name: "watch", Usage: "with --all: stay, and look again every ten minutes, until it is interrupted", Destination: &o.watch},
			&cli.StringFlag{Name: "exec", Usage: "run `CMD` in sh after a renewal, to push the files to their host", Destination: &o.exec},
		},
		Run: func(ctx context.Context, c *cmdline.Call) (cmdline.Reply, error) {
			selection, options, err := o.read(c)
			if err != nil {
				return cmdline.Reply{}, err
			}
			once := func() (cmdline.Reply, error) {
				return withEstate(ctx, c, noPassphrase(), func(f *folder.Folder) (cmdline.Reply, error) {
					return renew(ctx, c, f, selection, options)
				})
			}
			if o.watch {
				return cmdline.Reply{}, watch(ctx, c, once)
			}
			return once()
		},
	}
}

func renew(ctx context.Context, c *cmdline.Call, f *folder.Folder, s renewal.Selection, o renewal.Options) (cmdline.Reply, error) {
	if err := knownEnvironment(f, s.Environment); err != nil {
		return cmdline.Reply{}, err
	}
	result, err := renewal.Run(ctx, f, s, o, func(done, total int, dir string) {
		c.Voice.Progress(fmt.Sprintf("%d/%d %s", done+1, total, dir))
	})
	return cmdline.Reply{Result: result, Page: renewPage(result)}, err
}

// watchEach is how often a run that stays looks again.
const watchEach = 10 * time.Minute

// watch runs once and again. The estate is opened each time: its configuration
// may have changed. What fails is said, and tried again.
func watch(ctx context.Context, c *cmdline.Call, once func() (cmdline.Reply, error)) error {
	for {
		reply, err := once()
		if ctx.Err() != nil {
			return nil // asked to stop, and every folder is whole
		}
		if reply.Page != nil {
			if err := c.Print(reply.Page); err != nil {
				return err
			}
		}
		if err != nil {
			c.Voice.Failure(terminal.Explain(err))
		}
		if err := c.Clock.Wait(ctx, watchEach); err != nil {
			return nil
		}
	}
}

// read reads the command line.
func (o *renewOptions) read(c *cmdline.Call) (renewal.Selection, renewal.Options, error) {
	options := renewal.Options{Force: o.force, Probe: o.probe, Endpoint: sessionEndpoint(c, o.endpoint)}
	if o.lifetime != "" {
		lifetime, err := config.ParseDuration(o.lifetime)
		if err != nil {
			return renewal.Selection{}, options, terminal.Usage(fmt.Sprintf("reading --lifetime: %q is no lifetime", o.lifetime), "write 12h or 7d")
		}
		options.Lifetime = time.Duration(lifetime)
	}
	if o.exec != "" {
		options.Push = pusher(c, o.exec)
	}
	selection, err := o.selection(c)
	return selection, options, err
}

func (o *renewOptions) selection(c *cmdline.Call) (renewal.Selection, error) {
	var s renewal.Selection
	roots := o.in.Value()
	switch {
	case o.all == "" && len(c.Args) == 0:
		return s, terminal.Usage(`renew needs ENV/WORKLOAD, or "--all due"`, `run "anchorctl renew --help"`)
	case o.all != "" && len(c.Args) > 0:
		return s, terminal.Usage("renew takes ENV/WORKLOAD or --all, not both")
	case o.all != "" && o.all != "due":
		return s, terminal.Usage(fmt.Sprintf("there is no --all %q", o.all), `write "--all due"; with --force, those that are not due are renewed too`)
	case o.all == "" && (o.env != "" || len(roots) > 0 || o.watch):
		return s, terminal.Usage("--env, --in and --watch go with --all due")
	case o.watch && (c.JSON || o.force):
		return s, terminal.Usage("--watch goes neither with --json, which is one object, nor with --force")
	case o.all != "" && o.out != "":
		return s, terminal.Usage("--out goes with ENV/WORKLOAD", "name the folders that are looked through with --in")
	case o.all != "":
		s.Environment = o.env
		for _, root := range roots {
			s.Roots = append(s.Roots, within(c, root))
		}
		return s, nil
	}
	var r issuance.Request
	var err error
	if r.Environment, r.Workload, r.Instance, err = issuance.ParseName(c.Args[0]); err != nil {
		return s, terminal.Usage(err.Error(), hint.Of(err)...)
	}
	if o.out != "" {
		r.Out = within(c, o.out)
	}
	s.One = &r
	return s, nil
}

// pusher runs a command of the user's for each delivery. What it prints goes to
// stderr: stdout is the result's.
func pusher(c *cmdline.Call, command string) func(context.Context, renewal.Delivery) error {
	return func(ctx context.Context, d renewal.Delivery) error {
		c.Voice.Clear()
		env := c.Env
		env.Stdin, env.Stdout = strings.NewReader(""), c.Stderr
		err := env.RunHook(ctx, append(c.Environ[:len(c.Environ):len(c.Environ)], d.Environ()...), command)
		var status terminal.ChildStatus
		if errors.As(err, &status) {
			return fmt.Errorf("the command of --exec ended with status %d", int(status))
		}
		return err
	}
}
