package main

import (
	"context"
	"crypto/rand"
	"errors"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/durable"
	"anchorctl/internal/sandbox"
)

func sandboxExecCommand() *cmdline.Command {
	var o sandboxOptions
	return &cmdline.Command{
		Name: "exec", Args: "COMMAND [ARGUMENT...]", Min: 1, Max: -1,
		Summary: "run a command with a sandbox of its own",
		About: `Starts a sandbox, runs COMMAND with an environment that leads every AWS client
to it and leaves nothing of your own AWS configuration, and ends it with the
command. The exit status is the command's. AWS CLIs before 2.13 do not read
AWS_ENDPOINT_URL: give them --endpoint-url "$AWS_ENDPOINT_URL".`,
		Example:  "anchorctl sandbox exec --state sandbox.json -- anchorctl status",
		Plain:    "that of the command it runs",
		Forwards: true,
		Flags:    o.flags(),
		Run: func(ctx context.Context, c *cmdline.Call) (cmdline.Reply, error) {
			return cmdline.Reply{}, sandboxExec(ctx, c, &o)
		},
	}
}

func sandboxExec(ctx context.Context, c *cmdline.Call, o *sandboxOptions) (err error) {
	token := rand.Text()
	running, err := o.start(ctx, c, "", token, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, running.Close()) }()
	scratch, remove, err := c.Scratch()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	child := sandbox.Child{URL: running.URL, Token: token}
	keys := running.Keys()
	if len(keys) > 0 {
		child.Key = keys[0]
	}
	if child.ConfigFile, child.CredentialsFile, err = sandbox.WriteProfiles(durable.Files{}, scratch, keys); err != nil {
		return err
	}
	return c.RunChild(ctx, sandbox.ExecEnv(c.Environ, child), c.Args[0], c.Args[1:]...)
}
