package main

import "anchorctl/internal/cmdline"

func certsCommand() *cmdline.Command {
	return &cmdline.Command{
		Name:    "certs",
		Summary: "list and show the certificates that were issued, and prune those that ended",
		Sub:     []*cmdline.Command{certsListCommand(), certsShowCommand(), certsPruneCommand()},
	}
}
