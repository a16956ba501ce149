package terminal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

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

// Passphrase returns a function that obtains the passphrase of what, from the
// source or else from the person at the terminal; a new one is asked twice.
// The flags that name a source stand in the hint when there is neither.
func (e Env) Passphrase(v *Voice, from PassphraseSource, what string) func(ctx context.Context, confirm bool) ([]byte, error) {
	return func(ctx context.Context, confirm bool) ([]byte, error) {
		var pass []byte
		var err error
		switch {
		case from.FD >= 0 && from.File != "":
			return nil, Usage("--passphrase-fd and --passphrase-file exclude each other")
		case from.FD >= 0:
			pass, err = e.passphraseFromFD(from.FD)
		case from.File != "":
			pass, err = e.passphraseFromFile(from.File)
		default:
			pass, err = e.askPassphrase(ctx, v, what, confirm)
		}
		if err != nil {
			return nil, fmt.Errorf("obtaining the passphrase of %s: %w", what, err)
		}
		if confirm && len(pass) < minPassphrase {
			clear(pass)
			return nil, hint.With(fmt.Errorf("obtaining the passphrase of %s: it has fewer than %d characters", what, minPassphrase),
				"choose a longer one: several words are easy to type and hard to guess")
		}
		return pass, nil
	}
}

func (e Env) passphraseFromFD(fd int) ([]byte, error) {
	r, err := e.OpenFD(fd)
	if err != nil {
		return nil, err
	}
	pass, err := firstLine(r)
	return pass, errors.Join(err, r.Close())
}

func (e Env) passphraseFromFile(path string) ([]byte, error) {
	r, err := e.Open(path)
	if err != nil {
		return nil, err
	}
	pass, err := firstLine(r)
	return pass, errors.Join(err, r.Close())
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

func (e Env) askPassphrase(ctx context.Context, v *Voice, what string, confirm bool) ([]byte, error) {
	tty, err := e.OpenTTY()
	if err != nil {
		return nil, hint.With(err,
			"pass --passphrase-file FILE or --passphrase-fd N: the first line is the passphrase")
	}
	defer tty.Close()
	v.Clear()
	for range attempts {
		pass, err := askSecret(ctx, tty, "passphrase of "+what+": ")
		if err != nil {
			return nil, err
		}
		if len(pass) == 0 {
			say(tty, "it is empty, try again\n")
			continue
		}
		if !confirm {
			return pass, nil
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

// Confirm asks the person at the terminal to type want; anything else is
// ErrDeclined. Without a terminal the error carries the hint.
func (e Env) Confirm(ctx context.Context, v *Voice, question, want, otherwise string) error {
	tty, err := e.OpenTTY()
	if err != nil {
		return hint.With(fmt.Errorf("asking for confirmation: %w", err), otherwise)
	}
	defer tty.Close()
	v.Clear()
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
		return none, errors.Join(context.Cause(ctx), tty.Close())
	}
}
