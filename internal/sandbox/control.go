package sandbox

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"
)

const controlPrefix = "/_sandbox/"

func controlPath(path string) (string, bool) { return strings.CutPrefix(path, controlPrefix) }

// loopbackHost says whether a Host header names this machine.
func loopbackHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && ip.IsLoopback()
}

// control answers a request that is about the sandbox itself.
func (s *Server) control(w http.ResponseWriter, r *http.Request, name string) {
	if s.options.Token == "" || subtle.ConstantTimeCompare([]byte(s.options.Token), []byte(r.Header.Get(HeaderToken))) != 1 {
		tell(w, http.StatusForbidden, problem(fmt.Errorf("control needs the header %s with the sandbox's token", HeaderToken)))
		return
	}
	routes := map[string]func(*http.Request) (any, error){
		"GET faults":      s.showFaults,
		"POST faults":     s.orderFaults,
		"DELETE faults":   s.clearFaults,
		"GET held":        s.showHeld,
		"POST release":    s.releaseHeld,
		"GET clock":       s.showClock,
		"POST clock":      s.setClock,
		"GET requests":    s.showRequests,
		"DELETE requests": s.clearRequests,
		"GET state":       s.showState,
	}
	do, ok := routes[r.Method+" "+name]
	if !ok {
		tell(w, http.StatusNotFound, problem(fmt.Errorf("control has: %s", strings.Join(slices.Sorted(maps.Keys(routes)), ", "))))
		return
	}
	out, err := do(r)
	if err != nil {
		tell(w, http.StatusBadRequest, problem(err))
		return
	}
	tell(w, http.StatusOK, out)
}

func problem(err error) map[string]string { return map[string]string{"error": err.Error()} }

func tell(w http.ResponseWriter, status int, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		status, data = http.StatusInternalServerError, []byte(`{"error":"encoding the answer"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, err = w.Write(append(data, '\n'))
	_ = err // the client left; there is nobody to tell
}

func asked(r *http.Request, v any) error {
	dec := json.NewDecoder(io.LimitReader(r.Body, mostBody))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return fmt.Errorf("reading the request: %w", err)
	}
	return nil
}

func (s *Server) orderFaults(r *http.Request) (any, error) {
	var faults []Fault
	if err := asked(r, &faults); err != nil {
		return nil, err
	}
	for i := range faults {
		if err := faults[i].check(); err != nil {
			return nil, fmt.Errorf("fault %d: %w", i+1, err)
		}
	}
	s.mu.Lock()
	s.order(faults)
	s.mu.Unlock()
	return s.showFaults(r)
}

func (s *Server) showFaults(*http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []Fault{}
	for _, f := range s.faults {
		out = append(out, *f)
	}
	return out, nil
}

func (s *Server) clearFaults(*http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clear()
	return []Fault{}, nil
}

// showHeld waits until something is held: a test need not ask twice.
func (s *Server) showHeld(r *http.Request) (any, error) {
	for {
		s.mu.Lock()
		var all []Request
		for _, ticket := range slices.Sorted(maps.Keys(s.waiting)) {
			all = append(all, s.waiting[ticket])
		}
		changed := s.changed
		s.mu.Unlock()
		if len(all) > 0 {
			return all, nil
		}
		if !wait(r.Context(), changed, s.closing) {
			return []Request{}, nil
		}
	}
}

func (s *Server) releaseHeld(*http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.waiting)
	s.release()
	return map[string]int{"released": n}, nil
}

func (s *Server) showClock(*http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return map[string]string{"now": s.now().Format(time.RFC3339Nano)}, nil
}

func (s *Server) setClock(r *http.Request) (any, error) {
	var in struct {
		Advance string     `json:"advance"`
		Set     *time.Time `json:"set"`
	}
	if err := asked(r, &in); err != nil {
		return nil, err
	}
	if (in.Advance == "") == (in.Set == nil) {
		return nil, fmt.Errorf(`the clock takes either {"advance":"60s"} or {"set":"2027-01-01T00:00:00Z"}`)
	}
	s.mu.Lock()
	if in.Set != nil {
		s.world.ClockOffset = in.Set.Sub(s.options.Clock.Now())
	} else {
		d, err := time.ParseDuration(in.Advance)
		if err != nil {
			s.mu.Unlock()
			return nil, fmt.Errorf("reading how far to advance: %w", err)
		}
		s.world.ClockOffset += d
	}
	err := s.keep()
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return s.showClock(r)
}

func (s *Server) showRequests(*http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request{}, s.journal...), nil
}

func (s *Server) clearRequests(*http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.journal = nil
	return []Request{}, nil
}

func (s *Server) showState(*http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.world.Public()
}
