package rotate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"anchorctl/internal/config"
	"anchorctl/internal/engine"
	"anchorctl/internal/estate"
	"anchorctl/internal/hint"
	"anchorctl/internal/plan"
	"anchorctl/internal/rules"
	"anchorctl/internal/store"
)

// The states of a rotation, in their order. They are read off what is left of it.
const (
	Prepared  = "prepared"  // the new issuer is minted or about to be; anchors do not all hold it
	Published = "published" // every anchor holds both; sessions with the new one are being tried
	Seen      = "seen"      // they have succeeded for long enough
	Draining  = "draining"  // certificates come from the new issuer; the old one's live still
	Drained   = "drained"   // none of them lives
	Leaving   = "leaving"   // no anchor holds the old issuer
	Retired   = "retired"   // done
	Aborted   = "aborted"
)

// State is how a rotation stands.
type State struct {
	Rotation string        `json:"rotation"` // an environment, or "root"
	Kind     string        `json:"kind"`
	From     string        `json:"from"`
	To       string        `json:"to"`
	State    string        `json:"state"`
	Reason   string        `json:"reason,omitempty"`
	Actor    string        `json:"actor"`
	Started  time.Time     `json:"started"`
	CutOver  *time.Time    `json:"cutOver,omitempty"`
	Ended    *time.Time    `json:"ended,omitempty"`
	Targets  []Target      `json:"targets,omitempty"`
	Living   int           `json:"living"`            // certificates of the old issuer that live
	Last     *time.Time    `json:"last,omitempty"`    // when the last of them ends
	Some     []Certificate `json:"some,omitempty"`    // those that end last
	Without  []string      `json:"without,omitempty"` // who has such a one, and none of the new issuer yet
	Left     []plan.Action `json:"left"`              // what is still to be done, in order
	Held     []Obstacle    `json:"held,omitempty"`    // what it cannot go on with until somebody has seen to it
	CutOff   *CutOff       `json:"cutOff,omitempty"`  // what it took away, when it has ended and did not wait
}

// Obstacle is what no waiting mends, such as an anchor that somebody deleted.
type Obstacle struct {
	What  string   `json:"what"`
	Hints []string `json:"hints"`
}

// Target is how a rotation stands at one account and region.
type Target struct {
	Target   string     `json:"target"`
	State    string     `json:"state"`
	Sessions int        `json:"sessions"`          // with the new issuer, in a row
	Since    *time.Time `json:"since,omitempty"`   // of the first of them
	Last     *time.Time `json:"last,omitempty"`    // of the last
	Failure  string     `json:"failure,omitempty"` // why the last one was not given
}

// States says how the rotations of an environment stand, or with "" of all and of
// the root: those that are open, and the newest that has ended.
func (w World) States(ctx context.Context, only string) ([]State, error) {
	open, err := w.Folder.Store.OpenRotations(ctx)
	if err != nil {
		return nil, err
	}
	names := append([]string{""}, w.Folder.Config.EnvironmentNames()...)
	for _, n := range open {
		if !slices.Contains(names, n.Environment) {
			names = append(names, n.Environment) // it left the configuration
		}
	}
	states := []State{}
	for _, name := range names {
		if only != "" && only != nameOfRotation(name) {
			continue
		}
		all, err := w.Folder.Store.Rotations(ctx, name)
		if err != nil {
			return nil, err
		}
		if len(all) == 0 {
			continue
		}
		state, err := w.state(ctx, all[0])
		if err != nil {
			return states, err
		}
		states = append(states, state)
	}
	return states, nil
}

// State is how one rotation stands, with what is left of it.
func (w World) state(ctx context.Context, n store.Rotation) (State, error) {
	s := recordOf(n)
	if n.Outcome != "" {
		s.State = map[string]string{"done": Retired, "aborted": Aborted}[n.Outcome]
		var err error
		s.CutOff, err = w.CutOff(ctx, n)
		return s, err
	}
	stopped, err := w.remains(ctx, n, &s)
	if err == nil {
		err = w.lives(ctx, n, &s)
	}
	if err != nil {
		return s, err
	}
	if stopped {
		s.State = unread(n, s)
		return s, nil
	}
	s.State = w.progress(n, s, func(plan.Action) bool { return true })
	s.Targets = w.targets(n, s)
	return s, nil
}

