package terminal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"os/user"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/term"

	"anchorctl/internal/clock"
)

// System is the real world.
func System() Env {
	dir, err := os.Getwd()
	if err != nil {
		dir = "." // deleted under us; whoever opens something in it gets the error that counts
	}
	return Env{
		Args:             os.Args[1:],
		Stdin:            os.Stdin,
		Stdout:           os.Stdout,
		Stderr:           os.Stderr,
		Getenv:           os.Getenv,
		Environ:          os.Environ(),
		Dir:              dir,
		Actor:            actor(),
		Clock:            SystemClock(),
		StdinIsTerminal:  term.IsTerminal(int(os.Stdin.Fd())),
		StdoutIsTerminal: term.IsTerminal(int(os.Stdout.Fd())),
		StderrIsTerminal: term.IsTerminal(int(os.Stderr.Fd())),
		Width:            width,
		OpenTTY:          openTTY,
		OpenFD:           openFD,
		Open:             func(path string) (io.ReadCloser, error) { return os.Open(path) },
		Scratch:          scratch,
		Signals:          signals,
		Quit:             os.Exit,
	}
}

// SystemClock is the machine's clock.
func SystemClock() clock.Clock {
	return clock.Clock{
		Now: func() time.Time { return time.Now().UTC() },
		Wait: func(ctx context.Context, d time.Duration) error {
			timer := time.NewTimer(d)
			defer timer.Stop()
			select {
			case <-timer.C:
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		},
	}
}

// actor names the user by the operating system, which, unlike $USER, cannot be
// set by whoever starts the program.
func actor() string {
	u, err := user.Current()
	if err != nil {
		return "uid " + strconv.Itoa(os.Getuid())
	}
	return u.Username
}

func width() int {
	w, _, err := term.GetSize(int(os.Stderr.Fd()))
	if err != nil {
		return 0
	}
	return w
}

func signals(c chan<- os.Signal) func() {
	signal.Notify(c, os.Interrupt, syscall.SIGTERM)
	return func() { signal.Stop(c) }
}

func scratch() (string, func() error, error) {
	dir, err := os.MkdirTemp("", Program+"-")
	return dir, func() error { return os.RemoveAll(dir) }, err
}

func openFD(fd int) (io.ReadCloser, error) {
	if fd < 0 {
		return nil, fmt.Errorf("file descriptor %d does not exist", fd)
	}
	f := os.NewFile(uintptr(fd), "file descriptor "+strconv.Itoa(fd))
	if f == nil {
		return nil, fmt.Errorf("file descriptor %d does not exist", fd)
	}
	if _, err := f.Stat(); err != nil {
		return nil, fmt.Errorf("file descriptor %d is not open", fd)
	}
	return f, nil
}

// tty is the terminal that controls the process.
type tty struct {
	file  *os.File
	state *term.State
}

// ErrNoTerminal says that nobody can be asked.
var ErrNoTerminal = errors.New("there is no terminal to ask on")

func openTTY() (TTY, error) {
	f, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return nil, ErrNoTerminal
	}
	state, err := term.GetState(int(f.Fd()))
	if err != nil {
		return nil, errors.Join(ErrNoTerminal, f.Close())
	}
	return &tty{file: f, state: state}, nil
}

func (t *tty) Write(p []byte) (int, error) { return t.file.Write(p) }
func (t *tty) ReadSecret() ([]byte, error) { return term.ReadPassword(int(t.file.Fd())) }

// ReadLine reads byte by byte: what follows the line is not ours.
func (t *tty) ReadLine() (string, error) {
	var line []byte
	one := make([]byte, 1)
	for len(line) < maxLine {
		n, err := t.file.Read(one)
		if err != nil {
			return "", err
		}
		if n == 1 && one[0] == '\n' {
			return string(line), nil
		}
		line = append(line, one[:n]...)
	}
	return "", errors.New("the line is too long")
}

func (t *tty) Close() error {
	return errors.Join(term.Restore(int(t.file.Fd()), t.state), t.file.Close())
}
