package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/config"
	"anchorctl/internal/folder"
	"anchorctl/internal/hint"
	"anchorctl/internal/inventory"
	"anchorctl/internal/pki"
	"anchorctl/internal/render"
	"anchorctl/internal/terminal"
)

// How many certificates a page has; more than the largest would be a heap in
// memory.
const (
	usualPage   = 100
	largestPage = 10_000
)

type certsListOptions struct {
	inventory.Query
	expiringWithin, issuer string
}

func certsListCommand() *cmdline.Command {
	var o certsListOptions
	return &cmdline.Command{
		Name:    "list",
		Summary: "list certificates that were issued",
		About: `Lists what the store has on record, the newest first; with --expiring-within
those that end first, with --valid or --expired those that end last. Flags that
are given together must all hold. It is quick, however many there are.`,
		Example: "anchorctl certs list --env prod --expiring-within 24h",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "env", Usage: "of the environment `ENV`", Destination: &o.Environment},
			&cli.StringFlag{Name: "workload", Usage: "of the workload `NAME`, or of its instance NAME@INSTANCE", Destination: &o.Workload},
			&cli.StringFlag{Name: "instance", Usage: "of the workload's instance `NAME`", Destination: &o.Instance},
			&cli.StringFlag{Name: "issuer", Usage: "of the issuer's generation `N`", Destination: &o.issuer},
			&cli.StringFlag{Name: "expiring-within", Usage: "valid now, and at an end within `DURATION`, such as 24h or 7d", Destination: &o.expiringWithin},
			&cli.BoolFlag{Name: "valid", Usage: "in their dates and not revoked", Destination: &o.Valid},
			&cli.BoolFlag{Name: "expired", Usage: "that have ended", Destination: &o.Expired},
			&cli.BoolFlag{Name: "revoked", Usage: "that are revoked", Destination: &o.Revoked},
			&cli.IntFlag{Name: "limit", Usage: "list at most `N` at once, up to 10000", Value: usualPage, Destination: &o.Limit},
			&cli.StringFlag{Name: "after", Usage: "go on after the certificate `SERIAL`, the last one of the page before", Destination: &o.After},
		},
		Run: func(ctx context.Context, c *cmdline.Call) (cmdline.Reply, error) {
			return withEstate(ctx, c, noPassphrase(), func(f *folder.Folder) (cmdline.Reply, error) { return certsList(ctx, f, o) })
		},
	}
}

func certsList(ctx context.Context, f *folder.Folder, o certsListOptions) (cmdline.Reply, error) {
	if o.Limit < 1 || o.Limit > largestPage {
		return cmdline.Reply{}, terminal.Usage(fmt.Sprintf("reading --limit: %d is not between 1 and %d", o.Limit, largestPage))
	}
	if o.Workload != "" {
		workload, instance, err := pki.SplitWorkloadName(o.Workload)
		switch {
		case err != nil:
			return cmdline.Reply{}, terminal.Usage("reading --workload: "+err.Error(), hint.Of(err)...)
		case instance != "" && o.Instance != "":
			return cmdline.Reply{}, terminal.Usage("--workload names an instance already, and --instance another one")
		case instance != "":
			o.Workload, o.Instance = workload, instance
		}
	}
	if o.issuer != "" {
		n, err := strconv.Atoi(o.issuer)
		if err != nil || n < 1 {
			return cmdline.Reply{}, terminal.Usage(fmt.Sprintf("reading --issuer: %q is no generation", o.issuer), "write its number, as in 1")
		}
		o.Generation = n
	}
	if o.expiringWithin != "" {
		d, err := config.ParseDuration(o.expiringWithin)
		if err != nil || d <= 0 {
			return cmdline.Reply{}, terminal.Usage(fmt.Sprintf("reading --expiring-within: %q is no duration", o.expiringWithin), "write 24h or 7d")
		}
		o.ExpiringWithin = time.Duration(d)
	}
	l, err := inventory.List(ctx, f, o.Query)
	var wrong *inventory.QueryError
	if errors.As(err, &wrong) {
		return cmdline.Reply{}, terminal.Usage(wrong.Error())
	}
	if err != nil {
		return cmdline.Reply{}, err
	}
	return cmdline.Reply{Result: l, Page: func(p *render.Page) { certsListPage(p, l, f.Clock.Now(), o) }}, nil
}

func certsListPage(p *render.Page, l inventory.Listing, now time.Time, o certsListOptions) {
	if len(l.Certificates) == 0 {
		p.Line("No certificate.")
		return
	}
	rows := make([][]string, len(l.Certificates))
	for n, c := range l.Certificates {
		issuer := strings.TrimPrefix(c.Issuer, "issuer/")
		rows[n] = []string{c.SerialHex, c.Name(), issuer, c.Recorded.Format(time.RFC3339), c.NotAfter.Format(time.RFC3339), standing(c, now)}
	}
	p.Table([]string{"SERIAL", "WORKLOAD", "ISSUER", "ISSUED", "ENDS", "STATE"}, rows)
	if l.Next != "" {
		p.Blank()
		p.Line("These are %d, %s. There are more: %s", len(rows), l.Order, nextPage(l.Next, o))
	}
}

// standing is the state, and how long a valid certificate still lives.
func standing(c inventory.Certificate, now time.Time) string {
	switch c.State {
	case inventory.Valid:
		return "valid, " + render.Span(c.NotAfter.Sub(now)) + " left"
	case inventory.Revoked:
		return "revoked, " + c.Revoked.Reason
	default:
		return c.State
	}
}

// nextPage is the command line that shows the next page.
func nextPage(after string, o certsListOptions) string {
	line := "anchorctl certs list"
	for _, flag := range []struct{ name, value string }{
		{"--env", o.Environment}, {"--workload", o.Workload}, {"--instance", o.Instance}, {"--expiring-within", o.expiringWithin},
	} {
		if flag.value != "" {
			line += " " + flag.name + " " + flag.value
		}
	}
	if o.Generation != 0 {
		line += fmt.Sprintf(" --issuer %d", o.Generation)
	}
	for _, flag := range []struct {
		name string
		set  bool
	}{{"--valid", o.Valid}, {"--expired", o.Expired}, {"--revoked", o.Revoked}} {
		if flag.set {
			line += " " + flag.name
		}
	}
	if o.Limit != usualPage {
		line += fmt.Sprintf(" --limit %d", o.Limit)
	}
	return line + " --after " + after
}
