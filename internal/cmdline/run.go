package cmdline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"anchorctl/internal/hint"
	"anchorctl/internal/render"
	"anchorctl/internal/rules"
	"anchorctl/internal/terminal"
)

// settings are the flags of every command.
type settings struct {
	dir   string
	json  bool
	quiet bool
}

func (s *settings) flags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "dir", Usage: "the estate's directory is `DIR`, instead of the one you are in", Destination: &s.dir},
		&cli.BoolFlag{Name: "json", Usage: "print one JSON object and nothing else on stdout", Destination: &s.json},
		&cli.BoolFlag{Name: "quiet", Usage: "show no progress", Destination: &s.quiet},
	}
}

// Run runs the command that the environment's arguments name and returns the
// number to exit with.
func Run(env terminal.Env, root *Command) int {
	r := &runner{env: env}
	l, err := read(root, r.flags(), withVersion(root, env.Args))
	r.line, r.voice = l, env.Voice(false)
	if l.help || err == nil && len(l.path) == 1 && len(l.args) == 0 && len(env.Args) == 0 {
		return r.finish(r.helpReply(l), nil)
	}
	if err == nil {
		l, err = r.helpCommand(root, l)
		if l.help {
			return r.finish(r.helpReply(l), nil)
		}
	}
	if err == nil {
		err = l.check()
	}
	if err != nil {
		return r.finish(Reply{}, err)
	}
	return r.finish(r.run())
}

// withVersion lets people type --version, as they do everywhere.
func withVersion(root *Command, words []string) []string {
	if len(words) > 0 && (words[0] == "--version" || words[0] == "-version") && root.sub("version") != nil {
		return append([]string{"version"}, words[1:]...)
	}
	return words
}

// helpCommand turns "help COMMAND" into a line that asks for its help.
func (r *runner) helpCommand(root *Command, l *line) (*line, error) {
	if l.command().Name != "help" || len(l.path) != 2 {
		return l, nil
	}
	about, err := read(root, r.flags(), l.args)
	about.json, about.help = l.json, err == nil
	r.line = about
	return about, err
}

// runner is one run of the program.
type runner struct {
	settings

	env   terminal.Env
	line  *line
	voice *terminal.Voice
	shown bool
}

func (r *runner) helpReply(l *line) Reply {
	var p render.Page
	l.helpPage(&p, r.flags())
	return Reply{
		Result: map[string]string{"help": string(p.Bytes())},
		Page:   func(p *render.Page) { l.helpPage(p, r.flags()) },
	}
}

// run lets cli read the flags and calls the command.
func (r *runner) run() (Reply, error) {
	var reply Reply
	var failed error
	app := r.app(func(c *cli.Context) error {
		reply, failed = r.call(c.Args().Slice())
		return nil
	})
	if err := app.Run(r.line.canonical()); err != nil {
		return Reply{}, r.line.usage(flagError(err), "")
	}
	return reply, failed
}

// flagError words what the flag package says about a value.
func flagError(err error) string {
	text := err.Error()
	if i := strings.Index(text, "for flag -"); i >= 0 {
		text = text[:i] + "for flag --" + strings.TrimLeft(text[i+len("for flag -"):], "-")
	}
	return strings.TrimSuffix(text, ": parse error")
}

// app is the path to the command as cli knows it. Nothing of what cli prints
// or exits with by itself is wanted.
func (r *runner) app(action cli.ActionFunc) *cli.App {
	usage := func(_ *cli.Context, err error, _ bool) error { return err }
	app := &cli.App{
		Name: r.line.path[0].Name, Flags: r.flags(), HideHelp: true, HideVersion: true,
		Reader: r.env.Stdin, Writer: io.Discard, ErrWriter: io.Discard,
		OnUsageError: usage, ExitErrHandler: func(*cli.Context, error) {},
		DisableSliceFlagSeparator: true,
		Action:                    action,
	}
	commands := &app.Commands
	for _, c := range r.line.path[1:] {
		next := &cli.Command{Name: c.Name, Flags: c.Flags, HideHelp: true, OnUsageError: usage, Action: action}
		*commands = []*cli.Command{next}
		commands = &next.Subcommands
	}
	return app
}

