package calendar_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/calendar"
)

const day = 24 * time.Hour

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func at(text string) time.Time {
	t, err := time.Parse("2006-01-02 15:04:05", text)
	if err != nil {
		panic(err) // a mistake in this file
	}
	return t
}

// terms: prod's certificates live up to 7 days, dev's one; prod's issuers a
// year, dev's 90 days.
func terms() map[string]calendar.Terms {
	return map[string]calendar.Terms{
		"prod": {Certificate: 7 * day, Issuer: 365 * day}, "dev": {Certificate: day, Issuer: 90 * day},
	}
}

func TestRootAndIssuersHaveADayByWhichTheyAreRotated(t *testing.T) {
	for name, c := range map[string]struct {
		environment, status, end string
		by                       string // "" is none
		days                     int
		state                    string
	}{
		"an issuer, two lives of seven days and 45 days before its end": {"prod", "active", "2027-03-01 12:00:00", "2027-01-01 12:00:00", 365, "ok"},
		"where certificates live a day, twelve days later":              {"dev", "active", "2027-03-01 12:00:00", "2027-01-13 12:00:00", 365, "ok"},
		"the root, an issuer's year before that":                        {"", "active", "2036-03-01 12:00:00", "2035-01-02 12:00:00", 3653, "ok"},
		"30 days before the day":                                        {"prod", "active", "2026-05-30 12:00:00", "2026-04-01 12:00:00", 90, "ok"},
		"a second less":                                                 {"prod", "active", "2026-05-29 12:00:00", "2026-03-31 12:00:00", 89, "rotate soon"},
		"exactly 30 days":                                               {"prod", "active", "2026-05-29 11:59:59", "2026-03-31 11:59:59", 88, "rotate soon"},
		"on the very second":                                            {"prod", "active", "2026-04-29 12:00:00", "2026-03-01 12:00:00", 59, "rotate now"},
		"a second before":                                               {"prod", "active", "2026-04-29 12:00:01", "2026-03-01 12:00:01", 59, "rotate soon"},
		"in its last second, which counts":                              {"prod", "active", "2026-03-01 12:00:00", "2026-01-01 12:00:00", 0, "rotate now"},
		"a second after its end":                                        {"prod", "active", "2026-03-01 11:59:59", "2026-01-01 11:59:59", -1, "expired"},
		"a day after its end":                                           {"prod", "active", "2026-02-28 12:00:00", "2025-12-31 12:00:00", -1, "expired"},
		"the next one, which is to sign":                                {"prod", "next", "2027-03-01 12:00:00", "2027-01-01 12:00:00", 365, "ok"},
		"one that signs no more only ends, and it is being rotated":     {"prod", "draining", "2026-03-20 12:00:00", "", 19, "ok"},
		"and can end too early":                                         {"prod", "draining", "2026-03-01 11:00:00", "", -1, "expired"},
		"one whose environment left anchorctl.yaml has no successor, and so none": {"gone", "active", "2026-03-20 12:00:00", "", 19, "ok"},
	} {
		t.Run(name, func(t *testing.T) {
			got := calendar.Of(calendar.Facts{Now: now, Terms: terms(), Generations: []calendar.Generation{
				{Addr: "a", Environment: c.environment, Status: c.status, NotAfter: at(c.end)},
			}}).Authorities
			want := calendar.Authority{Addr: "a", Environment: c.environment, Status: c.status, NotAfter: at(c.end), DaysLeft: c.days, State: c.state}
			if c.by != "" {
				by := at(c.by)
				want.RotateBy = &by
			}
			if diff := cmp.Diff([]calendar.Authority{want}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestARetiredGenerationIsNotOnTheCalendar(t *testing.T) {
	got := calendar.Of(calendar.Facts{Now: now, Terms: terms(), Generations: []calendar.Generation{
		{Addr: "issuer/prod#1", Environment: "prod", Status: "retired", NotAfter: at("2026-04-01 12:00:00")},
	}, Lists: []calendar.ListFacts{{Issuer: "issuer/prod#1", ThisUpdate: now, NextUpdate: now.Add(day)}}})
	if len(got.Authorities) != 0 || len(got.Lists) != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestAnAnchorEndsWithTheFirstOfWhatItHolds(t *testing.T) {
	for name, c := range map[string]struct {
		ends  []string
		first string
		days  int
		state string
	}{
		"one certificate":                         {[]string{"2027-03-01 12:00:00"}, "0", 365, "ok"},
		"two, the second of which ends first":     {[]string{"2027-03-01 12:00:00", "2026-04-01 12:00:00"}, "1", 31, "ok"},
		"exactly 30 days":                         {[]string{"2026-03-31 12:00:00"}, "0", 30, "ok"},
		"a second less than 30 days":              {[]string{"2026-03-31 11:59:59"}, "0", 29, "ends soon"},
		"one that ended beside one that is valid": {[]string{"2027-03-01 12:00:00", "2026-02-01 12:00:00"}, "1", -28, "expired"},
	} {
		t.Run(name, func(t *testing.T) {
			a := calendar.Anchor{Addr: "anchor"}
			for i, end := range c.ends {
				a.Certificates = append(a.Certificates, calendar.Certificate{Name: string(rune('0' + i)), NotAfter: at(end)})
			}
			got := calendar.Of(calendar.Facts{Now: now, Anchors: []calendar.Anchor{a}}).Anchors[0]
			if got.Certificates[0].Name != c.first || !got.NotAfter.Equal(got.Certificates[0].NotAfter) || got.DaysLeft != c.days || got.State != c.state {
				t.Errorf("got %+v, want %+v", got, c)
			}
		})
	}
}

func TestARevocationListIsDueThenLateThenStale(t *testing.T) {
	prod := calendar.Generation{Addr: "issuer/prod#1", Environment: "prod", Status: "draining", NotAfter: now.Add(100 * day)}
	for name, c := range map[string]struct {
		from, to string
		due      string
		state    string
	}{
		"a new one":                  {"2026-03-01 11:00:00", "2026-03-08 11:00:00", "", "ok"},
		"one that is older":          {"2026-02-27 12:00:00", "2026-03-06 12:00:00", "older than 24h", "due"},
		"with half of its time left": {"2026-02-26 12:00:00", "2026-03-04 12:00:00", "older than 24h", "due"},
		"with less":                  {"2026-02-26 11:59:58", "2026-03-04 12:00:00", "older than 24h", "late"},
		"in its last second":         {"2026-02-22 12:00:00", "2026-03-01 12:00:00", "older than 24h", "late"},
		"after it":                   {"2026-02-22 11:59:59", "2026-03-01 11:59:59", "older than 24h", "stale"},
		"one that is to be made":     {"", "", "there is none yet", "due"},
	} {
		t.Run(name, func(t *testing.T) {
			l := calendar.ListFacts{Issuer: prod.Addr, Due: c.due}
			if c.from != "" {
				l.ThisUpdate, l.NextUpdate = at(c.from), at(c.to)
			}
			got := calendar.Of(calendar.Facts{Now: now, Terms: terms(), Generations: []calendar.Generation{prod}, Lists: []calendar.ListFacts{l}}).Lists
			if len(got) != 1 || got[0].State != c.state || got[0].Due != c.due || (got[0].NextUpdate == nil) != (c.to == "") {
				t.Errorf("got %+v, want %s", got, c.state)
			}
		})
	}
	prod.NotAfter = now.Add(-time.Second)
	ended := calendar.Of(calendar.Facts{Now: now, Generations: []calendar.Generation{prod},
		Lists: []calendar.ListFacts{{Issuer: prod.Addr, ThisUpdate: now.Add(-9 * day), NextUpdate: now.Add(-day)}}})
	if len(ended.Lists) != 0 {
		t.Errorf("a list of an issuer that ended is on the calendar: %+v", ended.Lists)
	}
}

func TestACertificateIsOverdueOnceEveryRenewalHasBeenDue(t *testing.T) {
	for name, c := range map[string]struct {
		issued, ends string
		between      time.Duration
		want         string
	}{
		"after three quarters of a day":  {"2026-02-28 18:00:00", "2026-03-01 18:00:00", 0, ""},
		"a second later":                 {"2026-02-28 17:59:59", "2026-03-01 17:59:59", 0, "overdue"},
		"while the timer has yet to run": {"2026-02-28 17:45:00", "2026-03-01 17:45:00", 15 * time.Minute, ""},
		"after it should have run":       {"2026-02-28 17:44:59", "2026-03-01 17:44:59", 15 * time.Minute, "overdue"},
		"in its last second":             {"2026-02-28 12:00:00", "2026-03-01 12:00:00", 0, "overdue"},
		"after it":                       {"2026-02-28 11:59:59", "2026-03-01 11:59:59", 0, "expired"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := calendar.Unrenewed(now, at(c.issued), at(c.ends), c.between); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
