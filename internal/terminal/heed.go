package terminal

import (
	"context"
	"io"
	"io/fs"
)

// Heeding is the environment whose files and standard input end with a context.
// The open of a pipe that nobody writes to waits for ever, and so does a read of
// one, in calls of the system that no signal ends: whoever interrupts is not kept
// by them.
func (e Env) Heeding(ctx context.Context) Env {
	open, stdin := e.Open, e.Stdin
	if open != nil {
		e.Open = func(path string) (io.ReadCloser, error) { return openHeeding(ctx, open, path) }
	}
	if stdin != nil {
		e.Stdin = &heeding{ctx: ctx, from: stdin}
	}
	return e
}

// openHeeding leaves an open that waits to itself when the context ends; the
// process is about to end, too.
func openHeeding(ctx context.Context, open func(string) (io.ReadCloser, error), path string) (io.ReadCloser, error) {
	type opened struct {
		file io.ReadCloser
		err  error
	}
	done := make(chan opened, 1)
	go func() {
		file, err := open(path)
		done <- opened{file, err}
	}()
	select {
	case o := <-done:
		if o.err != nil || regular(o.file) {
			return o.file, o.err
		}
		return &heeding{ctx: ctx, from: o.file, Closer: o.file}, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// regular reports whether a read never waits for anybody.
func regular(file io.Reader) bool {
	f, ok := file.(fs.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode().IsRegular()
}

// heeding reads until its context ends.
type heeding struct {
	io.Closer
	ctx  context.Context //nolint:containedctx // a reader's Read takes none
	from io.Reader
	own  []byte // what a read that was left to itself may still write to
}

func (h *heeding) Read(p []byte) (int, error) {
	if err := context.Cause(h.ctx); err != nil {
		return 0, err
	}
	if regular(h.from) {
		return h.from.Read(p)
	}
	if cap(h.own) < len(p) {
		h.own = make([]byte, len(p))
	}
	type read struct {
		n   int
		err error
	}
	done, own := make(chan read, 1), h.own[:len(p)]
	go func() {
		n, err := h.from.Read(own)
		done <- read{n, err}
	}()
	select {
	case r := <-done:
		return copy(p, own[:r.n]), r.err
	case <-h.ctx.Done():
		return 0, context.Cause(h.ctx)
	}
}
