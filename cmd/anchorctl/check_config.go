package main

import (
	"context"
	"errors"
	"io/fs"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/config"
	"anchorctl/internal/folder"
	"anchorctl/internal/hint"
	"anchorctl/internal/render"
	"anchorctl/internal/rules"
	"anchorctl/internal/scrutiny"
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
		About: `Reads anchorctl.yaml, or FILE, and the documents it names. AWS is not asked. In an
estate's directory, anchorctl.yaml must also name the estate that the store
belongs to.`,
		Example: "anchorctl check config",
		Exits:   []int{terminal.ExitRefused},
		Run:     checkConfig,
	}
}

func checkConfig(ctx context.Context, c *cmdline.Call) (cmdline.Reply, error) {
	read, path, err := loadConfig(c)
	if err != nil {
		return cmdline.Reply{}, err
	}
	d := deps(c, noPassphrase())
	if path == d.Layout().Config() {
		if err := folder.Compare(ctx, d, read); err != nil {
			return cmdline.Reply{}, err
		}
	}
	digest, err := read.Digest()
	if err != nil {
		return cmdline.Reply{}, err
	}
	findings := scrutiny.JudgeConfig(read, c.Clock.Now())
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

// loadConfig reads the file that was named, or the estate's own.
func loadConfig(c *cmdline.Call) (*config.Config, string, error) {
	if len(c.Args) == 1 {
		path := within(c, c.Args[0])
		read, err := config.Load(path)
		return read, path, err
	}
	path := folder.Layout{Dir: c.Estate}.Config()
	read, err := config.Load(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = hint.With(err, `run "anchorctl init" to write a starter configuration`, "or name the estate's directory with --dir")
	}
	return read, path, err
}
