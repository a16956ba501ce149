package terminal

import (
	"io"
	"os"

	"anchorctl/internal/clock"
)

// Env is what a run of the program has of the world. System builds the real
// one; tests build others. Nobody changes it.
type Env struct {
	Args    []string // without the program's name
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer
	Getenv  func(string) string
	Environ []string
	Dir     string // the working directory
	Actor   string // who runs the program, as the operating system says
	Clock   clock.Clock
	Step    func(name string) // called around each commit and rename; nil outside tests

	StdinIsTerminal  bool
	StdoutIsTerminal bool
	StderrIsTerminal bool
	Width            func() int // columns of the terminal behind stderr; 0 when unknown

	OpenTTY func() (TTY, error)                 // the terminal a person sits at
	OpenFD  func(fd int) (io.ReadCloser, error) // an inherited file descriptor
	Open    func(path string) (io.ReadCloser, error)
	Scratch func() (dir string, remove func() error, err error) // a new, private folder
	Signals func(c chan<- os.Signal) (stop func())              // interrupts and requests to end
	Quit    func(code int)                                      // ends the process at once
}

// TTY is a terminal with a person in front of it.
type TTY interface {
	io.Writer
	ReadSecret() ([]byte, error)
	ReadLine() (string, error)
	Close() error // also ends a read that is under way, leaving echo on
}

// Colour reports whether text for a stream may be coloured: on a terminal,
// unless NO_COLOR is set to anything (https://no-color.org) or the terminal is
// a dumb one.
func (e Env) Colour(isTerminal bool) bool {
	return isTerminal && e.Getenv("NO_COLOR") == "" && e.Getenv("TERM") != "dumb"
}
