package sandbox

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"anchorctl/internal/sandbox/anywhere"
	"anchorctl/internal/sandbox/iam"
	"anchorctl/internal/sandbox/sts"
	"anchorctl/internal/sandbox/tagging"
	"anchorctl/internal/sandbox/wire"
)

// The modes of faults.
const (
	ModeThrottle   = "throttle"    // refused as too fast
	ModeDeny       = "deny"        // refused as not permitted
	ModeFailBefore = "fail-before" // answers 500, nothing done
	ModeFailAfter  = "fail-after"  // answers 500, but done
	ModeCut        = "cut"         // the connection drops, but done
	ModeCutBefore  = "cut-before"  // the connection drops, nothing done
	ModeHold       = "hold"        // waits for its release, then does it; the client leaves: nothing done
	ModeHoldAfter  = "hold-after"  // does it, and answers after its release
	ModeStale      = "stale"       // a read sees the state of some seconds ago
	ModeSmallPages = "small-pages" // a list has pages of one item
)

// Fault is a fault that was ordered: from the Nth matching request on, Count
// requests are hit.
type Fault struct {
	Op      string `json:"op,omitempty"`      // an operation's name, with or without "service:"; empty or "*" is any
	Account string `json:"account,omitempty"` // empty is any
	Nth     int    `json:"nth,omitempty"`     // counted from the order on; 0 is 1
	Count   int    `json:"count,omitempty"`   // 0 is 1; -1 is all
	Mode    string `json:"mode"`
	// Seconds is the age of stale answers (0 is the most, 30) and the
	// Retry-After of throttled ones (0 sends none). Others have none.
	Seconds int `json:"seconds,omitempty"`
	Seen    int `json:"seen"` // how many requests matched, told by GET
}

const mostStale = 30

// known reports whether some service here has the operation: a fault for a
// name that was mistyped would never come, and whoever ordered it would think
// that all went well.
func (f *Fault) known() bool {
	name := f.Op[strings.LastIndex(f.Op, ":")+1:]
	all := slices.Concat(anywhere.Operations(), iam.Operations(), sts.Operations(), tagging.Operations(), []string{"", "*"})
	return slices.Contains(all, name)
}

func (f *Fault) check() error {
	modes := []string{ModeThrottle, ModeDeny, ModeFailBefore, ModeFailAfter, ModeCut, ModeCutBefore, ModeHold, ModeHoldAfter, ModeStale, ModeSmallPages}
	switch {
	case !f.known():
		return fmt.Errorf("no service here has the operation %q", f.Op)
	case !slices.Contains(modes, f.Mode):
		return fmt.Errorf("mode %q is none of %s", f.Mode, strings.Join(modes, ", "))
	case f.Nth < 0 || f.Count < -1 || f.Seconds < 0 || f.Seen != 0:
		return fmt.Errorf("nth, count or seconds is negative, or seen is set")
	case f.Mode == ModeStale && f.Seconds > mostStale:
		return fmt.Errorf("answers can be stale for at most %d seconds", mostStale)
	case f.Seconds > 0 && f.Mode != ModeStale && f.Mode != ModeThrottle:
		return fmt.Errorf("mode %q takes no seconds", f.Mode)
	}
	f.Nth = max(f.Nth, 1)
	if f.Count == 0 {
		f.Count = 1
	}
	if f.Mode == ModeStale && f.Seconds == 0 {
		f.Seconds = mostStale
	}
	return nil
}

func (f *Fault) matches(service, op, account string) bool {
	return (f.Op == "" || f.Op == "*" || f.Op == op || f.Op == service+":"+op) && (f.Account == "" || f.Account == account)
}

func (f *Fault) spent() bool { return f.Count > 0 && f.Seen >= f.Nth-1+f.Count }

// hit counts a request and says which faults it meets. The caller holds the
// mutex.
func (s *Server) hit(service, op, account string) (faults []Fault) {
	for _, f := range s.faults {
		if f.spent() || !f.matches(service, op, account) {
			continue
		}
		f.Seen++
		if f.Seen >= f.Nth {
			faults = append(faults, *f)
		}
	}
	return faults
}

// order adds faults; a stale one begins to remember the past.
func (s *Server) order(faults []Fault) {
	for _, f := range faults {
		s.faults = append(s.faults, &f)
	}
	s.remember()
}

// clear forgets all faults and lets go of what is held.
func (s *Server) clear() {
	s.faults, s.past = nil, nil
	s.release()
}

func (s *Server) release() {
	close(s.held)
	s.held = make(chan struct{})
}

// wait holds a request until it is released, the client leaves or the sandbox
// ends.
func wait(ctx context.Context, held, closing <-chan struct{}) bool {
	select {
	case <-held:
		return true
	case <-closing:
		return false
	case <-ctx.Done():
		return false
	}
}

func has(faults []Fault, mode string) (Fault, bool) {
	i := slices.IndexFunc(faults, func(f Fault) bool { return f.Mode == mode })
	if i < 0 {
		return Fault{}, false
	}
	return faults[i], true
}

// denied is the answer to who may not do something. IAM's permissions are not
// evaluated here: who must be refused is ordered.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
func denied(x *exchange) error {
	who := x.caller.ARN
	if who == "" {
		who = "anonymous"
	}
	service := x.record.Service
	if service == "tagging" {
		service = "tag"
	}
	return wire.Errorf(http.StatusForbidden, codeDenied, "User: %s is not authorized to perform: %s:%s because no identity-based policy allows the %s:%s action",
		who, service, x.operation.Name, service, x.operation.Name)
}

// broken is the answer of a service that broke.
func broken() error {
	return wire.Errorf(http.StatusInternalServerError, codeInternal, "The request processing has failed because of an unknown error, exception or failure.")
}

// moment is the state as it was at a time.
type moment struct {
	at    time.Time
	world []byte
}
