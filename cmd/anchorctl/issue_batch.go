package main

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"anchorctl/internal/batch"
	"anchorctl/internal/cmdline"
	"anchorctl/internal/config"
	"anchorctl/internal/folder"
	"anchorctl/internal/hint"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/render"
	"anchorctl/internal/terminal"
)

// batchOptions are the flags of issue that make a batch of it.
type batchOptions struct {
	file, environment, label string
	counts                   cli.StringSlice
}

func (o *batchOptions) flags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "batch", Usage: "issue every line of `FILE`, CSV or JSON lines (- is stdin)", Destination: &o.file},
		&cli.StringSliceFlag{Name: "count", Usage: "issue a batch of `WORKLOAD=N`, instances 1 to N, or WORKLOAD@web-%04d=N; may be repeated", Destination: &o.counts},
		&cli.StringFlag{Name: "env", Usage: "the environment of the batch is `ENV`", Destination: &o.environment},
		&cli.StringFlag{Name: "label", Usage: "`TEXT` tells a batch from an earlier one of the same lines, which would be gone on with", Destination: &o.label},
	}
}

// asked reports whether a batch is.
func (o *batchOptions) asked() bool { return o.file != "" || len(o.counts.Value()) > 0 }

func issueBatch(ctx context.Context, c *cmdline.Call, o issueOptions) (cmdline.Reply, error) {
	r, err := o.batchRequest(c)
	if err != nil {
		return cmdline.Reply{}, err
	}
	boundHeap(len(r.Lines))
	r.Progress = func(p batch.Progress) { c.Voice.Progress(progressText(r.Environment, p)) }
	return withEstate(ctx, c, noPassphrase(), func(f *folder.Folder) (cmdline.Reply, error) {
		if err := knownEnvironment(f, r.Environment); err != nil {
			return cmdline.Reply{}, err
		}
		result, err := batch.Issue(ctx, f, r)
		reply := cmdline.Reply{Schema: "batch"}
		if err == nil || result.Done() > 0 {
			reply.Result, reply.Page = result, batchPage(result)
		}
		return reply, err
	})
}

// The heap of a batch: what it has to hold is small, and what it makes and drops
// is much. A collection costs least when it comes seldom.
const (
	heapOfBatch = 38 << 20
	heapPerLine = 64
	collectLate = 1000 // percent
)

// boundHeap lets the heap grow to its bound before it is collected.
func boundHeap(lines int) {
	debug.SetGCPercent(collectLate)
	debug.SetMemoryLimit(int64(heapOfBatch + heapPerLine*lines))
}

func (o issueOptions) batchRequest(c *cmdline.Call) (batch.Request, error) {
	b := o.batch
	r := batch.Request{Environment: b.environment, Label: b.label, Source: "--count"}
	switch {
	case b.environment == "":
		return r, terminal.Usage("a batch needs --env ENV")
	case len(c.Args) > 0:
		return r, terminal.Usage(fmt.Sprintf("a batch takes no argument, got %q", c.Args[0]))
	case b.file != "" && len(b.counts.Value()) > 0:
		return r, terminal.Usage("--batch and --count exclude each other")
	case o.csr != "" || o.stdout || o.format != "" || o.renew:
		return r, terminal.Usage("--csr, --new, --format and --stdout are for one certificate, not for a batch")
	}
	var err error
	if r.Lifetime, err = lifetimeFlag(o.lifetime); err != nil {
		return r, err
	}
	if o.keyType != "" {
		if r.KeyType, err = keys.ParseType(o.keyType); err != nil {
			return r, terminal.Usage(err.Error())
		}
	}
	if o.out != "" {
		r.Out = within(c, o.out)
	}
	if b.file == "" {
		if r.Lines, err = batch.Counts(b.counts.Value()...); err != nil {
			return r, terminal.Usage(err.Error(), hint.Of(err)...)
		}
		return r, nil
	}
	r.Source = b.file
	r.Open = func(path string) ([]byte, error) { return readFile(c, path, pki.MaxFile) }
	r.Lines, err = readBatch(c, b.file)
	return r, err
}

func readBatch(c *cmdline.Call, path string) (lines []batch.Line, err error) {
	if path == "-" {
		return batch.Read(c.Stdin, path)
	}
	file, err := c.Open(within(c, path))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return batch.Read(file, path)
}

// lifetimeFlag reads --lifetime; 0 when it was not given.
func lifetimeFlag(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	lifetime, err := config.ParseDuration(text)
	if err != nil || lifetime <= 0 {
		return 0, terminal.Usage(fmt.Sprintf("reading --lifetime: %q is no lifetime", text), "write 12h or 7d")
	}
	return time.Duration(lifetime), nil
}

// barWidth is that of the bar alone, in columns.
const barWidth = 24

// progressText is the bar, the rate and the time that is left.
func progressText(environment string, p batch.Progress) string {
	filled := barWidth * p.Done / max(p.Total, 1)
	bar := strings.Repeat("#", filled) + strings.Repeat(".", barWidth-filled)
	text := fmt.Sprintf("%s [%s] %d/%d", environment, bar, p.Done, p.Total)
	if p.PerSecond > 0 {
		text += fmt.Sprintf(", %.0f/s", p.PerSecond)
	}
	if p.Left >= time.Second {
		text += fmt.Sprintf(", %s left", p.Left.Round(time.Second))
	}
	return text
}

func batchPage(r batch.Result) func(*render.Page) {
	return func(p *render.Page) {
		fields := []render.Field{
			{Name: "batch", Value: r.Batch[:12]},
			{Name: "issued", Value: fmt.Sprintf("%d of %d", r.Issued, r.Total)},
		}
		add := func(name, value string) { fields = append(fields, render.Field{Name: name, Value: value}) }
		if r.Before > 0 {
			add("before", fmt.Sprintf("%d, by an earlier run of this batch", r.Before))
		}
		if r.KeysReused > 0 {
			add("keys", fmt.Sprintf("%d were left by a stopped run and used", r.KeysReused))
		}
		if r.Mended > 0 {
			add("mended", fmt.Sprintf("%d certificate files of an earlier run were missing or torn", r.Mended))
		}
		add("folder", r.Out)
		if r.Manifest != "" {
			add("manifest", r.Manifest)
		}
		if r.FirstEnd != nil {
			add("first ends", r.FirstEnd.Format(time.RFC3339))
		}
		p.Fields(fields...)
		for _, n := range r.Notes {
			p.Blank()
			p.Line("Note: %s", n)
		}
	}
}
