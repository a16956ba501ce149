package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/folder"
	"anchorctl/internal/hint"
	"anchorctl/internal/inventory"
	"anchorctl/internal/render"
	"anchorctl/internal/store"
)

// maxCertificateFile is more than any file with a certificate and its chain has.
const maxCertificateFile = 1 << 20

func certsShowCommand() *cmdline.Command {
	var asPEM bool
	return &cmdline.Command{
		Name: "show", Args: "SERIAL|FILE", Min: 1, Max: 1,
		Summary: "show all that is known of a certificate",
		About: `SERIAL is hexadecimal, with or without colons, or decimal; FILE holds the
certificate, in PEM or DER. It says what is recorded, whether the certificate is
revoked, its chain, and whether it is still accepted, as far as this machine
knows: what is at the anchors in AWS is for status.`,
		Example: "anchorctl certs show out/prod/backup/cert.pem",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "pem", Usage: "print the certificate, and nothing else", Destination: &asPEM},
		},
		Run: func(ctx context.Context, c *cmdline.Call) (cmdline.Reply, error) {
			return withEstate(ctx, c, noPassphrase(), func(f *folder.Folder) (cmdline.Reply, error) {
				return certsShow(ctx, c, f, asPEM)
			})
		},
	}
}

func certsShow(ctx context.Context, c *cmdline.Call, f *folder.Folder, asPEM bool) (cmdline.Reply, error) {
	record, err := certificateNamed(ctx, c, f, c.Args[0])
	if err != nil {
		return cmdline.Reply{}, err
	}
	d, err := inventory.Show(ctx, f, record)
	if err != nil {
		return cmdline.Reply{}, err
	}
	return cmdline.Reply{Result: d, Page: func(p *render.Page) {
		if asPEM {
			p.Text(d.PEM)
			return
		}
		certsShowPage(p, d)
	}}, nil
}

// certificateNamed finds the record of the certificate that an argument names:
// by a file, if there is one, or else by its serial.
func certificateNamed(ctx context.Context, c *cmdline.Call, f *folder.Folder, name string) (store.Issued, error) {
	data, err := readFile(c, name, maxCertificateFile)
	switch {
	case err == nil:
		record, err := inventory.FindFile(ctx, f.Store, data)
		if err != nil {
			return store.Issued{}, fmt.Errorf("reading %q: %w", name, err)
		}
		return record, nil
	case errors.Is(err, fs.ErrNotExist) && !strings.ContainsAny(name, `./\`):
		return inventory.Find(ctx, f.Store, name)
	case errors.Is(err, fs.ErrNotExist):
		return store.Issued{}, hint.With(fmt.Errorf("looking for certificate %q: %w", name, err),
			`name its file or its serial number; "anchorctl certs list" shows those of an environment and a workload`)
	default:
		return store.Issued{}, err
	}
}

func certsShowPage(p *render.Page, d inventory.Details) {
	revoked, batch, accepted := "", "", "no"
	if d.Revoked != nil {
		revoked = d.Revoked.At.Format(time.RFC3339) + ", " + d.Revoked.Reason
	}
	if d.Batch != "" {
		batch = fmt.Sprintf("%s, line %d", d.Batch, d.Line)
	}
	if d.Accepted {
		accepted = "yes"
	}
	p.Fields(
		render.Field{Name: "serial", Value: d.SerialHex + " (decimal " + d.SerialDecimal + ")"},
		render.Field{Name: "state", Value: d.State}, render.Field{Name: "revoked", Value: revoked},
		render.Field{Name: "accepted", Value: strings.Join(append([]string{accepted}, d.Why...), "; ")},
		render.Field{Name: "workload", Value: d.Name()}, render.Field{Name: "subject", Value: d.Subject},
		render.Field{Name: "uri", Value: d.URI}, render.Field{Name: "dns", Value: strings.Join(d.DNS, ", ")},
		render.Field{Name: "valid", Value: d.NotBefore.Format(time.RFC3339) + " to " + d.NotAfter.Format(time.RFC3339)},
		render.Field{Name: "issued", Value: d.Recorded.Format(time.RFC3339)}, render.Field{Name: "batch", Value: batch},
		render.Field{Name: "key", Value: d.Key + ", SHA-256 " + d.KeyDigest},
		render.Field{Name: "fingerprint", Value: d.Fingerprint},
	)
	rows := make([][]string, len(d.Chain))
	for n, l := range d.Chain {
		rows[n] = []string{l.Addr, l.Status, l.NotAfter.Format(time.RFC3339), l.Subject}
	}
	p.Heading("Chain")
	p.Table([]string{"AUTHORITY", "STATUS", "ENDS", "SUBJECT"}, rows)
}
