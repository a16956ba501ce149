package sandbox

import (
	"slices"
	"time"

	"anchorctl/internal/sandbox/world"
)

// remember writes down the state while a fault may ask for the past. The
// caller holds the mutex.
func (s *Server) remember() {
	if !slices.ContainsFunc(s.faults, func(f *Fault) bool { return f.Mode == ModeStale && !f.spent() }) {
		s.past = nil
		return
	}
	data, err := s.world.Encode()
	if err != nil {
		return // the past is then older than asked for, never newer
	}
	now := s.now()
	s.past = append(s.past, moment{at: now, world: data})
	// One moment older than the oldest that can be asked for is enough.
	for len(s.past) > 1 && !s.past[1].at.After(now.Add(-mostStale*time.Second)) {
		s.past = s.past[1:]
	}
}

// ago is the world as it was some seconds ago, or as it was when the fault
// was ordered if that is later.
func (s *Server) ago(seconds int) (*world.World, error) {
	at := s.now().Add(-time.Duration(seconds) * time.Second)
	data := s.past[0].world
	for _, m := range s.past {
		if !m.at.After(at) {
			data = m.world
		}
	}
	return world.Decode(data)
}
