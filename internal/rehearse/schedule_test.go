package rehearse

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

// told is a schedule whose events say when they happened.
func told(s *schedule, log *[]string, name string) func(context.Context) error {
	return func(context.Context) error {
		*log = append(*log, s.time().Format("15:04:05")+" "+name)
		return nil
	}
}

func TestAWaitGoesFromEventToEvent(t *testing.T) {
	s, log := newSchedule(noon), []string{}
	s.add(noon.Add(3*time.Minute), told(s, &log, "third"))
	s.add(noon.Add(time.Minute), told(s, &log, "first"))
	s.add(noon.Add(time.Minute), told(s, &log, "second, added later for the same time"))
	s.add(noon.Add(5*time.Minute), told(s, &log, "at the very end"))
	s.add(noon.Add(5*time.Minute+time.Second), told(s, &log, "after it"))
	if len(log) != 0 {
		t.Fatalf("before anybody waits, %v happened", log)
	}
	if err := s.clock().Wait(t.Context(), 5*time.Minute); err != nil {
		t.Fatal(err)
	}
	want := []string{"12:01:00 first", "12:01:00 second, added later for the same time", "12:03:00 third", "12:05:00 at the very end"}
	if diff := cmp.Diff(want, log); diff != "" {
		t.Error(diff)
	}
	if got := s.clock().Now(); !got.Equal(noon.Add(5 * time.Minute)) {
		t.Errorf("after the wait it is %s", got)
	}
}

func TestAnEventThatAddsAnotherWithinTheWaitSeesItHappen(t *testing.T) {
	s, log := newSchedule(noon), []string{}
	var again func(context.Context) error
	again = func(ctx context.Context) error {
		s.add(s.time().Add(20*time.Minute), again)
		return told(s, &log, "renewed")(ctx)
	}
	s.add(noon, again)
	if err := s.wait(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"12:00:00 renewed", "12:20:00 renewed", "12:40:00 renewed", "13:00:00 renewed"}, log); diff != "" {
		t.Error(diff)
	}
}

func TestAnEventOfThePastHappensNowAndTimeDoesNotGoBack(t *testing.T) {
	s, log := newSchedule(noon), []string{}
	s.add(noon.Add(-time.Hour), told(s, &log, "late"))
	if err := s.wait(t.Context(), time.Second); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"12:00:00 late"}, log); diff != "" {
		t.Error(diff)
	}
}

func TestAWaitBeginsWithBeforeAndEndsWithAfter(t *testing.T) {
	s, log := newSchedule(noon), []string{}
	s.before, s.after = told(s, &log, "before"), told(s, &log, "after")
	s.add(noon.Add(time.Second), told(s, &log, "event"))
	if err := s.wait(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"12:00:00 before", "12:00:01 event", "12:01:00 after"}, log); diff != "" {
		t.Error(diff)
	}
}

func TestAWaitEndsWithTheFirstErrorAndWithItsContext(t *testing.T) {
	s, log := newSchedule(noon), []string{}
	broken := errors.New("broken")
	s.add(noon.Add(time.Second), func(context.Context) error { return broken })
	s.add(noon.Add(2*time.Second), told(s, &log, "unreached"))
	if err := s.wait(t.Context(), time.Minute); !errors.Is(err, broken) {
		t.Errorf("the error is %v", err)
	}
	if got := s.time(); !got.Equal(noon.Add(time.Second)) {
		t.Errorf("it is %s, not the time of what broke", got)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.wait(ended, time.Minute); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that has ended, the error is %v", err)
	}
	if len(log) != 0 {
		t.Errorf("%v happened", log)
	}
}

func TestPeakIsTheMostInAnyOneSecond(t *testing.T) {
	at := func(millis ...int) []time.Time {
		var all []time.Time
		for _, m := range millis {
			all = append(all, noon.Add(time.Duration(m)*time.Millisecond))
		}
		return all
	}
	for _, test := range []struct {
		name  string
		times []time.Time
		want  int
	}{
		{"nothing", nil, 0},
		{"one", at(0), 1},
		{"exactly a second apart", at(0, 1000, 2000), 1},
		{"just less than a second apart", at(0, 999, 1998), 2},
		{"a burst across the full second", at(0, 900, 950, 1050, 1100, 3000), 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := peak(test.times); got != test.want {
				t.Errorf("%d, want %d", got, test.want)
			}
		})
	}
}
