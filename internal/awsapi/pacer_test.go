package awsapi

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/clock"
)

// virtual is a clock that jumps when somebody waits.
type virtual struct {
	mu    sync.Mutex
	now   time.Time
	waits []time.Duration
}

func newVirtual() *virtual {
	return &virtual{now: time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC)}
}

func (v *virtual) clock() clock.Clock {
	return clock.Clock{
		Now: func() time.Time {
			v.mu.Lock()
			defer v.mu.Unlock()
			return v.now
		},
		Wait: func(ctx context.Context, d time.Duration) error {
			v.mu.Lock()
			defer v.mu.Unlock()
			v.waits = append(v.waits, d)
			v.now = v.now.Add(d)
			return ctx.Err()
		},
	}
}

func (v *virtual) advance(d time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.now = v.now.Add(d)
}

func TestThePacerSpacesOutEachQueueByItself(t *testing.T) {
	v := newVirtual()
	p := NewPacer(v.clock())
	second := time.Second
	var got []time.Duration
	reserve := func(queue string) { got = append(got, p.reserve(queue, second)) }
	reserve("a") // free
	reserve("a") // one second after the first
	reserve("b") // its own queue
	reserve("a") // two seconds after the first
	v.advance(2500 * time.Millisecond)
	reserve("a") // three seconds after the first
	v.advance(10 * time.Second)
	reserve("a") // nothing is saved up
	reserve("a")
	p.postpone("a", 5*second)
	reserve("a")
	p.postpone("a", second) // less than what is to be waited for anyway
	reserve("a")
	want := []time.Duration{0, second, 0, 2 * second, second / 2, 0, second, 5 * second, 6 * second}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFamiliesAreSpacedAsTheServiceLimitsThem(t *testing.T) {
	for f, want := range map[family]time.Duration{
		anchorFamily: time.Second, profileFamily: time.Second, tagFamily: time.Second, crlFamily: time.Second,
		iamFamily: 200 * time.Millisecond, taggingFamily: 200 * time.Millisecond, identityFamily: 0,
	} {
		if got := f.interval(); got != want {
			t.Errorf("%s: %s, want %s", f, got, want)
		}
	}
}
