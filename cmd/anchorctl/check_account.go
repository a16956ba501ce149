package main

import (
	"context"
	"fmt"
	"strings"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/estate"
	"anchorctl/internal/render"
	"anchorctl/internal/rules"
	"anchorctl/internal/survey"
	"anchorctl/internal/terminal"
	"anchorctl/internal/verdict"
)

func checkAccountCommand() *cmdline.Command {
	return &cmdline.Command{
		Name: "account", Args: "[ACCOUNT]", Max: 1,
		Summary: "judge all that the estate's AWS accounts hold, foreign things too",
		About: `Reads every account and region of the estate, or ACCOUNT alone: the trust anchors,
profiles and revocation lists, ours and foreign, and every role of the account. In
AWS the boundary is the account: a role that trusts Roles Anywhere too widely, an
anchor that nobody knows, or a profile that hands out somebody else's roles is
everybody's matter. Nothing is changed, and the lock is not taken.

The credentials need what "anchorctl policy operator" prints under KnowWhoIAm, See,
JudgeRoles, JudgePolicies and CheckAccount. What they may not read is said.`,
		Example: "anchorctl check account 111122223333",
		Exits:   []int{terminal.ExitRefused, terminal.ExitHeld, terminal.ExitInterrupted},
		Run: func(ctx context.Context, c *cmdline.Call) (cmdline.Reply, error) {
			return withWorld(ctx, c, noPassphrase(), func(w estate.World) (cmdline.Reply, error) { return checkAccount(ctx, c, w) })
		},
	}
}

func checkAccount(ctx context.Context, c *cmdline.Call, w estate.World) (cmdline.Reply, error) {
	account := ""
	if len(c.Args) == 1 {
		account = c.Args[0]
	}
	report, err := survey.Check(ctx, w, account)
	if err != nil {
		return cmdline.Reply{}, err
	}
	reply := cmdline.Reply{Result: report, Findings: report.Findings, Said: true, Page: func(p *render.Page) { accountsPage(p, report) }}
	return reply, verdict.Of(report.Findings)
}

func accountsPage(p *render.Page, r survey.Report) {
	for _, a := range r.Accounts {
		of := "not all could be read"
		if a.Roles.Listed {
			of = fmt.Sprintf("%d in all", a.Roles.All)
		}
		p.Heading(fmt.Sprintf("account %s: roles: %s, %d for Roles Anywhere, %d of the configuration", a.Account, of, a.Roles.RolesAnywhere, a.Roles.Mapped))
		for _, region := range a.Regions {
			p.Blank()
			if rows := regionRows(region); len(rows) > 0 {
				p.Table([]string{region.Region, "whose", "state", "holds"}, rows)
			} else {
				p.Line("%s: no trust anchors and no profiles", region.Region)
			}
			p.Line("%s", used(region))
		}
	}
	p.Findings(r.Findings)
	for _, w := range r.Waived {
		p.Blank()
		p.Line("Note: %s", w)
	}
	for _, n := range r.NotChecked {
		p.Blank()
		p.Line("Not checked: %s", n)
	}
	p.Blank()
	p.Line("%s", tally(r))
}

func regionRows(r survey.Region) [][]string {
	rows := [][]string{}
	for _, a := range r.Anchors {
		holds := []string{a.Unreadable}
		for i, c := range a.Certificates {
			words := c.Marks
			if len(words) == 0 {
				words = []string{c.Subject}
			}
			if i == 0 {
				holds = nil
			}
			holds = append(holds, strings.Join(words, ", "))
		}
		rows = append(rows, []string{nameOf("anchor", a.Addr, a.Name), whose(a.Environment), state(a.Enabled), strings.Join(holds, "; ")})
	}
	for _, profile := range r.Profiles {
		rows = append(rows, []string{
			nameOf("profile", profile.Addr, profile.Name), whose(profile.Environment), state(profile.Enabled), strings.Join(profile.Roles, ", "),
		})
	}
	return rows
}

// used is how much of the region's quotas is used, and how many revocation lists
// there are.
func used(r survey.Region) string {
	words := []string{}
	for _, q := range r.Quotas {
		if q.Adjustable {
			words = append(words, fmt.Sprintf("%s %d of %d", strings.TrimSuffix(q.Quota, " of an account and region"), q.Used, q.Most))
		}
	}
	return fmt.Sprintf("quotas by default: %s; revocation lists: %d", strings.Join(words, ", "), r.RevocationLists)
}

// nameOf is the address of what is ours, and kind and name of what is not.
func nameOf(kind, addr, name string) string {
	if addr != "" {
		return addr
	}
	return kind + " " + name
}

func whose(environment string) string {
	if environment == "" {
		return "foreign"
	}
	return environment
}

func state(enabled bool) string {
	if enabled {
		return "enabled"
	}
	return "disabled"
}

// tally is the verdict in one line.
func tally(r survey.Report) string {
	n := map[rules.Severity]int{}
	for _, f := range r.Findings {
		n[f.Severity]++
	}
	words := "in order"
	if len(r.Findings) > 0 {
		words = fmt.Sprintf("%d refused, %d held, %d warned of", n[rules.Refuse], n[rules.Hold], n[rules.Warn])
	}
	words += fmt.Sprintf(", %d waived", len(r.Waived))
	if len(r.NotChecked) > 0 {
		words += "; not all was checked"
	}
	return words
}
