package main

import (
	"context"
	"strings"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/render"
	"anchorctl/internal/rules"
)

// explanation is a rule and its page.
type explanation struct {
	rules.Rule

	Page string `json:"page"`
}

func explainCommand() *cmdline.Command {
	return &cmdline.Command{
		Name: "explain", Args: "[RULE]", Max: 1,
		Summary: "print what a rule refuses, why, and what to do",
		About:   "Without a rule, lists all of them.",
		Example: "anchorctl explain ANC001",
		Run: func(_ context.Context, c *cmdline.Call) (cmdline.Reply, error) {
			if len(c.Args) == 0 {
				return ruleList(rules.All()), nil
			}
			return rulePage(c.Args[0])
		},
	}
}

func ruleList(all []rules.Rule) cmdline.Reply {
	return cmdline.Reply{Result: all, Page: func(p *render.Page) {
		rows := make([][]string, len(all))
		for i, r := range all {
			rows[i] = []string{r.ID, string(r.Severity), r.Name}
		}
		p.Table([]string{"RULE", "SEVERITY", "NAME"}, rows)
	}}
}

func rulePage(id string) (cmdline.Reply, error) {
	page, err := rules.Page(strings.ToUpper(id))
	if err != nil {
		return cmdline.Reply{}, err
	}
	rule, _ := rules.ByID(strings.ToUpper(id))
	return cmdline.Reply{Result: explanation{rule, page}, Page: func(p *render.Page) { p.Text(page) }}, nil
}
