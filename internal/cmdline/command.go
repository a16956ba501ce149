package cmdline

import (
	"context"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"anchorctl/internal/render"
	"anchorctl/internal/rules"
	"anchorctl/internal/terminal"
)

// Command is one command, or a group of commands.
type Command struct {
	Name    string
	Args    string // what its help calls its arguments: ENV/WORKLOAD
	Min     int    // how many arguments it needs
	Max     int    // how many it takes; negative: any number
	Summary string // one line
	About   string // paragraphs
	Example string // what to type
	Exits   []int  // numbers it may exit with besides 0, 1 and 2
	Resume  string // hint after an interruption; its ARG is the first argument

	Flags []cli.Flag
	Needs []string // flags it cannot do without

	// Plain says whose format its stdout has; such a command has no --json.
	Plain string
	// Forwards is set when all after the first argument is for another program,
	// which then gets the signals too.
	Forwards bool

	// Sub are the commands of a group. A group with flags has a Run of its own,
	// for when one of them is given and no command.
	Sub []*Command
	// Run does the work. A reply that comes with an error is shown all the same.
	Run func(ctx context.Context, c *Call) (Reply, error)
}

// Call is one call of a command.
type Call struct {
	terminal.Env

	Voice  *terminal.Voice
	Estate string   // the directory of --dir
	Args   []string // without flags
	JSON   bool
	Quiet  bool
	// Show puts a reply on stdout before the command ends, for one that stays.
	// What it replies at the end is then not shown, unless it is an error.
	Show func(Reply) error
	// Print puts a page on stdout before the command ends, when people read it.
	Print func(func(*render.Page)) error
}

// Reply is what came of a call.
type Reply struct {
	Result   any             // of the JSON object
	Schema   string          // the format of Result, when the command has several: what follows its name
	Findings []rules.Finding // of the JSON object; warnings are said on stderr besides
	Exit     int             // when all went well
	Page     func(*render.Page)
	Raw      []byte // stdout as it is, of a Plain command
	Said     bool   // the page says what the error says
}

// resume is the hint after an interruption, as it is to be typed.
func (c *Command) resume(args []string) string {
	if len(args) == 0 {
		return c.Resume
	}
	return strings.ReplaceAll(c.Resume, "ARG", args[0])
}

// sub finds a command of a group.
func (c *Command) sub(name string) *Command {
	i := slices.IndexFunc(c.Sub, func(s *Command) bool { return s.Name == name })
	if i < 0 {
		return nil
	}
	return c.Sub[i]
}

// flag finds one of the command's flags by any of its names.
func flagNamed(flags []cli.Flag, name string) cli.Flag {
	i := slices.IndexFunc(flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) })
	if i < 0 {
		return nil
	}
	return flags[i]
}

func takesValue(f cli.Flag) bool {
	doc, ok := f.(cli.DocGenerationFlag)
	return !ok || doc.TakesValue()
}
