package terminal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// RunChild runs a program with the environment given, on our streams, and
// returns its exit number as a ChildStatus when that is not 0. Signals sent
// to us are passed on; an interrupt typed at a terminal reaches the child
// from there, being sent to the whole foreground group. When the context
// ends, so does the child.
func (e Env) RunChild(ctx context.Context, environ []string, name string, args ...string) error {
	_, err := e.runChild(e.child(ctx, environ, name, args), false)
	return err
}

// hookPatience is how long what an interrupted hook has started may take to end.
const hookPatience = 10 * time.Second

// RunHook runs a command of the user's in sh. When the context ends, or a signal
// comes first, all that it has started gets the signal, and has some seconds to
// end before it is killed: whoever is told that the hook is over can rely on it. For that it is a process
// group of its own, but not on a terminal: there it could ask for no password,
// and the terminal itself interrupts all of the foreground group.
func (e Env) RunHook(ctx context.Context, environ []string, command string) error {
	cmd := e.child(ctx, environ, "sh", []string{"-c", command})
	group := !e.StdinIsTerminal && ownGroup(cmd)
	if group {
		cmd.Cancel = func() error { return signalGroup(cmd.Process, syscall.SIGTERM) }
		cmd.WaitDelay = hookPatience
	}
	signalled, err := e.runChild(cmd, group)
	if group && (signalled || ctx.Err() != nil) && cmd.Process != nil {
		endGroup(cmd.Process)
	}
	return err
}

func (e Env) child(ctx context.Context, environ []string, name string, args []string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Env = environ
	cmd.Dir = e.Dir
	cmd.Stdin, cmd.Stdout, cmd.Stderr = e.Stdin, e.Stdout, e.Stderr
	return cmd
}

// runChild also reports whether a signal was passed on.
func (e Env) runChild(cmd *exec.Cmd, group bool) (signalled bool, err error) {
	caught := make(chan os.Signal, 8)
	release := e.Signals(caught)
	defer release()
	if err := cmd.Start(); err != nil {
		return false, fmt.Errorf("starting %q: %w", cmd.Args[0], err)
	}
	done := make(chan struct{})
	forwarded := make(chan bool, 1)
	go func() { forwarded <- e.forward(cmd.Process, group, caught, done) }()
	err = cmd.Wait()
	close(done)
	signalled = <-forwarded
	return signalled, childStatus(cmd.Args[0], err)
}

// forward passes signals on until done, and reports whether there were any. An
// error of a signal says that the child has ended in the meantime.
func (e Env) forward(child *os.Process, group bool, caught <-chan os.Signal, done <-chan struct{}) (heard bool) {
	for {
		select {
		case s := <-caught:
			heard = true
			switch {
			case group:
				_ = signalGroup(child, s)
			case s == os.Interrupt && e.StdinIsTerminal:
			default:
				_ = child.Signal(s)
			}
		case <-done:
			return heard
		}
	}
}

// endGroup asks what is left of a group to end, waits for it, and kills what does
// not. A shell's children in the background have not heeded an interrupt.
func endGroup(child *os.Process) {
	_ = signalGroup(child, syscall.SIGTERM) // an error: nothing is left
	const look = 50 * time.Millisecond
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	for range hookPatience / look {
		if !groupLives(child) {
			return
		}
		<-ticker.C
	}
	_ = signalGroup(child, syscall.SIGKILL) // an error: it has ended after all
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
