package calendar_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/calendar"
)

// estate is one in which something of each kind is wrong, and something is not.
func estate() calendar.Calendar {
	return calendar.Of(calendar.Facts{
		Now: now, Terms: terms(),
		Generations: []calendar.Generation{
			{Addr: "root#1", Status: "active", NotAfter: at("2036-03-01 12:00:00")},
			{Addr: "issuer/dev#1", Environment: "dev", Status: "active", NotAfter: at("2026-03-21 12:00:00")},
			{Addr: "issuer/prod#1", Environment: "prod", Status: "draining", NotAfter: at("2026-04-20 12:00:00")},
			{Addr: "issuer/prod#2", Environment: "prod", Status: "active", NotAfter: at("2026-05-10 12:00:00")},
			{Addr: "issuer/test#1", Environment: "test", Status: "active", NotAfter: at("2026-02-10 12:00:00")},
		},
		Anchors: []calendar.Anchor{
			{Addr: "anchor/prod", Certificates: []calendar.Certificate{{"issuer/prod#2", at("2026-05-10 12:00:00")}, {"issuer/prod#1", at("2026-04-20 12:00:00")}}},
		},
		Lists: []calendar.ListFacts{
			{Issuer: "issuer/prod#1", ThisUpdate: at("2026-02-20 12:00:00"), NextUpdate: at("2026-03-07 12:00:00"), Due: "older than 24h"},
			{Issuer: "issuer/prod#2", ThisUpdate: at("2026-02-20 12:00:00"), NextUpdate: at("2026-02-27 12:00:00"), Due: "older than 24h"},
			{Issuer: "issuer/dev#1", ThisUpdate: at("2026-02-28 11:00:00"), NextUpdate: at("2026-03-07 11:00:00"), Due: "older than 24h"},
		},
		Fleets: []calendar.Fleet{{Environment: "prod", Valid: 7, Expired: 1, Overdue: 3, Unrenewed: []calendar.Workload{
			{Name: "prod/app", NotAfter: at("2026-02-27 12:00:00"), State: calendar.Expired},
			{Name: "prod/app@web-1", NotAfter: at("2026-03-01 15:00:00"), State: calendar.Overdue},
			{Name: "prod/slow", NotAfter: at("2026-03-15 12:00:00"), State: calendar.Overdue},
		}}},
	})
}

func TestWhatEndsWithinATimeIsNamed(t *testing.T) {
	always := []string{
		"issuer/prod#2 has to be rotated by 2026-03-12",
		"issuer/test#1 ended at 2026-02-10T12:00:00Z",
		"the revocation list of issuer/prod#2 is stale since 2026-02-27T12:00:00Z",
		"prod/app was not renewed and ended at 2026-02-27T12:00:00Z",
	}
	for name, c := range map[string]struct {
		within time.Duration
		want   []string
	}{
		"an hour": {time.Hour, []string{"issuer/dev#1 should have been rotated by 2026-02-02", always[1], always[2], always[3]}},
		"three days": {3 * day, []string{
			"issuer/dev#1 should have been rotated by 2026-02-02", always[1], always[2], always[3],
			"prod/app@web-1 was not renewed and ends at 2026-03-01T15:00:00Z",
		}},
		"twenty days, to the second": {20 * day, []string{
			"issuer/dev#1 ends at 2026-03-21T12:00:00Z (20 days)", always[0], always[1],
			"the revocation list of issuer/prod#1 was not renewed and becomes stale at 2026-03-07T12:00:00Z", always[2], always[3],
			"prod/app@web-1 was not renewed and ends at 2026-03-01T15:00:00Z",
			"prod/slow was not renewed and ends at 2026-03-15T12:00:00Z",
			"1 more of prod were not renewed",
		}},
		"fifty days": {50 * day, []string{
			"issuer/dev#1 ends at 2026-03-21T12:00:00Z (20 days)", "issuer/prod#1 ends at 2026-04-20T12:00:00Z (50 days)", always[0], always[1],
			"anchor/prod: its certificate issuer/prod#1 ends at 2026-04-20T12:00:00Z (50 days)",
			"the revocation list of issuer/prod#1 was not renewed and becomes stale at 2026-03-07T12:00:00Z", always[2], always[3],
			"prod/app@web-1 was not renewed and ends at 2026-03-01T15:00:00Z",
			"prod/slow was not renewed and ends at 2026-03-15T12:00:00Z",
			"1 more of prod were not renewed",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			got := []string{}
			for _, e := range estate().Look(now.Add(c.within)) {
				got = append(got, e.Text)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAnEstateInOrderHasNoEvents(t *testing.T) {
	c := calendar.Of(calendar.Facts{Now: now, Terms: terms(),
		Generations: []calendar.Generation{{Addr: "issuer/prod#1", Environment: "prod", Status: "active", NotAfter: at("2027-03-01 12:00:00")}},
		Lists:       []calendar.ListFacts{{Issuer: "issuer/prod#1", ThisUpdate: now, NextUpdate: now.Add(7 * day)}},
		Fleets:      []calendar.Fleet{{Environment: "prod", Valid: 3, Ending: 3}},
	})
	if got := c.Look(now.Add(30 * day)); len(got) != 0 {
		t.Errorf("got %+v", got)
	}
}
