package rotate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"anchorctl/internal/config"
	"anchorctl/internal/engine"
	"anchorctl/internal/estate"
	"anchorctl/internal/hint"
	"anchorctl/internal/issuance"
	"anchorctl/internal/plan"
	"anchorctl/internal/roles"
	"anchorctl/internal/session"
	"anchorctl/internal/sigx509"
	"anchorctl/internal/store"
)

// What shows that the new issuer is accepted everywhere: so many sessions in a
// row at each target, over so long a time. What one server of the service knows,
// another may not know yet.
const (
	Successes = 4
	SeenFor   = 15 * time.Minute
	spacing   = 5 * time.Second // between sessions once the time has passed
)

// seen holds the cut-over until sessions with a certificate of the new issuer
// have succeeded at every target for long enough. Each run asks for one more at
// each, by the built-in probe, whose role permits nothing.
func (g gatekeeper) seen(ctx context.Context, a plan.Action) error {
	n, err := g.open(ctx, a.Addr.Environment)
	if err != nil {
		return err
	}
	if without := estate.WithoutProbe(g.Folder.Config.Environments[n.Environment]); len(without) > 0 {
		return &engine.HeldError{
			Action: a.ID, Rule: a.Gate, Reason: "no probeRole is named any more at " + strings.Join(without, ", ") + ", so nothing can show that " + to(n) + " is accepted there",
			Hints: []string{`name it again in anchorctl.yaml, and run "anchorctl apply"`, fmt.Sprintf("then run %q; %q gives the rotation up", again(n), "anchorctl rotate abort "+n.Environment)},
		}
	}
	probe, err := issuance.IssueUnfiled(ctx, g.Folder, issuance.Request{
		Environment: n.Environment, Workload: config.ProbeWorkload, Generation: n.To,
	})
	if err != nil {
		return fmt.Errorf("issuing the probe's certificate: %w", err)
	}
	with := sigx509.Signer{Certificate: probe.Certificate, Key: probe.Key}
	for {
		for _, t := range g.Folder.Config.Environments[n.Environment].Targets {
			if err := g.probe(ctx, n, t, with); err != nil {
				return err
			}
		}
		if n, err = g.open(ctx, n.Environment); err != nil {
			return err
		}
		held := g.unseen(n, a)
		if held == nil || !held.Until.IsZero() || len(held.Hints) > 0 {
			return orNil(held)
		}
		if err := g.Folder.Clock.Wait(ctx, spacing); err != nil {
			return err
		}
	}
}

// orNil keeps a nil hold from becoming an error that is not nil.
func orNil(held *engine.HeldError) error {
	if held == nil {
		return nil
	}
	return held
}

// probe asks for one session at a target and records what came of it.
func (g gatekeeper) probe(ctx context.Context, n store.Rotation, t config.Target, with sigx509.Signer) error {
	place := plan.Target{Account: t.Account, Region: t.Region}
	g.tell("opening a session with %s at %s", to(n), place)
	anchor, profile, err := g.arns(ctx, n.Environment, place)
	if err != nil {
		return err
	}
	_, err = session.Client{Clock: g.Folder.Clock}.CreateSession(ctx, session.Request{
		Endpoint: g.Endpoint, AnchorARN: anchor, ProfileARN: profile,
		RoleARN: roles.ARN(place.Partition(), plan.Role(t.Account, t.ProbeRole)), Signer: with,
	})
	if ctx.Err() != nil {
		return ctx.Err() // says nothing of the target
	}
	failure := ""
	if err != nil {
		failure = strings.Join(append([]string{err.Error()}, hint.Of(err)...), "\n")
	}
	return g.Folder.Store.NoteProbe(ctx, n.Environment, place.String(), g.Folder.Clock.Now().Unix(), failure)
}

// arns are those of an environment's anchor and of the probe's profile at a
// target.
func (w World) arns(ctx context.Context, environment string, at plan.Target) (anchor, profile string, err error) {
	objects, err := w.Folder.Store.Objects(ctx)
	if err != nil {
		return "", "", fmt.Errorf("reading the recorded AWS objects: %w", err)
	}
	for _, o := range objects {
		switch o.Addr {
		case plan.Anchor(environment, at):
			anchor = o.ARN
		case plan.Profile(environment, config.ProbeProfile, at):
			profile = o.ARN
		}
	}
	if anchor == "" || profile == "" {
		return "", "", hint.With(fmt.Errorf("probing %s: %w", at, errNoProbe), `run "anchorctl apply" first`)
	}
	return anchor, profile, nil
}

var errNoProbe = errors.New("the probe's profile is not there yet")

// unseen says what is still missing; nil when nothing is. A hold with neither
// time nor hints needs only more sessions.
func (g gatekeeper) unseen(n store.Rotation, a plan.Action) *engine.HeldError {
	held := &engine.HeldError{Action: a.ID, Rule: a.Gate}
	var waiting, failing []string
	probes := map[string]store.Probe{}
	for _, p := range n.Probes {
		probes[p.Target] = p
	}
	short := false
	for _, t := range g.Folder.Config.Environments[n.Environment].Targets {
		place := plan.Target{Account: t.Account, Region: t.Region}.String()
		p := probes[place]
		since := time.Unix(p.First, 0).UTC()
		switch {
		case p.Failure != "":
			first, rest, _ := strings.Cut(p.Failure, "\n")
			failing = append(failing, place+": "+first)
			if rest != "" {
				held.Hints = append(held.Hints, strings.Split(rest, "\n")...)
			}
		case time.Duration(p.Last-p.First)*time.Second < SeenFor:
			waiting = append(waiting, fmt.Sprintf("%s: %s since %s", place, count(p.Successes, "session"), since.Format(time.RFC3339)))
			held.Until = latest(held.Until, since.Add(SeenFor))
		case p.Successes < Successes:
			short = true
		}
	}
	switch {
	case len(failing) > 0:
		held.Reason, held.Until = "a session with "+to(n)+" was not given at "+strings.Join(failing, "; at "), time.Time{}
		held.Hints = append(held.Hints, fmt.Sprintf("when that is mended, run %q: the time counts from the first session that succeeds", again(n)))
	case len(waiting) > 0:
		held.Reason = fmt.Sprintf("sessions with %s have to succeed for %d minutes at every target before certificates come from it; at %s", to(n), int(SeenFor.Minutes()), strings.Join(waiting, "; at "))
		held.Hints = append(held.Hints, comeBack(n))
	case !short:
		return nil
	}
	return held
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
