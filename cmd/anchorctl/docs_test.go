package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/estate"
	"anchorctl/internal/terminal"
)

// fresh holds that a checked-in file says what the code says.
func fresh(t *testing.T, path, want string) {
	t.Helper()
	if update() {
		if err := os.WriteFile(path, []byte(want), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("%s is stale, run \"make docs\":\n%s", path, diff)
	}
}

func TestScriptReadmeIsFresh(t *testing.T) {
	var b strings.Builder
	b.WriteString(`# The manual, as scripts

Each file here shows one command (or one promise) on the real program against the sandbox, and ends with a refusal or a
failure. The language is that of
[testscript](https://pkg.go.dev/github.com/rogpeppe/go-internal/testscript), with the programs ` + "`anchorctl`" + ` and
` + "`exits NUMBER COMMAND`" + ` (which holds that COMMAND exits with NUMBER), and these commands of its own:

| command | what it does |
| --- | --- |
`)
	for _, c := range scriptCommands() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", strings.ReplaceAll(c.usage, "|", `\|`), strings.ReplaceAll(c.about, "|", `\|`))
	}
	b.WriteString(`
Run one with ` + "`go test ./cmd/anchorctl -run TestScripts/NAME`" + `; ` + "`-update`" + ` rewrites what it compares with.
This page is made by ` + "`make docs`" + `.

## The scripts

| script | what it shows |
| --- | --- |
`)
	for _, path := range scripts(t) {
		fmt.Fprintf(&b, "| [%s](%s) | %s |\n", strings.TrimSuffix(filepath.Base(path), ".txtar"), filepath.Base(path), opening(t, path))
	}
	b.WriteString("\n")
	fresh(t, filepath.Join("testdata", "script", "README.md"), strings.TrimRight(b.String(), "\n")+"\n")
}

func scripts(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "script", "*.txtar"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	return paths
}

// opening is the first comment of a script, which says what it shows.
func opening(t *testing.T, path string) string {
	t.Helper()
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for line := range strings.SplitSeq(string(archive.Comment), "\n") {
		text, ok := strings.CutPrefix(line, "# ")
		if !ok {
			break
		}
		words = append(words, text)
	}
	if len(words) == 0 {
		t.Fatalf("%s does not begin with a comment that says what it shows", path)
	}
	return strings.Join(words, " ")
}

// leaves are the commands that do something, with the words that name them.
func leaves(c *cmdline.Command, words []string, visit func(words []string, c *cmdline.Command)) {
	if c.Run != nil || len(c.Sub) == 0 {
		visit(words, c)
	}
	for _, s := range c.Sub {
		leaves(s, append(words[:len(words):len(words)], s.Name), visit)
	}
}

func TestEveryCommandIsShownByAScript(t *testing.T) {
	var all strings.Builder
	for _, path := range scripts(t) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	leaves(commands(), []string{"anchorctl"}, func(words []string, c *cmdline.Command) {
		name := strings.Join(words, " ")
		if c.Name != "help" && !strings.Contains(all.String(), "exec "+name) {
			t.Errorf("no script runs %q", name)
		}
		if c.Example == "" || c.Summary == "" {
			t.Errorf("%q has no summary or no example", name)
		}
		for _, code := range c.Exits {
			if terminal.Meaning(code) == "" {
				t.Errorf("%q exits with %d, which means nothing", name, code)
			}
		}
	})
}

func TestCommandsPageIsFresh(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Commands\n\nEach command as `anchorctl help COMMAND` prints it. This page is made by `make docs`.\n")
	leaves(commands(), nil, func(words []string, c *cmdline.Command) {
		fmt.Fprintf(&b, "\n## %s\n\n```\n%s```\n", strings.Join(append([]string{"anchorctl"}, words...), " "), printed(t, append([]string{"help"}, words...)...))
	})
	fresh(t, filepath.Join("..", "..", "docs", "commands.md"), b.String())
}

// printed is what the program prints on stdout.
func printed(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	env := terminal.Env{
		Args: args, Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr, Dir: t.TempDir(),
		Getenv:  func(string) string { return "" },
		Signals: func(chan<- os.Signal) func() { return func() {} },
	}
	if code := run(env); code != 0 || stderr.Len() > 0 {
		t.Fatalf("anchorctl %s: exit %d, %s", strings.Join(args, " "), code, stderr.String())
	}
	return stdout.String()
}

