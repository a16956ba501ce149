package main

import "anchorctl/internal/cmdline"

func checkCommand() *cmdline.Command {
	return &cmdline.Command{
		Name:    "check",
		Summary: "judge a certificate, a chain or the configuration by the rules, changing nothing",
		Sub:     []*cmdline.Command{checkCertCommand(), checkChainCommand(), checkConfigCommand()},
	}
}
