package terminal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"strings"

	"anchorctl/internal/hint"
	"anchorctl/internal/printable"
)

// Bounds of what a person or a file answers.
const (
	maxLine       = 4096
	minPassphrase = 8 // https://pages.nist.gov/800-63-4/sp800-63b.html section 3.1.1.2 asks at least this of a person
	attempts      = 3
)

// PassphraseSource says where a passphrase comes from when nobody is asked.
type PassphraseSource struct {
	FD   int    // an inherited file descriptor; negative: none
	File string // a file; empty: none
}

// Passphrase obtains the passphrase of something, from a source or else from the
// person at the terminal.
type Passphrase struct {
	env   Env
	voice *Voice
	from  PassphraseSource
	what  string
	wrong int // how many were
}

// Passphrase returns one of what.
func (e Env) Passphrase(v *Voice, from PassphraseSource, what string) *Passphrase {
	return &Passphrase{env: e, voice: v, from: from, what: what}
}

// Again reports, after a wrong passphrase, whether another one can be had: only
// a person can have mistyped, and not for ever.
func (p *Passphrase) Again() bool {
	p.wrong++
	return p.from.FD < 0 && p.from.File == "" && p.wrong < attempts
}

// Ask obtains it; a new one is asked twice. The flags that name a source stand
// in the hint when there is neither source nor terminal.
func (p *Passphrase) Ask(ctx context.Context, confirm bool) ([]byte, error) {
	var pass []byte
	var err error
	switch {
	case p.from.FD >= 0 && p.from.File != "":
		return nil, Usage("--passphrase-fd and --passphrase-file exclude each other")
	case p.from.FD >= 0:
		pass, err = p.env.passphraseFromFD(p.from.FD)
	case p.from.File != "":
		pass, err = p.env.passphraseFromFile(p.voice, p.from.File)
	default:
		pass, err = p.askPerson(ctx, confirm)
	}
	if err != nil {
		return nil, fmt.Errorf("obtaining the passphrase of %s: %w", p.what, err)
	}
	if confirm && len(pass) < minPassphrase {
		clear(pass)
		return nil, hint.With(fmt.Errorf("obtaining the passphrase of %s: %w", p.what, errShort), longer)
	}
	return pass, nil
}

const longer = "choose a longer one: several words are easy to type and hard to guess"

var errShort = fmt.Errorf("it has fewer than %d characters", minPassphrase)

func (e Env) passphraseFromFD(fd int) ([]byte, error) {
	r, err := e.OpenFD(fd)
	if err != nil {
		return nil, err
	}
	pass, err := firstLine(r)
	return pass, errors.Join(err, r.Close())
}

func (e Env) passphraseFromFile(v *Voice, path string) ([]byte, error) {
	r, err := e.Open(path)
	if err != nil {
		return nil, err
	}
	if file, ok := r.(interface{ Stat() (fs.FileInfo, error) }); ok {
		warnOfReaders(v, path, file.Stat)
	}
	pass, err := firstLine(r)
	return pass, errors.Join(err, r.Close())
}

// warnOfReaders says that others can read a file. On Windows, modes say nothing
// about that, and what is no file has no readers.
func warnOfReaders(v *Voice, path string, stat func() (fs.FileInfo, error)) {
	info, err := stat()
	if err != nil || !info.Mode().IsRegular() || info.Mode().Perm()&0o077 == 0 || runtime.GOOS == "windows" {
		return
	}
	v.Warning(fmt.Sprintf("%q holds a passphrase and is open to others than its owner (mode %04o)", path, info.Mode().Perm()),
		fmt.Sprintf("run %q", "chmod 600 "+path))
}

// firstLine reads a bounded first line, without its end.
func firstLine(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxLine+1))
	if err != nil {
		return nil, err
	}
	line, _, _ := bytes.Cut(data, []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	switch {
	case len(line) > maxLine:
		return nil, fmt.Errorf("its first line is longer than %d bytes", maxLine)
	case len(line) == 0:
		return nil, errors.New("its first line is empty")
	}
	return line, nil
}

