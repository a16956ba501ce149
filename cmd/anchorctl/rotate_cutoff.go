package main

import (
	"context"
	"errors"
	"time"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/estate"
	"anchorctl/internal/render"
	"anchorctl/internal/rotate"
)

// rotated is what rotate start and resume answer.
type rotated struct {
	applied

	CutOff *rotate.CutOff `json:"cutOff,omitempty"` // what lost its access, when the rotation has ended and did not wait
}

// rotatedReply tells what a run did, and what it cut off.
func rotatedReply(ctx context.Context, w rotate.World, r estate.Report, err error) (cmdline.Reply, error) {
	reply, err := appliedReply(r, err)
	done, ran := reply.Result.(applied)
	if !ran || err != nil || r.Proposal.Rotation == nil {
		return reply, err
	}
	n := *r.Proposal.Rotation
	cutOff, cutOffErr := w.CutOffNow(ctx, n.Environment)
	if cutOffErr != nil {
		return reply, errors.Join(err, cutOffErr)
	}
	if cutOff == nil {
		return reply, err
	}
	page := reply.Page
	reply.Result = rotated{done, cutOff}
	reply.Page = func(p *render.Page) {
		page(p)
		p.Blank()
		cutOffPage(p, *cutOff, rotate.Old(n), rotate.New(n))
	}
	return reply, err
}

// cutOffPage is the report to whoever had to act in a hurry: who lost what, and
// what has to be taken back later.
func cutOffPage(p *render.Page, c rotate.CutOff, old, successor string) {
	if len(c.Certificates) > 0 {
		verb := "were"
		if len(c.Certificates) == 1 {
			verb = "was"
		}
		p.Line("Cut off: %s %s valid still, and no trust anchor takes one of that issuer any more.", rotate.Counted(len(c.Certificates), old), verb)
		for _, one := range c.Some() {
			p.Line("  %s", one)
		}
		if more := len(c.Certificates) - len(c.Some()); more > 0 {
			p.Line("  and %d more: --json has all", more)
		}
	}
	if len(c.Without) > 0 {
		p.Line("%s no certificate of %s, and no session without one: run \"anchorctl issue ENV/WORKLOAD\"", rotate.SomeOf(c.Without, "has", "have"), successor)
	}
	if len(c.Roles) == 0 {
		return
	}
	p.Line("Ended: every session of these roles that was given out before %s, to whomever and by whatever way.", c.At.Format(time.RFC3339))
	p.Line("The last of them would have ended by itself at %s; take the policies out after that:", c.Roles[0].Needed.Format(time.RFC3339))
	for _, role := range c.Roles {
		p.Line("  %s    # account %s", role.Remove, role.Account())
	}
}
