package estate_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"anchorctl/internal/engine"
	"anchorctl/internal/estate"
	"anchorctl/internal/plan"
	"anchorctl/internal/rules"
	"anchorctl/internal/store"
)

// No command takes the issuer that signs out of an anchor. What does is a store
// that changes behind the back of a run: here while somebody is being asked.
func TestAnAnchorKeepsTheIssuerThatSigns(t *testing.T) {
	for _, test := range []struct {
		name   string
		behind func(ctx context.Context, s *store.Store) error
		rule   string
		holds  int // how many certificates the anchor has in the end; the last one's issuer signs
	}{
		{"going back while the old issuer signs", func(context.Context, *store.Store) error { return nil }, "", 1},
		{"going back after a cut-over behind the back", func(ctx context.Context, s *store.Store) error { return s.CutOver(ctx, "prod") }, "ANC502", 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := newLab(t, probing("manage"), "dev-app", "prod-app", "probe")
			l.mustApply(t, estate.ApplyOptions{})
			unseen := func(_ context.Context, a plan.Action) error { return &engine.HeldError{Action: a.ID, Rule: a.Gate} }
			_, err := l.apply(t.Context(), estate.ApplyOptions{
				Options: estate.Options{Rotation: &estate.Rotation{Environment: "prod", Kind: store.Rekey}},
				Gates:   map[string]engine.Gate{estate.GateSeen: unseen, estate.GateDrained: unseen},
			}, nil)
			var held *engine.HeldRun
			if !errors.As(err, &held) {
				t.Fatalf("the start was not held: %v", err)
			}
			w := l.open(t, nil)
			_, err = w.Apply(t.Context(), estate.ApplyOptions{
				Options: estate.Options{Rotation: &estate.Rotation{Environment: "prod", Abort: true}},
				Gates:   map[string]engine.Gate{estate.GateDrained: func(context.Context, plan.Action) error { return nil }},
				Approve: func(ctx context.Context, _ estate.Proposal) error { return test.behind(ctx, w.Folder.Store) },
			})
			var refusal *rules.Refusal
			switch {
			case test.rule == "" && err != nil:
				t.Fatal(err)
			case test.rule != "" && (!errors.As(err, &refusal) || refusal.Findings[0].Rule != test.rule):
				t.Fatalf("got %v, want a refusal by %s", err, test.rule)
			}
			if got := strings.Count(l.anchor(t, plan.Anchor("prod", place)).Bundle, "BEGIN CERTIFICATE"); got != test.holds {
				t.Errorf("the anchor holds %d certificates, want %d", got, test.holds)
			}
			all, err := w.Folder.Store.Generations(t.Context(), "prod")
			if err != nil {
				t.Fatal(err)
			}
			for _, g := range all {
				if (g.Status == store.Active) != (g.Number == test.holds) {
					t.Errorf("generation %d is %s", g.Number, g.Status)
				}
			}
		})
	}
}
