package rotate_test

import (
	"slices"
	"testing"

	"anchorctl/internal/roles"
	"anchorctl/internal/store"
)

// The other ways of a rotation, broken in the same manner.

// former is what anchors and trust policies are before anything begins.
type former struct{ anchors, trust map[string]string }

func (l *lab) former(t *testing.T) former {
	t.Helper()
	s, err := l.Stage()
	if err != nil {
		t.Fatal(err)
	}
	f := former{anchors: map[string]string{}, trust: s.Trust}
	for _, a := range s.Anchors {
		f.anchors[a.Resource] = a.Bundle
	}
	return f
}

// restored aborts until it is done, and asserts that all is as it was: anchors to the
// byte, trust policies in what they say.
func (f former) restored(l *lab, t *testing.T) {
	t.Helper()
	if all := l.rotations(t); len(all) > 0 {
		l.through(t, abort())
		l.refresh(t) // lists are due every day, and perhaps a month has passed
		statuses := []string{"active"}
		if got := l.generations(t); len(got) > 1 {
			statuses = append(statuses, "retired")
		}
		l.settled(t, "aborted", statuses, 2)
	}
	f.unchanged(l, t)
}

// unchanged asserts that all is as it was.
func (f former) unchanged(l *lab, t *testing.T) {
	t.Helper()
	now := l.former(t)
	for resource, bundle := range f.anchors {
		if now.anchors[resource] != bundle {
			t.Errorf("%s is not as it was: %s, before %s", resource, now.anchors[resource], bundle)
		}
	}
	for role, trust := range f.trust {
		if !roles.SamePolicy(now.trust[role], trust) {
			t.Errorf("role %s does not say what it said: %s, before %s", role, now.trust[role], trust)
		}
	}
	if len(now.anchors) != len(f.anchors) {
		t.Errorf("there are %d anchors, before %d", len(now.anchors), len(f.anchors))
	}
}

// TestARotationIsAbortedAtEveryPoint goes back from each point before the cut-over,
// and from each point of going back.
func TestARotationIsAbortedAtEveryPoint(t *testing.T) {
	l := base(t)
	before := l.former(t)
	start, back := leg{name: "aborted on the way", from: l.moved(t), does: "start", ending: before.restored}, leg{name: "aborting", does: "abort", ending: before.restored}
	l.Reach(t)
	sent := len(l.Requests(t))
	_, err := l.run(t.Context(), commands()["start"], nil)
	heldBy(t, err, "ANC504")
	start.calls = len(l.Requests(t)) - sent
	back.from = l.moved(t)
	l.Reach(t)
	sent = len(l.Requests(t))
	if _, err := l.run(t.Context(), abort(), nil); err != nil {
		t.Fatal(err)
	}
	back.calls = len(l.Requests(t)) - sent
	before.restored(l, t)
	points := start.sweep(t) + start.kill(t) + back.sweep(t) + back.kill(t)
	t.Logf("%d points", points)
}

// TestAnEmergencyIsBrokenAtEveryPoint: whoever holds only a certificate of the old key
// is denied from the one update on, and nobody else is.
func TestAnEmergencyIsBrokenAtEveryPoint(t *testing.T) {
	l := base(t)
	l.off, l.fleet.quiet = func(store.Issued) bool { return true }, true // until the end, when all are asked
	first := leg{name: "an emergency", from: l.moved(t), does: "emergency", ending: (*lab).endsEmergency}
	l.Reach(t)
	sent := len(l.Requests(t))
	_, err := l.run(t.Context(), commands()["emergency"], nil)
	heldBy(t, err, "ANC505")
	first.calls = len(l.Requests(t)) - sent
	l.renewEarly(t)
	second := leg{name: "its replacement", from: l.moved(t), does: "emergency-resume", ending: (*lab).endsEmergency}
	l.Reach(t)
	sent = len(l.Requests(t))
	if _, err := l.run(t.Context(), commands()["emergency-resume"], nil); err != nil {
		t.Fatal(err)
	}
	second.calls = len(l.Requests(t)) - sent
	l.endsEmergency(t)
	points := first.sweep(t) + first.kill(t) + second.sweep(t) + second.kill(t)
	t.Logf("%d points", points)
}

func (l *lab) endsEmergency(t *testing.T) {
	t.Helper()
	l.through(t, l.again(t, store.Emergency))
	l.retired(t)
	l.narrowed(t, "prod issuer 2", "prod issuer 1")
	before := l.fleet.sessions
	l.fleet.quiet = false
	l.fleet.hurry(l.Now())
	if l.fleet.sessions != before+len(l.fleet.members) {
		t.Error("not all asked for a session")
	}
}

// TestARenewalIsBrokenAtEveryPoint: one key, new dates, and all that it signed stays
// good.
func TestARenewalIsBrokenAtEveryPoint(t *testing.T) {
	l := base(t)
	first := leg{name: "a renewal", from: l.moved(t), does: "renewal", ending: (*lab).endsRenewed}
	l.Reach(t)
	sent := len(l.Requests(t))
	if _, err := l.run(t.Context(), commands()["renewal"], nil); err != nil {
		t.Fatal(err)
	}
	first.calls = len(l.Requests(t)) - sent
	l.endsRenewed(t)
	t.Logf("%d points", first.sweep(t)+first.kill(t))
}

func (l *lab) endsRenewed(t *testing.T) {
	t.Helper()
	l.through(t, l.again(t, store.Renewal))
	l.refresh(t) // lists are due every day, and perhaps a month has passed
	l.settled(t, "done", []string{"active"}, 0)
	w, done, err := l.World(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	former, err := w.Folder.Store.FormerCertificates(t.Context())
	if err != nil || len(former) != 1 || slices.Equal(former[0].Certificate, l.active(t).Raw) {
		t.Errorf("there are %d former certificates (%v), want one, and another than the one that counts", len(former), err)
	}
}
