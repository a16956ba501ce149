package estate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"anchorctl/internal/engine"
	"anchorctl/internal/hint"
	"anchorctl/internal/issuers"
	"anchorctl/internal/plan"
	"anchorctl/internal/roles"
	"anchorctl/internal/store"
	"anchorctl/internal/verdict"
)

// ApplyOptions say what to apply and who agrees to it.
type ApplyOptions struct {
	Options

	Saved []byte // an encoded plan that must be exactly what would be done
	Wait  bool   // for another run's lock
	// Gates are asked besides the estate's own, by their rules.
	Gates map[string]engine.Gate
	// Approve is asked with what is about to happen. It returns an error to
	// stop; nil approves everything.
	Approve func(ctx context.Context, p Proposal) error
}

// Report is what an application did.
type Report struct {
	Proposal Proposal
	Result   engine.Result
	Run      string // empty when there was nothing to do
	Resumed  bool   // the saved plan's own run went on
}

// Apply takes the estate to what its configuration says, or, with
// Options.Destroy, takes it out of AWS. It first settles what an earlier run
// left unclear. Errors: *store.LockedError, *rules.Refusal, *engine.HeldRun,
// *engine.InterruptedError, and whatever else fails; everything done by then
// is recorded, and applying again goes on from there.
func (w World) Apply(ctx context.Context, o ApplyOptions) (report Report, err error) {
	command, holder := "apply", ""
	switch {
	case o.Destroy:
		command = "destroy"
	case o.Revocation != nil:
		command, holder = commandRevocation, o.Revocation.holder()
	case o.Rotation != nil:
		command = o.Rotation.command()
	}
	release, err := w.Folder.Store.Lock(ctx, cmp.Or(holder, command), o.Wait)
	if err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, release()) }()
	c, err := w.clouds(ctx)
	if err != nil {
		return Report{}, err
	}
	r := &runner{world: w, clouds: c, options: o, command: command}
	return r.run(ctx)
}

// runner is one application.
type runner struct {
	world   World
	clouds  *clouds
	options ApplyOptions
	command string
	minter  *issuers.Doer
}

func (r *runner) run(ctx context.Context) (Report, error) {
	if err := r.takeApprovals(); err != nil {
		return Report{}, err
	}
	if err := r.settle(ctx); err != nil {
		return Report{}, err
	}
	proposal, err := r.world.propose(ctx, r.clouds, r.options.Options)
	report := Report{Proposal: proposal}
	if errors.Is(err, ErrNoRotation) {
		err = errors.Join(err, r.closeRun(ctx)) // killed once the rotation had ended, and before the run had
	}
	if err != nil {
		return report, err
	}
	if err := refusal(proposal.Findings); err != nil {
		return report, err
	}
	// What a finding holds is what opens anything further. Closing goes on: it
	// may be the very cure.
	holds := proposal.holding()
	actions := proposal.Plan.Actions
	if holds != nil {
		if actions = closing(actions); len(actions) == 0 {
			return report, holds
		}
	}
	open, isOpen, err := r.world.Folder.Store.OpenRun(ctx)
	if err != nil {
		return report, fmt.Errorf("reading the open run: %w", err)
	}
	if report.Resumed, err = r.agree(proposal, open, isOpen); err != nil {
		return report, err
	}
	if isOpen {
		said, err := r.forgotten(ctx, open, proposal.Plan.Actions)
		if err != nil {
			return report, err
		}
		proposal.Notices = append(proposal.Notices, said...)
		report.Proposal = proposal
	}
	if proposal.Plan.Empty() {
		// A run that is restricted says nothing of what another one left.
		if isOpen && (!r.restricted() || open.Command == r.command) {
			err = r.world.Folder.Store.EndRun(ctx, open.ID, plan.Superseded)
		}
		return report, errors.Join(proposal.unreached, err, r.turned(ctx, proposal), r.abandon(ctx))
	}
	if r.options.Approve != nil {
		if err := r.options.Approve(ctx, proposal); err != nil {
			return report, err
		}
	}
	return r.carryOut(ctx, report, open, actions, holds)
}

// closeRun closes what an earlier run of the same command left open.
func (r *runner) closeRun(ctx context.Context) error {
	open, isOpen, err := r.world.Folder.Store.OpenRun(ctx)
	if err == nil && isOpen && open.Command == r.command {
		err = r.world.Folder.Store.EndRun(ctx, open.ID, plan.Superseded)
	}
	return err
}

