package estate

import (
	"strings"

	"anchorctl/internal/hint"
	"anchorctl/internal/plan"
	"anchorctl/internal/roles"
	"anchorctl/internal/rules"
)

// agree holds a saved plan against what was computed just now. While a run of
// that very plan is open, what is left of it must be what was computed;
// otherwise basis and actions must be the same.
func (r *runner) agree(p Proposal, open plan.Run, isOpen bool) (resumed bool, err error) {
	if r.options.Saved == nil {
		return false, nil
	}
	saved, err := plan.Decode(r.options.Saved)
	if err != nil {
		return false, err
	}
	digest, err := saved.Digest()
	if err != nil {
		return false, err
	}
	if isOpen && open.Digest == digest {
		rest := left(saved.Actions, append(repeated(saved.Actions, p.Plan.Actions), open.Done...))
		same, err := plan.SameActions(rest, left(p.Plan.Actions, nil))
		if err != nil || same {
			return same, err
		}
		return false, stale("what is left of it is not what would be done now")
	}
	if reasons := saved.Basis.Diff(p.Plan.Basis); len(reasons) > 0 {
		return false, stale(strings.Join(reasons, "; "))
	}
	same, err := plan.SameActions(saved.Actions, p.Plan.Actions)
	if err != nil || same {
		return false, err
	}
	return false, hint.With(&rules.Refusal{Findings: []rules.Finding{
		rules.Find("ANC402", "the saved plan", "on the same basis, it lists other actions than this program computes"),
	}}, `run "anchorctl plan --out FILE" again, and find out who changed the file`)
}

// takeApprovals adds the approvals that a saved plan was made with: whoever
// reviewed the plan reviewed them.
func (r *runner) takeApprovals() error {
	if r.options.Saved == nil {
		return nil
	}
	saved, err := plan.Decode(r.options.Saved)
	if err != nil {
		return err
	}
	r.options.Delete = unique(append(r.options.Delete, saved.Basis.Delete...))
	r.options.Restore = unique(append(r.options.Restore, saved.Basis.Restore...))
	r.options.Forget = unique(append(r.options.Forget, saved.Basis.Forget...))
	return nil
}

// repeated are the actions of a saved plan that are not planned any more though
// they were not recorded as done, and that could be done twice: they happened,
// and their outcome was lost.
func repeated(saved, now []plan.Action) []string {
	planned := map[string]bool{}
	for _, a := range now {
		planned[a.ID] = true
	}
	var ids []string
	for _, a := range saved {
		if !a.Once && !planned[a.ID] {
			ids = append(ids, a.ID)
		}
	}
	return ids
}

func stale(why string) error {
	return hint.With(&rules.Refusal{Findings: []rules.Finding{rules.Find("ANC401", "the saved plan", why)}},
		`run "anchorctl plan --out FILE" again and review it`)
}

// left are the actions of a plan that remain when some are done. Gates that
// only waited for somebody may be gone by now, and nothing needs what is done.
func left(actions []plan.Action, done []string) []plan.Action {
	gone := map[string]bool{}
	for _, id := range done {
		gone[id] = true
	}
	var rest []plan.Action
	for _, a := range actions {
		if roles.Waits(a) {
			gone[a.ID] = true
		}
		if gone[a.ID] {
			continue
		}
		var needs []string
		for _, need := range a.Needs {
			if !gone[need] {
				needs = append(needs, need)
			}
		}
		a.Needs = needs
		rest = append(rest, a)
	}
	return rest
}
