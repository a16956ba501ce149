package main

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"

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
	Added           []string `json:"added"` // lines, to a .gitignore that was there
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
it again and it goes on. A new anchorctl.yaml needs the estate's name, its
organization and its trust domain, which cannot be changed later; at a terminal,
those that are missing are asked for. Keep copies of what cannot be made again,
which it names at its end.`,
		Example: `anchorctl init --name example --organization "Example Corp" --trust-domain example.internal`,
		Exits:   []int{terminal.ExitLocked, terminal.ExitInterrupted},
		Resume:  `run "anchorctl init" to go on`,
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
		Dir: d.Dir, StateHome: d.StateHome, Clock: d.Clock, Step: d.Step, Actor: d.Actor, Passphrase: d.Passphrase, Again: d.Again,
		Ask:  func(ctx context.Context, missing []ceremony.Name) ([]string, error) { return askNames(ctx, c, missing) },
		Name: o.name, Organization: o.organization, TrustDomain: o.trustDomain, Environments: o.environments.Value(),
		Account: o.account, Region: o.region, Roles: config.RoleHandling(o.roles),
	})
	if err != nil {
		return cmdline.Reply{}, untouched(err)
	}
	result := initResult{
		Lineage: r.Lineage, Created: listOf(r.Created), Kept: listOf(r.Kept), Added: listOf(r.Added), Config: r.Config, Store: r.Store,
		Secret: r.Secret, RootKey: r.RootKey, RootCertificate: r.RootCertificate, Fingerprint: r.Fingerprint,
	}
	return cmdline.Reply{Result: result, Page: func(p *render.Page) { initPage(p, result, r) }}, nil
}

func initPage(p *render.Page, r initResult, made ceremony.Result) {
	for _, path := range r.Kept {
		p.Line("kept     %s", path)
	}
	for _, path := range r.Created {
		p.Line("created  %s", path)
	}
	if len(r.Added) > 0 {
		p.Line("added    %s to %s", strings.Join(r.Added, " and "), made.Gitignore)
	}
	p.Blank()
	p.Line("root certificate fingerprint: %s", r.Fingerprint)
	p.Blank()
	p.Line("Next:")
	if slices.Contains(r.Created, r.Config) {
		p.Line("  edit %s (accounts, regions, roles; name, organization and trust domain are fixed now)", r.Config)
	}
	for _, command := range made.Next {
		p.Line("  %s", command)
	}
	p.Blank()
	p.Line("Back up, each apart from the others: %s (store and keys),", filepath.Dir(r.Store)+string(filepath.Separator))
	if r.RootKey == "" {
		p.Line("%s (opens the issuers' keys). The root's key is somebody else's.", r.Secret)
		return
	}
	p.Line("%s (opens the issuers' keys), and the root key's passphrase.", r.Secret)
}

// names are what a new estate is called for ever, as they are given and asked for.
func names() map[ceremony.Name][2]string {
	return map[ceremony.Name][2]string{
		ceremony.EstateName:   {"--name", "name of the estate, which begins every name in AWS and cannot be changed later:"},
		ceremony.Organization: {"--organization", "organization, which stands in every certificate and cannot be changed later:"},
		ceremony.TrustDomain:  {"--trust-domain", "trust domain, such as example.internal, under which workloads are named; it cannot be changed later:"},
	}
}

func askNames(ctx context.Context, c *cmdline.Call, missing []ceremony.Name) ([]string, error) {
	var flags, questions []string
	for _, n := range missing {
		flags, questions = append(flags, names()[n][0]), append(questions, names()[n][1])
	}
	if !c.JSON {
		answers, err := c.Ask(ctx, c.Voice, questions...)
		if !errors.Is(err, terminal.ErrNoTerminal) {
			return answers, err
		}
	}
	return nil, terminal.Usage("a new estate needs "+strings.Join(flags, ", ")+", which cannot be changed later", `run "anchorctl init --help"`)
}

// listOf keeps a list a list in JSON when it is empty.
func listOf[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
