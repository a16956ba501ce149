package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"anchorctl/internal/sandbox"
)

// The runbooks are run from their pages: each part of a page that has commands,
// on an estate that is as the page takes it to be. Where a person is asked, the
// test answers; where a command names the time to come back, it is that time when
// the next one runs.

const runbooksConfig = `version: 1
estate: {name: example, organization: Example Corp, trustDomain: example.internal}
root: {lifetime: 800d}
roles: manage
environments:
  dev:
    targets: [{account: "111122223333", region: eu-central-1, probeRole: dev-probe}]
    workloads: {backup: {}}
    profiles: {backup: {roles: {dev-backup: {workloads: [backup]}}}}
  prod:
    targets: [{account: "111122223333", region: eu-central-1, probeRole: prod-probe}]
    workloads: {backup: {}, reports: {}}
    profiles:
      backup: {roles: {prod-backup: {workloads: [backup]}}}
      reports: {roles: {prod-reports: {workloads: [reports]}}}
`

// part is a heading of a runbook and what comes before it.
type part struct {
	page, heading string
	before        func(b *book) // what has happened when somebody opens the page here
	timer         bool          // workloads are renewed and open sessions meanwhile, and none is denied
	after         func(b *book) // what the page does not show; may be nil
}

func runbookParts() []part {
	return []part{
		{page: "planned-rotation", heading: "The day before", before: nothing},
		{page: "planned-rotation", heading: "Steps", before: nothing, timer: true, after: (*book).opensAll},
		{page: "planned-rotation", heading: "If you would rather not come back", before: nothing},
		{page: "planned-rotation", heading: "If sessions with the new issuer are denied", before: (*book).probeDenied},
		{page: "planned-rotation", heading: "If it has to be given up", before: (*book).startRotation, after: (*book).opensAll},
		{page: "planned-rotation", heading: "If a certificate holds it up", before: (*book).cutOver},
		{page: "planned-rotation", heading: "If it cannot wait", before: (*book).cutOver, after: (*book).lockedOut},
		{page: "compromised-issuer", heading: "Steps", before: (*book).stolen, after: (*book).thiefIsOut},
		{page: "compromised-issuer", heading: "If a workload cannot be given a new certificate", before: (*book).startEmergency, after: (*book).lockedOut},
		{page: "lost-root", heading: "Steps", before: (*book).rootLost, timer: true, after: (*book).opensAll},
		{page: "lost-root", heading: "If the root's key is in other hands", before: nothing},
		{page: "expired-anchor", heading: "Steps", before: expired(366), after: (*book).opensProd},
		{page: "expired-anchor", heading: "If the key is to stay", before: expired(366), after: (*book).opensProd},
		{page: "expired-anchor", heading: "If a rotation is open", before: (*book).overdue, after: (*book).opensProd},
		{page: "expired-everything", heading: "Steps", before: (*book).allExpired, after: (*book).opensAll},
		{page: "expired-everything", heading: "If revocation lists have ended as well", before: (*book).listsExpired},
	}
}

func TestRunbooks(t *testing.T) {
	run := map[string]bool{}
	for _, p := range runbookParts() {
		run[p.page+" "+p.heading] = true
		t.Run(p.page+"/"+p.heading, func(t *testing.T) {
			t.Parallel()
			b := newBook(t, p.timer)
			p.before(b)
			steps := runbook(t, p.page)[p.heading]
			if len(steps) == 0 {
				t.Fatal("there are no commands")
			}
			for _, s := range steps {
				b.do(s)
			}
			if p.after != nil {
				p.after(b)
			}
			if p.timer {
				b.noneDenied()
			}
		})
	}
	pages, err := filepath.Glob(filepath.Join("..", "..", "docs", "runbooks", "*.md"))
	if err != nil || len(pages) < 2 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	for _, path := range pages {
		page := strings.TrimSuffix(filepath.Base(path), ".md")
		for heading := range runbook(t, page) {
			if !run[page+" "+heading] {
				t.Errorf("%s: nothing runs the commands below %q", page, heading)
			}
		}
	}
}

// step is a block of commands and what should be seen of them.
type step struct{ commands, seen []string }

