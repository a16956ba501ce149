package estate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"anchorctl/internal/anchors"
	"anchorctl/internal/config"
	"anchorctl/internal/engine"
	"anchorctl/internal/hint"
	"anchorctl/internal/issuers"
	"anchorctl/internal/plan"
	"anchorctl/internal/rules"
	"anchorctl/internal/store"
)

// Rotation restricts a run to the change of one environment's issuer, or of the
// root: what is left of the open rotation, or all of the one that is to be
// started.
type Rotation struct {
	Environment string             // empty is the root
	Kind        store.RotationKind // of one that is to be started; empty goes on with the one that is open
	Abort       bool               // back to what was before
	KeepKey     bool               // the old key is put away, not destroyed
	Reason      string             // typed by a person
	Urgent      bool               // somebody has said that it is an emergency, whatever its kind
}

// command is what such runs are called, and how they are gone on with.
func (r Rotation) command() string {
	if r.Abort {
		return abort(r)
	}
	return resume(r)
}

// Address is what a rotation is of, as people write it.
func (r Rotation) address() string {
	if r.Environment == "" {
		return "the root"
	}
	return "environment " + r.Environment
}

// covers reports whether a run looks at what belongs to an environment.
func (o Options) covers(environment string) bool {
	return o.Rotation == nil || o.Rotation.Environment == "" || o.Rotation.Environment == environment
}

// The ways a rotation is refused before it begins.
var (
	ErrNoRotation = errors.New("there is no rotation")
	ErrCutOver    = errors.New("it is cut over")
	ErrNotReady   = errors.New("it is not as a rotation needs it")
	ErrNoWayBack  = errors.New("there is nothing to go back to")
)

// proposeRotation computes what a rotation still has to do.
func (w World) proposeRotation(ctx context.Context, c *clouds, o Options) (Proposal, error) {
	r, err := w.recorded(ctx)
	if err != nil {
		return Proposal{}, err
	}
	p := Proposal{recorded: r}
	if p.Rotation, err = w.rotationOf(r, *o.Rotation); err != nil {
		return p, err
	}
	r.rotations[p.Rotation.Environment] = *p.Rotation
	o.urgent = o.Rotation.Urgent || p.Rotation.Kind == store.Emergency
	p.urgent = o.urgent
	p.recorded, p.desired = r, want(w.Folder.Config, r.estate.Lineage, r).of(o)
	if p.Rotation.Kind == store.Renewal || p.Rotation.Environment == "" {
		p.desired.pins = nil // the names stay, so no role has to change
	}
	if p.Findings, err = w.judge(r, p.desired); err != nil {
		return p, err
	}
	p.Findings = o.concern(p.Findings)
	if p.Rotation.Environment == "" {
		p.Findings = unproven(p.Findings)
	}
	if err := refusal(p.Findings); err != nil {
		return p, err
	}
	if p.revoking, err = w.revoking(ctx, r, p.desired); err != nil {
		return p, err
	}
	if p.observed, err = w.observe(ctx, c, r, p.desired, p.revoking, o); err != nil {
		return p, err
	}
	p.Findings = append(p.Findings, o.concern(p.observed.findings)...)
	p.Notices = append(p.Notices, p.observed.notices...)
	if o.urgent {
		p.reached(p.Rotation.Environment)
	}
	b := &builder{world: w, r: r, d: p.desired, o: p.observed, v: p.revoking, options: o, proposal: &p, ready: map[plan.Addr][]string{}}
	var ending []plan.Addr
	var ended map[plan.Addr]bool
	if p.Rotation.Kind == store.Emergency {
		ending = append(EndedWith(w.Folder.Config, p.Rotation.Environment), b.dropped(p.Rotation.Environment)...)
		if ended, err = w.ended(ctx, *p.Rotation, r, ending); err != nil {
			return p, err
		}
	}
	if err := b.rotate(*p.Rotation, ending, ended); err != nil {
		return p, err
	}
	p.waive(w.Folder.Config.Waivers, w.Folder.Clock.Now())
	p.Plan.Actions = b.actions
	p.Plan.Basis, err = w.basis(r, p.revoking, p.observed, o)
	return p, err
}