// forgotten says which ends of sessions an open run has left undone that the plan
// does not have: they rest on what somebody typed, and are in no other plan.
func (r *runner) forgotten(ctx context.Context, open plan.Run, now []plan.Action) ([]string, error) {
	raw, err := r.world.Folder.Store.PlanOf(ctx, open.ID)
	if err != nil {
		return nil, err
	}
	left, err := plan.Decode(raw)
	if err != nil {
		return nil, err
	}
	var said []string
	for _, a := range left.Actions {
		planned := slices.ContainsFunc(now, func(b plan.Action) bool { return a.ID == b.ID })
		if a.Kind == plan.RoleDeny && !planned && !slices.Contains(open.Done, a.ID) && open.Command == commandRevocation {
			said = append(said, fmt.Sprintf("%s: an earlier revoke did not come to end its sessions, and this does not: run that command again, with --end-sessions", a.Addr))
		}
	}
	return said, nil
}

func (r *runner) restricted() bool { return r.options.Revocation != nil || r.options.Rotation != nil }

// turned ends a rotation that has nothing left to do. One with a key to do away
// with ends with that.
func (r *runner) turned(ctx context.Context, p Proposal) error {
	if p.Rotation == nil || p.Rotation.Kind != store.Renewal || p.Rotation.Number == 0 {
		return nil
	}
	return r.world.Folder.Store.EndRotation(ctx, p.Rotation.Environment, "done")
}

// openRoot opens the root that is going to sign, before the run has any effect: a
// wrong passphrase, or nobody to type it, stops it then. One that the run makes has
// its key made first; the root before it may be lost.
func (r *runner) openRoot(ctx context.Context, p Proposal, actions []plan.Action) error {
	signs := slices.ContainsFunc(actions, func(a plan.Action) bool { return a.Key == plan.RootKey })
	n := p.Rotation
	switch {
	case n != nil && n.Environment == "" && slices.ContainsFunc(actions, func(a plan.Action) bool { return a.ID == plan.ID(plan.IssuerMint, plan.Root(n.To)) }):
		return r.minter.MakeRootKey(ctx, n.To)
	case n != nil && n.Environment == "" && signs:
		return r.minter.UnlockRoot(ctx, n.To)
	case n != nil && n.Kind != store.Renewal && slices.ContainsFunc(actions, func(a plan.Action) bool { return a.Kind == plan.IssuerRenew }):
		return hint.With(r.minter.Unlock(ctx), fmt.Sprintf("have the root's key and its passphrase at hand: %s ended before its rotation did, and the root gives it new dates", addressOf(n.Environment, n.To)))
	case signs:
		return r.minter.Unlock(ctx)
	default:
		return nil
	}
}

// closing are the actions that only take something away, without those they
// would have had to wait for.
func closing(actions []plan.Action) []plan.Action {
	there := map[string]bool{}
	var rest []plan.Action
	for _, a := range actions {
		unmade := func(need string) bool { return !there[need] && makes(need) }
		if !closes(a) || slices.ContainsFunc(a.Needs, unmade) {
			continue // the second: a list of an issuer, or for an anchor, that is not made
		}
		a.Needs = slices.DeleteFunc(slices.Clone(a.Needs), func(need string) bool { return !there[need] })
		there[a.ID] = true
		rest = append(rest, a)
	}
	return rest
}

// closes reports whether an action only takes something away. A workload that
// leaves a role is one: nobody should keep it because of something else.
func closes(a plan.Action) bool {
	switch a.Kind {
	case plan.AnchorDisable, plan.AnchorDelete, plan.ProfileDisable, plan.ProfileDelete, plan.ProfileNarrow, plan.RoleUnpin, plan.Forget:
		return true
	case plan.CRLSign, plan.CRLImport, plan.CRLUpdate, plan.CRLEnable:
		return true
	case plan.RolePin:
		return roles.Narrows(a)
	default:
		return false
	}
}

// makes reports whether an action makes what those that need it cannot do
// without.
func makes(id string) bool {
	kind, _, _ := strings.Cut(id, " ")
	return slices.Contains([]plan.Kind{plan.IssuerMint, plan.AnchorCreate, plan.CRLSign}, plan.Kind(kind))
}

// holding is the error of findings that hold, with what is waited for besides: as
// long as a finding holds, no run comes to the steps that would tell.
func (p Proposal) holding() error {
	held := verdict.Holds(p.Findings)
	if len(held) == 0 {
		return nil
	}
	return engine.Hold(append(held, p.awaited...)...)
}

