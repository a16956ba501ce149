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

type checkCertOptions struct{ root, chain string }

func checkCertCommand() *cmdline.Command {
	var o checkCertOptions
	return &cmdline.Command{
		Name: "cert", Args: "FILE", Min: 1, Max: 1,
		Summary: "say whether a certificate may become a trust anchor",
		About: `Judges FILE, one certificate in PEM or DER, as if it were about to become a
trust anchor under the private root. Nothing but the files counts: neither the
network nor the certificates this machine trusts.`,
		Example: "anchorctl check cert issuer.pem --root root.pem",
		Exits:   []int{terminal.ExitRefused},
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "root", Usage: "the private root's certificate is in `FILE`", Destination: &o.root},
			&cli.StringFlag{Name: "chain", Usage: "the certificates between it and the root are in `FILE`", Destination: &o.chain},
		},
		Run: func(_ context.Context, c *cmdline.Call) (cmdline.Reply, error) { return checkCert(c, o, c.Args[0]) },
	}
}

func checkCert(c *cmdline.Call, o checkCertOptions, path string) (cmdline.Reply, error) {
	var files openFiles
	defer files.close()
	report, err := rules.CheckFile(rules.CheckInput{
		At: path, File: files.open(c, path), Chain: files.open(c, o.chain), Root: files.open(c, o.root), Now: c.Clock.Now(),
	})
	if files.err != nil {
		return cmdline.Reply{}, files.err
	}
	if err != nil {
		return cmdline.Reply{}, err
	}
	reply := cmdline.Reply{Result: report, Findings: report.Findings, Said: true, Page: func(p *render.Page) { certPage(p, report) }}
	if !report.Admitted {
		return reply, &rules.Refusal{Findings: report.Findings}
	}
	return reply, nil
}

func certPage(p *render.Page, r rules.Report) {
	verdict := "refused"
	if r.Admitted {
		verdict = "admitted"
	}
	p.Line("%s: %s", r.At, verdict)
	if f := r.Subject; f != nil {
		const layout = "2006-01-02 15:04 MST"
		p.Fields(
			render.Field{Name: "  subject", Value: f.Subject}, render.Field{Name: "  issuer", Value: f.Issuer},
			render.Field{Name: "  serial", Value: f.Serial + " (decimal " + f.SerialDecimal + ")"},
			render.Field{Name: "  valid", Value: f.NotBefore.Format(layout) + " to " + f.NotAfter.Format(layout)},
			render.Field{Name: "  key", Value: f.Key + ", signed with " + f.Signature},
			render.Field{Name: "  fingerprint", Value: f.Fingerprint},
			render.Field{Name: "  path", Value: strings.Join(r.Path, " ← ")},
		)
	}
	p.Findings(r.Findings)
	p.Blank()
	if len(r.NotChecked) > 0 {
		p.Line("not checked, nothing was given for it: %s", strings.Join(r.NotChecked, ", "))
	}
	p.Line("public CAs: list of %s, %d keys", r.Public.Date.Format("2006-01-02"), r.Public.Count)
}