// runbook is the steps of a page by its headings. How one knows that the steps
// are over belongs to them.
func runbook(t *testing.T, page string) map[string][]step {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "runbooks", page+".md"))
	if err != nil {
		t.Fatal(err)
	}
	steps, heading, fence := map[string][]step{}, "", ""
	for line := range strings.SplitSeq(string(text), "\n") {
		line = strings.TrimSpace(line)
		next, isHeading := strings.CutPrefix(line, "## ")
		mark, isFence := strings.CutPrefix(line, "```")
		last := len(steps[heading]) - 1
		switch {
		case isHeading && fence == "":
			if heading = next; heading == "How you know that it is over" {
				heading = "Steps"
			}
		case isFence && fence != "":
			fence = ""
		case isFence:
			if fence = mark; fence == "sh" {
				steps[heading] = append(steps[heading], step{})
			} else if fence != "text" || last < 0 {
				t.Fatalf("%s: a block of %q below %q", page, mark, heading)
			}
		case fence == "sh":
			steps[heading][last].commands = append(steps[heading][last].commands, line)
		case fence == "text":
			steps[heading][last].seen = append(steps[heading][last].seen, line)
		}
	}
	return steps
}

// book is the estate that a runbook is followed on.
type book struct {
	*rig

	timer bool
	back  time.Time // when the last command said to come back

	asksAgain bool // for the root's passphrase, as a resume does not otherwise
}

func newBook(t *testing.T, timer bool) *book {
	t.Helper()
	b := &book{rig: newRig(t, runbooksConfig, "dev-backup", "dev-probe", "prod-backup", "prod-reports", "prod-probe"), timer: timer}
	push := "#!/bin/sh\nset -e\nmkdir -p hosts\ncp -R \"$ANCHORCTL_FOLDER\" hosts/\n"
	if err := os.WriteFile(filepath.Join(b.dir, "anchorctl-push"), []byte(push), 0o700); err != nil {
		t.Fatal(err)
	}
	b.must("init", "--passphrase-file", "passphrase")
	b.must("apply", "--approve", "--passphrase-file", "passphrase")
	for _, name := range []string{"dev/backup", "prod/backup", "prod/reports"} {
		b.must("issue", name)
	}
	return b
}

// do runs a block of commands and looks for what should be seen, in its order.
func (b *book) do(s step) {
	b.t.Helper()
	b.comeBack()
	var said strings.Builder
	for _, command := range s.commands {
		line, comment, _ := strings.Cut(command, "   # ")
		want := 0
		if _, err := fmt.Sscanf(comment, "exits with %d", &want); comment != "" && err != nil {
			b.t.Fatalf("what is %q?", comment)
		}
		out, code := b.sh(b.answered(b.moved(line)))
		said.WriteString(out)
		if code != want {
			b.t.Fatalf("%s: exit %d, want %d\n%s", command, code, want, out)
		}
		if at := regexp.MustCompile(`come back at (\S+)`).FindStringSubmatch(out); at != nil {
			back, err := time.Parse(time.RFC3339, at[1])
			if err != nil {
				b.t.Fatal(err)
			}
			b.back = back
		}
	}
	rest := strings.Split(said.String(), "\n")
	for _, line := range s.seen {
		pattern := regexp.MustCompile("^ *" + strings.ReplaceAll(regexp.QuoteMeta(line), "…", ".*") + "$")
		i := slices.IndexFunc(rest, pattern.MatchString)
		if i < 0 {
			b.t.Fatalf("%s: there is no %q, or not where it should be, in\n%s", strings.Join(s.commands, "; "), line, said.String())
		}
		rest = rest[i+1:]
	}
}

// answered is a command as it is when nobody is asked.
func (b *book) answered(line string) string {
	for _, begin := range []string{"anchorctl rotate start ", "anchorctl rotate abort ", "anchorctl revoke "} {
		if strings.HasPrefix(line, begin) {
			line += " --approve"
		}
	}
	if strings.HasPrefix(line, "anchorctl rotate start ") || b.asksAgain && strings.HasPrefix(line, "anchorctl rotate resume ") {
		line += " --passphrase-file passphrase"
	}
	return line
}

