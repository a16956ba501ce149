package main

import (
	"context"

	"github.com/urfave/cli/v2"

	"anchorctl/internal/cmdline"
)

func checkCommand() *cmdline.Command {
	var public bool
	return &cmdline.Command{
		Name:    "check",
		Summary: "judge a certificate, a chain, a policy, the configuration or the AWS accounts by the rules, changing nothing",
		About: `What is judged is a command of its own. With --public-set and no command, it
shows the set of public CAs, test CAs and published keys that no trust anchor
may carry: how old it is, and where from.`,
		Example: "anchorctl check --public-set",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "public-set", Usage: "show the set of public CAs that certificates are held against", Destination: &public},
		},
		Sub: []*cmdline.Command{checkCertCommand(), checkChainCommand(), checkPolicyCommand(), checkConfigCommand(), checkAccountCommand()},
		Run: func(_ context.Context, c *cmdline.Call) (cmdline.Reply, error) { return checkPublicSet(c, public) },
	}
}
