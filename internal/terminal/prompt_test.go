package terminal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"anchorctl/internal/hint"
)

// person is a terminal whose person answers from a list, then thinks for ever.
type person struct {
	answers []string
	shown   strings.Builder
	gone    chan struct{}
}

func newPerson(answers ...string) *person {
	return &person{answers: answers, gone: make(chan struct{})}
}

func (p *person) Write(b []byte) (int, error) { return p.shown.Write(b) }

func (p *person) ReadLine() (string, error) {
	if len(p.answers) == 0 {
		<-p.gone
		return "", io.ErrClosedPipe
	}
	answer := p.answers[0]
	p.answers = p.answers[1:]
	return answer, nil
}

func (p *person) ReadSecret() ([]byte, error) {
	s, err := p.ReadLine()
	return []byte(s), err
}

func (p *person) Close() error {
	select {
	case <-p.gone:
	default:
		close(p.gone)
	}
	return nil
}

func askEnv(p *person, files map[string]string) Env {
	var out buffer
	e := testEnv(&out, false, nil)
	e.OpenTTY = func() (TTY, error) {
		if p == nil {
			return nil, ErrNoTerminal
		}
		return p, nil
	}
	e.Open = func(path string) (io.ReadCloser, error) {
		text, ok := files[path]
		if !ok {
			return nil, errors.New("no such file")
		}
		return io.NopCloser(strings.NewReader(text)), nil
	}
	e.OpenFD = func(fd int) (io.ReadCloser, error) {
		if fd != 3 {
			return nil, errors.New("not open")
		}
		return io.NopCloser(strings.NewReader("from descriptor three\n")), nil
	}
	return e
}

func TestPassphrase(t *testing.T) {
	files := map[string]string{
		"good": "correct horse\r\nanother line\n", "bare": "correct horse", "empty": "\nsecond\n",
		"short": "horse\n", "long": strings.Repeat("x", 5000),
	}
	none := PassphraseSource{FD: -1}
	file := func(name string) PassphraseSource { return PassphraseSource{FD: -1, File: name} }
	for _, c := range []struct {
		name    string
		from    PassphraseSource
		person  *person
		confirm bool
		want    string
		wantErr string
	}{
		{"a file's first line without its end", file("good"), nil, false, "correct horse", ""},
		{"a file without a line end", file("bare"), nil, true, "correct horse", ""},
		{"a file whose first line is empty is refused", file("empty"), nil, false, "", "empty"},
		{"a file with an endless line is refused", file("long"), nil, false, "", "longer than"},
		{"a missing file is an error", file("gone"), nil, false, "", "no such file"},
		{"a short old passphrase is taken", file("short"), nil, false, "horse", ""},
		{"a short new passphrase is refused", file("short"), nil, true, "", "fewer than 8"},
		{"an inherited descriptor", PassphraseSource{FD: 3}, nil, true, "from descriptor three", ""},
		{"a descriptor that is not open is an error", PassphraseSource{FD: 9}, nil, false, "", "not open"},
		{"two sources exclude each other", PassphraseSource{FD: 3, File: "good"}, nil, false, "", "exclude"},
		{"a person is asked once for an old one", none, newPerson("old secret"), false, "old secret", ""},
		{"a person is asked twice for a new one", none, newPerson("new secret", "new secret"), true, "new secret", ""},
		{"a mistyped repetition starts over", none, newPerson("new secret", "new sceret", "new secret", "new secret"), true, "new secret", ""},
		{"nothing typed is asked again", none, newPerson("", "old secret"), false, "old secret", ""},
		{"a new one that is too short is refused before it is repeated", none, newPerson("horse", "new secret", "new secret"), true, "new secret", ""},
		{"three failures are enough", none, newPerson("", "", ""), false, "", "after 3 attempts"},
		{"without terminal and source it is an error", none, nil, false, "", "no terminal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := askEnv(c.person, files)
			got, err := env.Passphrase(env.Voice(false), c.from, "the root key").Ask(t.Context(), c.confirm)
			if c.wantErr == "" && err != nil || c.wantErr != "" && (err == nil || !strings.Contains(err.Error(), c.wantErr)) {
				t.Fatalf("error %v, want one with %q", err, c.wantErr)
			}
			if string(got) != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if c.person != nil && c.want != "" && strings.Contains(c.person.shown.String(), c.want) {
				t.Errorf("the passphrase was shown: %q", c.person.shown.String())
			}
		})
	}
}