// comeBack lets the time pass that the last command named, and what happens
// meanwhile happen.
func (b *book) comeBack() {
	b.t.Helper()
	for !b.back.IsZero() && b.now().Before(b.back) {
		ahead := b.back.Sub(b.now())
		if b.timer {
			ahead = min(ahead, 4*time.Hour)
		}
		b.clock(ahead.String())
		if b.timer {
			b.must("renew", "--all", "due")
			b.opensAll()
		}
	}
	b.back = time.Time{}
}

func (b *book) now() time.Time {
	b.t.Helper()
	return b.control.clock().Now()
}

// opensAll holds that every workload gets a session with what it has.
func (b *book) opensAll() { b.opensThese("dev/backup", "prod/backup", "prod/reports") }

func (b *book) opensProd() { b.opensThese("prod/backup", "prod/reports") }

func (b *book) opensThese(names ...string) {
	b.t.Helper()
	for _, name := range names {
		out, said, err := b.run("anchorctl", "session", name, "--no-cache")
		opens(b.t, name, out, said, err)
	}
}

// lockedOut holds that what was not renewed in time opens nothing.
func (b *book) lockedOut() {
	b.t.Helper()
	for _, name := range []string{"prod/backup", "prod/reports"} {
		if out, _, err := b.run("anchorctl", "session", name, "--no-cache"); err == nil {
			b.t.Errorf("%s got a session: %s", name, out)
		}
	}
}

func (b *book) noneDenied() {
	b.t.Helper()
	var all []sandbox.Request
	if err := b.control.call(http.MethodGet, "requests", nil, &all); err != nil {
		b.t.Fatal(err)
	}
	opened := 0
	for _, r := range all {
		switch {
		case r.Op != "CreateSession":
		case r.Status == http.StatusCreated:
			opened++
		default:
			b.t.Errorf("a session was denied: %+v", r)
		}
	}
	if opened == 0 {
		b.t.Error("no session was asked for")
	}
}

func nothing(*book) {}

// held runs a command of a rotation that has to wait.
func (b *book) held(line string) {
	b.t.Helper()
	b.do(step{commands: []string{line + "   # exits with 5"}})
}

func (b *book) startRotation() { b.held("anchorctl rotate start prod") }

func (b *book) cutOver() {
	b.startRotation()
	b.held("anchorctl rotate resume prod")
	b.back = time.Time{} // somebody does not want to wait
}

func (b *book) startEmergency() {
	b.held("anchorctl rotate start prod --emergency --reason theft")
}

func (b *book) probeDenied() {
	b.t.Helper()
	faults := []sandbox.Fault{{Op: "CreateSession", Mode: sandbox.ModeDeny, Count: -1}}
	if err := b.control.call(http.MethodPost, "faults", faults, nil); err != nil {
		b.t.Fatal(err)
	}
	b.startRotation()
}

// stolen: the thief has what the host of backup had.
func (b *book) stolen() {
	b.t.Helper()
	if out, code := b.sh("cp -R out/prod/backup thief"); code != 0 {
		b.t.Fatal(out)
	}
}

func (b *book) thiefIsOut() {
	b.t.Helper()
	out, said, err := b.run("anchorctl", "session", "prod/backup", "--no-cache", "--certificate", "thief/cert.pem", "--private-key", "thief/key.pem")
	if err == nil || !strings.Contains(said, "Untrusted") {
		b.t.Errorf("the thief: %s%s", out, said)
	}
	b.opensAll()
}

func (b *book) rootLost() {
	b.t.Helper()
	if err := os.Remove(filepath.Join(b.dir, ".anchorctl", "keys", "root-1.pem")); err != nil {
		b.t.Fatal(err)
	}
}

// overdue is a rotation that somebody started and forgot.
func (b *book) overdue() {
	b.startRotation()
	expired(366)(b)
	b.asksAgain = true
}

// expired lets so many days go by in which nobody did anything.
func expired(days int) func(b *book) {
	return func(b *book) { b.clock(fmt.Sprintf("%dh", days*24)) }
}

func (b *book) allExpired() {
	expired(801)(b)
	b.rootLost()
}

// listsExpired: what was revoked is still listed when everything has been renewed.
func (b *book) listsExpired() {
	b.must("revoke", "prod/reports", "--approve")
	expired(801)(b)
	b.must("rotate", "start", "root", "--approve", "--passphrase-file", "passphrase")
}
