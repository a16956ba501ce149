package estate_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"anchorctl/internal/engine"
	"anchorctl/internal/estate"
	"anchorctl/internal/plan"
	"anchorctl/internal/sandbox"
)

func (l *lab) runStatus(t *testing.T) plan.Status {
	t.Helper()
	run, open, err := l.open(t, nil).Folder.Store.OpenRun(t.Context())
	if err != nil || !open {
		t.Fatalf("no open run: %v", err)
	}
	return run.Status
}

func TestAnInterruptWhileAGateIsAskedIsRecordedAsOne(t *testing.T) {
	l := newLab(t, twoEnvironments("manage"), "dev-app", "prod-app")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w := l.open(t, nil)
	w.Events = func(e engine.Event) {
		if e.Kind == engine.Started && e.Action.Gate != "" {
			cancel() // what follows is the question at the gate
		}
	}
	report, err := w.Apply(ctx, estate.ApplyOptions{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want an interruption", err)
	}
	if strings.Contains(strings.Join(report.Result.Done, " "), ".enable") {
		t.Errorf("it enabled something: %v", report.Result.Done)
	}
	if got := l.runStatus(t); got != plan.Interrupted {
		t.Errorf("the run is recorded as %s", got)
	}
	l.checkRecord(t, false)
	l.recovers(t)
}

func TestWhatBecameReachableDuringAnInterruptionIsHeld(t *testing.T) {
	l := newLab(t, twoEnvironments("manage"), "dev-app", "prod-app", "other")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := l.apply(ctx, estate.ApplyOptions{}, func(name string) {
		if name == "store.committed finish anchor.enable "+prodAnchor.String() {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error is %v, want an interruption", err)
	}
	l.somebodysProfile(t, "other")
	_, err = l.apply(t.Context(), estate.ApplyOptions{}, nil)
	held(t, err, "ANC603")
	for _, addr := range []plan.Addr{devProfile, prodProfile} {
		if l.profile(t, addr).Enabled {
			t.Errorf("%s was enabled", addr)
		}
	}
}

func TestWhatWasHeldIsStillSaidWhenTheRunBreaksOffLater(t *testing.T) {
	for _, c := range []struct {
		name   string
		breaks func(t *testing.T, l *lab, w *estate.World, cancel func())
		status plan.Status
	}{
		{"by a failure", func(t *testing.T, l *lab, _ *estate.World, _ func()) {
			l.order(t, sandbox.Fault{Op: "UpdateAssumeRolePolicy", Mode: sandbox.ModeFailBefore, Count: -1})
		}, plan.Failed},
		{"by an interrupt", func(_ *testing.T, _ *lab, w *estate.World, cancel func()) {
			w.Events = func(e engine.Event) {
				if e.Kind == engine.Finished && e.Action.Kind == plan.RolePin {
					cancel()
				}
			}
		}, plan.Interrupted},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLab(t, twoEnvironments("manage"), "prod-app") // dev's role is missing
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			w := l.open(t, nil)
			c.breaks(t, l, &w, cancel)
			report, err := w.Apply(ctx, estate.ApplyOptions{})
			hold := held(t, err, "")
			if hold.Documents[0].At != "role/111122223333/dev-app" {
				t.Errorf("held is %+v", hold)
			}
			all := (*engine.HeldRun)(nil)
			if errors.As(err, &all) && err.Error() == all.Error() {
				t.Errorf("what broke it is not said: %v", err)
			}
			if len(report.Result.Held) != 1 || l.runStatus(t) != c.status {
				t.Errorf("held %v, recorded as %s, want %s", report.Result.Held, l.runStatus(t), c.status)
			}
		})
	}
}
