package main

import "anchorctl/internal/cmdline"

func checkCommand() *cmdline.Command {
	return &cmdline.Command{
		Name:    "check",
		Summary: "judge a certificate, a policy, the configuration or the AWS accounts by the rules, changing nothing",
		Sub:     []*cmdline.Command{checkCertCommand(), checkPolicyCommand(), checkConfigCommand(), checkAccountCommand()},
	}
}
