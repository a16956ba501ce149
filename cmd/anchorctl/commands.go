package main

import "anchorctl/internal/cmdline"

// commands is every command there is, in the order in which help lists them.
func commands() *cmdline.Command {
	root := &cmdline.Command{
		Name:    "anchorctl",
		Summary: "a private certificate hierarchy for AWS IAM Roles Anywhere, safe by construction",
		About: `One file, anchorctl.yaml, describes the estate: a root that never leaves your
hands, one issuer for each environment, and in AWS the trust anchors, profiles
and role trust policies that belong to it. See what would change with plan,
make it so with apply.`,
		Example: `anchorctl init --name example --organization "Example Corp" --trust-domain example.internal
anchorctl plan
anchorctl apply
anchorctl issue prod/backup`,
	}
	root.Sub = []*cmdline.Command{
		initCommand(),
		planCommand(),
		applyCommand(),
		statusCommand(),
		destroyCommand(),
		issueCommand(),
		renewCommand(),
		rotateCommand(),
		revokeCommand(),
		crlCommand(),
		certsCommand(),
		sessionCommand(),
		checkCommand(),
		proveCommand(),
		explainCommand(),
		auditCommand(),
		policyCommand(),
		sandboxCommand(),
		versionCommand(),
		completionCommand(root),
		cmdline.Help(),
	}
	return root
}
