package main

import (
	"context"

	"github.com/urfave/cli/v2"

	"anchorctl/internal/ceremony"
	"anchorctl/internal/cmdline"
	"anchorctl/internal/config"
	"anchorctl/internal/render"
	"anchorctl/internal/terminal"
)

type initOptions struct {
	name, organization, trustDomain string
	environments                    cli.StringSlice
	account, region, roles          string
	passphrase                      terminal.PassphraseSource
}

// initResult is what init made, as JSON.
type initResult struct {
	Lineage         string   `json:"lineage"`
	Created         []string `json:"created"`
	Kept            []string `json:"kept"`
	Config          string   `json:"config"`
	Store           string   `json:"store"`
	Secret          string   `json:"secret"`
	RootKey         string   `json:"rootKey"`
	RootCertificate string   `json:"rootCertificate"`
	Fingerprint     string   `json:"fingerprint"`
}

func initCommand() *cmdline.Command {
	var o initOptions
	return &cmdline.Command{
		Name:    "init",
		Summary: "make an estate: a starter configuration, the store and the root key",
		About: `Writes a commented anchorctl.yaml unless there is one, the store, the generated
secret that guards the issuers' keys (outside of this directory), and the root's
key, guarded by a passphrase. It overwrites nothing; when it was cut short, run
it again and it goes on. Of what is made, the root key and its passphrase are
what cannot be made again: keep a copy of both, apart from each other.`,
		Example: `anchorctl init --name example --organization "Example Corp" --trust-domain example.internal`,
		Exits:   []int{terminal.ExitLocked, terminal.ExitInterrupted},
		Resume:  `run "anchorctl init" again; it goes on where it stopped`,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "name", Usage: "the estate is called `NAME`; it begins every name in AWS", Destination: &o.name},
			&cli.StringFlag{Name: "organization", Usage: "`NAME` stands in every certificate", Destination: &o.organization},
			&cli.StringFlag{Name: "trust-domain", Usage: "workloads are named under `DOMAIN`", Destination: &o.trustDomain},
			&cli.StringSliceFlag{Name: "environment", Usage: "there is an environment `NAME`; may be repeated (dev, staging, prod)", Destination: &o.environments},
			&cli.StringFlag{Name: "account", Usage: "every environment is in the AWS account `NUMBER`", Destination: &o.account},
			&cli.StringFlag{Name: "region", Usage: "and in the region `NAME`", Destination: &o.region},
			&cli.StringFlag{Name: "roles", Usage: "who writes the trust policies of roles is `WHO`: verify (people) or manage (anchorctl)", Destination: &o.roles},
		}, passphraseFlags(&o.passphrase)...),
		Run: func(ctx context.Context, c *cmdline.Call) (cmdline.Reply, error) { return makeEstate(ctx, c, o) },
	}
}

func makeEstate(ctx context.Context, c *cmdline.Call, o initOptions) (cmdline.Reply, error) {
	d := deps(c, o.passphrase)
	c.Voice.Progress("making the root key")
	r, err := ceremony.Init(ctx, ceremony.Options{
		Dir: d.Dir, StateHome: d.StateHome, Clock: d.Clock, Step: d.Step, Actor: d.Actor, Passphrase: d.Passphrase,
		Name: o.name, Organization: o.organization, TrustDomain: o.trustDomain, Environments: o.environments.Value(),
		Account: o.account, Region: o.region, Roles: config.RoleHandling(o.roles),
	})
	if err != nil {
		return cmdline.Reply{}, err
	}
	result := initResult{
		Lineage: r.Lineage, Created: listOf(r.Created), Kept: listOf(r.Kept), Config: r.Config, Store: r.Store,
		Secret: r.Secret, RootKey: r.RootKey, RootCertificate: r.RootCertificate, Fingerprint: r.Fingerprint,
	}
	return cmdline.Reply{Result: result, Page: func(p *render.Page) { initPage(p, result, r.Added, r.Next) }}, nil
}

func initPage(p *render.Page, r initResult, added, next []string) {
	for _, path := range r.Kept {
		p.Line("kept     %s", path)
	}
	for _, path := range r.Created {
		p.Line("created  %s", path)
	}
	for _, line := range added {
		p.Line("added    %s to .gitignore", line)
	}
	p.Blank()
	p.Line("root certificate fingerprint: %s", r.Fingerprint)
	p.Blank()
	p.Line("Next:")
	p.Line("  edit %s", r.Config)
	for _, command := range next {
		p.Line("  %s", command)
	}
}

// listOf keeps a list a list in JSON when it is empty.
func listOf[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
