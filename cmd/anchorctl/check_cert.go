package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"anchorctl/internal/admission"
	"anchorctl/internal/cmdline"
	"anchorctl/internal/folder"
	"anchorctl/internal/render"
	"anchorctl/internal/rules"
	"anchorctl/internal/terminal"
	"anchorctl/internal/vetting"
)

type checkCertOptions struct{ root, chain, environment string }

func checkCertCommand() *cmdline.Command {
	var o checkCertOptions
	return &cmdline.Command{
		Name: "cert", Args: "FILE", Min: 1, Max: 1,
		Summary: "say whether a certificate may become a trust anchor",
		About: `Judges FILE, one certificate in PEM, DER or PKCS#7, as if it were about to become
a trust anchor. In an estate's directory, the estate's own root proves it, and no
other environment may use it; elsewhere --root names the private root. Neither
the network nor the certificates that this machine trusts have a say.`,
		Example: "anchorctl check cert issuer.pem --root root.pem",
		Exits:   []int{terminal.ExitRefused},
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "root", Usage: "the private root's certificate is in `FILE`", Destination: &o.root},
			&cli.StringFlag{Name: "for", Usage: "in an estate: it is to be the trust anchor of the environment `ENV`", Destination: &o.environment},
			&cli.StringFlag{Name: "chain", Usage: "the certificates between it and the root are in `FILE`", Destination: &o.chain},
		},
		Run: func(ctx context.Context, c *cmdline.Call) (cmdline.Reply, error) { return checkCert(ctx, c, o) },
	}
}

// checkCert judges inside the estate, whose own root counts, unless a root is
// named or there is no estate.
func checkCert(ctx context.Context, c *cmdline.Call, o checkCertOptions) (cmdline.Reply, error) {
	switch {
	case o.root != "" && o.environment != "":
		return cmdline.Reply{}, terminal.Usage("--root and --for exclude each other: an environment is of the estate, whose own root counts")
	case o.root != "":
		return checkCertWith(c, o, nil)
	}
	reply, err := withEstate(ctx, c, noPassphrase(), func(f *folder.Folder) (cmdline.Reply, error) {
		known, err := vetting.Estate(ctx, f, o.environment)
		if err != nil {
			return cmdline.Reply{}, err
		}
		return checkCertWith(c, o, known)
	})
	if errors.Is(err, folder.ErrNoEstate) && o.environment == "" {
		return checkCertWith(c, o, nil)
	}
	return reply, err
}

func checkCertWith(c *cmdline.Call, o checkCertOptions, known *admission.Estate) (cmdline.Reply, error) {
	var files openFiles
	defer files.close()
	report, err := admission.CheckFile(admission.CheckInput{
		At: c.Args[0], File: files.open(c, c.Args[0]), Chain: files.open(c, o.chain), Root: files.open(c, o.root),
		Estate: known, Now: c.Clock.Now(),
	})
	if files.err != nil {
		return cmdline.Reply{}, files.err
	}
	if err != nil {
		return cmdline.Reply{}, err
	}
	if known != nil && o.environment == "" {
		nameEnvironment(report.Findings)
	}
	warnOfAge(c, report.Public.Date, report.Public.Stale)
	reply := cmdline.Reply{Result: report, Findings: report.Findings, Said: true, Page: func(p *render.Page) { certPage(p, report) }}
	if !report.Admitted {
		return reply, &rules.Refusal{Findings: report.Findings}
	}
	return reply, nil
}

// nameEnvironment says what helps when no environment was named: every issuer
// of the estate is then somebody else's.
func nameEnvironment(findings []rules.Finding) {
	for i, f := range findings {
		if f.Rule == "ANC011" {
			findings[i].Remedy = "if it is meant for that environment, say so with --for ENV; otherwise " + f.Remedy
		}
	}
}

func certPage(p *render.Page, r admission.Report) {
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
	switch {
	case r.Subject == nil:
		p.Line("not checked: there is no certificate to check")
	case len(r.NotChecked) > 0:
		p.Line("not checked, nothing was given for it: %s", strings.Join(r.NotChecked, ", "))
	}
	p.Line("public CAs: list of %s, %d keys", r.Public.Date.Format(time.DateOnly), r.Public.Count)
}
