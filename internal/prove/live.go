package prove

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"anchorctl/internal/estate"
	"anchorctl/internal/folder"
	"anchorctl/internal/gates"
	"anchorctl/internal/issuance"
	"anchorctl/internal/plan"
	"anchorctl/internal/session"
	"anchorctl/internal/sigx509"
	"anchorctl/internal/store"
)

// InAWS asks the service itself for every session that it should deny.
type InAWS struct {
	Scene    estate.Scene
	Folder   *folder.Folder // where each certificate is recorded
	Client   session.Client
	Endpoint string // empty is AWS
	AtMost   int    // ask for so many at most, spread over all; 0 is no limit
	// Progress hears how many were asked for; it may be nil.
	Progress func(done, total int)
}

// ErrBrokenOff is what a live proof comes to that did not reach its end.
var ErrBrokenOff = errors.New("asking for sessions")

const (
	// pace keeps below the service's 10 sessions a second
	// (https://docs.aws.amazon.com/general/latest/gr/rolesanywhere.html).
	pace = 125 * time.Millisecond
	// life is that of the certificates: the least that a configuration can ask
	// for. One is renewed when less than spare is left of it.
	life  = 5 * time.Minute
	spare = time.Minute
)

// call is one session to ask for.
type call struct {
	workload plan.Addr
	anchor   anchor
	profile  profile
	role     role
}

// Prove asks, one after the other. What the configuration grants is not asked
// for: nobody but the workload is to have its credentials.
func (l InAWS) Prove(ctx context.Context) (Report, error) {
	if err := refused(l.Scene); err != nil {
		return Report{}, err
	}
	stage := newStage(l.Scene)
	run := &asking{InAWS: l, tally: newTally(stage, Live), held: map[plan.Addr]issuance.Unfiled{}, takes: stage.taken()}
	calls := run.spread(run.calls())
	var err error
	for i, c := range calls {
		if l.Progress != nil {
			l.Progress(i, len(calls))
		}
		if i > 0 {
			err = l.Folder.Clock.Wait(ctx, pace)
		}
		if err == nil {
			err = run.ask(ctx, c)
		}
		if err != nil {
			break
		}
	}
	r := run.done()
	concluded := r.conclude()
	if err != nil {
		r.Proven = false
		if len(r.Leaks) == 0 {
			concluded = nil // what is missing says nothing of a proof that broke off
		}
		return r, errors.Join(concluded, fmt.Errorf("%w: %w", ErrBrokenOff, err))
	}
	return r, concluded
}

// asking is a live proof under way.
type asking struct {
	InAWS
	*tally

	held  map[plan.Addr]issuance.Unfiled // by workload, in memory alone
	takes map[plan.Addr][]int            // what the configuration grants each workload
}

// calls are the sessions that should be denied, of every workload that can get
// a certificate.
func (r *asking) calls() []call {
	var list []call
	granted := 0
	for _, env := range r.Scene.Config.EnvironmentNames() {
		if why := r.unissued(env); why != "" {
			r.untested("workloads of "+env, why, false)
			continue
		}
		for _, name := range r.Scene.Config.Environments[env].WorkloadNames() {
			workload := plan.Workload(env, name)
			for _, a := range r.stage.anchors {
				for _, p := range r.stage.here(a.at) {
					if r.closed(a, p) {
						continue
					}
					more, skipped := r.by(workload, a, p)
					list, granted = append(list, more...), granted+skipped
				}
			}
		}
	}
	if granted > 0 {
		r.untested("what the configuration grants", fmt.Sprintf("%d sessions are for their workloads alone; the model covers them", granted), false)
	}
	return list
}

// unissued says why an environment can give nobody a certificate.
func (r *asking) unissued(env string) string {
	for _, g := range r.Scene.Issuers {
		if g.Environment != env || g.Status != store.Active {
			continue
		}
		if r.Scene.Now.Add(life).After(g.Certificate.NotAfter) {
			return fmt.Sprintf("%s ends at %s", g.Addr, g.Certificate.NotAfter.UTC().Format(time.RFC3339))
		}
		return ""
	}
	return "the environment has no issuer yet"
}

// closed notes what is disabled: that it denies shows nothing.
func (r *asking) closed(a anchor, p profile) bool {
	const why = "it is disabled, so that it denies shows nothing; the model judges it as if it were enabled"
	if !a.Live.Enabled {
		r.untested(a.name(), why, false)
	}
	if !p.Live.Enabled {
		r.untested(p.name(), why, false)
	}
	return !a.Live.Enabled || !p.Live.Enabled
}

// by are the calls by one profile: every role that it lists and, at an anchor
// of the workload's own environment, one that it does not list. granted are
// those left out.
func (r *asking) by(workload plan.Addr, a anchor, p profile) (list []call, granted int) {
	for _, i := range p.listed {
		one := call{workload, a, p, r.stage.roles[i]}
		if r.stage.expected(class{workload: workload, active: true}, a, p, one.role) != expectDenied {
			granted++
			continue
		}
		list = append(list, one)
	}
	if a.Environment != workload.Environment {
		return list, granted
	}
	if i := r.unlisted(workload, p); i >= 0 {
		list = append(list, call{workload, a, p, r.stage.roles[i]})
	}
	return list, granted
}