func (p *Passphrase) askPerson(ctx context.Context, confirm bool) ([]byte, error) {
	tty, err := p.env.OpenTTY()
	if err != nil {
		return nil, hint.With(err,
			"pass --passphrase-file FILE or --passphrase-fd N: the first line is the passphrase")
	}
	defer tty.Close()
	defer p.voice.asking()()
	if p.wrong > 0 {
		say(tty, "wrong passphrase, try again\n")
	}
	for range attempts {
		pass, err := askSecret(ctx, tty, "passphrase of "+p.what+": ")
		if err != nil {
			return nil, err
		}
		switch {
		case len(pass) == 0:
			say(tty, "it is empty, try again\n")
			continue
		case !confirm:
			return pass, nil
		case len(pass) < minPassphrase:
			clear(pass)
			say(tty, errShort.Error()+"; "+longer+"\n")
			continue
		}
		again, err := askSecret(ctx, tty, "once more: ")
		if err != nil {
			return nil, err
		}
		same := bytes.Equal(pass, again)
		clear(again)
		if same {
			return pass, nil
		}
		clear(pass)
		say(tty, "the two differ, try again\n")
	}
	return nil, fmt.Errorf("no passphrase after %d attempts", attempts)
}

// Ask asks the person at the terminal for a line each. Without a terminal it
// returns an error.
func (e Env) Ask(ctx context.Context, v *Voice, questions ...string) ([]string, error) {
	tty, err := e.OpenTTY()
	if err != nil {
		return nil, err
	}
	defer tty.Close()
	defer v.asking()()
	answers := make([]string, len(questions))
	for i, question := range questions {
		for attempt := 0; answers[i] == ""; attempt++ {
			if attempt == attempts {
				return nil, fmt.Errorf("no answer after %d attempts", attempts)
			}
			say(tty, printable.Text(question)+" ")
			line, err := interruptible(ctx, tty, tty.ReadLine)
			if err != nil {
				return nil, err
			}
			answers[i] = strings.TrimSpace(line)
		}
	}
	return answers, nil
}

// Confirm asks the person at the terminal to type want; anything else is
// ErrDeclined. Without a terminal the error carries the hint.
func (e Env) Confirm(ctx context.Context, v *Voice, question, want, otherwise string) error {
	tty, err := e.OpenTTY()
	if err != nil {
		return hint.With(fmt.Errorf("asking for confirmation: %w", err), otherwise)
	}
	defer tty.Close()
	defer v.asking()()
	say(tty, printable.Text(question)+" ")
	answer, err := interruptible(ctx, tty, tty.ReadLine)
	if err != nil {
		return fmt.Errorf("asking for confirmation: %w", err)
	}
	if answer != want {
		return ErrDeclined
	}
	return nil
}

func askSecret(ctx context.Context, tty TTY, question string) ([]byte, error) {
	say(tty, printable.Line(question))
	pass, err := interruptible(ctx, tty, tty.ReadSecret)
	if ctx.Err() == nil {
		say(tty, "\n") // the one that was typed was not shown
	}
	return pass, err
}

// say drops its error: a terminal that is gone shows in the read that follows.
func say(tty TTY, text string) { _, _ = io.WriteString(tty, text) }

// interruptible ends a read with the context. The read itself cannot be
// called off: its goroutine ends with the closed terminal or the process.
func interruptible[T any](ctx context.Context, tty TTY, read func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	c := make(chan answer, 1)
	go func() {
		value, err := read()
		c <- answer{value, err}
	}()
	select {
	case a := <-c:
		return a.value, a.err
	case <-ctx.Done():
		var none T
		say(tty, "\n")
		cause := context.Cause(ctx)
		if errors.Is(cause, ErrInterrupted) {
			cause = ErrUntouched
		}
		return none, errors.Join(cause, tty.Close())
	}
}
