package rotate_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"anchorctl/internal/engine"
	"anchorctl/internal/estate"
	"anchorctl/internal/hint"
	"anchorctl/internal/rotate"
	"anchorctl/internal/sandbox"
	"anchorctl/internal/store"
)

// refused has every change of an anchor fail.
func (l *lab) refused(t *testing.T) {
	t.Helper()
	l.Order(t, sandbox.Fault{Op: "UpdateTrustAnchor", Mode: sandbox.ModeFailBefore, Count: -1})
}

// TestARotationThatOutlivedItsNewIssuerGoesOn: somebody left it open for longer than a
// year. One resume ends it, also one that breaks off after the issuer has its new dates,
// and sessions are opened with what it issues.
func TestARotationThatOutlivedItsNewIssuerGoesOn(t *testing.T) {
	for _, test := range []struct {
		name     string
		left     func(l *lab) // how it is left open
		statuses []string
		gone     int
	}{
		{"before the cut-over", func(l *lab) {
			_, err := l.run(t.Context(), start(store.Rekey), nil)
			heldBy(t, err, "ANC504")
		}, []string{"retired", "active"}, 1},
		{"after the cut-over", func(l *lab) {
			l.issue(t, "slow", "attic")
			l.cutOver(t)
		}, []string{"retired", "active"}, 1},
		{"in an emergency", func(l *lab) {
			l.off = func(store.Issued) bool { return true }
			l.issue(t, "slow", "attic")
			_, err := l.run(t.Context(), start(store.Emergency), nil)
			heldBy(t, err, "ANC505")
		}, []string{"retired", "active"}, 1},
		{"in a renewal", func(l *lab) {
			l.refused(t)
			if _, err := l.run(t.Context(), start(store.Renewal), nil); err == nil {
				t.Fatal("it was not stopped")
			}
		}, []string{"active"}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := newLab(t, configuration("manage", "eu-central-1"), map[string]string{})
			test.left(l)
			l.Calm(t)
			l.Advance(t, 366*24*time.Hour)
			l.refused(t)
			if _, err := l.run(t.Context(), resume(), nil); err == nil {
				t.Fatal("it was not stopped")
			}
			l.Calm(t)
			report, err := l.run(t.Context(), resume(), nil)
			if err != nil {
				t.Fatalf("it does not end: %v\n%v", err, hint.Of(err))
			}
			for _, a := range report.Proposal.Plan.Actions {
				if a.Kind == "issuer.renew" {
					t.Error("the issuer got new dates twice")
				}
			}
			l.refresh(t)
			l.settled(t, "done", test.statuses, test.gone)
			if err := l.ask(t.Context(), "eu-central-1", l.issue(t, "app", "fresh")); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestANewIssuerThatEndsBeforeTheOldOneGetsNewDates: the configuration had issuers
// live for three months by the time that it was minted. Nobody is denied.
func TestANewIssuerThatEndsBeforeTheOldOneGetsNewDates(t *testing.T) {
	for name, cut := range map[string]bool{"before the cut-over": false, "after it": true} {
		t.Run(name, func(t *testing.T) {
			const long = "    limits: {certificateLifetime: 168h}\n"
			l := newLab(t, configuration("manage", "eu-central-1"), map[string]string{})
			l.Write(t, strings.Replace(configuration("manage", "eu-central-1"), long, long+"    issuer: {lifetime: 90d}\n", 1))
			if cut {
				l.issue(t, "slow", "attic")
				l.cutOver(t)
			} else {
				_, err := l.run(t.Context(), start(store.Rekey), nil)
				heldBy(t, err, "ANC504")
			}
			l.Advance(t, 91*24*time.Hour)
			if !cut {
				l.issue(t, "slow", "attic")
			}
			l.through(t, resume())
			l.refresh(t)
			l.retired(t)
			if err := l.ask(t.Context(), "eu-central-1", l.issue(t, "app", "fresh")); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestThereIsNoWayBackToAnIssuerThatHasEnded: no anchor would take it.
func TestThereIsNoWayBackToAnIssuerThatHasEnded(t *testing.T) {
	l := newLab(t, configuration("manage", "eu-central-1"), map[string]string{})
	_, err := l.run(t.Context(), start(store.Rekey), nil)
	heldBy(t, err, "ANC504")
	l.Advance(t, 366*24*time.Hour)
	_, err = l.run(t.Context(), abort(), nil)
	var held *engine.HeldRun
	if !errors.Is(err, estate.ErrNoWayBack) || errors.As(err, &held) || !strings.Contains(strings.Join(hint.Of(err), "\n"), `"anchorctl rotate resume prod"`) {
		t.Errorf("going back: %v, %v", err, hint.Of(err))
	}
	_, err = l.run(t.Context(), rotate.Options{Rotation: estate.Rotation{Environment: "prod", Kind: store.Rekey}}, nil)
	if err == nil || !strings.Contains(err.Error(), "ANC501") {
		t.Errorf("starting another one: %v", err)
	}
	l.through(t, resume())
	l.retired(t)
}

// TestARotationOfTheRootThatOutlivedAnIssuerGoesOn: what the new root had signed for it
// has ended.
func TestARotationOfTheRootThatOutlivedAnIssuerGoesOn(t *testing.T) {
	l := newLab(t, configuration("manage", "eu-central-1"), map[string]string{})
	root := rotate.Options{Rotation: estate.Rotation{Kind: store.Rekey}}
	l.refused(t)
	if _, err := l.run(t.Context(), root, nil); err == nil {
		t.Fatal("it was not stopped")
	}
	l.Calm(t)
	l.Advance(t, 366*24*time.Hour)
	root.Kind = ""
	if _, err := l.run(t.Context(), root, nil); err != nil {
		t.Fatalf("it does not end: %v", err)
	}
	if err := l.ask(t.Context(), "eu-central-1", l.issue(t, "app", "fresh")); err != nil {
		t.Error(err)
	}
}

// TestARotationOfTheRootRevivesNoIssuerThatIsBeingLeft: its key may be in other hands.
// The rotation that leaves it goes on afterwards.
func TestARotationOfTheRootRevivesNoIssuerThatIsBeingLeft(t *testing.T) {
	for name, kind := range map[string]store.RotationKind{"in an emergency": store.Emergency, "in a planned one": store.Rekey} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, configuration("manage", "eu-central-1"), map[string]string{})
			l.off = func(store.Issued) bool { return true }
			l.issue(t, "slow", "attic")
			if kind == store.Rekey {
				l.cutOver(t)
			} else {
				_, err := l.run(t.Context(), start(kind), nil)
				heldBy(t, err, "ANC505")
			}
			l.Advance(t, 366*24*time.Hour)
			report, err := l.run(t.Context(), rotate.Options{Rotation: estate.Rotation{Kind: store.Rekey}}, nil)
			if err != nil {
				t.Errorf("the root: %v", err)
			}
			for _, a := range report.Proposal.Plan.Actions {
				if a.ID == "issuer.renew issuer/prod#1" {
					t.Error("the issuer that is left got new dates")
				}
			}
			if _, err := l.run(t.Context(), resume(), nil); err != nil {
				t.Fatalf("the rotation does not end: %v", err)
			}
			l.refresh(t)
			l.settled(t, "done", []string{"retired", "active"}, 1)
			if err := l.ask(t.Context(), "eu-central-1", l.issue(t, "app", "fresh")); err != nil {
				t.Error(err)
			}
		})
	}
}
