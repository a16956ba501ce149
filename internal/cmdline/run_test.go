package cmdline_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/urfave/cli/v2"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/engine"
	"anchorctl/internal/hint"
	"anchorctl/internal/render"
	"anchorctl/internal/rules"
	"anchorctl/internal/terminal"
)

// seen is what the commands of the test tree were called with.
type seen struct {
	Command string
	Args    []string
	Out     string
	Force   bool
	Name    []string
	Estate  string
	JSON    bool
}

func tree(got *seen) *cmdline.Command {
	var out string
	var force bool
	var names cli.StringSlice
	var wait time.Duration
	record := func(command string) func(context.Context, *cmdline.Call) (cmdline.Reply, error) {
		return func(_ context.Context, c *cmdline.Call) (cmdline.Reply, error) {
			*got = seen{command, c.Args, out, force, names.Value(), c.Estate, c.JSON}
			return cmdline.Reply{Result: "did " + command, Page: func(p *render.Page) { p.Line("did %s", command) }}, nil
		}
	}
	flags := func() []cli.Flag {
		return []cli.Flag{
			&cli.StringFlag{Name: "out", Aliases: []string{"o"}, Usage: "write to `FILE`", Destination: &out},
			&cli.BoolFlag{Name: "force", Usage: "really", Destination: &force},
			&cli.StringSliceFlag{Name: "name", Usage: "a `NAME`", Destination: &names},
			&cli.DurationFlag{Name: "wait", Usage: "as long as `DURATION`", Destination: &wait},
		}
	}
	return &cmdline.Command{Name: "anchorctl", Summary: "a test", Sub: []*cmdline.Command{
		{Name: "help", Summary: "help", Max: -1, Run: record("help")},
		{Name: "version", Summary: "version", Run: record("version")},
		{Name: "issue", Args: "ENV/WORKLOAD", Min: 1, Max: 1, Summary: "issue", Flags: flags(), Run: record("issue"),
			Example: "anchorctl issue prod/backup", Exits: []int{terminal.ExitRefused}, About: "Issues.\n\nTruly."},
		{Name: "check", Summary: "check", Sub: []*cmdline.Command{
			{Name: "cert", Args: "FILE", Min: 1, Max: 1, Summary: "cert", Flags: flags(), Needs: []string{"out"}, Run: record("check cert")},
			{Name: "config", Summary: "config", Run: record("check config")},
		}},
		{Name: "group", Summary: "group", Flags: flags(), Run: record("group"), Sub: []*cmdline.Command{
			{Name: "one", Summary: "one", Run: record("group one")},
		}},
		{Name: "session", Summary: "session", Plain: "AWS's credential_process format", Flags: flags(),
			Run: func(context.Context, *cmdline.Call) (cmdline.Reply, error) {
				return cmdline.Reply{Raw: []byte("{}\n")}, nil
			}},
		{Name: "exec", Args: "CMD", Min: 1, Max: -1, Summary: "exec", Forwards: true, Flags: flags(), Run: record("exec")},
		{Name: "fail", Summary: "fail", Run: func(context.Context, *cmdline.Call) (cmdline.Reply, error) {
			return cmdline.Reply{Result: 7, Page: func(p *render.Page) { p.Line("seven") }},
				hint.With(errors.New("doing \x1b it"), "do something else")
		}},
		{Name: "refuse", Summary: "refuse", Run: func(context.Context, *cmdline.Call) (cmdline.Reply, error) {
			return cmdline.Reply{}, &rules.Refusal{Findings: []rules.Finding{{Rule: "ANC001", Severity: rules.Refuse, At: "x", Evidence: "y"}}}
		}},
		{Name: "warn", Summary: "warn", Run: func(context.Context, *cmdline.Call) (cmdline.Reply, error) {
			return cmdline.Reply{Exit: 3, Findings: []rules.Finding{{Rule: "ANC012", Severity: rules.Warn, At: "x", Evidence: "y"}}}, nil
		}},
		{Name: "stay", Summary: "stay", Resume: `run "anchorctl stay" again`, Run: func(ctx context.Context, c *cmdline.Call) (cmdline.Reply, error) {
			if err := c.Show(cmdline.Reply{Result: "ready", Page: func(p *render.Page) { p.Line("ready") }}); err != nil {
				return cmdline.Reply{}, err
			}
			<-ctx.Done()
			return cmdline.Reply{Result: "twice"}, context.Cause(ctx)
		}},
		{Name: "look", Summary: "look", Run: func(ctx context.Context, _ *cmdline.Call) (cmdline.Reply, error) {
			<-ctx.Done()
			return cmdline.Reply{}, fmt.Errorf("listing anchors: %w", ctx.Err())
		}},
		{Name: "step", Args: "WHAT", Max: 1, Summary: "step", Resume: `run "anchorctl step ARG" to go on`, Run: func(ctx context.Context, _ *cmdline.Call) (cmdline.Reply, error) {
			<-ctx.Done()
			return cmdline.Reply{}, &engine.InterruptedError{Done: 3, Left: 4}
		}},
		{Name: "ask", Summary: "ask", Resume: `run "anchorctl ask" to go on`, Run: func(ctx context.Context, c *cmdline.Call) (cmdline.Reply, error) {
			_, err := c.Ask(ctx, c.Voice, "name:")
			return cmdline.Reply{}, fmt.Errorf("making it: %w", err)
		}},
	}}
}

