package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/plan"
	"anchorctl/internal/store"
)

// target and the addresses below are those of the suite's plan.
func target() plan.Target { return plan.Target{Account: "111122223333", Region: "eu-central-1"} }

func anchor() plan.Addr { return plan.Anchor("prod", target()) }

// action is a step of the suite's plan.
func action(kind plan.Kind, addr plan.Addr, once bool) plan.Action {
	at := target()
	return plan.Action{ID: plan.ID(kind, addr), Kind: kind, Addr: addr, Target: &at,
		After: json.RawMessage(`{"name":"example-prod"}`), Once: once}
}

func actions() (mint, create, enable plan.Action) {
	mint = action(plan.IssuerMint, plan.Issuer("prod", 1), false)
	create = action(plan.AnchorCreate, anchor(), true)
	create.Needs = []string{mint.ID}
	enable = action(plan.AnchorEnable, anchor(), false)
	return mint, create, enable
}

// begun starts a run of the suite's plan.
func begun(t *testing.T, s *store.Store, id string) plan.Run {
	t.Helper()
	mint, create, enable := actions()
	p := plan.Plan{Basis: plan.Basis{Lineage: Estate().Lineage, Command: "apply"},
		Actions: []plan.Action{mint, create, enable}}
	r := plan.Run{ID: id, Digest: value[string](t)(p.Digest()), Command: "apply", Actor: "ana",
		Status: plan.Begun, Started: start().Unix()}
	must(t, s.StartRun(t.Context(), r, value[[]byte](t)(p.Encode())))
	return r
}

// open is what the store says about the run that is open.
func open(t *testing.T, s *store.Store) *plan.Run {
	t.Helper()
	r, found, err := s.OpenRun(t.Context())
	must(t, err)
	if !found {
		return nil
	}
	return &r
}

func intentIDs(t *testing.T, s *store.Store) []string {
	t.Helper()
	var ids []string
	for _, i := range value[[]plan.Intent](t)(s.OpenIntents(t.Context())) {
		ids = append(ids, i.ID)
	}
	return ids
}

func done(o *plan.Object) plan.Outcome { return plan.Outcome{Status: plan.Done, Created: o} }

func runs(t *testing.T, p Place) {
	s := create(t, p)
	if r := open(t, s); r != nil {
		t.Fatalf("before any run, %v is open", r)
	}
	want := begun(t, s, "run-1")
	mint, createAnchor, enable := actions()
	first := value[string](t)(s.Begin(t.Context(), "run-1", mint))
	must(t, s.Finish(t.Context(), "run-1", first, mint, done(nil)))
	second := value[string](t)(s.Begin(t.Context(), "run-1", createAnchor))

	other := reopen(t, p, Options())
	want.Done = []string{mint.ID}
	if diff := cmp.Diff(&want, open(t, other)); diff != "" {
		t.Error(diff)
	}
	intents := value[[]plan.Intent](t)(other.OpenIntents(t.Context()))
	wantIntents := []plan.Intent{{Run: "run-1", Action: createAnchor, ID: second, Begun: start().Unix()}}
	if diff := cmp.Diff(wantIntents, intents); diff != "" {
		t.Error(diff)
	}
	raw := value[[]byte](t)(other.PlanOf(t.Context(), "run-1"))
	if _, err := plan.Decode(raw); err != nil {
		t.Error(err)
	}
	if err := s.EndRun(t.Context(), "run-1", plan.Done); err == nil {
		t.Error("a run with an open intent is done: no error")
	}
	must(t, s.EndRun(t.Context(), "run-1", plan.Interrupted))
	want.Status, want.Ended = plan.Interrupted, start().Unix()
	if diff := cmp.Diff(&want, open(t, s)); diff != "" {
		t.Error(diff)
	}
	wantIntents = []plan.Intent{{Run: "run-1", Action: mint, ID: first, Begun: start().Unix()}}
	if diff := cmp.Diff(wantIntents, value[[]plan.Intent](t)(s.DoneIntents(t.Context(), mint.ID))); diff != "" {
		t.Error(diff)
	}
	if list := value[[]plan.Intent](t)(s.DoneIntents(t.Context(), createAnchor.ID)); len(list) != 0 {
		t.Errorf("an action that is open is done: %v", list)
	}
	object := plan.Object{Addr: anchor(), ARN: "arn:one", Intent: second}
	must(t, s.Finish(t.Context(), "run-1", second, createAnchor, done(&object)))
	third := value[string](t)(s.Begin(t.Context(), "run-1", enable))
	want.Status, want.Ended, want.Done = plan.Begun, 0, []string{mint.ID, createAnchor.ID}
	if diff := cmp.Diff(&want, open(t, s)); diff != "" {
		t.Error("beginning goes on with the run:", diff)
	}
	must(t, s.Finish(t.Context(), "run-1", third, enable, done(nil)))
	must(t, s.EndRun(t.Context(), "run-1", plan.Done))
	if r := open(t, s); r != nil {
		t.Errorf("after its end, %v is open", r)
	}
	runErrors(t, s)
	must(t, s.VerifyAudit(t.Context()))
}

