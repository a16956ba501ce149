package render

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"anchorctl/internal/calendar"
	"anchorctl/internal/store"
)

const (
	// fewDates are shown whole; of more, what needs attention, and the next ones.
	fewDates = 12
	// mostNamed is how many lines a list has that could have very many.
	mostNamed = 20
)

// Calendar writes when everything ends: what has to be done next first.
func (p *Page) Calendar(c calendar.Calendar) {
	p.Heading("Calendar")
	p.dates(c)
	p.fleets(c)
	if len(c.NotRead) > 0 {
		p.Blank()
		p.some(unread(c.NotRead))
	}
	if w := c.Within; w != nil {
		p.Heading("Within " + w.Duration)
		lines := make([]string, len(w.Events))
		for i, e := range w.Events {
			lines[i] = e.Text
		}
		switch p.some(lines); {
		case len(lines) == 0 && len(c.NotRead) > 0:
			p.Line("Of what was read, nothing ends or has to be rotated.")
		case len(lines) == 0:
			p.Line("Nothing ends or has to be rotated.")
		}
	}
}

// unread are lines of what was not read, together when it was for one reason.
func unread(all []calendar.NotRead) []string {
	var lines, whys []string
	for _, n := range all {
		if i := slices.Index(whys, n.Why); i >= 0 {
			lines[i] += ", " + n.Addr
			continue
		}
		lines, whys = append(lines, n.Addr), append(whys, n.Why)
	}
	for i, why := range whys {
		lines[i] = "Not read: " + lines[i] + ": " + why
	}
	return lines
}

// date is one line of the calendar.
type date struct {
	next         time.Time // when something has to be done
	what, rotate string
	end          *time.Time
	days         int
	state        string
}

// dates writes root and issuers, anchors and lists in the order in which
// something has to be done for them.
func (p *Page) dates(c calendar.Calendar) {
	all := datesOf(c)
	slices.SortStableFunc(all, func(a, b date) int { return cmp.Or(a.next.Compare(b.next), cmp.Compare(a.what, b.what)) })
	var rows [][]string
	left := 0
	for _, d := range all {
		if ok := d.state == calendar.OK || d.state == calendar.Due; len(rows) >= mostNamed || ok && len(all) > fewDates && len(rows) >= fewDates {
			left++
			continue
		}
		rows = append(rows, d.row())
	}
	if len(rows) == 0 {
		p.Line("Nothing ends: there is no root, issuer or anchor yet.")
		return
	}
	p.Table([]string{"STATE", "WHAT", "ENDS", "LEFT", "ROTATE BY"}, rows)
	if left > 0 {
		p.Line("and %d more, later or at the same time; --json has all", left)
	}
}

func datesOf(c calendar.Calendar) []date {
	var all []date
	for _, a := range c.Authorities {
		d := date{next: a.NotAfter, what: a.Addr, end: &a.NotAfter, days: a.DaysLeft, state: a.State}
		if a.Status != store.Active {
			d.what += " (" + a.Status + ")"
		}
		if a.RotateBy != nil {
			d.next, d.rotate = *a.RotateBy, a.RotateBy.Format(time.DateOnly)
		}
		all = append(all, d)
	}
	for _, a := range c.Anchors {
		all = append(all, date{next: a.NotAfter, what: a.Addr, end: &a.NotAfter, days: a.DaysLeft, state: a.State})
	}
	for _, l := range c.Lists {
		d := date{next: c.At, what: "revocation list of " + l.Issuer, end: l.NextUpdate, days: l.DaysLeft, state: l.State}
		if l.Due != "" {
			d.what += ", " + l.Due
		}
		if l.NextUpdate != nil {
			d.next = *l.NextUpdate
		}
		all = append(all, d)
	}
	return all
}

// row begins with the state: it is what to look for, and a line that begins with
// an address is one of an object (scripts find those by it).
func (d date) row() []string {
	row := []string{d.state, d.what, "-", "-", "-"}
	if d.end != nil {
		row[2], row[3] = d.end.Format(time.DateOnly), leftOf(d.days)
	}
	if d.rotate != "" {
		row[4] = d.rotate
	}
	return row
}

func leftOf(days int) string {
	switch {
	case days < 0:
		return "none"
	case days == 0:
		return "today"
	case days == 1:
		return "1 day"
	default:
		return fmt.Sprintf("%d days", days)
	}
}

// fleets writes the workload certificates: counts, and by name those that were
// not renewed.
func (p *Page) fleets(c calendar.Calendar) {
	var rows [][]string
	var late []string
	for _, f := range c.Workloads {
		if f.Valid == 0 && f.Expired == 0 {
			continue
		}
		row := []string{f.Environment, fmt.Sprint(f.Valid), "-", "-", "in time"}
		if f.First != nil {
			row[2] = fmt.Sprintf("%s (%s)", Span(f.First.NotAfter.Sub(c.At)), f.First.Name)
		}
		if f.Window != "" {
			row[3] = fmt.Sprintf("%d within %s", f.Ending, f.Window)
		}
		if f.Expired+f.Overdue > 0 {
			row[4] = fmt.Sprintf("%d expired, %d overdue", f.Expired, f.Overdue)
		}
		rows = append(rows, row)
		late = append(late, lateOf(f, c.At)...)
	}
	if len(rows) > 0 {
		p.Blank()
		p.Table([]string{"CERTIFICATES", "VALID", "FIRST END", "ENDING", "NEWEST OF EACH WORKLOAD"}, rows)
	}
	if len(late) > 0 {
		p.Blank()
		p.some(late)
	}
}

func lateOf(f calendar.Fleet, now time.Time) []string {
	lines := make([]string, 0, len(f.Unrenewed)+1)
	for _, w := range f.Unrenewed {
		how := "ends in " + Span(w.NotAfter.Sub(now))
		if w.State == calendar.Expired {
			how = "ended " + Span(now.Sub(w.NotAfter)) + " ago"
		}
		lines = append(lines, fmt.Sprintf("Not renewed: %s %s (serial %s)", w.Name, how, w.Serial))
	}
	if f.Expired+f.Overdue > len(f.Unrenewed) {
		lines = append(lines, "Not renewed: "+f.Unnamed())
	}
	return lines
}

// some writes the first lines of a list, and how many more there are.
func (p *Page) some(lines []string) {
	for i, line := range lines {
		if i == mostNamed {
			p.Line("and %d more; --json has them", len(lines)-mostNamed)
			return
		}
		p.Line("%s", line)
	}
}

// Span is a duration in its largest unit of which there are at least two.
func Span(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	case d >= 2*time.Hour:
		return fmt.Sprintf("%dh", d/time.Hour)
	case d >= 2*time.Minute:
		return fmt.Sprintf("%dm", d/time.Minute)
	default:
		return fmt.Sprintf("%ds", d/time.Second)
	}
}