func TestExitCodesPageIsFresh(t *testing.T) {
	users := map[int][]string{}
	leaves(commands(), nil, func(words []string, c *cmdline.Command) {
		for _, code := range c.Exits {
			users[code] = append(users[code], "`"+strings.Join(words, " ")+"`")
		}
	})
	var b strings.Builder
	b.WriteString(`# Exit numbers

Scripts can rely on these. With ` + "`--json`" + `, the object's ` + "`error.code`" + ` says the same in a word.

| number | code | meaning | commands |
| --- | --- | --- | --- |
`)
	for _, e := range []struct {
		code int
		word string
	}{
		{terminal.ExitDone, "–"}, {terminal.ExitFailed, "`failed`"}, {terminal.ExitUsage, "`usage`"}, {terminal.ExitChanges, "–"},
		{terminal.ExitRefused, "`refused`"}, {terminal.ExitHeld, "`held`"}, {terminal.ExitLocked, "`locked`"}, {terminal.ExitInterrupted, "`interrupted`"},
	} {
		who := strings.Join(users[e.code], ", ")
		if who == "" {
			who = "all"
		}
		fmt.Fprintf(&b, "| %d | %s | %s | %s |\n", e.code, e.word, terminal.Meaning(e.code), who)
	}
	b.WriteString("\nWithout `--detailed-exitcode`, `plan` exits with 0 when there are changes, and `status` with 0 when there is drift or something is held.\n" +
		"\n`status --fail-within` exits with 1 when something ends or has to be rotated within that time, was not renewed, or could not be read,\n" +
		"whatever else there is to say. With 0, all of it was read and nothing ends. 3 would say that there are changes: an end is none, and\n" +
		"goes wrong by itself. See [operating.md](operating.md#a-check-for-monitoring).\n" +
		"\n`sandbox exec` exits with the number of the command it ran (128 and the signal's number when a signal ended it).\n" +
		"This page is made by `make docs`.\n")
	fresh(t, filepath.Join("..", "..", "docs", "exit-codes.md"), b.String())
}

// The refusal that the configuration's page shows is what the program prints.
func TestTheProblemOfTheConfigurationPageIsReported(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "config.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, shown, _ := strings.Cut(string(page), "$ anchorctl check config\n")
	shown, _, _ = strings.Cut(shown, "```")
	dir := t.TempDir()
	text := "version: 1\nestate: {name: acme, organization: Acme Ltd, trustDomain: acme.internal}\nenvironments:\n" +
		"  prod:\n    targets:\n      - {account: 012345678901, region: eu-central-1}\n"
	if err := os.WriteFile(filepath.Join(dir, "anchorctl.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	code := run(terminal.Env{
		Args: []string{"check", "config"}, Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: &stderr, Dir: dir,
		Getenv:  func(string) string { return "" },
		Signals: func(chan<- os.Signal) func() { return func() {} },
	})
	if code != terminal.ExitFailed {
		t.Errorf("exit %d, want %d", code, terminal.ExitFailed)
	}
	if diff := cmp.Diff(shown, strings.ReplaceAll(stderr.String(), dir, "/srv/acme")); diff != "" {
		t.Errorf("docs/config.md shows something else (-page +program):\n%s", diff)
	}
}

// The page is written by hand; what it must not do is leave a command out.
func TestJSONPageNamesEverySchema(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "json.md"))
	if err != nil {
		t.Fatal(err)
	}
	leaves(commands(), []string{"anchorctl"}, func(words []string, c *cmdline.Command) {
		schema := "`" + strings.Join(words, ".") + "/v1`"
		if c.Plain == "" && !strings.Contains(string(page), schema) {
			t.Errorf("docs/json.md does not describe %s", schema)
		}
	})
}

func TestJSONPageNamesEveryFieldOfAnOpenRun(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "json.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## An open run\n")
	section, _, _ = strings.Cut(section, "\n## ")
	for field := range reflect.TypeFor[estate.OpenRun]().Fields() {
		if name := field.Tag.Get("json"); !strings.Contains(section, "\n| `"+name+"` | ") {
			t.Errorf("docs/json.md does not describe %s of openRun", name)
		}
	}
}
