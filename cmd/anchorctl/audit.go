package main

import "anchorctl/internal/cmdline"

func auditCommand() *cmdline.Command {
	return &cmdline.Command{
		Name:    "audit",
		Summary: "show the audit log, and verify it",
		Sub:     []*cmdline.Command{auditListCommand(), auditVerifyCommand()},
	}
}
