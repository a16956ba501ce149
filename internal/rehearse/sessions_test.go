package rehearse

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSessionsBeyondTheServicesRateQueue(t *testing.T) {
	p := &place{seconds: map[int64]int{}}
	given := map[string]int{}
	take := func(n int, at time.Time) {
		for range n {
			given[p.reserve(at).Format("15:04:05.000")]++
		}
	}
	half := noon.Add(500 * time.Millisecond)
	take(9, noon)
	take(1, half) // the tenth of its second is given at once
	take(12, half)
	take(1, noon.Add(time.Second)) // it comes behind those who wait already
	take(1, noon.Add(time.Minute)) // by then nobody waits
	want := map[string]int{"12:00:00.000": 9, "12:00:00.500": 1, "12:00:01.000": 10, "12:00:02.000": 3, "12:01:00.000": 1}
	if diff := cmp.Diff(want, given); diff != "" {
		t.Error(diff)
	}
}

// Each session reserves its place once, so that an overload that lasts costs no
// more than its sessions.
func TestAnOverloadThatLastsEnds(t *testing.T) {
	p := &place{seconds: map[int64]int{}}
	var last time.Time
	for second := range 3600 {
		for range 3 * sessionsPerSecond {
			last = p.reserve(noon.Add(time.Duration(second) * time.Second))
		}
	}
	if want := noon.Add(3*time.Hour - time.Second); !last.Equal(want) {
		t.Errorf("the last is given at %s, want %s", last, want)
	}
}
