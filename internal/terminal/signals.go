package terminal

import (
	"context"
	"os"
)

// Interruptible returns a context that the first interrupt cancels, saying
// what happens, where there is something to go on with; the second one ends the
// process at once. resume says how to go on; it is empty where nothing is begun.
// stop gives signals back their usual effect.
func (e Env) Interruptible(ctx context.Context, v *Voice, resume string) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	caught := make(chan os.Signal, 2)
	release := e.Signals(caught)
	done := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-caught:
		case <-done:
			return
		}
		if resume != "" && !v.isAsking() {
			v.interject("interrupted: stopping after the step that is under way; interrupt again to stop at once")
		}
		cancel(ErrInterrupted)
		select {
		case <-caught:
			text := "stopped at once"
			if resume != "" {
				text += "; " + resume
			}
			v.interject(text)
			e.Quit(ExitInterrupted)
		case <-done:
		}
	}()
	return ctx, func() {
		release()
		close(done)
		<-ended
		cancel(nil)
	}
}