// settle finds out what became of the intents of earlier runs.
func (r *runner) settle(ctx context.Context) error {
	intents, err := r.world.Folder.Store.OpenIntents(ctx)
	if err != nil {
		return fmt.Errorf("reading what earlier runs left open: %w", err)
	}
	if r.options.Revocation != nil {
		// What else is unclear has to wait for an apply, and this not for that.
		intents = slices.DeleteFunc(intents, func(i plan.Intent) bool { return !revokes(i.Action.Kind) })
	}
	// What came of it where nobody can look is never known.
	intents = slices.DeleteFunc(intents, func(i plan.Intent) bool { return r.options.forgets(i.Action.Addr) })
	// Nor has what is unclear in another environment to do with a rotation.
	intents = slices.DeleteFunc(intents, func(i plan.Intent) bool {
		return i.Action.Addr.Environment != "" && !r.options.covers(i.Action.Addr.Environment)
	})
	if len(intents) == 0 {
		return nil
	}
	record, err := r.world.recorded(ctx)
	if err != nil {
		return err
	}
	e := r.engine(want(r.world.Folder.Config, record.estate.Lineage, record))
	n := r.options.Rotation
	if n == nil || !n.Urgent && n.Kind != store.Emergency && record.rotations[n.Environment].Kind != store.Emergency {
		return e.Settle(ctx, intents)
	}
	for _, intent := range intents {
		if err := e.Settle(ctx, []plan.Intent{intent}); err != nil && ctx.Err() != nil {
			return err
		} // what stays unclear is disabled, if it is there, and the next apply's to settle
	}
	return nil
}

func (r *runner) carryOut(ctx context.Context, report Report, open plan.Run, actions []plan.Action, holds error) (Report, error) {
	e := r.engine(report.Proposal.desired)
	if report.Proposal.urgent {
		byItself(e.Doers)
	}
	if err := r.openRoot(ctx, report.Proposal, actions); err != nil {
		return report, err
	}
	if err := r.clouds.bind(ctx); err != nil {
		return report, err
	}
	report.Run = open.ID
	err := r.abandon(ctx)
	if err != nil {
		return report, err
	}
	if n := report.Proposal.Rotation; n != nil && n.Number == 0 {
		if *n, err = r.world.Folder.Store.StartRotation(ctx, *n); err != nil {
			return report, err
		}
	}
	if !report.Resumed {
		if report.Run, err = r.start(ctx, report.Proposal.Plan, open.ID); err != nil {
			return report, err
		}
	}
	report.Result, err = e.Run(ctx, report.Run, actions)
	result := report.Result
	reachedEnd := len(result.Done)+len(result.Held)+len(result.Skipped) == len(actions)
	if err == nil {
		err = holds
	}
	if err == nil {
		err = r.turned(ctx, report.Proposal)
	}
	err = errors.Join(report.Proposal.unreached, err)
	status := statusOf(err, reachedEnd)
	// The end of a run is recorded even when the run was interrupted.
	ending := r.world.Folder.Store.EndRun(context.WithoutCancel(ctx), report.Run, status)
	if n := r.options.Rotation; n != nil && status == plan.Failed {
		err = r.world.stillOpen(ctx, *n, err)
	}
	return report, errors.Join(err, ending)
}

// start records a new run. An open one is superseded: what it left is in the
// new plan.
func (r *runner) start(ctx context.Context, p plan.Plan, open string) (string, error) {
	if open != "" {
		if err := r.world.Folder.Store.EndRun(ctx, open, plan.Superseded); err != nil {
			return "", fmt.Errorf("closing the open run: %w", err)
		}
	}
	raw, err := p.Encode()
	if err != nil {
		return "", err
	}
	digest, err := p.Digest()
	if err != nil {
		return "", err
	}
	run := plan.Run{
		ID: uuid.NewString(), Digest: digest, Command: r.command, Actor: r.world.Folder.Actor,
		Status: plan.Begun, Started: r.world.Folder.Clock.Now().Unix(),
	}
	if err := r.world.Folder.Store.StartRun(ctx, run, raw); err != nil {
		return "", fmt.Errorf("recording the start of the run: %w", err)
	}
	return run.ID, nil
}

// statusOf is what a run came to. One that broke off was not held, whatever it
// had held by then.
func statusOf(err error, reachedEnd bool) plan.Status {
	var held *engine.HeldRun
	var interrupted *engine.InterruptedError
	switch {
	case err == nil:
		return plan.Done
	case errors.As(err, &held) && reachedEnd:
		return plan.Held
	case errors.As(err, &interrupted), errors.Is(err, context.Canceled):
		return plan.Interrupted
	default:
		return plan.Failed
	}
}
