package rehearse

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"anchorctl/internal/clock"
)

// event is something that happens at a time.
type event struct {
	at    time.Time
	order int // among those of one time: as they were added
	do    func(ctx context.Context) error
}

// agenda is events by time.
type agenda []event

func (a agenda) Len() int      { return len(a) }
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a agenda) Less(i, j int) bool {
	if a[i].at.Equal(a[j].at) {
		return a[i].order < a[j].order
	}
	return a[i].at.Before(a[j].at)
}

// Push adds an event, for heap.
func (a *agenda) Push(e any) { *a = append(*a, e.(event)) } //nolint:forcetypeassert // heap gives back what it was given

// Pop takes the last one off, for heap.
func (a *agenda) Pop() any {
	last := len(*a) - 1
	e := (*a)[last]
	(*a)[last] = event{}
	*a = (*a)[:last]
	return e
}

// schedule is virtual time. It stands still until somebody waits; then it goes
// from event to event until the wait is over, so that whoever waits finds done
// what the fleet does meanwhile.
type schedule struct {
	// before is called when a wait begins, and after when it ends; both may be nil.
	before, after func(ctx context.Context) error

	moving sync.Mutex // held while time goes on
	agenda agenda
	added  int

	mu  sync.Mutex // guards now, which servers read while time goes on
	now time.Time
}

func newSchedule(start time.Time) *schedule { return &schedule{now: start.UTC()} }

// clock is the schedule for those who wait.
func (s *schedule) clock() clock.Clock { return clock.Clock{Now: s.time, Wait: s.wait} }

func (s *schedule) time() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// set moves time on; it never goes back.
func (s *schedule) set(at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at.After(s.now) {
		s.now = at
	}
}

// add puts an event on the agenda: by an event that happens, or before anybody
// waits.
func (s *schedule) add(at time.Time, do func(ctx context.Context) error) {
	s.added++
	heap.Push(&s.agenda, event{at: at, order: s.added, do: do})
}

func (s *schedule) wait(ctx context.Context, d time.Duration) error {
	s.moving.Lock()
	defer s.moving.Unlock()
	until := s.time().Add(d)
	if s.before != nil {
		if err := s.before(ctx); err != nil {
			return err
		}
	}
	for len(s.agenda) > 0 && !s.agenda[0].at.After(until) {
		if err := ctx.Err(); err != nil {
			return err
		}
		next := heap.Pop(&s.agenda).(event) //nolint:forcetypeassert // it holds nothing else
		s.set(next.at)
		if err := next.do(ctx); err != nil {
			return err
		}
	}
	s.set(until)
	if s.after != nil {
		return s.after(ctx)
	}
	return ctx.Err()
}
