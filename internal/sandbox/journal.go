package sandbox

import (
	"slices"
	"time"
)

// Request is a request that came in, as the log shows it.
type Request struct {
	Time    time.Time `json:"time"` // of the answer, by the sandbox's clock
	Account string    `json:"account,omitempty"`
	Region  string    `json:"region,omitempty"`
	Service string    `json:"service,omitempty"`
	Op      string    `json:"op,omitempty"`
	Status  int       `json:"status"` // 0 when the connection was dropped
	Millis  int64     `json:"durationMs"`
	Serial  string    `json:"serial,omitempty"` // of CreateSession's certificate, in hex
	Detail  string    `json:"detail,omitempty"` // why a session was denied, in more words than AWS has
	Faults  []string  `json:"faults,omitempty"` // the modes it met
}

// mostLogged is how many requests the log remembers.
const mostLogged = 10000

func (s *Server) note(r Request) {
	s.mu.Lock()
	s.journal = append(s.journal, r)
	if len(s.journal) > mostLogged {
		s.journal = slices.Clone(s.journal[len(s.journal)-mostLogged:])
	}
	s.mu.Unlock()
	if s.options.Log != nil {
		s.options.Log(r)
	}
}

// hold waits with a request until it is released. While it waits it is shown
// to those who ask what is held.
func (s *Server) hold(x *exchange) bool {
	s.mu.Lock()
	held := s.held
	s.tickets++
	ticket := s.tickets
	s.waiting[ticket] = x.record
	s.announce()
	s.mu.Unlock()
	released := wait(x.http.Context(), held, s.closing)
	s.mu.Lock()
	delete(s.waiting, ticket)
	s.announce()
	s.mu.Unlock()
	return released
}

func (s *Server) announce() {
	close(s.changed)
	s.changed = make(chan struct{})
}
