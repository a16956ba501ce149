package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/urfave/cli/v2"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/folder"
	"anchorctl/internal/hint"
	"anchorctl/internal/issuance"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/terminal"
)

type issueOptions struct {
	out, keyType, format string
	lifetime             string
	csr                  string
	renew, stdout        bool
	passphrase           terminal.PassphraseSource
	batch                batchOptions
}

func issueCommand() *cmdline.Command {
	var o issueOptions
	return &cmdline.Command{
		Name: "issue", Args: "ENV/WORKLOAD[@INSTANCE]", Min: 0, Max: 1,
		Summary: "issue a workload's key and certificate, or those of many",
		About: `Writes key.pem, cert.pem and chain.pem (mode 0600), records the certificate, and
prints what ~/.aws/config needs to use it. Names and lifetime come from
anchorctl.yaml; a flag can shorten the lifetime, never widen anything.

With --csr, the key of a certificate request is certified instead of a new one,
and nothing else of the request is heeded. Run again with the same request, it
gives out the recorded certificate until two thirds of its lifetime are over.

With --batch or --count, it issues to many: every line is judged before the
first certificate is made, and however often the run is stopped, each line has
one. Run again, a batch goes on where it stopped; --label begins another.`,
		Example: "anchorctl issue prod/backup --out /etc/backup/aws",
		Exits:   []int{terminal.ExitRefused, terminal.ExitLocked, terminal.ExitInterrupted},
		Resume:  "run the same command to go on: a certificate that was recorded is given out, not made twice",
		Flags: slices.Concat([]cli.Flag{
			&cli.StringFlag{Name: "out", Usage: "write the files into `DIR`, instead of out/ENV/WORKLOAD in the estate", Destination: &o.out},
			&cli.StringFlag{Name: "lifetime", Usage: "it lives `DURATION`, such as 12h, at most as long as configured", Destination: &o.lifetime},
			&cli.StringFlag{Name: "key-type", Usage: "its key is `TYPE`: ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072 (ecdsa-p256)", Destination: &o.keyType},
			&cli.StringFlag{Name: "csr", Usage: "certify the key of the PKCS#10 request in `FILE`, PEM or DER (- is stdin)", Destination: &o.csr},
			&cli.BoolFlag{Name: "new", Usage: "with --csr: a new certificate, even where the recorded one is still good", Destination: &o.renew},
			&cli.StringFlag{Name: "format", Usage: "`FORM` is pem, combined (one file: key, certificate, chain), encrypted (pem, the key as PKCS#8 under a passphrase) or, with --stdout, json (pem)", Destination: &o.format},
			&cli.BoolFlag{Name: "stdout", Usage: "write no file: print key, certificate and chain, for a pipe", Destination: &o.stdout},
		}, sourceFlags("the key file", &o.passphrase), o.batch.flags()),
		Run: func(ctx context.Context, c *cmdline.Call) (cmdline.Reply, error) { return runIssue(ctx, c, o) },
	}
}

func runIssue(ctx context.Context, c *cmdline.Call, o issueOptions) (cmdline.Reply, error) {
	switch {
	case o.batch.asked():
		return issueBatch(ctx, c, o)
	case o.batch.environment != "" || o.batch.label != "":
		return cmdline.Reply{}, terminal.Usage("--env and --label go with --batch FILE or --count WORKLOAD=N")
	case len(c.Args) == 0:
		return cmdline.Reply{}, terminal.Usage("issue needs ENV/WORKLOAD, or a batch: --batch FILE or --count WORKLOAD=N")
	}
	if err := o.check(c); err != nil {
		return cmdline.Reply{}, err
	}
	r, err := o.request(c)
	if err != nil {
		return cmdline.Reply{}, err
	}
	return withEstate(ctx, c, noPassphrase(), func(f *folder.Folder) (cmdline.Reply, error) {
		if o.stdout {
			return issueToStdout(ctx, c, f, r, o.format)
		}
		result, err := issuance.Issue(ctx, f, r)
		if err != nil {
			return cmdline.Reply{}, err
		}
		return cmdline.Reply{Result: result, Page: issuePage(result)}, nil
	})
}

// check holds that the flags go together.
func (o issueOptions) check(c *cmdline.Call) error {
	encrypted := o.format == string(issuance.FormatEncrypted)
	switch {
	case o.stdout && o.out != "":
		return terminal.Usage("--stdout and --out exclude each other")
	case o.format == jsonFormat && !o.stdout:
		return terminal.Usage("--format json prints the private key, which has to be asked for", "add --stdout", "or write files, and read about them with --json")
	case o.renew && o.csr == "":
		return terminal.Usage("--new goes with --csr: without a request, each run makes a new key and certificate")
	case encrypted && o.csr != "":
		return terminal.Usage("--format encrypted and --csr exclude each other: with a request, there is no key here to encrypt")
	case !encrypted && (o.passphrase.File != "" || o.passphrase.FD >= 0):
		return terminal.Usage("a passphrase goes with --format encrypted")
	case o.stdout && o.csr == "" && c.StdoutIsTerminal:
		return terminal.Usage("--stdout would show a private key on the terminal", "send it into a pipe or a file, or write files with --out")
	}
	return nil
}

func (o issueOptions) request(c *cmdline.Call) (issuance.Request, error) {
	var r issuance.Request
	var err error
	if r.Lifetime, err = lifetimeFlag(o.lifetime); err != nil {
		return r, err
	}
	if r.Environment, r.Workload, r.Instance, err = issuance.ParseName(c.Args[0]); err != nil {
		return r, terminal.Usage(err.Error(), hint.Of(err)...)
	}
	if o.keyType != "" {
		if r.KeyType, err = keys.ParseType(o.keyType); err != nil {
			return r, terminal.Usage(err.Error())
		}
	}
	if o.format != "" && o.format != jsonFormat {
		if r.Format, err = issuance.ParseFormat(o.format); err != nil {
			return r, terminal.Usage(err.Error() + ", and json with --stdout")
		}
	}
	if o.out != "" {
		r.Out = within(c, o.out)
	}
	r.Passphrase = o.askPassphrase(c)
	r.New = o.renew
	if o.csr != "" {
		r.CSRName = o.csr
		r.CSR, err = readRequest(c, o.csr)
	}
	return r, err
}

// askPassphrase asks for the passphrase of the key's file, twice when a person
// types it: nobody can open the key without it.
func (o issueOptions) askPassphrase(c *cmdline.Call) func(context.Context) ([]byte, error) {
	from := o.passphrase
	if from.File != "" {
		from.File = within(c, from.File)
	}
	passphrase := c.Passphrase(c.Voice, from, "the key file")
	return func(ctx context.Context) ([]byte, error) { return passphrase.Ask(ctx, true) }
}

// readRequest reads a certificate request from a file, or from standard input:
// no more of it than can be refused for its size.
func readRequest(c *cmdline.Call, path string) (data []byte, err error) {
	from, name := io.NopCloser(c.Stdin), "standard input"
	if path != "-" {
		name = fmt.Sprintf("%q", path)
		if from, err = c.Open(within(c, path)); err != nil {
			return nil, fmt.Errorf("reading the request: %w", err)
		}
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	if data, err = io.ReadAll(io.LimitReader(from, pki.MaxFile+1)); err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return data, nil
}