type outcome struct {
	exit           int
	stdout, stderr string
	seen           seen
}

func run(t *testing.T, interrupt bool, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	var o outcome
	asked := &silent{gone: make(chan struct{})}
	env := terminal.Env{
		Args: args, Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr, Dir: "/somewhere",
		Getenv:  func(string) string { return "" },
		OpenTTY: func() (terminal.TTY, error) { return asked, nil },
		Signals: func(c chan<- os.Signal) func() {
			asked.signals = c
			if interrupt {
				c <- os.Interrupt
			}
			return func() {}
		},
		Quit: func(int) { t.Error("quit") },
	}
	o.exit = cmdline.Run(env, tree(&o.seen))
	o.stdout, o.stderr = stdout.String(), stderr.String()
	return o
}

// silent is a terminal whose person answers with an interrupt.
type silent struct {
	signals chan<- os.Signal
	gone    chan struct{}
	once    sync.Once
}

func (s *silent) Write(p []byte) (int, error) { return len(p), nil }
func (s *silent) ReadSecret() ([]byte, error) { return nil, io.EOF }

func (s *silent) ReadLine() (string, error) {
	s.signals <- os.Interrupt
	<-s.gone
	return "", io.EOF
}

func (s *silent) Close() error {
	s.once.Do(func() { close(s.gone) })
	return nil
}