// unlisted is a role that the profile does not list, best one whose trust
// policy lets the workload in: then the list alone denies it.
func (r *asking) unlisted(workload plan.Addr, p profile) int {
	for _, i := range r.takes[workload] {
		if r.stage.roles[i].addr.Target.Account == p.at.Account && !slices.Contains(p.listed, i) {
			return i
		}
	}
	if p.other >= 0 && r.stage.roles[p.other].addr.Target.Account == p.at.Account {
		return p.other
	}
	return -1
}

// taken are the roles that the configuration grants each workload, by whatever
// profile.
func (s *stage) taken() map[plan.Addr][]int {
	at := map[plan.Addr]int{}
	for i, one := range s.roles {
		at[one.addr] = i
	}
	taken := map[plan.Addr][]int{}
	for g := range s.grants {
		if i, there := at[g.role]; there && !slices.Contains(taken[g.workload], i) {
			taken[g.workload] = append(taken[g.workload], i)
		}
	}
	for workload := range taken {
		slices.Sort(taken[workload])
	}
	return taken
}

// spread leaves out calls, evenly, until there are no more than AtMost.
func (r *asking) spread(all []call) []call {
	if r.AtMost <= 0 || len(all) <= r.AtMost {
		return all
	}
	var kept []call
	for i := range r.AtMost {
		kept = append(kept, all[i*len(all)/r.AtMost])
	}
	r.untested("sessions beyond --at-most", fmt.Sprintf("%d of %d were asked for", len(kept), len(all)), false)
	return kept
}

// ask asks for one session and records what came of it.
func (r *asking) ask(ctx context.Context, c call) error {
	signer, err := r.signer(ctx, c.workload)
	if err != nil {
		return err
	}
	given, err := r.Client.CreateSession(ctx, session.Request{
		Endpoint: r.Endpoint, AnchorARN: c.anchor.Live.ARN, ProfileARN: c.profile.Live.ARN, RoleARN: c.role.arn,
		Duration: shortest * time.Second, Signer: signer,
	})
	row := Row{Verdict: Granted}
	if err == nil {
		row.Why = fmt.Sprintf("the service gave a session, %s, until %s; its credentials were dropped", given.RoleARN, given.Expiration.Format(time.RFC3339))
	} else if row, err = r.denied(c, err); err != nil {
		return err
	}
	who := class{workload: c.workload, issuer: r.issuer(c.workload.Environment), active: true}
	r.tuple(who, c.anchor, c.profile, c.role, row)
	return nil
}

// signer is the workload's certificate, issued now or a moment ago.
func (r *asking) signer(ctx context.Context, workload plan.Addr) (sigx509.Signer, error) {
	held, there := r.held[workload]
	if !there || held.Certificate.NotAfter.Sub(r.Folder.Clock.Now()) < spare {
		var err error
		held, err = issuance.IssueUnfiled(ctx, r.Folder, issuance.Request{Environment: workload.Environment, Workload: workload.Name, Lifetime: life})
		if err != nil {
			return sigx509.Signer{}, err
		}
		clear(r.held) // of one workload at a time
		r.held[workload] = held
	}
	return sigx509.Signer{Key: held.Key, Certificate: held.Certificate, Chain: held.Chain}, nil
}

func (r *asking) issuer(env string) plan.Addr {
	for _, g := range r.Scene.Issuers {
		if g.Environment == env && g.Status == store.Active {
			return g.Addr
		}
	}
	return plan.Addr{}
}

// denied reads a refusal. An error that is none ends the proof.
func (r *asking) denied(c call, err error) (Row, error) {
	var refused *session.Error
	if !errors.As(err, &refused) || !refused.Denied() {
		return Row{}, err
	}
	switch gate := gates.GateOf(refused.Message); gate {
	case gates.GateKey:
		return Row{}, err
	case "", gates.GateAnchor, gates.GateAnchorEnabled, gates.GateProfile:
		why := "the service denies it for a reason that says nothing of isolation: " + refused.Message
		r.untested(c.workload.String()+" at "+c.anchor.name()+" by "+c.profile.name()+" for "+name(c.role.addr, c.role.arn), why, true)
		return Row{Verdict: Untested, Gate: gate, Why: why}, nil
	case gates.GateTrust, gates.GateDuration, gates.GateMapping:
		// The role was asked: the certificate had led to the anchor.
		r.crossing(c.workload.Environment, c.anchor)
		return Row{Verdict: Denied, Gate: gate, Why: refused.Message}, nil
	default:
		return Row{Verdict: Denied, Gate: gate, Why: refused.Message}, nil
	}
}
