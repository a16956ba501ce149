package rehearse

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"anchorctl/internal/clock"
	"anchorctl/internal/gates"
	"anchorctl/internal/plan"
	"anchorctl/internal/sandbox"
	"anchorctl/internal/session"
	"anchorctl/internal/sigx509"
)

// use is what a member opens sessions for: a role, by a profile, at a place.
type use struct {
	place         *place
	profile, role string // ARNs
	duration      time.Duration

	// What was granted last: nothing has to be asked again while the same
	// certificate meets the same objects.
	granted string // serial
	epoch   int
}

// place is a target, as those who ask for sessions find it.
type place struct {
	at        plan.Target
	anchorARN string
	ways      map[string][]use // by workload

	asked   sandbox.Asked
	anchor  *gates.Anchor
	epoch   int // counts the changes of what is there
	until   time.Time
	seconds map[int64]int // sessions by second
	full    int64         // all seconds from now to this one are full; 0: none had to wait
	fresh   int           // sessions since the last change
}

// The service gives ten sessions a second in an account and region.
// https://docs.aws.amazon.com/general/latest/gr/rolesanywhere.html
const sessionsPerSecond = 10

// mostReal is how many sessions are asked for with real, signed requests; the rest
// is asked of the same gates without the wire. freshReal of them come just after
// each change.
const (
	mostReal  = 2000
	freshReal = 10
)

// session opens one session of a member, at the latest when the service has room
// for it, and puts the next on the agenda.
func (f *fleet) session(ctx context.Context, m *member, u *use) error {
	now := f.schedule.time()
	at := u.place.reserve(now)
	if !at.After(now) {
		return f.admitted(ctx, m, u)
	}
	f.count().Throttled++
	f.delay = max(f.delay, at.Sub(now))
	f.schedule.add(at, func(ctx context.Context) error { return f.admitted(ctx, m, u) })
	return nil
}

// reserve is when a session that is asked for now is given, at the rate of the
// service: those who come later queue behind those who came first, as clients do
// that come back and come back.
func (p *place) reserve(now time.Time) time.Time {
	second := max(now.Unix(), p.full)
	for p.seconds[second] >= sessionsPerSecond {
		second++
	}
	p.seconds[second]++
	if second == now.Unix() {
		return now
	}
	p.full = second
	return time.Unix(second, 0).UTC()
}

// admitted opens the session that there is room for.
func (f *fleet) admitted(ctx context.Context, m *member, u *use) error {
	now := f.schedule.time()
	if now.After(m.cert.NotAfter) {
		if !m.over {
			m.over = true
			f.count().Ended++
		}
		return nil
	}
	granted, err := f.ask(ctx, m, u)
	if err != nil {
		return err
	}
	if granted {
		f.count().Opened++
	}
	f.opened(now, granted)
	f.schedule.add(now.Add(u.duration), func(ctx context.Context) error { return f.session(ctx, m, u) })
	return nil
}

// ask asks for a session: of the gates, and a sample of them in earnest.
func (f *fleet) ask(ctx context.Context, m *member, u *use) (bool, error) {
	result, known := f.judge(m, u)
	if !known && !result.Granted {
		f.deny(m, u, result)
	}
	u.place.fresh++
	f.asked++
	if f.signed >= mostReal || u.place.fresh > freshReal && f.asked%f.stride != 0 {
		return known || result.Granted, nil
	}
	f.signed++
	f.tally.ours.Store(true)
	defer f.tally.ours.Store(false)
	_, err := session.Client{Clock: clock.Clock{Now: f.schedule.time, Wait: busy}}.CreateSession(ctx, session.Request{
		Endpoint: f.box.URL, AnchorARN: u.place.anchorARN, ProfileARN: u.profile, RoleARN: u.role,
		Signer: sigx509.Signer{Certificate: m.cert, Key: m.key},
	})
	var refused *session.Error
	switch {
	case errors.Is(err, errBusy):
		return known || result.Granted, nil
	case err != nil && !errors.As(err, &refused):
		return false, err
	case (err == nil) != (known || result.Granted):
		return false, fmt.Errorf("asking for a session of %s: the gates and the sandbox do not agree: %w", m.name(), errors.Join(err, errors.New(result.Error)))
	}
	return err == nil, nil
}

var errBusy = errors.New("the service is busy")

// busy ends the waiting of a client inside an event, in which no time passes.
func busy(context.Context, time.Duration) error { return errBusy }

// judge asks the gates. known: the same was granted before, and nothing that it
// rests on has changed.
func (f *fleet) judge(m *member, u *use) (result gates.Result, known bool) {
	p, now := u.place, f.schedule.time()
	serial := m.cert.SerialNumber.String()
	if u.epoch == p.epoch && u.granted == serial && now.Before(p.until) {
		return gates.Result{}, true
	}
	result = gates.CreateSession(gates.Session{
		Leaf: m.cert, Account: p.at.Account, Region: p.at.Region, Anchor: p.anchor, RoleARN: u.role, Now: now,
		Profile: profileIn(p.asked, u.profile), Role: roleIn(p.asked, u.role),
	})
	if result.Granted {
		u.granted, u.epoch = serial, p.epoch
	}
	return result, false
}

func profileIn(a sandbox.Asked, arn string) *gates.Profile {
	if i := slices.IndexFunc(a.Profiles, func(p *gates.Profile) bool { return p.ARN == arn }); i >= 0 {
		return a.Profiles[i]
	}
	return nil
}

func roleIn(a sandbox.Asked, arn string) *gates.Role {
	if i := slices.IndexFunc(a.Roles, func(r *gates.Role) bool { return r.ARN == arn }); i >= 0 {
		return a.Roles[i]
	}
	return nil
}

// look reads what has changed in the sandbox, and asks for a session of every
// workload there and then: after each change, whoever comes next must get in.
func (f *fleet) look(context.Context) error {
	if !f.tally.changed.Swap(false) {
		return nil
	}
	for _, p := range f.targets {
		var err error
		if p.asked, err = f.box.Asked(p.at.Account, p.at.Region); err != nil {
			return err
		}
		p.epoch++
		p.fresh, p.anchor, p.until = 0, nil, f.schedule.time()
		if i := slices.IndexFunc(p.asked.Anchors, func(a *gates.Anchor) bool { return a.ARN == p.anchorARN }); i >= 0 {
			p.anchor = p.asked.Anchors[i]
			p.until = steady(p)
		}
		f.holds(p)
	}
	for _, m := range f.members {
		if f.schedule.time().After(m.cert.NotAfter) {
			continue
		}
		for _, u := range m.uses {
			f.count().Checked++
			if result, known := f.judge(m, u); !known && !result.Granted {
				f.deny(m, u, result)
			}
		}
	}
	return nil
}

// steady is until when a verdict at a place holds if nothing changes: as long as
// its issuers' certificates do, and not at all where a policy looks at the clock.
func steady(p *place) time.Time {
	var until time.Time
	for _, c := range p.anchor.Certificates {
		if until.IsZero() || c.NotAfter.Before(until) {
			until = c.NotAfter
		}
	}
	for _, r := range p.asked.Roles {
		if text := strings.ToLower(r.Trust); strings.Contains(text, "aws:currenttime") || strings.Contains(text, "aws:epochtime") {
			return time.Time{}
		}
	}
	return until
}
