package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/urfave/cli/v2"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/folder"
	"anchorctl/internal/render"
	"anchorctl/internal/store"
	"anchorctl/internal/terminal"
)

// auditPage is a page of the audit log.
type auditPage struct {
	Entries []auditEntry `json:"entries"`
	Next    int64        `json:"next"` // the entry to go on before; 0 when there are no more
}

type auditEntry struct {
	Number  int64           `json:"number"`
	At      time.Time       `json:"at"`
	Actor   string          `json:"actor"`
	Action  string          `json:"action"`
	Subject string          `json:"subject"`
	Detail  json.RawMessage `json:"detail"`
	Hash    string          `json:"hash"`
}

func auditListCommand() *cmdline.Command {
	var o store.AuditFilter
	return &cmdline.Command{
		Name:    "list",
		Summary: "show what was done, when and by whom",
		About: `Shows the entries of the audit log, the newest first. The actor is who the
operating system says it was.`,
		Example: "anchorctl audit list --about workload/prod/backup",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "about", Usage: "about `WHAT`: an address, a run, a serial in hexadecimal", Destination: &o.About},
			&cli.StringFlag{Name: "action", Usage: "of the kind `ACTION`, such as certificate.issue", Destination: &o.Action},
			&cli.IntFlag{Name: "limit", Usage: "show at most `N` at once, up to 10000", Value: usualPage, Destination: &o.Limit},
			&cli.Int64Flag{Name: "before", Usage: "go on before the entry `N`, the last one of the page before", Destination: &o.Before},
		},
		Run: func(ctx context.Context, c *cmdline.Call) (cmdline.Reply, error) {
			return withEstate(ctx, c, noPassphrase(), func(f *folder.Folder) (cmdline.Reply, error) { return auditList(ctx, c, f, o) })
		},
	}
}

func auditList(ctx context.Context, c *cmdline.Call, f *folder.Folder, o store.AuditFilter) (cmdline.Reply, error) {
	limit := o.Limit
	if limit < 1 || limit > largestPage {
		return cmdline.Reply{}, terminal.Usage(fmt.Sprintf("reading --limit: %d is not between 1 and %d", limit, largestPage))
	}
	c.Voice.Progress("reading the audit log")
	o.Limit++ // one more says that there are more
	list, err := f.Store.AuditNewest(ctx, o)
	if err != nil {
		return cmdline.Reply{}, err
	}
	p := auditPage{Entries: []auditEntry{}}
	if len(list) > limit {
		list = list[:limit]
		p.Next = list[limit-1].Number
	}
	for _, e := range list {
		p.Entries = append(p.Entries, auditEntry{
			Number: e.Number, At: time.Unix(e.At, 0).UTC(), Actor: e.Actor, Action: e.Action, Subject: e.Subject,
			Detail: e.Detail, Hash: hex.EncodeToString(e.Hash),
		})
	}
	return cmdline.Reply{Result: p, Page: func(page *render.Page) { auditListPage(page, p) }}, nil
}

func auditListPage(page *render.Page, p auditPage) {
	if len(p.Entries) == 0 {
		page.Line("No entry.")
		return
	}
	rows := make([][]string, len(p.Entries))
	for n, e := range p.Entries {
		rows[n] = []string{strconv.FormatInt(e.Number, 10), e.At.Format(time.RFC3339), e.Actor, e.Action, e.Subject, shortened(string(e.Detail))}
	}
	page.Table([]string{"ENTRY", "TIME", "ACTOR", "ACTION", "ABOUT", "DETAIL"}, rows)
	if p.Next != 0 {
		page.Blank()
		page.Line("There are more: go on with --before %d. --json shows the details whole.", p.Next)
	}
}

// shortened cuts a text that is too long for a line.
func shortened(text string) string {
	const most = 120
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}
