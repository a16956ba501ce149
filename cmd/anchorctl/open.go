package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"

	"github.com/urfave/cli/v2"

	"anchorctl/internal/awsapi"
	"anchorctl/internal/cmdline"
	"anchorctl/internal/config"
	"anchorctl/internal/engine"
	"anchorctl/internal/estate"
	"anchorctl/internal/folder"
	"anchorctl/internal/keys"
	"anchorctl/internal/sandbox"
	"anchorctl/internal/terminal"
)

// passphraseFlags say where the root key's passphrase comes from when nobody
// is asked.
func passphraseFlags(from *terminal.PassphraseSource) []cli.Flag {
	return sourceFlags("the root key", from)
}

// sourceFlags say where the passphrase of something comes from.
func sourceFlags(what string, from *terminal.PassphraseSource) []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "passphrase-file", Usage: what + "'s passphrase is the first line of `FILE`", Destination: &from.File},
		&cli.IntFlag{Name: "passphrase-fd", Usage: "it is the first line of the open file descriptor `N`", Value: -1, Destination: &from.FD},
	}
}

// deps is what an estate needs of the world.
func deps(c *cmdline.Call, from terminal.PassphraseSource) folder.Deps {
	if from.File != "" {
		from.File = within(c, from.File)
	}
	passphrase := c.Passphrase(c.Voice, from, "the root key")
	return folder.Deps{
		Dir: c.Estate, StateHome: stateHome(c), Clock: c.Clock, Step: c.Step, Actor: c.Actor,
		Passphrase: passphrase.Ask, Again: passphrase.Again,
	}
}

// untouched says of a wrong passphrase that nothing came of it: the root key is
// opened before anything is changed.
func untouched(err error) error {
	if errors.Is(err, keys.ErrWrongPassphrase) {
		return fmt.Errorf("%w; nothing was changed", err)
	}
	return err
}

// stateHome is where programs keep state
// (https://specifications.freedesktop.org/basedir-spec/latest/#variables).
func stateHome(c *cmdline.Call) string {
	if dir := c.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return dir
	}
	if home := c.Getenv("HOME"); home != "" {
		return filepath.Join(home, ".local", "state")
	}
	return ""
}

// noPassphrase is for commands that never open the root key.
func noPassphrase() terminal.PassphraseSource { return terminal.PassphraseSource{FD: -1} }

// withEstate opens the estate, runs use, and closes it.
func withEstate(ctx context.Context, c *cmdline.Call, from terminal.PassphraseSource,
	use func(*folder.Folder) (cmdline.Reply, error),
) (reply cmdline.Reply, err error) {
	f, err := folder.Open(ctx, deps(c, from))
	if err != nil {
		return cmdline.Reply{}, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	for _, w := range f.Warnings {
		c.Voice.Warning(w.Message, w.Hint)
	}
	return use(f)
}

// knownEnvironment holds that the one that --env names is configured.
func knownEnvironment(f *folder.Folder, env string) error {
	if env == "" {
		return nil
	}
	_, err := f.Config.Environment(env)
	return err
}

// withWorld opens the estate and its way to AWS.
func withWorld(ctx context.Context, c *cmdline.Call, from terminal.PassphraseSource,
	use func(estate.World) (cmdline.Reply, error),
) (cmdline.Reply, error) {
	return withEstate(ctx, c, from, func(f *folder.Folder) (cmdline.Reply, error) {
		c.Voice.Progress("reading what is in AWS")
		n := &narrator{voice: c.Voice}
		return use(estate.World{Folder: f, Open: opener(c, f.Config.Estate.Name+"-", n), Events: n.engine})
	})
}

// opener opens targets, where our own objects' names begin with the prefix. All
// of a command share one pace; a custom endpoint is announced once.
func opener(c *cmdline.Call, prefix string, n *narrator) func(context.Context, config.Target) (estate.Cloud, error) {
	pacer := awsapi.NewPacer(c.Clock)
	var announced sync.Map
	return func(ctx context.Context, t config.Target) (estate.Cloud, error) {
		o := awsapi.Options{
			Account: t.Account, Region: t.Region, NamePrefix: prefix, Clock: c.Clock, Pacer: pacer,
			Progress: n.aws,
		}
		if t.Credentials != nil {
			o.Profile, o.AssumeRole = t.Credentials.Profile, t.Credentials.AssumeRole
		}
		target, err := awsapi.Open(ctx, o)
		if err != nil {
			return estate.Cloud{}, err
		}
		id, err := target.Identity(ctx)
		if err != nil {
			return estate.Cloud{}, err
		}
		// Inside "sandbox exec", everybody knows.
		if at := target.Endpoint(); at != "" && at != c.Getenv(sandbox.EnvURL) {
			if _, before := announced.LoadOrStore(at, true); !before {
				c.Voice.Note(fmt.Sprintf("AWS is reached at the custom endpoint %s (%s)", at, id.Bound))
			}
		}
		return target.Cloud(id), nil
	}
}

// narrator says what is under way: the step of the run, and the request that
// it waits for.
type narrator struct {
	voice *terminal.Voice

	mu   sync.Mutex
	step string
}

func (n *narrator) aws(e awsapi.Event) {
	n.mu.Lock()
	defer n.mu.Unlock()
	text := fmt.Sprintf("%s%s at %s/%s", n.step, e.Operation, e.Account, e.Region)
	switch e.Reason {
	case awsapi.Throttled:
		text += ", throttled"
	case awsapi.Unavailable:
		text += ", trying again"
	case awsapi.Paced:
	}
	n.voice.Progress(text)
}

func (n *narrator) engine(e engine.Event) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch e.Kind {
	case engine.Started:
		n.step = fmt.Sprintf("%d/%d %s: ", e.Index, e.Total, e.Action.ID)
		n.voice.Progress(strings.TrimSuffix(n.step, ": "))
	case engine.Settling:
		n.voice.Progress(fmt.Sprintf("finding out whether %s happened, for up to %s", e.Action.ID, e.Wait))
	case engine.Finished, engine.WasHeld, engine.Skipped, engine.Broke:
		n.step = ""
	}
}
