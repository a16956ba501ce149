package engine_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"anchorctl/internal/engine"
	"anchorctl/internal/hint"
)

func TestAFailureIsHeldOnceWithItsHints(t *testing.T) {
	down := errors.New("the region is down")
	err := engine.HoldFailure("crl.import x", hint.With(fmt.Errorf("importing: %w", down), "look at its status"), "run it again")
	var held *engine.HeldError
	if !errors.As(err, &held) || held.Action != "crl.import x" || held.Reason != "importing: the region is down" {
		t.Fatalf("error is %v", err)
	}
	if !errors.Is(err, down) || !slices.Equal(held.Hints, []string{"look at its status", "run it again"}) {
		t.Errorf("cause %v, hints %q", errors.Is(err, down), held.Hints)
	}
	var again *engine.HeldError
	if !errors.As(engine.HoldFailure("another", err), &again) || again != held {
		t.Errorf("held again is %+v", again)
	}
	if err := engine.HoldFailure("crl.import x", nil); err != nil {
		t.Errorf("no failure is %v", err)
	}
}

func TestNoHoldIsNoError(t *testing.T) {
	if err := engine.Hold(); err != nil {
		t.Errorf("error is %v", err)
	}
}
