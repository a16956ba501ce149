package rehearse

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"anchorctl/internal/plan"
	"anchorctl/internal/store"
)

// Timeline is a rotation in time, as it is drawn: lanes, numbers by bucket, and the
// steps that were done.
type Timeline struct {
	Environment    string
	From, To       string // issuers; the same in a renewal
	Start, End     time.Time
	Lanes          []Lane
	Buckets        []Bucket
	Steps          []Step
	Opened, Denied int
	Workloads      int
}

// Lane is one thing over time.
type Lane struct {
	Name     string
	Segments []Segment
}

// Segment is a time in which a thing is as Text says. Look chooses its colour.
type Segment struct {
	From, To time.Time
	Text     string
	Look     Look
}

// Look is how a segment is drawn.
type Look string

// The looks.
const (
	LookRoot   Look = "root"
	LookOld    Look = "old"
	LookNew    Look = "new"
	LookFading Look = "fading" // signed until the cut-over
	LookBoth   Look = "both"
	LookIdle   Look = "idle" // there, and not at work
	LookWait   Look = "wait"
)

// Bucket is a stretch of time: what lived in its middle, and what happened in it.
type Bucket struct {
	From, To       time.Time
	Old, New       int // living certificates
	Opened, Denied int // sessions
}

// bucketCount is how many a timeline has: one for each few pixels.
const bucketCount = 180

func (f *fleet) timeline(r Report) Timeline {
	t := Timeline{
		Environment: r.Environment, From: r.From, To: r.To, Start: r.Begun.Add(-quiet), End: f.schedule.time(),
		Steps: r.Steps, Opened: r.Opened, Denied: r.Denied, Workloads: r.Workloads,
	}
	t.Lanes = append(t.Lanes, Lane{f.World.Folder.Root.Addr().String(), []Segment{{t.Start, t.End, "signs issuers", LookRoot}}})
	t.Lanes = append(t.Lanes, f.issuerLanes(t, r)...)
	for _, p := range f.targets {
		t.Lanes = append(t.Lanes, Lane{p.at.String(), f.anchorSegments(p.at.String(), t)})
	}
	if len(r.Waits) > 0 {
		waits := Lane{Name: "waits"}
		for _, w := range r.Waits {
			waits.Segments = append(waits.Segments, Segment{w.From, w.Until, w.name(), LookWait})
		}
		t.Lanes = append(t.Lanes, waits)
	}
	t.Buckets = f.buckets(t)
	return t
}

// issuerLanes are the statuses of the generations.
func (f *fleet) issuerLanes(t Timeline, r Report) []Lane {
	done := func(kind plan.Kind) time.Time {
		if i := slices.IndexFunc(r.Steps, func(s Step) bool { return s.Kind == string(kind) }); i >= 0 {
			return r.Steps[i].At
		}
		return t.End
	}
	if f.Kind == store.Renewal {
		return []Lane{{r.From, []Segment{
			{t.Start, done(plan.IssuerRenew), "active", LookOld}, {done(plan.IssuerRenew), t.End, "active, with new dates", LookNew},
		}}}
	}
	minted, cut, retired := done(plan.IssuerMint), done(plan.IssuerActivate), done(plan.IssuerRetire)
	return []Lane{
		{r.From, drawn(Segment{t.Start, cut, "active", LookOld}, Segment{cut, retired, "draining", LookFading}, Segment{retired, t.End, "retired", LookIdle})},
		{r.To, drawn(Segment{minted, cut, "next", LookIdle}, Segment{cut, t.End, "active", LookNew})},
	}
}

// drawn leaves out what has no length.
func drawn(all ...Segment) []Segment {
	return slices.DeleteFunc(all, func(s Segment) bool { return !s.From.Before(s.To) })
}

// anchorSegments are what an anchor holds over time.
func (f *fleet) anchorSegments(target string, t Timeline) []Segment {
	var all []Segment
	for _, b := range f.bundles {
		if b.target != target {
			continue
		}
		if n := len(all); n > 0 {
			all[n-1].To = b.at
		}
		var names []string
		look := LookOld
		for _, g := range b.generations {
			names = append(names, fmt.Sprintf("#%d", g))
			if g != f.active.Number {
				look = LookNew
			}
		}
		if len(b.generations) > 1 {
			look = LookBoth
		}
		all = append(all, Segment{later(b.at, t.Start), t.End, "holds " + strings.Join(names, " and "), look})
	}
	return drawn(all...)
}

func (f *fleet) buckets(t Timeline) []Bucket {
	width := t.End.Sub(t.Start) / bucketCount
	all := make([]Bucket, bucketCount)
	for i := range all {
		from := t.Start.Add(width * time.Duration(i))
		all[i] = Bucket{From: from, To: from.Add(width)}
		middle := from.Add(width / 2).Unix()
		for _, l := range f.lives {
			switch {
			case middle < l.from || middle > l.to:
			case l.generation == f.active.Number:
				all[i].Old++
			default:
				all[i].New++
			}
		}
	}
	for _, m := range f.marks {
		i := int(time.Unix(m.from, 0).Sub(t.Start) / max(width, 1))
		b := &all[min(max(i, 0), bucketCount-1)]
		b.Opened, b.Denied = b.Opened+m.opened, b.Denied+m.denied
	}
	return all
}
