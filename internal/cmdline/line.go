package cmdline

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"anchorctl/internal/terminal"
)

// line is a command line that was understood.
type line struct {
	path    []*Command // from the root to the command
	globals []string   // flags of every command, as given
	flags   []string   // flags of the command
	seen    []string   // the names of those
	args    []string
	help    bool
	json    bool
}

func (l *line) command() *Command { return l.path[len(l.path)-1] }

// name is how the command is typed.
func (l *line) name() string {
	words := make([]string, len(l.path))
	for i, c := range l.path {
		words[i] = c.Name
	}
	return strings.Join(words, " ")
}

// canonical is the line in the only order that cli v2 reads: flags, then
// arguments. It stops looking for flags at the first argument.
func (l *line) canonical() []string {
	words := append([]string{l.path[0].Name}, l.globals...)
	for _, c := range l.path[1:] {
		words = append(words, c.Name)
	}
	words = append(words, l.flags...)
	return append(append(words, "--"), l.args...)
}

// read understands a command line as far as it goes. The line it returns with
// an error tells the command reached and whether JSON was asked for.
func read(root *Command, globals []cli.Flag, words []string) (*line, error) {
	l := &line{path: []*Command{root}, json: asksJSON(words)}
	for len(words) > 0 {
		word := words[0]
		words = words[1:]
		switch {
		case word == "--":
			return l, l.rest(words)
		case len(word) > 1 && word[0] == '-':
			left, err := l.flag(globals, word, words)
			if err != nil {
				return l, err
			}
			words = left
		case len(l.command().Sub) > 0:
			if err := l.descend(word); err != nil {
				return l, err
			}
		case l.command().Forwards:
			return l, l.rest(append([]string{word}, words...))
		default:
			l.args = append(l.args, word)
		}
	}
	return l, nil
}

// rest takes all words as arguments; a group has to be told which command.
func (l *line) rest(words []string) error {
	if len(l.command().Sub) > 0 && len(words) > 0 {
		return l.descend(words[0])
	}
	l.args = append(l.args, words...)
	return nil
}

func (l *line) descend(word string) error {
	if len(l.flags) > 0 {
		return l.usage(fmt.Sprintf("%s takes no command beside its own flags, but %q follows", l.name(), word), "")
	}
	next := l.command().sub(word)
	if next == nil {
		names := make([]string, len(l.command().Sub))
		for i, s := range l.command().Sub {
			names[i] = s.Name
		}
		return l.usage(fmt.Sprintf("%q is not a command of %s", word, l.name()), suggest(word, names, l.name()+" "))
	}
	l.path = append(l.path, next)
	return nil
}

// flag takes one flag and its value from the line.
func (l *line) flag(globals []cli.Flag, word string, words []string) ([]string, error) {
	name, value, hasValue := strings.Cut(strings.TrimLeft(word, "-"), "=")
	if name == "help" || name == "h" {
		l.help = true
		return words, nil
	}
	f, list := flagNamed(l.command().Flags, name), &l.flags
	if f == nil {
		f, list = flagNamed(globals, name), &l.globals
	}
	if f == nil {
		return nil, l.usage(fmt.Sprintf("%s has no flag %q", l.name(), strings.SplitN(word, "=", 2)[0]),
			suggest(name, l.flagNames(globals), "--"))
	}
	dashed := dashes(name)
	switch {
	case hasValue || !takesValue(f):
	case len(words) == 0:
		return nil, l.usage(fmt.Sprintf("flag %s needs a value", dashed), "")
	case l.isFlag(globals, words[0]):
		return nil, l.usage(fmt.Sprintf("flag %s needs a value, but %s follows", dashed, words[0]),
			fmt.Sprintf("if that is the value, write %s=%s", dashed, words[0]))
	default:
		value, hasValue, words = words[0], true, words[1:]
	}
	if hasValue && value == "" && takesValue(f) {
		return nil, l.usage(fmt.Sprintf("flag %s needs a value, but an empty one is given", dashed), "leave the flag out, or set the variable that it comes from")
	}
	if hasValue {
		dashed += "=" + value
	}
	l.seen = append(l.seen, f.Names()...)
	*list = append(*list, dashed)
	return words, nil
}

func dashes(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// isFlag reports whether a word is one of the flags, spelt with two dashes.
func (l *line) isFlag(globals []cli.Flag, word string) bool {
	name, ok := strings.CutPrefix(word, "--")
	name, _, _ = strings.Cut(name, "=")
	return ok && slices.Contains(l.flagNames(globals), name)
}

func (l *line) flagNames(globals []cli.Flag) []string {
	names := []string{"help"}
	for _, f := range slices.Concat(l.command().Flags, globals) {
		names = append(names, f.Names()...)
	}
	return names
}

// check holds the line against what its command takes.
func (l *line) check() error {
	c := l.command()
	switch {
	case len(c.Sub) > 0 && len(l.flags) == 0:
		return l.usage(l.name()+" needs a command", "")
	case len(l.args) < c.Min:
		return l.usage(fmt.Sprintf("%s needs %s", l.name(), c.Args), "")
	case c.Max >= 0 && len(l.args) > c.Max:
		return l.usage(fmt.Sprintf("%s does not take the argument %q", l.name(), l.args[c.Max]), "")
	case l.json && c.Plain != "":
		return l.usage(fmt.Sprintf("%s has no --json: its output is %s", l.name(), c.Plain), "")
	}
	for _, need := range c.Needs {
		if !slices.Contains(l.seen, need) {
			return l.usage(fmt.Sprintf("%s needs --%s", l.name(), need), "")
		}
	}
	return nil
}

func (l *line) usage(message, better string) error {
	hints := []string{}
	if better != "" {
		hints = append(hints, better)
	}
	return terminal.Usage(message, append(hints, fmt.Sprintf("run %q", l.name()+" --help"))...)
}

// asksJSON looks for --json before anything is understood, so that even the
// error of a line that makes no sense comes in the format that was asked for.
func asksJSON(words []string) bool {
	asks := false
	for _, word := range words {
		name, value, hasValue := strings.Cut(strings.TrimLeft(word, "-"), "=")
		switch {
		case word == "--":
			return asks
		case name != "json" || !strings.HasPrefix(word, "-"):
		case !hasValue:
			asks = true
		default:
			on, err := strconv.ParseBool(value)
			asks = err == nil && on
		}
	}
	return asks
}
