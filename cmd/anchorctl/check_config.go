package main

import (
	"context"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/config"
	"anchorctl/internal/folder"
	"anchorctl/internal/render"
	"anchorctl/internal/rules"
	"anchorctl/internal/terminal"
)

// checkedConfig is the verdict on a configuration.
type checkedConfig struct {
	File         string   `json:"file"`
	Digest       string   `json:"digest"` // of its meaning
	Environments []string `json:"environments"`
}

func checkConfigCommand() *cmdline.Command {
	return &cmdline.Command{
		Name: "config", Args: "[FILE]", Max: 1,
		Summary: "read the configuration and judge what it says",
		About:   "Reads anchorctl.yaml, or FILE, and the documents it names. AWS is not asked.",
		Example: "anchorctl check config",
		Exits:   []int{terminal.ExitRefused},
		Run:     func(_ context.Context, c *cmdline.Call) (cmdline.Reply, error) { return checkConfig(c) },
	}
}

func checkConfig(c *cmdline.Call) (cmdline.Reply, error) {
	path := folder.Layout{Dir: c.Estate}.Config()
	if len(c.Args) == 1 {
		path = within(c, c.Args[0])
	}
	read, err := config.Load(path)
	if err != nil {
		return cmdline.Reply{}, err
	}
	digest, err := read.Digest()
	if err != nil {
		return cmdline.Reply{}, err
	}
	findings := rules.JudgeConfig(read, c.Clock.Now())
	result := checkedConfig{File: path, Digest: digest, Environments: read.EnvironmentNames()}
	reply := cmdline.Reply{Result: result, Findings: findings, Said: true, Page: func(p *render.Page) {
		verdict := "in order"
		if rules.Refused(findings) {
			verdict = "refused"
		}
		p.Line("%s: %s", path, verdict)
		p.Findings(findings)
	}}
	if rules.Refused(findings) {
		return reply, &rules.Refusal{Findings: findings}
	}
	return reply, nil
}
