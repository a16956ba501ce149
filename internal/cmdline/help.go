package cmdline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"anchorctl/internal/render"
	"anchorctl/internal/terminal"
)

// help writes the help text of the command a line leads to.
func (l *line) helpPage(p *render.Page, globals []cli.Flag) {
	c := l.command()
	p.Line("%s: %s", l.name(), c.Summary)
	p.Heading("USAGE")
	p.Line("  %s", l.synopsis())
	if c.About != "" {
		p.Blank()
		p.Text(c.About)
	}
	if len(c.Sub) > 0 {
		p.Heading("COMMANDS")
		rows := make([][2]string, len(c.Sub))
		for i, s := range c.Sub {
			rows[i] = [2]string{s.Name, s.Summary}
		}
		columns(p, rows)
	}
	flagHelp(p, "FLAGS", c.Flags)
	flagHelp(p, "FLAGS OF EVERY COMMAND", slices.DeleteFunc(slices.Clone(globals), func(f cli.Flag) bool {
		return c.Plain != "" && f.Names()[0] == "json"
	}))
	if c.Example != "" {
		p.Heading("EXAMPLE")
		for l := range strings.SplitSeq(strings.TrimSpace(c.Example), "\n") {
			p.Line("  %s", l)
		}
	}
	p.Heading("EXIT STATUS")
	var rows [][2]string
	for _, code := range exits(c) {
		rows = append(rows, [2]string{fmt.Sprint(code), terminal.Meaning(code)})
	}
	columns(p, rows)
}

// exits are the numbers a command may exit with.
func exits(c *Command) []int {
	all := append([]int{terminal.ExitDone, terminal.ExitFailed, terminal.ExitUsage}, c.Exits...)
	slices.Sort(all)
	return slices.Compact(all)
}

func (l *line) synopsis() string {
	c := l.command()
	words := []string{l.name()}
	if len(c.Flags) > 0 {
		words = append(words, "[flags]")
	}
	switch {
	case len(c.Sub) > 0 && c.Run == nil:
		words = append(words, "COMMAND")
	case len(c.Sub) > 0:
		words = append(words, "[COMMAND]")
	case c.Args != "" && c.Forwards:
		words = append(words, "--", c.Args)
	case c.Args != "":
		words = append(words, c.Args)
	}
	return strings.Join(words, " ")
}

func flagHelp(p *render.Page, title string, flags []cli.Flag) {
	if len(flags) == 0 {
		return
	}
	p.Heading(title)
	rows := make([][2]string, len(flags))
	for i, f := range flags {
		rows[i] = flagRow(f)
	}
	columns(p, rows)
}

// flagRow is a flag's spelling and what it does. The word between backquotes
// in its usage names its value.
func flagRow(f cli.Flag) [2]string {
	var names []string
	for _, n := range f.Names() {
		names = append(names, dashes(n))
	}
	left, usage := strings.Join(names, ", "), ""
	doc, ok := f.(cli.DocGenerationFlag)
	if !ok {
		return [2]string{left, usage}
	}
	usage = doc.GetUsage()
	if !doc.TakesValue() {
		return [2]string{left, usage}
	}
	value := "VALUE"
	if before, rest, found := strings.Cut(usage, "`"); found {
		if name, after, closed := strings.Cut(rest, "`"); closed {
			value, usage = name, before+name+after
		}
	}
	return [2]string{left + " " + value, usage}
}

func columns(p *render.Page, rows [][2]string) {
	widest := 0
	for _, r := range rows {
		widest = max(widest, len(r[0]))
	}
	for _, r := range rows {
		p.Line("%s", strings.TrimRight(fmt.Sprintf("  %-*s  %s", widest, r[0], r[1]), " "))
	}
}

// Help is the command that prints the help of the others.
func Help() *Command {
	return &Command{
		Name: "help", Args: "[COMMAND]", Max: -1, Summary: "print how a command is used", Example: "anchorctl help plan",
	}
}
