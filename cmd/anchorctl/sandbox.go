package main

import (
	"context"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/durable"
	"anchorctl/internal/render"
	"anchorctl/internal/sandbox"
)

// sandboxOptions are those of both forms.
type sandboxOptions struct {
	state, seed string
	rateLimits  bool
}

func (o *sandboxOptions) flags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "state", Usage: "keep the state in `FILE`; without it, it is gone at the end", Destination: &o.state},
		&cli.StringFlag{Name: "seed", Usage: "start from the accounts, keys and roles in `FILE`", Destination: &o.seed},
		&cli.BoolFlag{Name: "rate-limits", Usage: "enforce the service's request rates", Destination: &o.rateLimits},
	}
}

// start starts a sandbox on loopback.
func (o *sandboxOptions) start(ctx context.Context, c *cmdline.Call, listen, token string, log func(sandbox.Request)) (*sandbox.Running, error) {
	options := sandbox.Options{
		Listen: listen, Clock: c.Clock, Token: token, RateLimit: o.rateLimits, Log: log, Files: durable.Files{Step: c.Step},
	}
	if o.state != "" {
		options.State = within(c, o.state)
	}
	if o.seed != "" {
		seed, err := sandbox.LoadSeed(within(c, o.seed))
		if err != nil {
			return nil, err
		}
		options.Seed = seed
	}
	return sandbox.Serve(ctx, options)
}

// listening is a sandbox that answers, as JSON. Its keys open nothing else.
type listening struct {
	URL      string       `json:"url"`
	ID       string       `json:"id"`
	Accounts []sandboxKey `json:"accounts"`
}

type sandboxKey struct {
	Account         string `json:"account"`
	AccessKeyID     string `json:"accessKeyId"`
	SecretAccessKey string `json:"secretAccessKey"`
	Profile         string `json:"profile"`
}

func sandboxCommand() *cmdline.Command {
	var o sandboxOptions
	var listen string
	return &cmdline.Command{
		Name:    "sandbox",
		Summary: "run a local stand-in for Roles Anywhere, IAM and STS",
		About: `Listens on this machine only, until it is interrupted. The AWS CLI, SDKs,
aws_signing_helper and anchorctl itself use it unmodified, through
AWS_ENDPOINT_URL or --endpoint-url. Faults, clock and request log are under
/_sandbox/, open to who has the token in ANCHORCTL_SANDBOX_TOKEN; without one
they are closed.`,
		Example: "anchorctl sandbox --state sandbox.json --seed seed.yaml",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "listen", Usage: "listen on the loopback `ADDRESS:PORT`, instead of any free port of 127.0.0.1", Destination: &listen},
		}, o.flags()...),
		Sub: []*cmdline.Command{sandboxExecCommand()},
		Run: func(ctx context.Context, c *cmdline.Call) (cmdline.Reply, error) {
			return serveSandbox(ctx, c, &o, listen)
		},
	}
}

func serveSandbox(ctx context.Context, c *cmdline.Call, o *sandboxOptions, listen string) (cmdline.Reply, error) {
	log := func(r sandbox.Request) {
		if !c.Quiet {
			c.Voice.Note(fmt.Sprintf("%s %s %s %s %d %s", r.Time.Format(time.TimeOnly), r.Account, r.Service, r.Op, r.Status, r.Detail))
		}
	}
	running, err := o.start(ctx, c, listen, c.Getenv(sandbox.EnvToken), log)
	if err != nil {
		return cmdline.Reply{}, err
	}
	if err := c.Show(listeningReply(running)); err != nil {
		return cmdline.Reply{}, err
	}
	return cmdline.Reply{}, running.Wait()
}

func listeningReply(r *sandbox.Running) cmdline.Reply {
	result := listening{URL: r.URL, ID: r.ID(), Accounts: []sandboxKey{}}
	for _, k := range r.Keys() {
		result.Accounts = append(result.Accounts, sandboxKey{k.Account, k.ID, k.Secret, k.Profile})
	}
	return cmdline.Reply{Result: result, Page: func(p *render.Page) {
		p.Line("The sandbox %s listens. To use it:", result.ID)
		p.Line("  export AWS_ENDPOINT_URL=%s", result.URL)
		for _, k := range result.Accounts {
			p.Line("  export AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s   # account %s", k.AccessKeyID, k.SecretAccessKey, k.Account)
		}
	}}
}
