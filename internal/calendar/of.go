package calendar

import (
	"cmp"
	"slices"
	"time"

	"anchorctl/internal/store"
)

const (
	day = 24 * time.Hour
	// margin is how long a rotation may be put off and take besides what
	// certificates need: a month in which nobody looks, and two weeks for work.
	margin = 45 * day
	// soon is how long before a date it is said.
	soon = 30 * day
)

// Facts are what a calendar is made of.
type Facts struct {
	Now         time.Time
	Terms       map[string]Terms // by environment of the configuration
	Generations []Generation     // the root's first
	Anchors     []Anchor         // with addresses, environments and certificates
	Lists       []ListFacts
	Fleets      []Fleet
	NotRead     []NotRead
}

// Terms are the lifetimes of an environment.
type Terms struct {
	Certificate time.Duration // the longest that a workload certificate may live
	Issuer      time.Duration
}

// Generation is one of the root (Environment "") or of an issuer.
type Generation struct {
	Addr, Environment, Status string
	NotAfter                  time.Time
}

// ListFacts are what is on record of an issuer's newest list; the times are zero
// when there is none.
type ListFacts struct {
	Issuer                 string
	ThisUpdate, NextUpdate time.Time
	Due                    string
}

// Of is the calendar of the facts.
func Of(f Facts) Calendar {
	c := Calendar{At: f.Now, Authorities: []Authority{}, Anchors: []Anchor{}, Lists: []List{}, Workloads: f.Fleets, NotRead: f.NotRead}
	for _, g := range f.Generations {
		if g.Status != store.Retired {
			c.Authorities = append(c.Authorities, f.authority(g))
		}
	}
	for _, a := range f.Anchors {
		if len(a.Certificates) > 0 {
			c.Anchors = append(c.Anchors, f.anchor(a))
		}
	}
	for _, l := range f.Lists {
		if f.signs(l.Issuer) && (l.Due != "" || !l.NextUpdate.IsZero()) {
			c.Lists = append(c.Lists, f.list(l))
		}
	}
	return c
}

func (f Facts) authority(g Generation) Authority {
	a := Authority{Addr: g.Addr, Environment: g.Environment, Status: g.Status, NotAfter: g.NotAfter, DaysLeft: f.days(g.NotAfter), State: OK}
	if by, ok := f.rotateBy(g); ok {
		a.RotateBy = &by
		switch {
		case !f.Now.Before(by):
			a.State = RotateNow
		case !f.Now.Add(soon).Before(by):
			a.State = RotateSoon
		}
	}
	if f.ended(g.NotAfter) {
		a.State = Expired
	}
	return a
}

// rotateBy is the last moment at which to begin a rotation that hurries nobody.
//
// An issuer has to be cut over one certificate's life before its end: later, it
// issues nothing that lives as long as it should (ANC007), and its last
// certificates end with it instead of before it. A second life is there for a
// rotation that is aborted and begun again, or waits for a straggler.
//
// A root has to last for its issuers besides: once less than an issuer's life is
// left of it, none can be minted that lives as long as it should. So the last
// issuer below it is rotated while the next root is there already.
//
// What is being replaced already, and what nothing is issued by because its
// environment left the configuration, has no such date.
func (f Facts) rotateBy(g Generation) (time.Time, bool) {
	if g.Status == store.Draining {
		return time.Time{}, false
	}
	if g.Environment != "" {
		t, there := f.Terms[g.Environment]
		return g.NotAfter.Add(-2*t.Certificate - margin), there
	}
	var most Terms
	for _, t := range f.Terms {
		most.Certificate, most.Issuer = max(most.Certificate, t.Certificate), max(most.Issuer, t.Issuer)
	}
	return g.NotAfter.Add(-most.Issuer - 2*most.Certificate - margin), true
}

func (f Facts) anchor(a Anchor) Anchor {
	a.Certificates = slices.SortedFunc(slices.Values(a.Certificates), func(x, y Certificate) int {
		return cmp.Or(x.NotAfter.Compare(y.NotAfter), cmp.Compare(x.Name, y.Name))
	})
	a.NotAfter = a.Certificates[0].NotAfter
	a.DaysLeft, a.State = f.days(a.NotAfter), OK
	switch {
	case f.ended(a.NotAfter):
		a.State = Expired
	case f.Now.Add(soon).After(a.NotAfter):
		a.State = EndsSoon
	}
	return a
}

// signs reports whether an issuer still signs lists: what it issued is accepted
// by nobody once it has ended or left.
func (f Facts) signs(issuer string) bool {
	return slices.ContainsFunc(f.Generations, func(g Generation) bool {
		return g.Addr == issuer && g.Status != store.Retired && !f.ended(g.NotAfter)
	})
}

func (f Facts) list(l ListFacts) List {
	out := List{Issuer: l.Issuer, Due: l.Due, State: OK}
	if l.Due != "" {
		out.State = Due
	}
	if l.NextUpdate.IsZero() {
		return out
	}
	out.NextUpdate, out.DaysLeft = &l.NextUpdate, f.days(l.NextUpdate)
	switch half := l.ThisUpdate.Add(l.NextUpdate.Sub(l.ThisUpdate) / 2); {
	case f.ended(l.NextUpdate):
		out.State = Stale
	case f.Now.After(half):
		out.State = Late
	}
	return out
}

// ended reports whether the last second of something is over: notAfter is
// included (RFC 5280 section 4.1.2.5).
func (f Facts) ended(notAfter time.Time) bool { return f.Now.After(notAfter) }

// days are the whole days that are left; what has ended has at most -1.
func (f Facts) days(end time.Time) int {
	left := end.Sub(f.Now)
	days := int(left / day)
	if left < 0 && left%day != 0 {
		days--
	}
	return days
}

// Unrenewed says how the newest certificate of a workload stands: "" when there
// was no need to renew it yet. After three quarters of its life every renewal is
// due, and the next run of what renews has come besides.
func Unrenewed(now, issued, ends time.Time, between time.Duration) string {
	switch late := issued.Add(ends.Sub(issued) * 3 / 4).Add(between); {
	case now.After(ends):
		return Expired
	case now.After(late):
		return Overdue
	default:
		return ""
	}
}