// remains finds what is left to do, and what is in its way. Stopped: something keeps
// even that from being known.
func (w World) remains(ctx context.Context, n store.Rotation, s *State) (stopped bool, err error) {
	proposal, err := w.Plan(ctx, estate.Options{Rotation: &estate.Rotation{Environment: n.Environment}})
	var held *engine.HeldRun
	stopped = errors.As(err, &held) || errors.Is(err, estate.ErrNotReady)
	switch {
	case stopped:
		s.Held = []Obstacle{{What: err.Error(), Hints: hint.Of(err)}}
	case err != nil:
		return false, err
	default:
		if err := proposal.Unreached(); err != nil {
			return false, err // what holds there is not known
		}
		s.Left = proposal.Plan.Actions
	}
	for _, f := range proposal.Findings {
		if f.Severity == rules.Hold {
			s.Held = append(s.Held, Obstacle{What: fmt.Sprintf("%s: %s [%s]", f.At, f.Evidence, f.Rule), Hints: []string{f.Remedy}})
		}
	}
	return stopped, nil
}

// lives finds what lives of the old issuer, where certificates come from another one.
func (w World) lives(ctx context.Context, n store.Rotation, s *State) (err error) {
	if n.Kind == store.Renewal || n.Environment == "" {
		return nil
	}
	if s.Living, s.Some, err = w.Living(ctx, n); err != nil || s.Living == 0 {
		return err
	}
	s.Last = &s.Some[0].NotAfter
	if n.CutOver != 0 {
		s.Without, err = w.Without(ctx, n)
	}
	return err
}

func recordOf(n store.Rotation) State {
	return State{
		Rotation: nameOfRotation(n.Environment), Kind: string(n.Kind), From: from(n), To: to(n), Reason: n.Reason, Actor: n.Actor,
		Started: time.Unix(n.Started, 0).UTC(), CutOver: at(n.CutOver), Ended: at(n.Ended), Left: []plan.Action{},
	}
}

func nameOfRotation(environment string) string {
	if environment == "" {
		return config.RootName
	}
	return environment
}

// at is a time of the record; nil when it has not come.
func at(unix int64) *time.Time {
	if unix == 0 {
		return nil
	}
	t := time.Unix(unix, 0).UTC()
	return &t
}

// progress is the state that what is left shows, of those actions that are looked
// at.
func (w World) progress(n store.Rotation, s State, looked func(plan.Action) bool) string {
	left := map[plan.Kind]bool{}
	for _, a := range s.Left {
		left[a.Kind] = left[a.Kind] || looked(a)
	}
	switch {
	case n.Environment == "" && n.CutOver == 0:
		return Prepared // no anchor holds a root
	case n.Environment == "" && (left[plan.IssuerRenew] || left[plan.AnchorPublish]):
		return Draining
	case left[plan.IssuerMint], left[plan.IssuerRenew], left[plan.RoleWiden], left[plan.AnchorPublish]:
		return Prepared
	case n.CutOver == 0 && n.Kind == store.Rekey && w.wellSeen(n):
		return Seen
	case n.CutOver == 0:
		return Published
	case (left[plan.AnchorWithdraw] || left[plan.AnchorReplace]) && s.Living > 0:
		return Draining
	case left[plan.AnchorWithdraw], left[plan.AnchorReplace]:
		return Drained
	default:
		return Leaving
	}
}

// unread is the least that the record shows, where what is left cannot be told.
func unread(n store.Rotation, s State) string {
	switch {
	case n.CutOver == 0:
		return Prepared
	case s.Living > 0:
		return Draining
	default:
		return Drained
	}
}

func (w World) wellSeen(n store.Rotation) bool {
	env := w.Folder.Config.Environments[n.Environment]
	return env != nil && gatekeeper{World: w}.unseen(n, plan.Action{}) == nil
}

// targets is the state at each target: what is left there alone.
func (w World) targets(n store.Rotation, s State) []Target {
	env := w.Folder.Config.Environments[n.Environment]
	if env == nil {
		return nil
	}
	var list []Target
	for _, t := range env.Targets {
		list = append(list, w.target(n, s, t))
	}
	return list
}

func (w World) target(n store.Rotation, s State, t config.Target) Target {
	place := plan.Target{Account: t.Account, Region: t.Region}
	one := Target{Target: place.String(), State: w.progress(n, s, func(a plan.Action) bool {
		return a.Target == nil && a.Kind != plan.RoleWiden || a.Target != nil && *a.Target == place || a.Kind == plan.RoleWiden && a.Addr.Target.Account == t.Account
	})}
	i := slices.IndexFunc(n.Probes, func(p store.Probe) bool { return p.Target == one.Target })
	if i >= 0 {
		p := n.Probes[i]
		one.Sessions, one.Since, one.Last, one.Failure = p.Successes, at(p.First), at(p.Last), p.Failure
	}
	return one
}
