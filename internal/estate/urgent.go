package estate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"anchorctl/internal/anchors"
	"anchorctl/internal/engine"
	"anchorctl/internal/plan"
	"anchorctl/internal/roles"
	"anchorctl/internal/rules"
	"anchorctl/internal/store"
)

// A rotation looks at its environment alone. An emergency goes further: whoever has
// the key is let in at every anchor that holds its issuer, so each that can be
// reached changes over, whatever is wrong elsewhere, and it is not over before all
// have. What is wrong is said.

// concern are the findings that a rotation has to heed: those of its environment. In
// an emergency they are said, and stop nothing: rules judge again what is sent.
func (o Options) concern(findings []rules.Finding) []rules.Finding {
	var rest []rules.Finding
	for _, f := range findings {
		if env := environmentOf(f.At); env != "" && !o.covers(env) {
			continue
		}
		if o.urgent {
			f.Severity = rules.Warn
		}
		rest = append(rest, f)
	}
	return rest
}

// environmentOf is the environment that a finding is of, if it is of one.
func environmentOf(at string) string {
	if rest, ok := strings.CutPrefix(at, "environments."); ok {
		env, _, _ := strings.Cut(rest, ".")
		return env
	}
	return parse(at).Environment
}

// reached leaves those anchors to an emergency that can be changed now, also such as
// left the configuration and are there still, and says of the others why not.
func (p *Proposal) reached(environment string) {
	all := map[plan.Addr]bool{}
	for addr := range p.desired.anchors {
		all[addr] = true
	}
	for addr := range p.recorded.objects {
		if addr.Kind == plan.KindAnchor && addr.Environment == environment {
			all[addr] = true
		}
	}
	var unreached []error
	for _, addr := range addresses(all) {
		_, wanted := p.desired.anchors[addr]
		_, recorded := p.recorded.objects[addr]
		_, there := p.observed.anchors[addr]
		why := p.observed.unreached[addr.Target]
		if p.observed.denied[addr] {
			why = errors.New("its tags say that it is somebody else's")
		}
		switch {
		case there && !wanted:
			p.desired.anchors[addr] = anchors.Spec{Addr: addr}
			p.Notices = append(p.Notices, fmt.Sprintf("%s left anchorctl.yaml and is there still: its issuer is exchanged, too", addr))
		case there:
		case recorded && why != nil:
			unreached = append(unreached, fmt.Errorf("exchanging the issuer at %s: %w", addr, why))
			p.Notices = append(p.Notices, fmt.Sprintf("%s cannot be changed now, and the rotation stays open until it is: %v", addr, why))
			delete(p.desired.anchors, addr)
		default:
			p.Notices = append(p.Notices, fmt.Sprintf("%s is not there, so it holds no issuer: run %q afterwards to make it again", addr, "anchorctl apply"))
			delete(p.desired.anchors, addr)
		}
	}
	p.unreached = errors.Join(unreached...)
}

// byItself holds what fails, so that it stops nothing but what needs it: a trust
// anchor that cannot be changed must not keep the thief's way open at the others.
func byItself(doers map[plan.Kind]engine.Doer) {
	for _, kind := range []plan.Kind{
		plan.AnchorPublish, plan.AnchorWithdraw, plan.AnchorReplace, plan.RoleWiden, plan.RoleNarrow, plan.CRLDelete, plan.CRLImport,
	} {
		doer := doers[kind]
		do := doer.Do
		doer.Do = func(ctx context.Context, s engine.Step) (plan.Outcome, error) {
			outcome, err := do(ctx, s)
			return outcome, engine.HoldFailure(s.Action.ID, err, "when that is mended, resume the rotation: what did not need it is done")
		}
		doers[kind] = doer
	}
}

// ended are the roles whose sessions this emergency has ended since the last anchor
// changed over. Done again, it would end those that workloads have opened with their
// new certificates.
func (w World) ended(ctx context.Context, n store.Rotation, r recorded, list []plan.Addr) (map[plan.Addr]bool, error) {
	ended := map[plan.Addr]bool{}
	if n.CutOver == 0 {
		return ended, nil
	}
	since := n.CutOver
	for addr := range r.objects {
		if addr.Kind != plan.KindAnchor || addr.Environment != n.Environment {
			continue
		}
		done, err := w.Folder.Store.DoneIntents(ctx, plan.ID(plan.AnchorReplace, addr))
		if err != nil {
			return nil, err
		}
		for _, i := range done {
			since = max(since, i.Begun)
		}
	}
	for _, role := range list {
		done, err := w.Folder.Store.DoneIntents(ctx, plan.ID(plan.RoleDeny, role))
		if err != nil {
			return nil, err
		}
		ended[role] = slices.ContainsFunc(done, func(i plan.Intent) bool {
			return i.Begun >= since && roles.EndsAll(i.Action)
		})
	}
	return ended, nil
}

// dropped are the roles that left the configuration and hold the environment's pin
// still: no apply has taken it out, so the old issuer opened sessions of them, too.
func (b *builder) dropped(environment string) []plan.Addr {
	var list []plan.Addr
	for _, addr := range addresses(b.o.roles) {
		_, wanted := b.d.pins[addr]
		if env, pinned := b.pinnedBy(b.o.roles[addr]); !wanted && pinned && env == environment {
			list = append(list, addr)
		}
	}
	return list
}

// Unreached says which trust anchors a proposal could not reach, and why.
func (p Proposal) Unreached() error { return p.unreached }
