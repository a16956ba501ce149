package prove

import (
	"context"
	"errors"
	"fmt"
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
	r.Notices = append(r.Notices, l.differences(r.Rows)...)
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

// differences holds the service against the model. A model that cannot be made
// takes nothing from what the service said.
func (l InAWS) differences(rows []Row) []string {
	model, err := InModel(l.Scene, Model)
	if model.Form == "" {
		return []string{fmt.Sprintf("the service was not held against the model: %v", err)}
	}
	return foretell(model).differences(rows)
}

// asking is a live proof under way.
type asking struct {
	InAWS
	*tally

	held  map[plan.Addr]issuance.Unfiled // by workload, in memory alone
	takes map[plan.Addr][]int            // what the configuration grants each workload
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
