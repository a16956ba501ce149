package rotate_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"anchorctl/internal/config"
	"anchorctl/internal/estate"
	"anchorctl/internal/rotate"
	"anchorctl/internal/store"
	"anchorctl/internal/subjects"
)

// Nobody on record holds a certificate of the old issuer, and Roles Anywhere has
// seen many subjects since the cut-over: each takes a request of its own.
func TestSubjectsAreAskedForOnlyWhileACertificateOfTheOldIssuerCanLive(t *testing.T) {
	for _, test := range []struct {
		name  string
		seen  int
		takes time.Duration // one request
		asked int
	}{
		{"all are asked for when there is time", 4, time.Second, 4},
		{"none is once the longest lifetime, of 168 hours, is over", 4, 100 * time.Hour, 2},
		{"as many as ten minutes hold are", 600, time.Second, 600},
		{"of more, none is: the rotation waits for the longest lifetime", 601, time.Second, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := newLab(t, configuration("manage", "eu-central-1"), map[string]string{})
			w, done, err := l.World(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer done()
			asked, open := 0, w.Open
			w.Open = func(ctx context.Context, target config.Target) (estate.Cloud, error) {
				cloud, err := open(ctx, target)
				cloud.Subjects = subjects.API{
					List: func(context.Context) ([]subjects.Summary, error) {
						return seen(l.Now(), test.seen), nil
					},
					Get: func(ctx context.Context, _ string) (subjects.Subject, error) {
						asked++
						return subjects.Subject{}, l.Clock().Wait(ctx, test.takes)
					},
				}
				return cloud, err
			}
			_, err = rotate.World{World: w, Endpoint: l.URL}.Watch(t.Context(), start(store.Rekey), nil)
			if err != nil {
				t.Fatalf("the rotation ends with %v", err)
			}
			if asked != test.asked {
				t.Errorf("%d subjects were asked for, want %d", asked, test.asked)
			}
		})
	}
}

// seen are so many subjects that were seen just now.
func seen(now time.Time, many int) []subjects.Summary {
	list := make([]subjects.Summary, many)
	for i := range list {
		list[i] = subjects.Summary{ID: fmt.Sprint(i), LastSeen: now}
	}
	return list
}
