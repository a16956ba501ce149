package estate_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"anchorctl/internal/estate"
	"anchorctl/internal/sandbox"
)

func (l *lab) lag(t *testing.T, seconds int) {
	t.Helper()
	l.order(t,
		sandbox.Fault{Op: "ListTrustAnchors", Mode: sandbox.ModeStale, Seconds: seconds, Count: -1},
		sandbox.Fault{Op: "ListProfiles", Mode: sandbox.ModeStale, Seconds: seconds, Count: -1},
	)
}

// once asserts that nothing of the two environments was created twice.
func (l *lab) once(t *testing.T) {
	t.Helper()
	if a, p := l.sent(t, "CreateTrustAnchor"), l.sent(t, "CreateProfile"); a != 2 || p != 2 {
		t.Errorf("%d anchors and %d profiles were created, want 2 and 2", a, p)
	}
}

func TestARecordedObjectMissingFromAListIsNeverCreatedAgain(t *testing.T) {
	l := newLab(t, twoEnvironments("manage"), "dev-app", "prod-app")
	l.lag(t, 30)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := l.apply(ctx, estate.ApplyOptions{}, func(name string) {
		if strings.HasPrefix(name, "store.committed finish anchor.create") {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error is %v, want an interruption", err)
	}
	_, err = l.apply(t.Context(), estate.ApplyOptions{}, nil)
	hold := held(t, err, "")
	if hold.Action != devAnchor.String() || !strings.Contains(hold.Reason, "does not show it yet") {
		t.Errorf("held is %+v", hold)
	}
	if n := l.sent(t, "CreateTrustAnchor"); n != 1 {
		t.Errorf("%d anchors were created by two runs, want 1", n)
	}
	l.calm(t)
	l.mustApply(t, estate.ApplyOptions{})
	l.once(t)
	l.check(t)
}

func TestApplyingAgainAtOnceCreatesNothingTwice(t *testing.T) {
	l := newLab(t, twoEnvironments("verify"), "dev-app", "prod-app")
	l.lag(t, 5)
	for range 2 {
		if _, err := l.apply(t.Context(), estate.ApplyOptions{}, nil); err == nil {
			t.Fatal("nothing was held, though no role has its pin")
		}
	}
	l.calm(t)
	l.once(t)
	l.checkRecord(t, false)
	l.mustApply(t, estate.ApplyOptions{Options: estate.Options{Destroy: true}})
	if left := l.live(t); len(left) > 0 {
		t.Errorf("left are %v", left)
	}
}

func TestALostAnswerBesideAnUnreadableListIsSettledLaterAndNoRefusal(t *testing.T) {
	l := newLab(t, twoEnvironments("manage"), "dev-app", "prod-app")
	l.order(t,
		sandbox.Fault{Op: "CreateTrustAnchor", Mode: sandbox.ModeCut, Count: 1},
		sandbox.Fault{Op: "ListTrustAnchors", Nth: 2, Mode: sandbox.ModeFailBefore, Count: -1},
	)
	_, err := l.apply(t.Context(), estate.ApplyOptions{}, nil)
	if hold := held(t, err, ""); !strings.Contains(hold.Reason, "nothing was created again") {
		t.Errorf("held is %+v", hold)
	}
	l.calm(t)
	open, err := l.open(t, nil).Folder.Store.OpenIntents(t.Context())
	if err != nil || len(open) != 1 {
		t.Fatalf("open intents: %v %v", open, err)
	}
	p := l.plan(t, estate.Options{})
	if len(p.Findings) > 0 || !strings.Contains(strings.Join(p.Notices, "\n"), "applying settles that first") {
		t.Errorf("findings %v, notices %v", p.Findings, p.Notices)
	}
	l.mustApply(t, estate.ApplyOptions{})
	l.once(t)
	l.check(t)
}
