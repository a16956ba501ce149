package main

import (
	"context"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/config"
	"anchorctl/internal/folder"
	"anchorctl/internal/issuance"
	"anchorctl/internal/keys"
	"anchorctl/internal/render"
	"anchorctl/internal/terminal"
)

type issueOptions struct {
	out, keyType string
	lifetime     string
}

func issueCommand() *cmdline.Command {
	var o issueOptions
	return &cmdline.Command{
		Name: "issue", Args: "ENV/WORKLOAD[.INSTANCE]", Min: 1, Max: 1,
		Summary: "issue a workload's key and certificate",
		About: `Writes key.pem, cert.pem and chain.pem (mode 0600), records the certificate, and
prints what ~/.aws/config needs to use it. Names and lifetime come from
anchorctl.yaml; a flag can shorten the lifetime, never widen anything.`,
		Example: "anchorctl issue prod/backup --out /etc/backup/aws",
		Exits:   []int{terminal.ExitRefused, terminal.ExitInterrupted},
		Resume:  "run the same command to go on: a certificate that was recorded is given out, not made twice",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "out", Usage: "write the files into `DIR`, instead of out/ENV/WORKLOAD in the estate", Destination: &o.out},
			&cli.StringFlag{Name: "lifetime", Usage: "it lives `DURATION`, such as 12h, at most as long as configured", Destination: &o.lifetime},
			&cli.StringFlag{Name: "key-type", Usage: "its key is `TYPE`: ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072 (ecdsa-p256)", Destination: &o.keyType},
		},
		Run: func(ctx context.Context, c *cmdline.Call) (cmdline.Reply, error) {
			return withEstate(ctx, c, noPassphrase(), func(f *folder.Folder) (cmdline.Reply, error) { return issue(ctx, c, f, o) })
		},
	}
}

func issue(ctx context.Context, c *cmdline.Call, f *folder.Folder, o issueOptions) (cmdline.Reply, error) {
	var r issuance.Request
	var err error
	if o.lifetime != "" {
		lifetime, err := config.ParseDuration(o.lifetime)
		if err != nil || lifetime <= 0 {
			return cmdline.Reply{}, terminal.Usage(fmt.Sprintf("reading --lifetime: %q is no lifetime", o.lifetime), "write 12h or 7d")
		}
		r.Lifetime = time.Duration(lifetime)
	}
	if r.Environment, r.Workload, r.Instance, err = issuance.ParseName(c.Args[0]); err != nil {
		return cmdline.Reply{}, terminal.Usage(err.Error())
	}
	if o.keyType != "" {
		if r.KeyType, err = keys.ParseType(o.keyType); err != nil {
			return cmdline.Reply{}, terminal.Usage(err.Error())
		}
	}
	if o.out != "" {
		r.Out = within(c, o.out)
	}
	result, err := issuance.Issue(ctx, f, r)
	if err != nil {
		return cmdline.Reply{}, err
	}
	return cmdline.Reply{Result: result, Page: func(p *render.Page) { issuePage(p, result) }}, nil
}

func issuePage(p *render.Page, r issuance.Result) {
	p.Fields(
		render.Field{Name: "key", Value: r.KeyFile}, render.Field{Name: "certificate", Value: r.CertificateFile},
		render.Field{Name: "chain", Value: r.ChainFile}, render.Field{Name: "subject", Value: r.Subject},
		render.Field{Name: "uri", Value: r.URI}, render.Field{Name: "issuer", Value: r.Issuer},
		render.Field{Name: "serial", Value: r.SerialHex + " (decimal " + r.SerialDecimal + ")"},
		render.Field{Name: "valid until", Value: r.NotAfter.Format(time.RFC3339)},
	)
	if len(r.Stanzas) > 0 {
		p.Heading("For ~/.aws/config, either with AWS's aws_signing_helper")
		for _, s := range r.Stanzas {
			p.Text(s.Helper)
		}
		p.Heading("or with anchorctl")
		for _, s := range r.Stanzas {
			p.Text(s.Session)
		}
	}
	for _, n := range append(r.Notes, r.Missing...) {
		p.Blank()
		p.Line("Note: %s", n)
	}
}