func TestWithoutATerminalTheHintNamesTheFlags(t *testing.T) {
	env := askEnv(nil, nil)
	_, err := env.Passphrase(env.Voice(false), PassphraseSource{FD: -1}, "the root key").Ask(t.Context(), false)
	if hints := hint.Of(err); len(hints) != 1 || !strings.Contains(hints[0], "--passphrase-file") {
		t.Errorf("hints %q", hints)
	}
}

func TestConfirm(t *testing.T) {
	for _, c := range []struct {
		name   string
		person *person
		want   string
	}{
		{"the exact word goes on", newPerson("prod"), ""},
		{"another word declines", newPerson("Prod"), "not confirmed"},
		{"an empty line declines", newPerson(""), "not confirmed"},
		{"without a terminal nobody can agree", nil, "no terminal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := askEnv(c.person, nil)
			err := env.Confirm(t.Context(), env.Voice(false), `type "prod":`, "prod", "pass --approve")
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

func TestAnInterruptEndsAQuestion(t *testing.T) {
	p := newPerson()
	env := askEnv(p, nil)
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(time.Millisecond, func() { cancel(ErrInterrupted) })
	_, err := env.Passphrase(env.Voice(false), PassphraseSource{FD: -1}, "the root key").Ask(ctx, false)
	if !errors.Is(err, ErrInterrupted) {
		t.Fatalf("got %v", err)
	}
	select {
	case <-p.gone:
	default:
		t.Error("the terminal was left open, perhaps without echo")
	}
	if got := Explain(fmt.Errorf("making it: %w", err)); got.Exit != ExitInterrupted || got.Message != "interrupted, nothing was changed" {
		t.Errorf("explained as %+v", got)
	}
	if !strings.HasSuffix(p.shown.String(), "\n") {
		t.Errorf("what follows would stand beside the question: %q", p.shown.String())
	}
}

func TestOnlyAPersonIsAskedAgainAndNotForEver(t *testing.T) {
	p := newPerson("one", "two", "three")
	env := askEnv(p, map[string]string{"file": "one\n"})
	for _, from := range []PassphraseSource{{FD: -1, File: "file"}, {FD: 3}} {
		if env.Passphrase(env.Voice(false), from, "the root key").Again() {
			t.Errorf("%+v is asked again", from)
		}
	}
	asked := env.Passphrase(env.Voice(false), PassphraseSource{FD: -1}, "the root key")
	var got []string
	for again := true; again; again = asked.Again() {
		pass, err := asked.Ask(t.Context(), false)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(pass))
	}
	if strings.Join(got, " ") != "one two three" || strings.Count(p.shown.String(), "wrong passphrase, try again\n") != 2 {
		t.Errorf("got %q, shown %q", got, p.shown.String())
	}
}

func TestAPassphraseFileThatOthersCanReadIsWarnedOf(t *testing.T) {
	path := filepath.Join(t.TempDir(), "passphrase")
	for mode, want := range map[os.FileMode]string{
		0o600: "",
		0o640: "anchorctl: warning: \"" + path + "\" holds a passphrase and is open to others than its owner (mode 0640)\n" +
			"anchorctl: hint: run \"chmod 600 " + path + "\"\n",
	} {
		if err := errors.Join(os.WriteFile(path, []byte("correct horse\n"), mode), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
		var out buffer
		env := testEnv(&out, false, nil)
		env.Open = func(path string) (io.ReadCloser, error) { return os.Open(path) }
		pass, err := env.Passphrase(env.Voice(false), PassphraseSource{FD: -1, File: path}, "the root key").Ask(t.Context(), false)
		if err != nil || string(pass) != "correct horse" || out.String() != want {
			t.Errorf("mode %v: got %q, %v, said %q, want %q", mode, pass, err, out.String(), want)
		}
	}
}

func TestAsk(t *testing.T) {
	p := newPerson("example", "", " Example Corp ")
	env := askEnv(p, nil)
	got, err := env.Ask(t.Context(), env.Voice(false), "name:", "organization:")
	if err != nil || strings.Join(got, "|") != "example|Example Corp" {
		t.Errorf("got %q, %v", got, err)
	}
	env = askEnv(newPerson("", "", ""), nil)
	if _, err := env.Ask(t.Context(), env.Voice(false), "name:"); err == nil {
		t.Error("nothing was answered, and that was taken")
	}
	env = askEnv(nil, nil)
	if _, err := env.Ask(t.Context(), env.Voice(false), "name:"); !errors.Is(err, ErrNoTerminal) {
		t.Errorf("without a terminal: %v", err)
	}
}
