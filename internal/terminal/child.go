package terminal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// RunChild runs a program with the environment given, on our streams, and
// returns its exit number as a ChildStatus when that is not 0. Signals sent
// to us are passed on; an interrupt typed at a terminal reaches the child
// from there, being sent to the whole foreground group. When the context
// ends, so does the child.
func (e Env) RunChild(ctx context.Context, environ []string, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Env = environ
	cmd.Dir = e.Dir
	cmd.Stdin, cmd.Stdout, cmd.Stderr = e.Stdin, e.Stdout, e.Stderr
	caught := make(chan os.Signal, 8)
	release := e.Signals(caught)
	defer release()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting %q: %w", name, err)
	}
	done := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		e.forward(cmd.Process, caught, done)
	}()
	err := cmd.Wait()
	close(done)
	<-ended
	return childStatus(name, err)
}

func (e Env) forward(child *os.Process, caught <-chan os.Signal, done <-chan struct{}) {
	for {
		select {
		case s := <-caught:
			if s == os.Interrupt && e.StdinIsTerminal {
				continue
			}
			// An error says that it has ended in the meantime.
			_ = child.Signal(s)
		case <-done:
			return
		}
	}
}

func childStatus(name string, err error) error {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		if err != nil {
			return fmt.Errorf("running %q: %w", name, err)
		}
		return nil
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return ChildStatus(128 + int(status.Signal()))
	}
	return ChildStatus(exit.ExitCode())
}
