package main

import (
	"os"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/terminal"
)

func main() { os.Exit(run(terminal.System())) }

func run(env terminal.Env) int { return cmdline.Run(env, commands()) }