// unproven makes refusals of issuers into warnings: a new root is the cure of what
// the one before it does not prove any more. What is sent is judged again.
func unproven(findings []rules.Finding) []rules.Finding {
	said := slices.Clone(findings)
	for i, f := range said {
		if parse(f.At).Kind == plan.KindIssuer && f.Severity == rules.Refuse {
			said[i].Severity = rules.Warn
		}
	}
	return said
}

// rotationOf is the rotation that is open or, when one is to be started, the new
// one.
func (w World) rotationOf(r recorded, o Rotation) (*store.Rotation, error) {
	open, isOpen := r.rotations[o.Environment]
	_, unknown := w.Folder.Config.Environment(o.Environment)
	there := unknown == nil || o.Environment == ""
	switch {
	case !there && isOpen:
		return nil, hint.With(fmt.Errorf("%s: %w: it left anchorctl.yaml, and its rotation is open since %s", o.address(), ErrNotReady, day(open.Started)),
			"put it back into anchorctl.yaml until the rotation is over",
			fmt.Sprintf("then run %q, or %q before its cut-over", "anchorctl "+resume(o), "anchorctl "+abort(o)))
	case !there:
		return nil, NoSuchRotation(unknown)
	case o.Kind != "" && isOpen:
		return nil, alreadyOpen(open, o)
	case o.Kind != "":
		return w.newRotation(r, o)
	case !isOpen:
		return nil, hint.With(fmt.Errorf("%s: %w that is open", o.address(), ErrNoRotation), fmt.Sprintf("run %q to start one", "anchorctl rotate start "+o.name()))
	case o.Abort && open.CutOver != 0:
		why := fmt.Sprintf("workloads hold certificates of generation %d, and taking it out of the anchors would deny them", open.To)
		if o.Environment == "" {
			why = fmt.Sprintf("root#%d has signed issuers by now", open.To)
		}
		return nil, hint.With(fmt.Errorf("%s: %w since %s: %s", o.address(), ErrCutOver, day(open.CutOver), why),
			fmt.Sprintf("run %q to finish it; to leave the new key again, start another rotation afterwards", "anchorctl "+resume(o)))
	case o.Abort && open.Kind == store.Renewal:
		return nil, hint.With(fmt.Errorf("%s: a renewal has nothing to go back to: the key is the same, and both certificates are good", o.address()),
			fmt.Sprintf("run %q to finish it", "anchorctl "+resume(o)))
	}
	return &open, nil
}

// NoSuchRotation says of a name that is none of an environment what else could be
// meant.
func NoSuchRotation(unknown error) error { return hint.With(unknown, `the root is called "root"`) }

// alreadyOpen refuses a second rotation, and says what to do with the first: when
// a key was stolen in the middle of it, too.
func alreadyOpen(open store.Rotation, o Rotation) error {
	words := fmt.Sprintf("run %q to go on with it, or %q before its cut-over", "anchorctl "+resume(o), "anchorctl "+abort(o))
	switch {
	case o.Kind == store.Emergency && open.CutOver == 0 && open.Kind == store.Rekey:
		words = fmt.Sprintf("run %q, and then this command again: nobody has a certificate of the new issuer yet; where that is held, run %q",
			"anchorctl "+abort(o), "anchorctl "+resume(o)+" --emergency --reason WORDS")
	case o.Kind == store.Emergency && open.Kind != store.Renewal:
		words = fmt.Sprintf("run %q: it waits for nobody any more", "anchorctl "+resume(o)+" --emergency --reason WORDS")
	}
	return hint.With(&rules.Refusal{Findings: []rules.Finding{rules.Find("ANC501", o.address(),
		fmt.Sprintf("a rotation from generation %d to %d was started at %s by %s", open.From, open.To, day(open.Started), open.Actor))}}, words)
}

func (w World) newRotation(r recorded, o Rotation) (*store.Rotation, error) {
	active, ok := r.active[o.Environment]
	if !ok {
		return nil, hint.With(fmt.Errorf("%s: %w: it has no issuer yet", o.address(), ErrNotReady), `run "anchorctl apply"`)
	}
	n := store.Rotation{
		Environment: o.Environment, Kind: o.Kind, From: active.Number, To: r.newest[o.Environment] + 1,
		Reason: o.Reason, KeepKey: o.KeepKey, Actor: w.Folder.Actor, Started: w.Folder.Clock.Now().Unix(),
	}
	if o.Kind == store.Renewal {
		n.To = n.From
	}
	return &n, errors.Join(w.ready(n), w.another(r, n))
}