// runErrors expects run-1 to be done.
func runErrors(t *testing.T, s *store.Store) {
	t.Helper()
	mint, _, _ := actions()
	if _, err := s.Begin(t.Context(), "run-1", mint); err == nil {
		t.Error("beginning in a run that is done: no error")
	}
	if _, err := s.Begin(t.Context(), "run-9", mint); err == nil {
		t.Error("beginning in no run: no error")
	}
	if err := s.EndRun(t.Context(), "run-1", plan.Failed); err == nil {
		t.Error("ending a run that is done: no error")
	}
	if err := s.EndRun(t.Context(), "run-1", plan.Begun); err == nil {
		t.Error("ending with a beginning: no error")
	}
	if _, err := s.PlanOf(t.Context(), "run-9"); err == nil {
		t.Error("the plan of no run: no error")
	}
	r := plan.Run{ID: "run-2", Digest: "00", Command: "apply"}
	if err := s.StartRun(t.Context(), r, []byte("{}")); err == nil {
		t.Error("a run whose digest is not the plan's: no error")
	}
	begun(t, s, "run-3")
	begun(t, s, "run-4")
	must(t, s.EndRun(t.Context(), "run-4", plan.Superseded))
	if r := open(t, s); r == nil || r.ID != "run-3" {
		t.Errorf("the open run is %v, want run-3: the newer one is superseded", r)
	}
}

func beginOnce(t *testing.T, p Place) {
	s := create(t, p)
	begun(t, s, "run-1")
	_, createAnchor, _ := actions()
	first := value[string](t)(s.Begin(t.Context(), "run-1", createAnchor))
	begun(t, s, "run-2")
	for _, run := range []string{"run-1", "run-2"} {
		if _, err := s.Begin(t.Context(), run, createAnchor); !errors.Is(err, store.ErrOpenIntent) {
			t.Errorf("beginning again in %s: got %v, want ErrOpenIntent", run, err)
		}
	}
	if diff := cmp.Diff([]string{first}, intentIDs(t, s)); diff != "" {
		t.Error(diff)
	}
	must(t, s.Abandon(t.Context(), first, "two lists without it"))
	if second := value[string](t)(s.Begin(t.Context(), "run-2", createAnchor)); second == first {
		t.Error("two intents have one id")
	}
}

func beginAgain(t *testing.T, p Place) {
	s := create(t, p)
	begun(t, s, "run-1")
	_, _, enable := actions()
	first := value[string](t)(s.Begin(t.Context(), "run-1", enable))
	second := value[string](t)(s.Begin(t.Context(), "run-1", enable))
	if diff := cmp.Diff([]string{second}, intentIDs(t, s)); diff != "" {
		t.Error(diff)
	}
	if err := s.Finish(t.Context(), "run-1", first, enable, done(nil)); err == nil {
		t.Error("finishing the superseded intent: no error")
	}
	must(t, s.Finish(t.Context(), "run-1", second, enable, done(nil)))
}

func finish(t *testing.T, p Place) {
	s := create(t, p)
	begun(t, s, "run-1")
	mint, createAnchor, _ := actions()
	intent := value[string](t)(s.Begin(t.Context(), "run-1", createAnchor))
	object := plan.Object{Addr: anchor(), ARN: "arn:one", Intent: intent}
	for name, finish := range map[string]error{
		"an unknown intent":           s.Finish(t.Context(), "run-1", "none", createAnchor, done(&object)),
		"another run":                 s.Finish(t.Context(), "run-2", intent, createAnchor, done(&object)),
		"another action":              s.Finish(t.Context(), "run-1", intent, mint, done(&object)),
		"no outcome":                  s.Finish(t.Context(), "run-1", intent, createAnchor, plan.Outcome{Status: plan.Begun}),
		"an object of a failure":      s.Finish(t.Context(), "run-1", intent, createAnchor, plan.Outcome{Status: plan.Failed, Created: &object}),
		"an object without ARN":       s.Finish(t.Context(), "run-1", intent, createAnchor, done(&plan.Object{Addr: anchor()})),
		"an object without address":   s.Finish(t.Context(), "run-1", intent, createAnchor, done(&plan.Object{ARN: "arn:one"})),
		"a deletion of what was held": s.Finish(t.Context(), "run-1", intent, createAnchor, plan.Outcome{Status: plan.Held, Deleted: true}),
	} {
		if finish == nil {
			t.Errorf("finishing with %s: no error", name)
		}
	}
	if n := len(value[[]plan.Object](t)(s.Objects(t.Context()))); n != 0 {
		t.Errorf("%d objects are recorded by refused outcomes", n)
	}
	if diff := cmp.Diff([]string{intent}, intentIDs(t, s)); diff != "" {
		t.Error(diff)
	}
	before := value[int64](t)(s.Serial(t.Context()))
	must(t, s.Finish(t.Context(), "run-1", intent, createAnchor, done(&object)))
	if err := s.Finish(t.Context(), "run-1", intent, createAnchor, done(&object)); err == nil {
		t.Error("finishing twice: no error")
	}
	if diff := cmp.Diff([]plan.Object{object}, value[[]plan.Object](t)(s.Objects(t.Context()))); diff != "" {
		t.Error(diff)
	}
	if after := value[int64](t)(s.Serial(t.Context())); after <= before {
		t.Error("the serial stayed when an object was recorded")
	}
	must(t, s.VerifyAudit(t.Context()))
}