func TestFlagsStandAnywhere(t *testing.T) {
	plain := seen{Command: "issue", Args: []string{"prod/backup"}, Out: "x", Estate: "/somewhere"}
	with := func(change func(*seen)) seen { s := plain; change(&s); return s }
	for _, c := range []struct {
		line string
		want seen
	}{
		{"issue --out x prod/backup", plain},
		{"issue prod/backup --out x", plain},
		{"issue prod/backup --out=x", plain},
		{"issue prod/backup -out x", plain},
		{"issue -o x prod/backup", plain},
		{"issue prod/backup -o=x", plain},
		{"issue --out x -- prod/backup", plain},
		{"issue --out x -- --force", with(func(s *seen) { s.Args = []string{"--force"} })},
		{"issue --out - -", with(func(s *seen) { s.Out, s.Args = "-", []string{"-"} })},
		{"issue --out=--force p", with(func(s *seen) { s.Out, s.Args = "--force", []string{"p"} })},
		{"issue prod/backup --force --out x", with(func(s *seen) { s.Force = true })},
		{"issue --force prod/backup --out x --force=false", plain},
		{"issue prod/backup --name a,b --out x --name c", with(func(s *seen) { s.Name = []string{"a,b", "c"} })},
		{"--dir /elsewhere issue prod/backup --out x", with(func(s *seen) { s.Estate = "/elsewhere" })},
		{"issue prod/backup --dir below --out x", with(func(s *seen) { s.Estate = "/somewhere/below" })},
		{"issue prod/backup --out x --json", with(func(s *seen) { s.JSON = true })},
		{"check cert f --out x", with(func(s *seen) { s.Command, s.Args = "check cert", []string{"f"} })},
		{"exec --out x cmd --out y --help", with(func(s *seen) { s.Command, s.Args = "exec", []string{"cmd", "--out", "y", "--help"} })},
		{"exec --out x -- cmd --json", with(func(s *seen) { s.Command, s.Args = "exec", []string{"cmd", "--json"} })},
		{"group --out x", with(func(s *seen) { s.Command, s.Args = "group", []string{} })},
		{"group one", seen{Command: "group one", Args: []string{}, Estate: "/somewhere"}},
		{"--version", seen{Command: "version", Args: []string{}, Estate: "/somewhere"}},
	} {
		t.Run(c.line, func(t *testing.T) {
			o := run(t, false, strings.Fields(c.line)...)
			if o.exit != 0 || o.stderr != "" {
				t.Fatalf("exit %d, stderr %q", o.exit, o.stderr)
			}
			if diff := cmp.Diff(c.want, o.seen); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestUsageErrors(t *testing.T) {
	for _, c := range []struct{ line, message, hints string }{
		{"isue prod/backup", `"isue" is not a command of anchorctl`, `did you mean "anchorctl issue"?`},
		{"check crt x", `"crt" is not a command of anchorctl check`, `did you mean "anchorctl check cert"?`},
		{"check", "anchorctl check needs a command", `run "anchorctl check --help"`},
		{"group", "anchorctl group needs a command", `run "anchorctl group --help"`},
		{"group --dir x", "anchorctl group needs a command", `run "anchorctl group --help"`},
		{"group --force one", `takes no command beside its own flags, but "one" follows`, `run "anchorctl group --help"`},
		{"group one --force", `anchorctl group one has no flag "--force"`, `run "anchorctl group one --help"`},
		{"issue prod/backup --ouf x", `anchorctl issue has no flag "--ouf"`, `did you mean "--out"?`},
		{"issue prod/backup --jsn", `anchorctl issue has no flag "--jsn"`, `did you mean "--json"?`},
		{"issue prod/backup --zzzzzzzz", `has no flag "--zzzzzzzz"`, `run "anchorctl issue --help"`},
		{"issue", "anchorctl issue needs ENV/WORKLOAD", `run "anchorctl issue --help"`},
		{"issue a b", `does not take the argument "b"`, `run "anchorctl issue --help"`},
		{"issue a --out", "flag --out needs a value", `run "anchorctl issue --help"`},
		{"issue a --out --force", "flag --out needs a value, but --force follows", "write --out=--force"},
		{"issue a --out=", "flag --out needs a value, but an empty one is given", "leave the flag out"},
		{"issue a --wait soon", `invalid value "soon" for flag --wait`, `run "anchorctl issue --help"`},
		{"issue a --force=perhaps", `invalid boolean value "perhaps" for -force`, `run "anchorctl issue --help"`},
		{"check cert f", "anchorctl check cert needs --out", `run "anchorctl check cert --help"`},
		{"session --json", "anchorctl session has no --json: its output is AWS's", `run "anchorctl session --help"`},
		{"help isue", `"isue" is not a command`, `did you mean "anchorctl issue"?`},
	} {
		t.Run(c.line, func(t *testing.T) {
			o := run(t, false, strings.Fields(c.line)...)
			if o.exit != 2 || o.stdout != "" {
				t.Errorf("exit %d, stdout %q", o.exit, o.stdout)
			}
			if !strings.Contains(o.stderr, "anchorctl: error: ") || !strings.Contains(o.stderr, c.message) {
				t.Errorf("stderr %q has no error %q", o.stderr, c.message)
			}
			if !strings.Contains(o.stderr, "anchorctl: hint: ") || !strings.Contains(o.stderr, c.hints) {
				t.Errorf("stderr %q has no hint %q", o.stderr, c.hints)
			}
			if strings.Contains(c.line, "session") {
				return
			}
			o = run(t, false, append([]string{"--json"}, strings.Fields(c.line)...)...)
			e := decode(t, o)
			if o.exit != 2 || o.stderr != "" || e.OK || e.Error.Code != "usage" || !strings.Contains(e.Error.Message, c.message) {
				t.Errorf("with --json: %+v", o)
			}
		})
	}
}

type envelope struct {
	Schema   string
	OK       bool
	Result   any
	Findings []rules.Finding
	Error    struct {
		Code, Message string
		Hints         []string
	}
}

// decode reads the one object of a run.
func decode(t *testing.T, o outcome) envelope {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(o.stdout))
	var e envelope
	if err := dec.Decode(&e); err != nil {
		t.Fatalf("stdout %q: %v", o.stdout, err)
	}
	if err := dec.Decode(new(any)); !errors.Is(err, io.EOF) {
		t.Fatalf("more than one object in %q", o.stdout)
	}
	return e
}

func TestOutcomes(t *testing.T) {
	for _, c := range []struct {
		name      string
		line      string
		interrupt bool
		want      outcome
	}{
		{"a failure shows what there is, then the error and its hint", "fail", false,
			outcome{1, "seven\n", "anchorctl: error: doing \\x1b it\nanchorctl: hint: do something else\n", seen{}}},
		{"a refusal exits 4 and says where to read on", "refuse", false,
			outcome{4, "", "anchorctl: error: x: y [ANC001]\nanchorctl: hint: run \"anchorctl explain ANC001\"\n", seen{}}},
		{"a warning is said and goes on", "warn", false, outcome{3, "", "anchorctl: warning: x: y [ANC012]\n", seen{}}},
		{"a plain command writes its bytes", "session", false, outcome{0, "{}\n", "", seen{}}},
		{"an interrupt is said, with how to go on", "stay", true, outcome{130, "ready\n",
			"anchorctl: interrupted: stopping after the step that is under way; interrupt again to stop at once\n" +
				"anchorctl: error: interrupted\nanchorctl: hint: run \"anchorctl stay\" again\n", seen{}}},
		{"what only looks says nothing about steps", "look", true, outcome{130, "", "anchorctl: error: interrupted: listing anchors\n", seen{}}},
		{"a run says how far it came, and what to type to go on", "step prod", true, outcome{130, "",
			"anchorctl: interrupted: stopping after the step that is under way; interrupt again to stop at once\n" +
				"anchorctl: error: interrupted: stopped with 3 steps done and 4 left\nanchorctl: hint: run \"anchorctl step prod\" to go on\n", seen{}}},
		{"at a question nothing was changed, and there is nothing to go on with", "ask", false,
			outcome{130, "", "anchorctl: error: interrupted, nothing was changed\n", seen{}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := run(t, c.interrupt, strings.Fields(c.line)...)
			if diff := cmp.Diff(fmt.Sprintf("%+v", c.want), fmt.Sprintf("%+v", o)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAPageFitsTheScreenItIsShownOn(t *testing.T) {
	table := &cmdline.Command{Name: "anchorctl", Sub: []*cmdline.Command{{Name: "table", Run: func(context.Context, *cmdline.Call) (cmdline.Reply, error) {
		return cmdline.Reply{Page: func(p *render.Page) { p.Table([]string{"NAME", "WHERE"}, [][]string{{"one", "two"}}) }}, nil
	}}}}
	for _, c := range []struct {
		name     string
		terminal bool
		want     string
	}{{"a narrow terminal", true, "name   one\nwhere  two\n"}, {"a pipe", false, "NAME  WHERE\none   two\n"}} {
		var stdout, stderr bytes.Buffer
		env := terminal.Env{
			Args: []string{"table"}, Stdout: &stdout, Stderr: &stderr, StdoutIsTerminal: c.terminal, Width: func() int { return 8 },
			Getenv:  func(k string) string { return map[string]string{"NO_COLOR": "1"}[k] },
			Signals: func(chan<- os.Signal) func() { return func() {} },
		}
		if code := cmdline.Run(env, table); code != 0 || stdout.String() != c.want {
			t.Errorf("%s: exit %d, %q, want %q", c.name, code, stdout.String(), c.want)
		}
	}
}

func TestJSONIsOneObjectWhateverHappens(t *testing.T) {
	for _, c := range []struct {
		line      string
		interrupt bool
		exit      int
		schema    string
		ok        bool
		code      string
		rules     int
	}{
		{"version --json", false, 0, "anchorctl.version/v1", true, "", 0},
		{"check config --json", false, 0, "anchorctl.check.config/v1", true, "", 0},
		{"fail --json", false, 1, "anchorctl.fail/v1", false, "failed", 0},
		{"refuse --json", false, 4, "anchorctl.refuse/v1", false, "refused", 1},
		{"warn --json", false, 3, "anchorctl.warn/v1", true, "", 1},
		{"issue --help --json", false, 0, "anchorctl.help/v1", true, "", 0},
		{"help issue --json", false, 0, "anchorctl.help/v1", true, "", 0},
		{"nonsense --json", false, 2, "anchorctl/v1", false, "usage", 0},
		{"stay --json", true, 130, "anchorctl.stay/v1", true, "", 0},
	} {
		t.Run(c.line, func(t *testing.T) {
			o := run(t, c.interrupt, strings.Fields(c.line)...)
			e := decode(t, o)
			if o.exit != c.exit || e.Schema != c.schema || e.OK != c.ok || e.Error.Code != c.code || len(e.Findings) != c.rules {
				t.Errorf("exit %d, %+v", o.exit, e)
			}
			if !strings.Contains(o.stdout, `"findings": [`) {
				t.Errorf("findings is not a list: %s", o.stdout)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	want := `anchorctl issue: issue

USAGE
  anchorctl issue [flags] ENV/WORKLOAD

Issues.

Truly.

FLAGS
  --out, -o FILE   write to FILE
  --force          really
  --name NAME      a NAME
  --wait DURATION  as long as DURATION

FLAGS OF EVERY COMMAND
  --dir DIR  the estate's directory is DIR, instead of the one you are in
  --json     print one JSON object and nothing else on stdout
  --quiet    show no progress

EXAMPLE
  anchorctl issue prod/backup

EXIT STATUS
  0  done
  1  failed
  2  the command line is wrong
  4  refused by a rule
`
	for _, line := range []string{"issue --help", "issue -h", "help issue", "issue prod/backup --out x --help"} {
		o := run(t, false, strings.Fields(line)...)
		if diff := cmp.Diff(want, o.stdout); diff != "" || o.exit != 0 || o.stderr != "" {
			t.Errorf("%s: exit %d, stderr %q\n%s", line, o.exit, o.stderr, diff)
		}
	}
	for _, line := range []string{"", "help", "--help"} {
		o := run(t, false, strings.Fields(line)...)
		if o.exit != 0 || !strings.Contains(o.stdout, "COMMANDS\n") || !strings.Contains(o.stdout, "  issue    issue\n") {
			t.Errorf("%q: %+v", line, o)
		}
	}
	if o := run(t, false, "session", "--help"); strings.Contains(o.stdout, "--json") {
		t.Errorf("session's help offers --json:\n%s", o.stdout)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestAResultThatCannotBeWrittenIsAFailure(t *testing.T) {
	for _, args := range [][]string{{"version"}, {"version", "--json"}} {
		var stderr bytes.Buffer
		env := terminal.Env{
			Args: args, Stdout: brokenPipe{}, Stderr: &stderr,
			Getenv:  func(string) string { return "" },
			Signals: func(chan<- os.Signal) func() { return func() {} },
		}
		if exit := cmdline.Run(env, tree(new(seen))); exit != 1 || !strings.Contains(stderr.String(), "no space left") {
			t.Errorf("%v: exit %d, stderr %q", args, exit, stderr.String())
		}
	}
}

// FuzzRun holds that no command line panics, and that with --json stdout is
// one object.
func FuzzRun(f *testing.F) {
	for _, line := range []string{"issue prod/backup --out x", "--json issue", "check cert -- --", "exec -- --json", "-", "--=", "-- issue", "issue --out=\x1b"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, text string) {
		args := append([]string{"--json"}, strings.Split(text, " ")...)
		if slices.Contains(args, "stay") || slices.Contains(args, "session") {
			return // these have tests of their own
		}
		for _, a := range args {
			if strings.HasPrefix(strings.TrimLeft(a, "-"), "json=") {
				return // it takes --json back
			}
		}
		decode(t, run(t, false, args...))
	})
}