// another refuses to make the root that signs already, somebody else's, the root
// once more.
func (w World) another(r recorded, n store.Rotation) error {
	if n.Environment != "" {
		return nil
	}
	outer, err := issuers.OuterRoot(w.Folder.Config, w.Folder.Clock.Now())
	if err != nil || outer == nil || !outer.Equal(r.certs[plan.Root(n.From).String()]) {
		return err
	}
	return hint.With(fmt.Errorf("the root: %w: root.certificate is that of %s, which signs already", ErrNotReady, plan.Root(n.From)),
		"put the certificate of the new root into "+w.Folder.Config.Root.Certificate)
}

// ready refuses a rotation that could not be carried through.
func (w World) ready(n store.Rotation) error {
	env := w.Folder.Config.Environments[n.Environment]
	if env == nil || n.Kind != store.Rekey {
		return nil
	}
	without := WithoutProbe(env)
	if len(without) == 0 {
		return nil
	}
	return hint.With(fmt.Errorf("environment %s: %w: no probeRole is named at %s, so nothing can show that the new issuer is accepted there", n.Environment, ErrNotReady, strings.Join(without, ", ")),
		"create an IAM role without any permission in each account, name it as probeRole of the target, and run \"anchorctl apply\"",
		`when the key is compromised and there is no time, run "anchorctl rotate start `+n.Environment+` --emergency --reason WORDS"`)
}

// WithoutProbe are the targets of an environment at which no probe role is named.
func WithoutProbe(env *config.Environment) []string {
	var without []string
	for _, t := range env.Targets {
		if t.ProbeRole == "" {
			without = append(without, plan.Target{Account: t.Account, Region: t.Region}.String())
		}
	}
	return without
}

// of is what is wanted of the environments that a run looks at.
func (d desired) of(o Options) desired {
	for addr := range d.anchors {
		if !o.covers(addr.Environment) {
			delete(d.anchors, addr)
		}
	}
	for addr := range d.profiles {
		if !o.covers(addr.Environment) {
			delete(d.profiles, addr)
		}
	}
	for addr, pin := range d.pins {
		if !o.covers(pin.Environment) {
			delete(d.pins, addr)
		}
	}
	return d
}

func (r Rotation) name() string {
	if r.Environment == "" {
		return config.RootName
	}
	return r.Environment
}

func resume(r Rotation) string { return "rotate resume " + r.name() }

func abort(r Rotation) string { return "rotate abort " + r.name() }

func day(unix int64) string { return time.Unix(unix, 0).UTC().Format(time.RFC3339) }

// keepsActive refuses certificates that would leave an anchor without the issuer
// that signs: nobody could open a session there any more.
func (w World) keepsActive(ctx context.Context, anchor plan.Addr, certificates []string) error {
	r, err := w.recorded(ctx)
	if err != nil {
		return err
	}
	active := r.active[anchor.Environment].Addr().String()
	if slices.Contains(certificates, active) || r.expired(anchor.Environment, w.Folder.Clock.Now()) {
		return nil
	}
	return &rules.Refusal{Findings: []rules.Finding{rules.Find("ANC502", anchor.String(),
		fmt.Sprintf("it would hold %v, and not %s, which signs", certificates, active))}}
}

// expired reports whether the issuer that signs for an environment signs nothing
// any more.
func (r recorded) expired(environment string, now time.Time) bool {
	g, ok := r.active[environment]
	return ok && now.After(r.certs[g.Addr().String()].NotAfter)
}

// heldAnchor holds a rotation at an anchor that is not as it must be.
func heldAnchor(addr plan.Addr, reason string, hints ...string) error {
	return engine.Hold(&engine.HeldError{Action: addr.String(), Reason: reason, Hints: hints})
}

// heldBy are the names of the certificates that a live anchor holds.
func (b *builder) heldBy(addr plan.Addr) ([]string, error) {
	live, there := b.o.anchors[addr]
	if !there {
		return nil, heldAnchor(addr, "it is not there", `run "anchorctl apply" first: a rotation changes anchors, and makes none`)
	}
	return anchors.Held(live, b.r.knownAs), nil
}
