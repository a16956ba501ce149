package main

import (
	"context"
	"strings"

	"anchorctl/internal/cmdline"
)

func completionCommand(root *cmdline.Command) *cmdline.Command {
	return &cmdline.Command{
		Name: "completion", Args: "bash|zsh|fish", Min: 1, Max: 1,
		Summary: "print a script that completes commands and flags in a shell",
		About: `bash:  eval "$(anchorctl completion bash)"
zsh:   eval "$(anchorctl completion zsh)", after compinit
fish:  anchorctl completion fish | source`,
		Example: `anchorctl completion bash >/etc/bash_completion.d/anchorctl`,
		Plain:   "a shell script",
		Run: func(_ context.Context, c *cmdline.Call) (cmdline.Reply, error) {
			script, err := cmdline.Completion(root, strings.ToLower(c.Args[0]))
			return cmdline.Reply{Raw: []byte(script)}, err
		},
	}
}
