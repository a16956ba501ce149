package roles

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"anchorctl/internal/engine"
	"anchorctl/internal/hint"
	"anchorctl/internal/iampolicy"
	"anchorctl/internal/plan"
	"anchorctl/internal/rules"
)

// Rename is a change of the issuer's name that a role has to follow.
type Rename struct {
	Old string `json:"old"`
	New string `json:"new"`
	// Wait: the trust policies are their teams' to write (roles: verify), so
	// the action waits until it is done.
	Wait bool `json:"wait,omitempty"`
}

// renaming are the fields of an action that follows a new name: the conditions
// that change, not the whole policy.
type renaming struct {
	Conditions []shownCondition `json:"conditions,omitempty"`
	Issuer     *Rename          `json:"issuer,omitempty"`
}

type shownCondition struct {
	Statement string   `json:"statement,omitempty"` // its Sid
	Number    int      `json:"number,omitempty"`    // of one without a Sid, counted from 1
	Operator  string   `json:"operator"`
	Key       string   `json:"key"`
	Values    []string `json:"values"`
}

// Widen is the action that adds the new name beside the old one; there is none
// when nothing is to be added. A policy that would be too long is a refusal.
func Widen(addr plan.Addr, live Live, r Rename, needs []string) (action plan.Action, needed bool, err error) {
	if live.Exists {
		_, _, err = Widened(live.Trust, r.Old, r.New)
	}
	var long *SizeError
	if errors.As(err, &long) {
		return plan.Action{}, false, &rules.Refusal{Findings: []rules.Finding{rules.Find("ANC310", addr.String(), "with the issuer's new name "+long.Error())}}
	}
	if err != nil {
		return plan.Action{}, false, fmt.Errorf("adding %q to the trust policy of %s: %w", r.New, addr, err)
	}
	return r.action(plan.RoleWiden, addr, live, needs)
}

// Narrow is the action that takes the old name out where the new one stands
// beside it; there is none when there is nothing to take out.
func Narrow(addr plan.Addr, live Live, r Rename, needs []string) (action plan.Action, needed bool, err error) {
	return r.action(plan.RoleNarrow, addr, live, needs)
}

// rewrite is what an action of the kind does to a condition.
func rewriteOf(kind plan.Kind) rewrite {
	if kind == plan.RoleNarrow {
		return narrowing
	}
	return widening
}

func (r Rename) action(kind plan.Kind, addr plan.Addr, live Live, needs []string) (plan.Action, bool, error) {
	if !live.Exists {
		return plan.Action{}, false, nil
	}
	before, after, err := rewrites(live.Trust, r.Old, r.New, rewriteOf(kind))
	if err != nil {
		return plan.Action{}, false, fmt.Errorf("following the issuer's name at %s: %w", addr, err)
	}
	if len(after) == 0 {
		return plan.Action{}, false, nil
	}
	a, err := plan.NewAction(kind, addr, renaming{Conditions: show(before)}, renaming{Conditions: show(after), Issuer: &r}, needs)
	return a, err == nil, err
}

func show(places []iampolicy.Place) []shownCondition {
	out := make([]shownCondition, len(places))
	for i, p := range places {
		out[i] = shownCondition{Statement: p.Sid, Operator: p.Operator, Key: p.Key, Values: p.Values}
		if p.Sid == "" {
			out[i].Number = p.Statement + 1
		}
	}
	return out
}

func sameConditions(a, b []shownCondition) bool {
	return slices.EqualFunc(a, b, func(x, y shownCondition) bool {
		return x.Statement == y.Statement && x.Number == y.Number && x.Operator == y.Operator && x.Key == y.Key && slices.Equal(x.Values, y.Values)
	})
}

// Waits reports whether an action only waits until somebody has changed a role.
func Waits(a plan.Action) bool {
	var after renaming
	if a.Kind == plan.RoleWiden || a.Kind == plan.RoleNarrow {
		return json.Unmarshal(a.After, &after) == nil && after.Issuer != nil && after.Issuer.Wait
	}
	return a.Kind == plan.RoleVerify
}

// rename follows a new name. The policy is read again first: conditions on the
// issuer that are neither those planned from nor changed already stop the run.
// What else somebody has changed since stays as it is now.
func (d Doers) rename(ctx context.Context, s engine.Step) (plan.Outcome, error) {
	planned, err := plan.FieldsOf[renaming](s.Before)
	if err != nil {
		return plan.Outcome{}, err
	}
	wanted, err := plan.FieldsOf[renaming](s.After)
	if err != nil {
		return plan.Outcome{}, err
	}
	if wanted.Issuer == nil {
		return plan.Outcome{}, errors.New("reading the action: it names no issuer")
	}
	addr := s.Action.Addr
	api, live, err := d.read(ctx, addr)
	if err != nil {
		return plan.Outcome{}, err
	}
	before, after, err := rewrites(live.Trust, wanted.Issuer.Old, wanted.Issuer.New, rewriteOf(s.Action.Kind))
	switch {
	case err != nil:
		return plan.Outcome{}, fmt.Errorf("following the issuer's name at %s: %w", addr, err)
	case len(after) == 0:
		return plan.Outcome{}, nil
	case wanted.Issuer.Wait:
		return plan.Outcome{}, holdRename(s.Action, live, after)
	case !sameConditions(show(before), planned.Conditions) || !sameConditions(show(after), wanted.Conditions):
		return plan.Outcome{}, hint.With(
			fmt.Errorf("writing the trust policy of %s: its conditions on the issuer's name were changed by somebody else since they were planned", addr),
			`run "anchorctl plan" to see what they are now`)
	}
	return plan.Outcome{}, d.writeRename(ctx, api, s.Action, live, *wanted.Issuer)
}

func (d Doers) writeRename(ctx context.Context, api API, a plan.Action, live Live, r Rename) error {
	edit := Widened
	if a.Kind == plan.RoleNarrow {
		edit = Narrowed
	}
	document, _, err := edit(live.Trust, r.Old, r.New)
	if err != nil {
		return fmt.Errorf("writing the trust policy of %s: %w", a.Addr, err)
	}
	if err := api.PutTrust(ctx, live.Name, document); err != nil {
		return err
	}
	return d.readBack(ctx, api, a.Addr, document)
}

// holdRename says which statements have to be changed at the role, and to what.
func holdRename(a plan.Action, live Live, after []iampolicy.Place) error {
	held := &engine.HeldError{
		Action: a.ID, Reason: "the role's trust policy has conditions on the issuer's old name alone",
		Hints: []string{`put the statement shown in the place of the one it is called by, then run the same command again: it goes on from here`},
	}
	if a.Kind == plan.RoleNarrow {
		held.Reason = "the role's trust policy still has conditions with the issuer's old name"
	}
	text, err := iampolicy.WithValues([]byte(live.Trust), after)
	if err != nil {
		return fmt.Errorf("writing the trust policy of %s: %w", a.Addr, err)
	}
	doc, err := iampolicy.Parse(text)
	if err != nil {
		return fmt.Errorf("writing the trust policy of %s: %w", a.Addr, err)
	}
	changed := *doc
	changed.Statements = nil
	var names []string
	for i, s := range doc.Statements {
		at := slices.IndexFunc(after, func(p iampolicy.Place) bool { return p.Statement == i })
		if at >= 0 {
			changed.Statements, names = append(changed.Statements, s), append(names, after[at].Where())
		}
	}
	held.Documents = []engine.Document{{
		At: a.Addr.String(), Title: "to put in the place of statement " + strings.Join(names, " and "), Text: string(changed.Encode()),
	}}
	return held
}