func objects(t *testing.T, p Place) {
	s := create(t, p)
	begun(t, s, "run-1")
	do := func(a plan.Action, o plan.Outcome) error {
		intent := value[string](t)(s.Begin(t.Context(), "run-1", a))
		err := s.Finish(t.Context(), "run-1", intent, a, o)
		if err != nil {
			must(t, s.Abandon(t.Context(), intent, "refused"))
		}
		return err
	}
	profile := plan.Profile("prod", "backup", target())
	createAnchor := action(plan.AnchorCreate, anchor(), true)
	createProfile := action(plan.ProfileCreate, profile, true)
	must(t, do(createProfile, done(&plan.Object{Addr: profile, ARN: "arn:p", Intent: "i1"})))
	must(t, do(createAnchor, done(&plan.Object{Addr: anchor(), ARN: "arn:a", Intent: "i2"})))
	must(t, do(createAnchor, done(&plan.Object{Addr: anchor(), ARN: "arn:b", Intent: "i3"})))
	if err := do(createAnchor, done(&plan.Object{Addr: anchor(), ARN: "arn:p"})); !errors.Is(err, store.ErrExists) {
		t.Errorf("one ARN at two addresses: got %v, want ErrExists", err)
	}
	want := []plan.Object{{Addr: anchor(), ARN: "arn:b", Intent: "i3"}, {Addr: profile, ARN: "arn:p", Intent: "i1"}}
	if diff := cmp.Diff(want, value[[]plan.Object](t)(s.Objects(t.Context()))); diff != "" {
		t.Error(diff)
	}
	deleteAnchor := action(plan.AnchorDelete, anchor(), false)
	must(t, do(deleteAnchor, plan.Outcome{Status: plan.Done, Deleted: true}))
	must(t, do(deleteAnchor, plan.Outcome{Status: plan.Done, Deleted: true}))
	if diff := cmp.Diff(want[1:], value[[]plan.Object](t)(s.Objects(t.Context()))); diff != "" {
		t.Error(diff)
	}
}

func abandon(t *testing.T, p Place) {
	s := create(t, p)
	begun(t, s, "run-1")
	_, createAnchor, _ := actions()
	intent := value[string](t)(s.Begin(t.Context(), "run-1", createAnchor))
	must(t, s.Abandon(t.Context(), intent, "two lists without it"))
	if err := s.Abandon(t.Context(), intent, "again"); err == nil {
		t.Error("abandoning twice: no error")
	}
	if ids := intentIDs(t, s); ids != nil {
		t.Errorf("%v are open", ids)
	}
	if r := open(t, s); r == nil || len(r.Done) != 0 {
		t.Errorf("the open run is %v, want one with nothing done", r)
	}
	must(t, s.EndRun(t.Context(), "run-1", plan.Done))
	must(t, s.VerifyAudit(t.Context()))
}

func interrupted(t *testing.T, p Place) {
	s := create(t, p)
	begun(t, s, "run-1")
	_, createAnchor, enable := actions()
	intent := value[string](t)(s.Begin(t.Context(), "run-1", createAnchor))
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := s.Begin(stopped, "run-1", enable); !errors.Is(err, context.Canceled) {
		t.Errorf("beginning after an interrupt: got %v, want context.Canceled", err)
	}
	object := plan.Object{Addr: anchor(), ARN: "arn:one", Intent: intent}
	must(t, s.Finish(stopped, "run-1", intent, createAnchor, done(&object)))
	must(t, s.EndRun(stopped, "run-1", plan.Interrupted))
	if r := open(t, s); r == nil || r.Status != plan.Interrupted || len(r.Done) != 1 {
		t.Errorf("the open run is %v, want it interrupted with one action done", r)
	}
}
