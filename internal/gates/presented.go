package gates

import "slices"

// Presented is a certificate at an anchor: a request as far as profile and
// role have no say in it. Many can be asked for with it, and its path is
// verified once.
type Presented struct {
	attempt attempt
	refused bool
}

// Present passes a request through the gates of certificate and anchor.
func Present(s Session) Presented {
	p := Presented{attempt: attempt{Session: s}}
	p.refused = !p.attempt.pass(slices.IndexFunc(order(), profileGate))
	return p
}

// Refused is what comes of every request with this certificate at this anchor,
// when it comes no further.
func (p Presented) Refused() (Result, bool) { return p.attempt.out, p.refused }

// Ask passes a request with this certificate at this anchor through all other
// gates: only its profile, role, duration and session name are looked at.
func (p Presented) Ask(s Session) Result {
	if p.refused {
		return p.attempt.out
	}
	a := p.attempt
	a.Profile, a.RoleARN, a.Role, a.DurationSeconds, a.SessionName = s.Profile, s.RoleARN, s.Role, s.DurationSeconds, s.SessionName
	a.out.Gates = slices.Clone(a.out.Gates)
	a.out.Granted = a.pass(len(order()))
	return a.out
}

func profileGate(g gate) bool { return g.name == GateProfile }

// pass asks the gates that come next, up to but not including the one at end,
// and reports whether all let the request through.
func (a *attempt) pass(end int) bool {
	for _, g := range order()[len(a.out.Gates):end] {
		detail, no := g.check(a)
		if no != nil {
			a.out.Gates = append(a.out.Gates, Gate{Name: g.name, Detail: no.detail})
			a.out.Code, a.out.Error = no.code, no.message
			return false
		}
		a.out.Gates = append(a.out.Gates, Gate{Name: g.name, Passed: true, Detail: detail})
	}
	return true
}

// Last is the gate that closed, or the last one when all let the request
// through.
func (r Result) Last() Gate {
	if len(r.Gates) == 0 {
		return Gate{}
	}
	return r.Gates[len(r.Gates)-1]
}
