package sandbox

import (
	"fmt"
	"net/http"
	"sync"
	"time"

	"anchorctl/internal/clock"
	"anchorctl/internal/durable"
	"anchorctl/internal/sandbox/seed"
	"anchorctl/internal/sandbox/world"
)

// HeaderID carries the sandbox's id in every answer, so that a client knows
// what it talks to.
const HeaderID = "Anchorctl-Sandbox-Id"

// HeaderToken carries the token of control requests.
const HeaderToken = "Anchorctl-Sandbox-Token"

// Options are what a sandbox is made from.
type Options struct {
	// Listen is a loopback address and port, for Serve. Empty is
	// 127.0.0.1 and any free port.
	Listen string
	// State is the file the state is kept in; empty keeps it in memory.
	State string
	// Seed is what to start from. Nil is the default seed, unless the state
	// file has accounts already.
	Seed *seed.Seed
	// Clock is the time the sandbox's own clock is an offset of.
	Clock clock.Clock
	// Token opens control; empty closes it.
	Token string
	// RateLimit enforces the service's request rates.
	RateLimit bool
	// Log is called with each request after its answer; it may be nil.
	Log func(Request)
	// Files writes the state; its zero value is right.
	Files durable.Files
}

// Server is a sandbox. It is an http.Handler.
type Server struct {
	options Options
	id      string
	keeper  *keeper
	closing chan struct{}
	close   sync.Once

	mu      sync.Mutex // guards what follows
	world   *world.World
	faults  []*Fault
	past    []moment
	held    chan struct{} // closed when what is held is released
	waiting map[int]Request
	changed chan struct{} // closed when waiting changes
	tickets int
	rates   rates
	journal []Request
}

// New makes a sandbox from its state file and seed.
func New(o Options) (*Server, error) {
	if o.Clock.Now == nil {
		return nil, fmt.Errorf("starting the sandbox: it has no clock")
	}
	k, w, err := openKeeper(o.State, o.Files)
	if err != nil {
		return nil, err
	}
	s := &Server{
		options: o, id: w.ID, keeper: k, world: w, closing: make(chan struct{}),
		held: make(chan struct{}), changed: make(chan struct{}), waiting: map[int]Request{}, rates: rates{},
	}
	from := o.Seed
	if from == nil && len(w.Accounts) == 0 {
		from = seed.Default()
	}
	if from != nil {
		if err := from.Apply(w, s.now()); err != nil {
			return nil, closeWith(k, fmt.Errorf("seeding the sandbox: %w", err))
		}
	}
	if err := k.save(w); err != nil {
		return nil, closeWith(k, err)
	}
	return s, nil
}

// Close lets go of held requests and of the state file. Requests after it
// change nothing.
func (s *Server) Close() error {
	var err error
	s.close.Do(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		close(s.closing)
		err = s.keeper.close()
	})
	return err
}

// closed says whether the sandbox has ended. The caller holds the mutex.
func (s *Server) closed() bool {
	select {
	case <-s.closing:
		return true
	default:
		return false
	}
}

// ID is the id of the sandbox: that of its state.
func (s *Server) ID() string { return s.id }

// Key is an access key of a seeded account.
type Key struct {
	Account string
	ID      string
	Secret  string
	Profile string
}

// Keys are the access keys of all accounts, by account, in the seed's order.
func (s *Server) Keys() []Key {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Key
	for _, id := range s.world.AccountIDs() {
		for _, k := range s.world.Accounts[id].AccessKeys {
			all = append(all, Key{Account: id, ID: k.ID, Secret: k.Secret, Profile: k.Profile})
		}
	}
	return all
}

// now is the sandbox's time. The caller holds the mutex, or has not shared
// the server yet.
func (s *Server) now() time.Time { return s.options.Clock.Now().UTC().Add(s.world.ClockOffset) }

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set(HeaderID, s.id)
	if !loopbackHost(r.Host) {
		// A page in a browser that made its name point here comes with that
		// name (DNS rebinding).
		http.Error(w, "the sandbox answers to loopback names only", http.StatusForbidden)
		return
	}
	if name, ok := controlPath(r.URL.Path); ok {
		s.control(w, r, name)
		return
	}
	s.gateway(w, r)
}
