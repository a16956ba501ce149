package calendar

import (
	"fmt"
	"time"
)

// What happens to something.
const (
	Ends     = "end"
	RotateBy = "rotate by"
	Renewal  = "not renewed"
)

// Within is what ends, or has to be rotated, before a time.
type Within struct {
	Duration string    `json:"duration"`
	Until    time.Time `json:"until"`
	Events   []Event   `json:"events"`
}

// Event is something that ends, by which day it has to be rotated, or that was
// not renewed in time; At is in the past when it has happened.
type Event struct {
	Addr  string    `json:"addr"`
	Event string    `json:"event"`
	At    time.Time `json:"at"`
	Text  string    `json:"text"`
}

// Look are the events until a time, of root and issuers, anchors, revocation
// lists and workloads in this order. Certificates and lists are renewed by
// machines, and end all the time: they are events when they were not renewed.
func (c Calendar) Look(until time.Time) []Event {
	events := []Event{}
	for _, a := range c.Authorities {
		switch {
		case !a.NotAfter.After(until):
			events = append(events, c.end(a.Addr, a.NotAfter, a.DaysLeft))
		case a.RotateBy != nil && !a.RotateBy.After(until):
			events = append(events, c.rotation(a))
		}
	}
	for _, a := range c.Anchors {
		if first := a.Certificates[0]; !first.NotAfter.After(until) {
			e := c.end(first.Name, first.NotAfter, a.DaysLeft)
			e.Addr, e.Text = a.Addr, fmt.Sprintf("%s: its certificate %s", a.Addr, e.Text)
			events = append(events, e)
		}
	}
	for _, l := range c.Lists {
		switch {
		case l.State == Stale:
			events = append(events, Event{l.Issuer, Renewal, *l.NextUpdate, fmt.Sprintf("the revocation list of %s is stale since %s", l.Issuer, stamp(*l.NextUpdate))})
		case l.State == Late && !l.NextUpdate.After(until):
			events = append(events, Event{l.Issuer, Renewal, *l.NextUpdate, fmt.Sprintf("the revocation list of %s was not renewed and becomes stale at %s", l.Issuer, stamp(*l.NextUpdate))})
		}
	}
	for _, f := range c.Workloads {
		events = append(events, f.events(until)...)
	}
	return events
}

func (c Calendar) end(addr string, at time.Time, days int) Event {
	text := fmt.Sprintf("%s ends at %s (%d days)", addr, stamp(at), days)
	if c.At.After(at) {
		text = fmt.Sprintf("%s ended at %s", addr, stamp(at))
	}
	return Event{addr, Ends, at, text}
}

func (c Calendar) rotation(a Authority) Event {
	text := "has to be rotated by"
	if !c.At.Before(*a.RotateBy) {
		text = "should have been rotated by"
	}
	return Event{a.Addr, RotateBy, *a.RotateBy, fmt.Sprintf("%s %s %s", a.Addr, text, a.RotateBy.Format(time.DateOnly))}
}

// events are the workloads that were not renewed. Of very many, the last event
// counts those that are not listed.
func (f Fleet) events(until time.Time) []Event {
	var events []Event
	for _, w := range f.Unrenewed {
		switch {
		case w.State == Expired:
			events = append(events, Event{w.Name, Renewal, w.NotAfter, fmt.Sprintf("%s was not renewed and ended at %s", w.Name, stamp(w.NotAfter))})
		case !w.NotAfter.After(until):
			events = append(events, Event{w.Name, Renewal, w.NotAfter, fmt.Sprintf("%s was not renewed and ends at %s", w.Name, stamp(w.NotAfter))})
		}
	}
	if rest := f.Expired + f.Overdue - len(f.Unrenewed); rest > 0 && len(events) == len(f.Unrenewed) {
		last := f.Unrenewed[len(f.Unrenewed)-1].NotAfter
		events = append(events, Event{f.Environment, Renewal, last, f.Unnamed() + " were not renewed"})
	}
	return events
}

// Unnamed says how many were not renewed besides those that are listed.
func (f Fleet) Unnamed() string {
	n := f.Expired + f.Overdue - len(f.Unrenewed)
	if f.More {
		return fmt.Sprintf("at least %d more of %s", n, f.Environment)
	}
	return fmt.Sprintf("%d more of %s", n, f.Environment)
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
