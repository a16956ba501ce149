package main

import (
	"context"
	"strings"

	"github.com/urfave/cli/v2"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/render"
	"anchorctl/internal/rules"
	"anchorctl/internal/terminal"
)

// explanation is a rule and its page.
type explanation struct {
	rules.Rule

	Page string `json:"page"`
}

func explainCommand() *cmdline.Command {
	var o denialOptions
	return &cmdline.Command{
		Name: "explain", Args: "[RULE | ENV/WORKLOAD]", Max: 1,
		Summary: "print what a rule refuses, or why a certificate gets no session",
		About: `With RULE, prints what it refuses, why, and what to do; without anything, lists
all of them.

With ENV/WORKLOAD, --certificate or --session, tells how a session fares at each
gate of CreateSession, in the service's order: which fails first, which would
fail then, and what to change. It reads the trust anchor, the profile, the
revocation lists and the role as they are in AWS, and changes nothing; --offline
judges by configuration and record alone. What could not be looked up is "not
checked". Where several profiles or targets fit, each is explained.

--session takes what "anchorctl session --report" wrote, a CloudTrail record of
CreateSession, or what "aws cloudtrail lookup-events" prints. Outside an estate
the three ARNs say what was asked for, and the default credentials of AWS are
used when they are the account's.

An explanation that was given exits 0, whether the session would be granted or
denied: with --json, "granted" tells.`,
		Example: `anchorctl explain ANC001
anchorctl explain prod/backup --role prod-backup
anchorctl explain --certificate cert.pem --for prod --role prod-backup
anchorctl explain --session denied.json
aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue=CreateSession | anchorctl explain --session -`,
		Exits: []int{terminal.ExitInterrupted},
		Flags: o.flags(),
		Run: func(ctx context.Context, c *cmdline.Call) (cmdline.Reply, error) {
			switch {
			case o.given() || len(c.Args) == 1 && strings.Contains(c.Args[0], "/"):
				return explainDenial(ctx, c, o)
			case len(c.Args) == 0:
				return ruleList(rules.All()), nil
			}
			return rulePage(c.Args[0])
		},
	}
}

func (o *denialOptions) flags() []cli.Flag {
	text := func(name, usage string, to *string) cli.Flag {
		return &cli.StringFlag{Name: name, Usage: usage, Destination: to}
	}
	return []cli.Flag{
		text("session", "the JSON of the failed session is in `FILE`, or on stdin for -", &o.session),
		text("certificate", "the workload's certificate is in `FILE`", &o.certificate),
		text("private-key", "its private key is in `FILE`: it is only held against the certificate", &o.privateKey),
		text("intermediates", "certificates sent with it, up to the trust anchor, are in `FILE`", &o.intermediates),
		text("for", "it asks for a role of the environment `ENV`", &o.choice.Environment),
		text("profile", "by the profile `NAME` of the environment", &o.choice.Profile),
		text("role", "for the role `NAME`, as anchorctl.yaml writes it", &o.choice.Role),
		text("target", "in `ACCOUNT/REGION`", &o.choice.Target),
		text("trust-anchor-arn", "instead of names: the trust anchor is `ARN`", &o.anchorARN),
		text("profile-arn", "instead of names: the profile is `ARN`", &o.profileARN),
		text("role-arn", "instead of names: the role is `ARN`", &o.roleARN),
		text("session-duration", "the session is asked to last `DURATION`: 1h, or seconds", &o.duration),
		text("role-session-name", "it is asked to be called `NAME`", &o.sessionName),
		text("at", "judge for the moment `TIME` (RFC 3339), instead of now or the session's own", &o.at),
		text("out", "with ENV/WORKLOAD: issue wrote its files into `DIR`", &o.out),
		&cli.BoolFlag{Name: "offline", Usage: "judge by configuration and record, without asking AWS", Destination: &o.offline},
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