// call runs the command itself.
func (r *runner) call(args []string) (Reply, error) {
	c := r.line.command()
	r.voice = r.env.Voice(r.quiet)
	call := &Call{
		Env: r.env, Voice: r.voice, Estate: r.estate(), Args: args, JSON: r.json, Quiet: r.quiet, Show: r.show, Print: r.print,
	}
	ctx := context.Background()
	if !c.Forwards {
		interruptible, stop := r.env.Interruptible(ctx, r.voice, c.resume(args))
		defer stop()
		ctx = interruptible
		call.Env = call.Heeding(ctx)
	}
	reply, err := c.Run(ctx, call)
	r.voice.Clear()
	if err != nil && !errors.Is(err, terminal.ErrUntouched) && errors.Is(context.Cause(ctx), terminal.ErrInterrupted) {
		err = interrupted(err, c.resume(args))
	}
	return reply, err
}

// interrupted says of an error that an interrupt led to it, and how to go on.
func interrupted(err error, resume string) error {
	err = &stopped{err}
	if resume == "" {
		return err
	}
	return hint.With(err, resume)
}

// stopped is an error that an interrupt led to.
type stopped struct{ err error }

// Error says once that it was interrupted, whatever the error says of it.
func (s *stopped) Error() string {
	interrupted := terminal.ErrInterrupted.Error()
	text := s.err.Error()
	for _, said := range []string{context.Canceled.Error(), interrupted} {
		text = strings.TrimSuffix(strings.TrimSuffix(text, said), ": ")
	}
	switch {
	case text == "":
		return interrupted
	case strings.HasPrefix(text, interrupted):
		return text
	}
	return interrupted + ": " + text
}

func (s *stopped) Unwrap() []error { return []error{terminal.ErrInterrupted, s.err} }

func (r *runner) estate() string {
	if r.dir == "" || filepath.IsAbs(r.dir) {
		return firstOf(r.dir, r.env.Dir)
	}
	return filepath.Join(r.env.Dir, r.dir)
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// finish shows what came of the run and returns the exit number.
func (r *runner) finish(reply Reply, err error) int {
	if err == nil {
		if r.shown {
			return reply.Exit
		}
		if err = r.show(reply); err == nil {
			return reply.Exit
		}
		reply = Reply{}
	}
	f := terminal.Explain(err)
	if len(reply.Findings) == 0 {
		reply.Findings = f.Findings
	}
	if r.line.json && r.line.command().Plain == "" && !f.Silent {
		return r.finishJSON(reply, f)
	}
	if shown := r.page(reply); shown != nil {
		r.voice.Failure(terminal.Explain(shown))
	}
	if !reply.Said {
		r.voice.Failure(f)
	}
	return f.Exit
}

func (r *runner) finishJSON(reply Reply, f terminal.Failure) int {
	if r.shown {
		// The one object is out already: the failure can only be said.
		r.voice.Failure(f)
		return f.Exit
	}
	err := r.object(reply, &f)
	if err != nil {
		r.voice.Failure(terminal.Explain(err))
	}
	return f.Exit
}

// show puts a reply on stdout.
func (r *runner) show(reply Reply) error {
	r.shown = true
	if r.line.json && r.line.command().Plain == "" {
		return r.object(reply, nil)
	}
	return r.page(reply)
}

// print puts a page on stdout, unless one object is all that may be there.
func (r *runner) print(page func(*render.Page)) error {
	if r.line.json {
		return nil
	}
	return r.page(Reply{Page: page})
}

func (r *runner) page(reply Reply) error {
	r.voice.Clear()
	if !reply.Said {
		for _, f := range reply.Findings {
			if f.Severity == rules.Warn {
				r.voice.Warning(f.String())
			}
		}
	}
	out := reply.Raw
	if reply.Page != nil {
		p := render.Page{Colour: r.env.Colour(r.env.StdoutIsTerminal)}
		if r.env.StdoutIsTerminal && r.env.Width != nil {
			p.Width = r.env.Width()
		}
		reply.Page(&p)
		out = p.Bytes()
	}
	return r.write(out)
}

func (r *runner) object(reply Reply, f *terminal.Failure) error {
	r.voice.Clear()
	e := render.Envelope{Schema: r.schema(reply.Schema), OK: f == nil, Result: reply.Result, Findings: reply.Findings}
	if reply.Findings == nil {
		e.Findings = []rules.Finding{}
	}
	if f != nil {
		e.Error = f
	}
	out, err := render.JSON(e)
	if err != nil {
		return err
	}
	return r.write(out)
}

func (r *runner) write(out []byte) error {
	if len(out) == 0 {
		return nil
	}
	if _, err := r.env.Stdout.Write(out); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}

// schema names the format of the command's result.
func (r *runner) schema(form string) string {
	words := strings.Split(r.line.name(), " ")
	if r.line.help {
		words, form = []string{words[0], "help"}, ""
	}
	if form != "" {
		words = append(words, form)
	}
	return strings.Join(words, ".") + "/v1"
}
