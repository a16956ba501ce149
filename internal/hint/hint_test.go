package hint_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/hint"
)

func TestOfCollectsThroughWrappingAndJoining(t *testing.T) {
	inner := hint.With(errors.New("locked"), "wait", "try again")
	joined := errors.Join(fmt.Errorf("opening: %w", inner), hint.With(errors.New("other"), "wait", "look"))
	outer := hint.With(joined, "read the manual")
	want := []string{"read the manual", "wait", "try again", "look"}
	if diff := cmp.Diff(want, hint.Of(outer)); diff != "" {
		t.Error(diff)
	}
	if hint.With(nil, "x") != nil {
		t.Error("With(nil) is not nil")
	}
}
