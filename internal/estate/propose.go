package estate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"anchorctl/internal/config"
	"anchorctl/internal/engine"
	"anchorctl/internal/plan"
	"anchorctl/internal/rules"
	"anchorctl/internal/scrutiny"
	"anchorctl/internal/store"
)

// Options say what a proposal may contain.
type Options struct {
	// Destroy proposes the removal of everything instead.
	Destroy bool
	// Delete lists environments that left the configuration and whose removal
	// is approved.
	Delete []string
	// Restore lists environments whose anchors may lose certificates that were
	// not put there by this estate.
	Restore []string
	// Forget lists targets, as ACCOUNT/REGION, whose account is gone for good: what is
	// on record there is taken off it, and nobody is asked.
	Forget []string
	// Revocation restricts the proposal to revocations.
	Revocation *Revocation
	// Rotation restricts it to the rotation of one environment or of the root.
	Rotation *Rotation

	urgent bool // an emergency: what cannot be read stops nothing
}

// Proposal is a plan with what has to be said about it.
type Proposal struct {
	Plan     plan.Plan
	Findings []rules.Finding // those that refuse or hold stop its application
	Notices  []string        // what the plan does not do, and why
	Foreign  []string        // anchors with certificates that are not ours
	// Rotation is the one that the plan goes on with, or starts: then it has no
	// number yet.
	Rotation *store.Rotation

	desired  desired
	recorded recorded
	observed observed
	revoking revoking
	// unreached says which places a restricted run could not read.
	unreached error
	urgent    bool             // what fails stops nothing but what needs it
	forgotten map[string]error // why the targets that are to be forgotten were not reached
	// awaited are the pins that somebody else has to install, as far as it is known
	// by now what they name.
	awaited []*engine.HeldError
}

// Documents are the texts that somebody has to install before what is planned can
// be done.
func (p Proposal) Documents() []engine.Document {
	var all []engine.Document
	for _, held := range p.awaited {
		all = append(all, held.Documents...)
	}
	return all
}

// Plan computes what would be done. It changes nothing, anywhere.
func (w World) Plan(ctx context.Context, o Options) (Proposal, error) {
	c, err := w.clouds(ctx)
	if err != nil {
		return Proposal{}, err
	}
	return w.propose(ctx, c, o)
}

func (w World) propose(ctx context.Context, c *clouds, o Options) (Proposal, error) {
	if o.Revocation != nil {
		return w.proposeRevocation(ctx, c, o)
	}
	if o.Rotation != nil {
		return w.proposeRotation(ctx, c, o)
	}
	r, err := w.recorded(ctx)
	if err != nil {
		return Proposal{}, err
	}
	p := Proposal{recorded: r, desired: want(w.Folder.Config, r.estate.Lineage, r)}
	if err := errors.Join(w.checkApprovals(r, o), w.checkRotations(r, o)); err != nil {
		return p, err
	}
	if p.forgotten, err = w.gone(ctx, c, o); err != nil {
		return p, err
	}
	if !o.Destroy {
		// Judged before anything is asked of the network.
		if p.Findings, err = w.judge(r, p.desired); err != nil {
			return p, err
		}
		if err := refusal(p.Findings); err != nil {
			return p, err
		}
	}
	if p.revoking, err = w.revoking(ctx, r, p.desired); err != nil {
		return p, err
	}
	if p.observed, err = w.observe(ctx, c, r, p.desired, p.revoking, o); err != nil {
		return p, err
	}
	p.Findings = append(p.Findings, p.observed.findings...)
	p.Notices = append(p.Notices, p.observed.notices...)
	b := &builder{world: w, r: r, d: p.desired, o: p.observed, v: p.revoking, options: o, proposal: &p}
	if err := b.build(); err != nil {
		return p, err
	}
	p.waive(w.Folder.Config.Waivers, w.Folder.Clock.Now())
	p.Plan.Actions = b.actions
	p.Plan.Basis, err = w.basis(r, p.revoking, p.observed, o)
	return p, err
}

// ErrNoSuchApproval is wrapped by the refusal of an approval for something that
// does not need one: a name that was mistyped must not pass for agreement.
var ErrNoSuchApproval = errors.New("there is nothing to approve")

func (w World) checkApprovals(r recorded, o Options) error {
	gone := []string{}
	for _, env := range environments(r, desired{}) {
		if _, there := w.Folder.Config.Environments[env]; !there {
			gone = append(gone, env)
		}
	}
	for _, env := range o.Delete {
		if !slices.Contains(gone, env) {
			return fmt.Errorf("--approve-delete %s: %w: environments that left anchorctl.yaml: %v", env, ErrNoSuchApproval, gone)
		}
	}
	for _, env := range o.Restore {
		if _, there := w.Folder.Config.Environments[env]; !there {
			return fmt.Errorf("--approve-restore %s: %w: environments in anchorctl.yaml: %v",
				env, ErrNoSuchApproval, w.Folder.Config.EnvironmentNames())
		}
	}
	return w.checkForgotten(r, o)
}

// checkRotations refuses the removal of what a rotation is changing.
func (w World) checkRotations(r recorded, o Options) error {
	var findings []rules.Finding
	for _, env := range slices.Sorted(maps.Keys(r.rotations)) {
		if _, there := w.Folder.Config.Environments[env]; o.Destroy || env != "" && !there && slices.Contains(o.Delete, env) {
			n := Rotation{Environment: env}
			findings = append(findings, rules.Find("ANC501", n.address(), fmt.Sprintf("it is to be removed, and its rotation is open: run %q or %q",
				"anchorctl "+resume(n), "anchorctl "+abort(n))))
		}
	}
	return refusal(findings)
}

// waive takes out the findings that the configuration accepts, and says so.
func (p *Proposal) waive(waivers []config.Waiver, now time.Time) {
	rest, waived := scrutiny.Waive(p.Findings, waivers, now)
	p.Findings = rest
	for _, w := range waived {
		p.Notices = append(p.Notices, w.String())
	}
}

func (w World) basis(r recorded, v revoking, o observed, options Options) (plan.Basis, error) {
	basis := plan.Basis{Lineage: r.estate.Lineage, Command: "apply", Delete: unique(options.Delete), Restore: unique(options.Restore), Forget: unique(options.Forget)}
	switch {
	case options.Destroy:
		basis.Command = "destroy"
	case options.Revocation != nil:
		basis.Command = commandRevocation
	case options.Rotation != nil:
		basis.Command = options.Rotation.command()
	}
	var err error
	if basis.Config, err = w.Folder.Config.Digest(); err != nil {
		return basis, err
	}
	if basis.State, err = r.digest(v); err != nil {
		return basis, err
	}
	basis.Live, err = o.digests()
	return basis, err
}

// refusal is the error of the findings that refuse, or nil.
func refusal(findings []rules.Finding) error {
	if refused := rules.Only(findings, rules.Refuse); len(refused) > 0 {
		return &rules.Refusal{Findings: refused}
	}
	return nil
}
