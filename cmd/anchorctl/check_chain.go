package main

import (
	"context"
	"errors"
	"fmt"
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

func checkChainCommand() *cmdline.Command {
	var root string
	return &cmdline.Command{
		Name: "chain", Args: "FILE", Min: 1, Max: 1,
		Summary: "say whether a chain of certificates holds, and what is wrong with it",
		About: `Judges FILE, PEM blocks or a PKCS#7 bundle, as a workload or an issuer has it: its
own certificate first, then whoever signed the one before. Each certificate is
judged for what it is to be, and the whole for its order, for what is missing or
superfluous, and for a way to the private root. In an estate's directory, the
estate's root proves it, its issuers complete it, and a workload's certificate
is held to its environment; elsewhere --root names the private root.`,
		Example: "anchorctl check chain chain.pem --root root.pem",
		Exits:   []int{terminal.ExitRefused},
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "root", Usage: "the private root's certificate is in `FILE`", Destination: &root},
		},
		Run: func(ctx context.Context, c *cmdline.Call) (cmdline.Reply, error) { return checkChain(ctx, c, root) },
	}
}

// checkChain judges inside the estate, unless a root is named or there is no
// estate.
func checkChain(ctx context.Context, c *cmdline.Call, root string) (cmdline.Reply, error) {
	if root != "" {
		return checkChainWith(c, root, nil)
	}
	reply, err := withEstate(ctx, c, noPassphrase(), func(f *folder.Folder) (cmdline.Reply, error) {
		known, err := vetting.Chain(ctx, f)
		if err != nil {
			return cmdline.Reply{}, err
		}
		return checkChainWith(c, "", known)
	})
	if errors.Is(err, folder.ErrNoEstate) {
		return checkChainWith(c, "", nil)
	}
	return reply, err
}

func checkChainWith(c *cmdline.Call, root string, known *admission.ChainEstate) (cmdline.Reply, error) {
	var files openFiles
	defer files.close()
	report, err := admission.CheckChain(admission.ChainInput{
		At: c.Args[0], File: files.open(c, c.Args[0]), Root: files.open(c, root), Estate: known, Now: c.Clock.Now(),
	})
	if err = errors.Join(files.err, err); err != nil {
		return cmdline.Reply{}, err
	}
	warnOfAge(c, report.Public.Date, report.Public.Stale)
	reply := cmdline.Reply{Result: report, Findings: report.Findings, Said: true, Page: func(p *render.Page) { chainPage(p, report) }}
	if !report.Sound {
		return reply, &rules.Refusal{Findings: report.Findings}
	}
	return reply, nil
}

func chainPage(p *render.Page, r admission.ChainReport) {
	verdict := "refused"
	if r.Sound {
		verdict = "sound"
	}
	kind := ""
	if r.Kind != "" {
		kind = ", the chain of a " + r.Kind
		if r.Kind == "issuer" {
			kind = ", the chain of an issuer"
		}
	}
	p.Line("%s: %s%s", r.At, verdict, kind)
	rows := make([][]string, 0, len(r.Certificates))
	for _, c := range r.Certificates {
		rows = append(rows, []string{fmt.Sprint(c.Position), c.Role, c.Subject, c.Key, c.NotAfter.Format(time.DateOnly)})
	}
	if len(rows) > 0 {
		p.Table([]string{"#", "role", "subject", "key", "ends"}, rows)
	}
	if len(r.Path) > 0 {
		p.Fields(render.Field{Name: "path", Value: strings.Join(r.Path, " ← ")})
	}
	p.Findings(r.Findings)
	p.Blank()
	if len(r.NotChecked) > 0 && r.Kind != "" {
		p.Line("not checked, nothing was given for it: %s", strings.Join(r.NotChecked, ", "))
	}
	p.Line("public CAs: list of %s, %d keys", r.Public.Date.Format(time.DateOnly), r.Public.Count)
}
