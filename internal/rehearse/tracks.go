package rehearse

import (
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"anchorctl/internal/engine"
	"anchorctl/internal/gates"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
	"anchorctl/internal/rotate"
)

// before is the state of the fleet when no rotation has begun; the others are
// rotate's.
const before = "before"

// tracks is what a rehearsal leaves behind.
type tracks struct {
	state     string
	published int // anchors that took the new issuer in
	withdrawn int // anchors that gave the old one up
	counts    []*Count
	denials   []Denial
	failures  map[string]int // of renewals, by reason
	waits     []*Wait
	steps     []Step
	lives     []span // of certificates of the fleet
	marks     []mark // sessions
	bundles   []bundle
	most      int
	delay     time.Duration // the longest for the service\'s rate

	asked, stride, signed int
	targets               []*place
	begun, ended          time.Time
}

// span is the life of a certificate of a generation.
type span struct {
	generation int
	from, to   int64
}

// mark is the sessions of a few seconds.
type mark struct {
	from           int64 // Unix seconds
	opened, denied int
}

// bundle is the generations whose certificates an anchor holds from a time on.
type bundle struct {
	target      string
	at          time.Time
	generations []int
}

func newTracks() tracks { return tracks{state: before, failures: map[string]int{}, stride: 1} }

// count is that of the state that the rotation is in.
func (f *fleet) count() *Count {
	if n := len(f.counts); n > 0 && f.counts[n-1].State == f.state {
		return f.counts[n-1]
	}
	f.counts = append(f.counts, &Count{State: f.state, From: f.schedule.time()})
	return f.counts[len(f.counts)-1]
}

func (f *fleet) born(c *x509.Certificate, at time.Time) {
	f.lives = append(f.lives, span{f.signer.Generation.Number, at.Unix(), c.NotAfter.Unix()})
}

func (f *fleet) opened(at time.Time, granted bool) {
	const few = 10
	from := at.Unix() / few * few
	if n := len(f.marks); n == 0 || f.marks[n-1].from != from {
		f.marks = append(f.marks, mark{from: from})
	}
	last := &f.marks[len(f.marks)-1]
	if granted {
		last.opened++
		return
	}
	last.denied++
}

// mostDenials is how many denials a report names; all are counted.
const mostDenials = 20

// deny keeps a session that was not given.
func (f *fleet) deny(m *member, u *use, r gates.Result) {
	f.count().Denied++
	if len(f.denials) == mostDenials {
		return
	}
	f.denials = append(f.denials, Denial{
		At: f.schedule.time(), State: f.state, Workload: m.name(), Target: u.place.at.String(), Role: u.role,
		Gate: r.Last().Name, Why: r.Last().Detail,
	})
}

// failed keeps why a member could not renew; it tries no more.
func (f *fleet) failed(m *member, err error) {
	m.late = true
	f.failures[fmt.Sprintf("renewing %s: %v", f.Environment, err)]++
}

// holds keeps which certificates an anchor holds now.
func (f *fleet) holds(p *place) {
	b := bundle{target: p.at.String(), at: f.schedule.time()}
	if p.anchor != nil {
		for _, c := range p.anchor.Certificates {
			b.generations = append(b.generations, generationOf(c))
		}
	}
	slices.Sort(b.generations)
	f.most = max(f.most, len(b.generations))
	i := len(f.bundles) - 1
	for ; i >= 0 && f.bundles[i].target != b.target; i-- {
	}
	if i < 0 || !slices.Equal(f.bundles[i].generations, b.generations) {
		f.bundles = append(f.bundles, b)
	}
}

// generationOf reads the generation off an issuer's name, which is "ENV issuer N".
func generationOf(c *x509.Certificate) int {
	number := 0
	environment := ""
	if len(c.Subject.OrganizationalUnit) == 1 {
		environment = c.Subject.OrganizationalUnit[0]
	}
	if _, err := fmt.Sscanf(c.Subject.CommonName, environment+" issuer %d", &number); err != nil || c.Subject.CommonName != pki.IssuerName(environment, number) {
		return 0
	}
	return number
}

// event follows the run: what was done tells the state, and who signs.
func (f *fleet) event(e engine.Event) {
	now := f.schedule.time()
	switch e.Kind {
	case engine.Started:
		if f.state == before {
			f.enter(rotate.Prepared)
		}
	case engine.WasHeld:
		f.held(e, now)
	case engine.Finished:
		f.steps = append(f.steps, Step{At: now, Action: e.Action.ID, Kind: string(e.Action.Kind)})
		for _, w := range f.waits {
			if w.Gate == e.Action.Gate && w.Gate != "" {
				w.Until = now
			}
		}
		f.advance(e.Action.Kind)
	case engine.Skipped, engine.Broke, engine.Settling:
	}
}

// enter begins the count of another state.
func (f *fleet) enter(state string) {
	f.state = state
	f.count()
}

func (f *fleet) advance(kind plan.Kind) {
	switch kind {
	case plan.AnchorPublish:
		if f.published++; f.published == len(f.targets) {
			f.enter(rotate.Published)
		}
	case plan.IssuerActivate, plan.IssuerRenew:
		if f.signer = nil; kind == plan.IssuerActivate {
			f.enter(rotate.Draining)
		}
	case plan.AnchorWithdraw:
		if f.withdrawn++; f.withdrawn == len(f.targets) {
			f.enter(rotate.Leaving)
		}
	case plan.IssuerRetire:
		f.enter(rotate.Retired)
	}
}

// held keeps what a run waits for: one wait for each gate, however many steps and
// runs it holds.
func (f *fleet) held(e engine.Event, now time.Time) {
	name := e.Action.Gate
	if name == "" {
		name = e.Action.ID
	}
	reason := e.Err.Error()
	for _, w := range f.waits {
		if w.Gate == name {
			w.Reason, w.Until = reason, now
			return
		}
	}
	f.waits = append(f.waits, &Wait{Gate: name, From: now, Until: now, Reason: reason, Stragglers: []rotate.Certificate{}})
}
