package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/google/uuid"

	"anchorctl/internal/hint"
	"anchorctl/internal/sandbox/seed"
)

// LoadSeed reads a seed file.
func LoadSeed(path string) (*seed.Seed, error) { return seed.Load(path) }

// Running is a sandbox that listens.
type Running struct {
	*Server

	URL  string
	http *http.Server
	done chan error
	stop context.CancelFunc
}

// closingTime is how long answers under way may take when the sandbox ends.
const closingTime = 2 * time.Second

// Serve starts a sandbox and returns when it answers. It ends with the
// context or with Close.
func Serve(ctx context.Context, o Options) (*Running, error) {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if !loopbackHost(o.Listen) {
		return nil, hint.With(fmt.Errorf("starting the sandbox: %q is not a loopback address", o.Listen), "listen on 127.0.0.1:PORT")
	}
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", o.Listen)
	if err != nil {
		return nil, fmt.Errorf("starting the sandbox: %w", err)
	}
	if a, ok := listener.Addr().(*net.TCPAddr); !ok || !a.IP.IsLoopback() {
		return nil, errors.Join(fmt.Errorf("starting the sandbox: %q is not a loopback address", o.Listen), listener.Close())
	}
	s, err := New(o)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	ctx, stop := context.WithCancel(ctx)
	r := &Running{
		Server: s, URL: "http://" + listener.Addr().String(), stop: stop, done: make(chan error, 1),
		http: &http.Server{Handler: s, ReadHeaderTimeout: time.Minute},
	}
	go r.run(ctx, listener)
	return r, nil
}

func (r *Running) run(ctx context.Context, listener net.Listener) {
	served := make(chan error, 1)
	go func() { served <- r.http.Serve(listener) }()
	var err error
	select {
	case err = <-served:
	case <-ctx.Done():
		err = r.end(context.WithoutCancel(ctx))
		<-served
	}
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	r.done <- errors.Join(err, r.Server.Close())
}

// end lets what is held go, waits a while for answers under way, and then
// drops them.
func (r *Running) end(ctx context.Context) error {
	err := r.Server.Close()
	ctx, cancel := context.WithTimeout(ctx, closingTime)
	defer cancel()
	if r.http.Shutdown(ctx) != nil {
		err = errors.Join(err, r.http.Close())
	}
	return err
}

// Wait returns when the sandbox has ended.
func (r *Running) Wait() error {
	err := <-r.done
	r.done <- err
	return err
}

// Close ends the sandbox and waits for it.
func (r *Running) Close() error {
	r.stop()
	return r.Wait()
}

// NewToken is a token for control that nobody can guess.
func NewToken() string { return uuid.NewString() }
