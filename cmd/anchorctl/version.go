package main

import (
	"context"
	"runtime"
	"runtime/debug"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/render"
)

// version is what the program knows of its own making.
type version struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Time     string `json:"time,omitempty"`
	Modified bool   `json:"modified"` // built from a tree with changes
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func versionCommand() *cmdline.Command {
	return &cmdline.Command{
		Name:    "version",
		Summary: "print which anchorctl this is",
		Example: "anchorctl version --json",
		Run: func(context.Context, *cmdline.Call) (cmdline.Reply, error) {
			v := buildVersion()
			return cmdline.Reply{Result: v, Page: func(p *render.Page) {
				modified := ""
				if v.Modified {
					modified = "yes"
				}
				p.Line("anchorctl %s", v.Version)
				p.Fields(
					render.Field{Name: "revision", Value: v.Revision}, render.Field{Name: "committed", Value: v.Time},
					render.Field{Name: "modified", Value: modified},
					render.Field{Name: "go", Value: v.Go}, render.Field{Name: "platform", Value: v.Platform},
				)
			}}, nil
		},
	}
}

func buildVersion() version {
	v := version{Version: "unknown", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	v.Version = info.Main.Version
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Revision = s.Value
		case "vcs.time":
			v.Time = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}
