package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"anchorctl/internal/cmdline"
	"anchorctl/internal/engine"
	"anchorctl/internal/estate"
	"anchorctl/internal/render"
	"anchorctl/internal/rules"
	"anchorctl/internal/terminal"
)

// applied is what a run did, as JSON.
type applied struct {
	Run       string            `json:"run,omitempty"` // empty when there was nothing to do
	Resumed   bool              `json:"resumed"`
	Plan      proposal          `json:"plan"`
	Done      []string          `json:"done"`
	Held      []string          `json:"held"`
	Skipped   []string          `json:"skipped"`
	Notes     []string          `json:"notes"`
	Documents []engine.Document `json:"documents"`       // what somebody has to install
	Until     *time.Time        `json:"until,omitempty"` // when what is held may go on, if waiting is all it takes
}

// appliedReply tells what a run did, also when it did not come to its end.
func appliedReply(r estate.Report, err error) (cmdline.Reply, error) {
	findings := heldFindings(r.Proposal.Findings, err)
	if err != nil && r.Run == "" && len(documentsOf(err)) == 0 {
		return cmdline.Reply{Findings: findings}, err
	}
	planned, encodeErr := proposalOf(r.Proposal)
	if encodeErr != nil {
		return cmdline.Reply{}, errors.Join(err, encodeErr)
	}
	result := applied{
		Run: r.Run, Resumed: r.Resumed, Plan: planned,
		Done: listOf(r.Result.Done), Held: listOf(r.Result.Held), Skipped: listOf(r.Result.Skipped), Notes: listOf(r.Result.Notes),
		Documents: documentsOf(err), Until: untilOf(err),
	}
	page := func(p *render.Page) { appliedPage(p, result, err) }
	return cmdline.Reply{Result: result, Findings: findings, Page: page}, err
}

// heldFindings are findings and what a rule held on the way, each once.
func heldFindings(found []rules.Finding, err error) []rules.Finding {
	for _, h := range holds(err) {
		_, at, isAction := strings.Cut(h.Action, " ")
		if h.Rule == "" || !isAction {
			continue // no rule's, or made of a finding
		}
		f := rules.Find(h.Rule, at, h.Reason)
		f.Severity = rules.Hold
		found = append(found[:len(found):len(found)], f)
	}
	return found
}

// holds are what held a run.
func holds(err error) []*engine.HeldError {
	var run *engine.HeldRun
	if errors.As(err, &run) {
		return run.Held
	}
	return nil
}

// documentsOf are the texts that a held run waits for.
func documentsOf(err error) []engine.Document {
	documents := []engine.Document{}
	for _, h := range holds(err) {
		documents = append(documents, h.Documents...)
	}
	return documents
}

// untilOf is when it is worth coming back: when the first hold may be over, if
// all of them end by waiting.
func untilOf(err error) *time.Time {
	var first *time.Time
	for _, h := range holds(err) {
		if h.Until.IsZero() {
			return nil
		}
		if until := h.Until.UTC(); first == nil || until.Before(*first) {
			first = &until
		}
	}
	return first
}

// documentsPage shows what somebody has to install.
func documentsPage(p *render.Page, documents []engine.Document) {
	for _, d := range documents {
		p.Heading(d.Title + " of " + d.At)
		p.Text(d.Text)
	}
}

func appliedPage(p *render.Page, r applied, err error) {
	documentsPage(p, r.Documents)
	for _, n := range r.Notes {
		p.Line("Note: %s", n)
	}
	for _, n := range r.Plan.Notices {
		p.Line("Note: %s", n)
	}
	p.Blank()
	p.Steps(stepsOf(r, holds(err)))
	p.Blank()
	p.Line("%s", ending(r, err))
}

// stepsOf are the steps that the run came to, in order, with why some were not
// done. The whole reason is the error's to tell.
func stepsOf(r applied, held []*engine.HeldError) []render.Step {
	why := map[string]string{}
	for _, id := range r.Held {
		why[id] = "held"
	}
	for _, h := range held {
		reason, _, _ := strings.Cut(h.Reason, "; ")
		if h.Rule != "" {
			reason += " [" + h.Rule + "]"
		}
		if why[h.Action] != "" {
			why[h.Action] = "held: " + reason
		}
	}
	var steps []render.Step
	for _, a := range r.Plan.Actions {
		if slices.Contains(r.Skipped, a.ID) {
			i := slices.IndexFunc(a.Needs, func(need string) bool { return why[need] != "" })
			if why[a.ID] = "skipped"; i >= 0 {
				why[a.ID] += ": needs " + a.Needs[i]
			}
		}
		if why[a.ID] != "" || slices.Contains(r.Done, a.ID) {
			steps = append(steps, render.Step{Action: a, Why: why[a.ID]})
		}
	}
	return steps
}

// ending says how far a run came.
func ending(r applied, err error) string {
	switch {
	case r.Run == "" && err != nil:
		return "Held: nothing was done."
	case r.Run == "":
		return "Nothing to do: what is there is what the configuration says."
	}
	total := len(r.Plan.Actions)
	text := fmt.Sprintf("%d of %d steps", len(r.Done), total)
	if err == nil {
		return "Done: " + text + "."
	}
	if terminal.Explain(err).Code != "held" {
		return "Stopped: " + text + " done."
	}
	text += " done"
	for _, part := range []struct {
		n    int
		what string
	}{{len(r.Held), "held"}, {len(r.Skipped), "waiting for those"}, {total - len(r.Done) - len(r.Held) - len(r.Skipped), "not begun"}} {
		if part.n > 0 {
			text += fmt.Sprintf(", %d %s", part.n, part.what)
		}
	}
	return "Held: " + text + "."
}
