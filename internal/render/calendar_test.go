package render_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/calendar"
	"anchorctl/internal/render"
)

func noon() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

func issuer(env, status string, daysToRotate int, state string) calendar.Authority {
	by := noon().AddDate(0, 0, daysToRotate)
	return calendar.Authority{
		Addr: "issuer/" + env + "#1", Environment: env, Status: status, NotAfter: by.AddDate(0, 0, 59), DaysLeft: daysToRotate + 59, RotateBy: &by, State: state,
	}
}

func TestCalendarShowsFirstWhatHasToBeDoneFirst(t *testing.T) {
	end, next := noon().AddDate(0, 0, 90), noon().AddDate(0, 0, 4)
	draining := calendar.Authority{Addr: "issuer/prod#1", Environment: "prod", Status: "draining", NotAfter: noon().AddDate(0, 0, 60), DaysLeft: 60, State: calendar.OK}
	p := render.Page{}
	p.Calendar(calendar.Calendar{
		At:          noon(),
		Authorities: []calendar.Authority{issuer("dev", "active", 300, calendar.OK), draining, issuer("test", "next", -3, calendar.RotateNow)},
		Anchors:     []calendar.Anchor{{Addr: "anchor/prod@111122223333/eu-central-1", NotAfter: end, DaysLeft: 90, State: calendar.OK}},
		Lists: []calendar.List{
			{Issuer: "issuer/prod#1", NextUpdate: &next, DaysLeft: 4, Due: "older than 24h0m0s", State: calendar.Due},
			{Issuer: "issuer/dev#1", Due: "there is none yet", State: calendar.Due},
		},
		Workloads: []calendar.Fleet{
			{Environment: "dev"},
			{Environment: "prod", Valid: 12, First: &calendar.Workload{Name: "prod/app", NotAfter: noon().Add(3 * time.Hour)}, Ending: 4, Window: "8h", Expired: 1, Overdue: 2001, More: true, Unrenewed: []calendar.Workload{
				{Name: "prod/old", Serial: "a1", NotAfter: noon().AddDate(0, 0, -2), State: calendar.Expired},
				{Name: "prod/app@web-1", Serial: "a2", NotAfter: noon().Add(90 * time.Minute), State: calendar.Overdue},
			}},
		},
		NotRead: []calendar.NotRead{{Addr: "anchor/a", Why: "no route"}, {Addr: "anchor/b", Why: "no list shows it"}, {Addr: "anchor/c", Why: "no route"}},
		Within:  &calendar.Within{Duration: "30d", Events: []calendar.Event{{Text: "issuer/test#1 should have been rotated by 2026-02-26"}}},
	})
	want := `Calendar
STATE       WHAT                                              ENDS        LEFT      ROTATE BY
rotate now  issuer/test#1 (next)                              2026-04-26  56 days   2026-02-26
due         revocation list of issuer/dev#1, there is none yet  -           -         -
due         revocation list of issuer/prod#1, older than 24h0m0s  2026-03-05  4 days    -
ok          issuer/prod#1 (draining)                          2026-04-30  60 days   -
ok          anchor/prod@111122223333/eu-central-1             2026-05-30  90 days   -
ok          issuer/dev#1                                      2027-02-23  359 days  2026-12-26

CERTIFICATES  VALID  FIRST END      ENDING       NEWEST OF EACH WORKLOAD
prod          12     3h (prod/app)  4 within 8h  1 expired, 2001 overdue

Not renewed: prod/old ended 2d ago (serial a1)
Not renewed: prod/app@web-1 ends in 90m (serial a2)
Not renewed: at least 2000 more of prod

Not read: anchor/a, anchor/c: no route
Not read: anchor/b: no list shows it

Within 30d
issuer/test#1 should have been rotated by 2026-02-26
`
	if diff := cmp.Diff(columns(want), columns(string(p.Bytes()))); diff != "" {
		t.Error(diff)
	}
}

// columns are the lines with their columns one space apart, however wide.
func columns(page string) []string {
	lines := strings.Split(page, "\n")
	for i, line := range lines {
		lines[i] = strings.Join(strings.Fields(line), " ")
	}
	return lines
}

// Of a hundred environments, what needs somebody is shown, wherever it stands.
func TestALongCalendarIsShortenedToWhatNeedsAttention(t *testing.T) {
	c := calendar.Calendar{At: noon()}
	for i := range 98 {
		c.Authorities = append(c.Authorities, issuer(fmt.Sprintf("env%03d", i), "active", 100+i, calendar.OK))
	}
	late := noon().AddDate(1, 0, 0)
	c.Anchors = []calendar.Anchor{
		{Addr: "anchor/far", NotAfter: late, State: calendar.Expired}, {Addr: "anchor/fine", NotAfter: late, State: calendar.OK},
	}
	p := render.Page{}
	p.Calendar(c)
	got := string(p.Bytes())
	for _, want := range []string{"issuer/env000#1", "issuer/env011#1", "expired  anchor/far", "and 87 more"} {
		if !strings.Contains(got, want) {
			t.Errorf("it does not show %q:\n%s", want, got)
		}
	}
	for _, no := range []string{"issuer/env012#1", "anchor/fine"} {
		if strings.Contains(got, no) {
			t.Errorf("it shows %q:\n%s", no, got)
		}
	}
}

func TestManyThatWereNotRenewedAreCounted(t *testing.T) {
	f := calendar.Fleet{Environment: "prod", Valid: 30, Overdue: 30}
	for i := range 30 {
		f.Unrenewed = append(f.Unrenewed, calendar.Workload{Name: fmt.Sprintf("prod/w%02d", i), NotAfter: noon().Add(time.Hour), State: calendar.Overdue})
	}
	p := render.Page{}
	p.Calendar(calendar.Calendar{At: noon(), Workloads: []calendar.Fleet{f}})
	if got := string(p.Bytes()); !strings.Contains(got, "prod/w19 ") || strings.Contains(got, "prod/w20 ") || !strings.Contains(got, "and 10 more; --json has them") {
		t.Errorf("got:\n%s", got)
	}
}
