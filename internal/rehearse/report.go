package rehearse

import (
	"fmt"
	"slices"
	"time"

	"anchorctl/internal/rotate"
	"anchorctl/internal/rules"
)

// Report is what came of a rehearsal.
type Report struct {
	Environment string    `json:"environment"`
	Kind        string    `json:"kind"`
	Roles       string    `json:"roles"` // "live": as in AWS; "configured": as the configuration wants them
	From        string    `json:"from"`
	To          string    `json:"to"`
	Outcome     string    `json:"outcome"` // "done", or "held" when waiting does not mend it
	Begun       time.Time `json:"begun"`   // virtual, like all times; it begins now
	Ended       time.Time `json:"ended"`
	Seconds     int64     `json:"seconds"` // that the rotation takes

	Certificates int `json:"certificates"` // like those on record that live
	Simulated    int `json:"simulated"`    // workloads that were added
	Workloads    int `json:"workloads"`    // in all

	Opened    int      `json:"opened"` // sessions
	Denied    int      `json:"denied"`
	Checked   int      `json:"checked"` // after each change in AWS, each workload at each role
	Real      int      `json:"real"`    // sessions that were asked for with signed requests
	Renewals  int      `json:"renewals"`
	Throttled int      `json:"throttled"` // sessions that had to come again, for the service's rate
	Delay     int64    `json:"delay"`     // the longest of them had to wait, in seconds
	States    []*Count `json:"states"`
	Denials   []Denial `json:"denials"` // the first of them

	MostCertificates int      `json:"mostCertificates"` // in one anchor
	SessionPeak      int      `json:"sessionPeak"`      // sessions in one second at one target
	Waits            []*Wait  `json:"waits"`
	Steps            []Step   `json:"steps"`
	Requests         []Rate   `json:"requests"`
	Late             []Late   `json:"late"`  // workloads that should have renewed long ago
	Notes            []string `json:"notes"` // what else may hold the rotation, or deny somebody

	timeline Timeline
}

// Count is what the fleet did while the rotation was in a state.
type Count struct {
	State     string    `json:"state"`
	From      time.Time `json:"from"`
	Opened    int       `json:"opened"`
	Denied    int       `json:"denied"`
	Checked   int       `json:"checked"`
	Renewals  int       `json:"renewals"`
	Throttled int       `json:"throttled"`
	Ended     int       `json:"ended"` // workloads whose certificate ended unrenewed
}

// Denial is a session that was not given.
type Denial struct {
	At       time.Time `json:"at"`
	State    string    `json:"state"`
	Workload string    `json:"workload"`
	Target   string    `json:"target"`
	Role     string    `json:"role"`
	Gate     string    `json:"gate"`
	Why      string    `json:"why"`
}

// Wait is a gate that held the rotation.
type Wait struct {
	Gate       string               `json:"gate"` // a rule, or the step that was held
	From       time.Time            `json:"from"`
	Until      time.Time            `json:"until"`
	Seconds    int64                `json:"seconds"`
	Reason     string               `json:"reason"` // the last
	Stragglers []rotate.Certificate `json:"stragglers"`
}

// name is the gate with the name of its rule, if it is one's.
func (w Wait) name() string {
	if rule, found := rules.ByID(w.Gate); found {
		return w.Gate + ", " + rule.Name
	}
	return w.Gate
}

// Step is an action that was done.
type Step struct {
	At     time.Time `json:"at"`
	Action string    `json:"action"`
	Kind   string    `json:"kind"`
}

// Late is a workload that should have renewed.
type Late struct {
	Workload string    `json:"workload"`
	NotAfter time.Time `json:"notAfter"`
}

// Timeline is the rehearsal as a picture.
func (r Report) Timeline() Timeline { return r.timeline }

// report sums up what there is.
func (f *fleet) report(outcome string) Report {
	r := Report{
		Environment: f.Environment, Kind: string(f.Kind), Roles: "live", From: f.from(), To: f.to(), Outcome: outcome,
		Certificates: f.real, Simulated: f.padded, Workloads: len(f.members), Real: f.signed,
		Delay:  int64(f.delay.Round(time.Second).Seconds()),
		States: f.counts, Denials: slices.Clone(f.denials), MostCertificates: f.most,
		Waits: f.waits, Steps: slices.Clone(f.steps), Requests: f.tally.rates(), Late: []Late{}, Notes: slices.Clone(f.original.notes),
	}
	if f.Offline {
		r.Roles = "configured"
	}
	for _, c := range f.counts {
		r.Opened, r.Denied, r.Checked = r.Opened+c.Opened, r.Denied+c.Denied, r.Checked+c.Checked
		r.Renewals, r.Throttled = r.Renewals+c.Renewals, r.Throttled+c.Throttled
	}
	r.Begun, r.Ended = f.begun, f.ended
	r.Seconds = int64(r.Ended.Sub(r.Begun).Seconds())
	for _, w := range r.Waits {
		w.Seconds = int64(w.Until.Sub(w.From).Seconds())
	}
	for _, p := range f.targets {
		for _, n := range p.seconds {
			r.SessionPeak = max(r.SessionPeak, n)
		}
	}
	f.remarks(&r)
	r.timeline = f.timeline(r)
	return r
}

// remarks are what people should know besides.
func (f *fleet) remarks(r *Report) {
	for _, m := range f.members {
		if m.late {
			r.Late = append(r.Late, Late{m.name(), m.cert.NotAfter.UTC()})
		}
	}
	reasons := make([]string, 0, len(f.failures))
	for reason := range f.failures {
		reasons = append(reasons, reason)
	}
	slices.Sort(reasons)
	for _, reason := range reasons {
		r.Notes = append(r.Notes, fmt.Sprintf("%d renewals failed: %s", f.failures[reason], reason))
	}
	if r.Denials == nil {
		r.Denials = []Denial{}
	}
	if r.Waits == nil {
		r.Waits = []*Wait{}
	}
	if r.Steps == nil {
		r.Steps = []Step{}
	}
	if r.Notes == nil {
		r.Notes = []string{}
	}
}
