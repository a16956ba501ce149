package terminal

import (
	"context"
	"errors"
	"io"
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
			return nil, errNoTerminal
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
		{"three failures are enough", none, newPerson("", "", ""), false, "", "after 3 attempts"},
		{"without terminal and source it is an error", none, nil, false, "", "no terminal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := askEnv(c.person, files)
			got, err := env.Passphrase(env.Voice(false), c.from, "the root key")(t.Context(), c.confirm)
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
	_, err := env.Passphrase(env.Voice(false), PassphraseSource{FD: -1}, "the root key")(t.Context(), false)
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
	_, err := env.Passphrase(env.Voice(false), PassphraseSource{FD: -1}, "the root key")(ctx, false)
	if !errors.Is(err, ErrInterrupted) {
		t.Fatalf("got %v", err)
	}
	select {
	case <-p.gone:
	default:
		t.Error("the terminal was left open, perhaps without echo")
	}
	if got := Explain(err).Exit; got != ExitInterrupted {
		t.Errorf("exit %d", got)
	}
}
