package estate_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"anchorctl/internal/config"
	"anchorctl/internal/estate"
)

// Monitoring asks when anchors end: a place that cannot be reached must neither
// hide the others nor pass for one without an anchor.
func TestStatusReadsWhatItCanReach(t *testing.T) {
	l := newLab(t, strings.Replace(twoEnvironments("manage"), "  prod:\n    targets: [{account: \""+account+"\", region: eu-central-1}]",
		"  prod:\n    targets: [{account: \""+account+"\", region: eu-west-1}]", 1), "dev-app", "prod-app")
	if _, err := l.apply(t.Context(), estate.ApplyOptions{}, nil); err != nil {
		t.Fatal(err)
	}
	w, done, err := l.world(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	all, err := w.Status(t.Context())
	if err != nil || len(all.Anchors) != 2 || len(all.Unread) != 0 {
		t.Fatalf("with everything reached: %+v, %+v, %v", all.Anchors, all.Unread, err)
	}
	open, tried := w.Open, 0
	w.Open = func(ctx context.Context, at config.Target) (estate.Cloud, error) {
		if at.Region == "eu-west-1" {
			tried++
			return estate.Cloud{}, errors.New("no route to host")
		}
		return open(ctx, at)
	}
	s, err := w.Status(t.Context())
	if err == nil || !strings.Contains(err.Error(), "no route to host") {
		t.Errorf("got error %v", err)
	}
	if len(s.Anchors) != 1 || s.Anchors[0].Environment != "dev" || len(s.Anchors[0].Certificates) != 1 || s.Anchors[0].Known[0].String() != "issuer/dev#1" {
		t.Errorf("want dev's anchor with its issuer, got %+v", s.Anchors)
	}
	if len(s.Unread) != 1 || s.Unread[0].Addr.String() != "anchor/prod@111122223333/eu-west-1" || !strings.Contains(s.Unread[0].Why, "no route to host") {
		t.Errorf("want prod's anchor unread, got %+v", s.Unread)
	}
	if tried != 1 {
		t.Errorf("a place that cannot be reached was tried %d times", tried)
	}
	if len(s.Environments) != 2 || len(s.Environments[0].Objects) != 0 || len(s.Drift) != 0 {
		t.Errorf("it says of what was not read how it stands: %+v", s)
	}
}
