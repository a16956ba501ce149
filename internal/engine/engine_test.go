package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/clock"
	"anchorctl/internal/engine"
	"anchorctl/internal/plan"
)

// world is a service that makes objects, a journal that remembers, and a clock
// that jumps. Its faults are set per test.
type world struct {
	t       *testing.T
	now     time.Time
	intents []record
	made    map[string]string // object by intent

	doError   map[string]error // after the effect
	noEffect  map[string]bool  // the error comes before the effect
	failBegin string
	failDone  string
	appearsAt time.Time // lists show objects only from then on
	views     []string  // what successive looks see besides; the last one stays
	looks     int
	waited    time.Duration
	events    []string
}

type record struct {
	id, action string
	status     plan.Status
}

var errStore, errService = errors.New("store broke"), errors.New("service broke")

func newWorld(t *testing.T) *world {
	return &world{
		t: t, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), made: map[string]string{},
		doError: map[string]error{}, noEffect: map[string]bool{},
	}
}

func (w *world) Begin(_ context.Context, _ string, a plan.Action) (string, error) {
	if w.failBegin == a.ID {
		return "", errStore
	}
	for _, r := range w.intents {
		if a.Once && r.action == a.ID && r.status == plan.Begun {
			w.t.Errorf("%s is begun a second time while its first intent is open", a.ID)
		}
	}
	id := fmt.Sprintf("intent-%d", len(w.intents)+1)
	w.intents = append(w.intents, record{id, a.ID, plan.Begun})
	return id, nil
}

func (w *world) Finish(_ context.Context, _, intent string, a plan.Action, o plan.Outcome) error {
	if w.failDone == a.ID {
		return errStore
	}
	return w.set(intent, o.Status)
}

func (w *world) Abandon(_ context.Context, intent, _ string) error {
	return w.set(intent, plan.Superseded)
}

func (w *world) set(intent string, status plan.Status) error {
	for i := range w.intents {
		if w.intents[i].id == intent {
			w.intents[i].status = status
			return nil
		}
	}
	return fmt.Errorf("no intent %s", intent)
}

func (w *world) open() []plan.Intent {
	var open []plan.Intent
	for _, r := range w.intents {
		if r.status == plan.Begun {
			open = append(open, plan.Intent{ID: r.id, Action: create(r.action[len("anchor.create "):]), Begun: w.now.Unix()})
		}
	}
	return open
}

func (w *world) do(_ context.Context, s engine.Step) (plan.Outcome, error) {
	err := w.doError[s.Action.ID]
	if err == nil || !w.noEffect[s.Action.ID] {
		w.made[s.Intent] = s.Action.Addr.String()
	}
	if err != nil {
		return plan.Outcome{}, err
	}
	return plan.Outcome{Created: &plan.Object{Addr: s.Action.Addr, ARN: "arn", Intent: s.Intent}}, nil
}

func (w *world) look(_ context.Context, s engine.Step) (engine.Sighting, error) {
	view := "same"
	if len(w.views) > 0 {
		view = w.views[min(w.looks, len(w.views)-1)]
	}
	w.looks++
	if view == "error" {
		return engine.Sighting{}, errService
	}
	if _, there := w.made[s.Intent]; there && !w.now.Before(w.appearsAt) {
		return engine.Sighting{View: view, Created: &plan.Object{Addr: s.Action.Addr, ARN: "arn", Intent: s.Intent}}, nil
	}
	return engine.Sighting{View: view}, nil
}

func (w *world) engine() engine.Engine {
	return engine.Engine{
		Journal: w,
		Doers:   map[plan.Kind]engine.Doer{plan.AnchorCreate: {Do: w.do, Look: w.look}, plan.AnchorEnable: {Do: w.do}},
		Clock: clock.Clock{
			Now: func() time.Time { return w.now },
			Wait: func(ctx context.Context, d time.Duration) error {
				w.now = w.now.Add(d)
				w.waited += d
				return ctx.Err()
			},
		},
		Gates: map[string]engine.Gate{
			"open":   func(context.Context, plan.Action) error { return nil },
			"closed": func(_ context.Context, a plan.Action) error { return &engine.HeldError{Action: a.ID, Reason: "closed"} },
		},
		Resolve: func(_ context.Context, addr plan.Addr, field string) (string, error) {
			return "arn-of-" + addr.Environment, nil
		},
		Events: func(e engine.Event) { w.events = append(w.events, string(e.Kind)+" "+e.Action.ID) },
	}
}

var target = plan.Target{Account: "111122223333", Region: "eu-central-1"}

func create(addr string) plan.Action {
	a, err := plan.ParseAddr(addr)
	if err != nil {
		panic(err) // the tests write their own addresses
	}
	return plan.Action{ID: plan.ID(plan.AnchorCreate, a), Kind: plan.AnchorCreate, Addr: a, Once: true}
}

func anchor(env string) plan.Action { return create(plan.Anchor(env, target).String()) }

func enable(env, gate string, needs ...string) plan.Action {
	addr := plan.Anchor(env, target)
	return plan.Action{ID: plan.ID(plan.AnchorEnable, addr), Kind: plan.AnchorEnable, Addr: addr, Gate: gate, Needs: needs}
}

func TestRunHoldsOnlyWhatNeedsTheHeld(t *testing.T) {
	w := newWorld(t)
	dev, prod := anchor("dev"), anchor("prod")
	actions := []plan.Action{dev, prod, enable("dev", "closed", dev.ID), enable("prod", "open", prod.ID)}
	later := plan.Action{ID: "x", Kind: plan.AnchorEnable, Needs: []string{actions[2].ID}}
	result, err := w.engine().Run(t.Context(), "run", append(actions, later))
	var held *engine.HeldRun
	if !errors.As(err, &held) || len(held.Held) != 1 {
		t.Fatalf("error is %v, want one hold", err)
	}
	want := engine.Result{
		Done: []string{dev.ID, prod.ID, actions[3].ID}, Held: []string{actions[2].ID}, Skipped: []string{"x"}, Notes: []string{},
	}
	if diff := cmp.Diff(want, result); diff != "" {
		t.Error(diff)
	}
	if slices.Contains(w.events, "started x") {
		t.Error("what was skipped is said to have started")
	}
}

func TestRunStopsBetweenActionsWhenAsked(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	e := w.engine()
	e.Doers[plan.AnchorCreate] = engine.Doer{Do: func(ctx context.Context, s engine.Step) (plan.Outcome, error) {
		cancel()
		if ctx.Err() != nil {
			t.Error("an action in progress was cut off")
		}
		return w.do(ctx, s)
	}}
	result, err := e.Run(ctx, "run", []plan.Action{anchor("dev"), anchor("prod")})
	var interrupted *engine.InterruptedError
	if !errors.As(err, &interrupted) || interrupted.Done != 1 || interrupted.Left != 1 {
		t.Errorf("error is %v, want an interruption with 1 done and 1 left", err)
	}
	if len(result.Done) != 1 || w.intents[0].status != plan.Done {
		t.Errorf("the action in progress is not recorded as done: %v", w.intents)
	}
}

// TestFaultPairs breaks a create in every place, in both forms: not done, and
// done but reported as failed. Whatever happens, settling what is open leads
// to exactly one object for the intents that were done and none unrecorded.
func TestFaultPairs(t *testing.T) {
	unclear := fmt.Errorf("%w: %w", engine.ErrUnclear, errService)
	dev := anchor("dev")
	for name, set := range map[string]func(w *world){
		"the intent cannot be recorded":              func(w *world) { w.failBegin = dev.ID },
		"refused by the service":                     func(w *world) { w.doError[dev.ID], w.noEffect[dev.ID] = errService, true },
		"the answer is lost and nothing was done":    func(w *world) { w.doError[dev.ID], w.noEffect[dev.ID] = unclear, true },
		"the answer is lost and it was done":         func(w *world) { w.doError[dev.ID] = unclear },
		"done, and lists show it only after a while": func(w *world) { w.doError[dev.ID], w.appearsAt = unclear, w.now.Add(30*time.Second) },
		"done, and its outcome cannot be recorded":   func(w *world) { w.failDone = dev.ID },
		"the answer is lost and lists keep changing": func(w *world) {
			w.doError[dev.ID], w.noEffect[dev.ID], w.views = unclear, true, []string{"a", "b", "c", "d"}
		},
		"the answer is lost and AWS cannot be listed": func(w *world) { w.doError[dev.ID], w.noEffect[dev.ID], w.views = unclear, true, []string{"error"} },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			set(w)
			_, err := w.engine().Run(t.Context(), "run", []plan.Action{dev})
			if err == nil {
				t.Fatal("the fault went unnoticed")
			}
			// The faults are over; a later run settles and goes on.
			w.failBegin, w.failDone, w.views = "", "", nil
			w.doError = map[string]error{}
			if err := w.engine().Settle(t.Context(), w.open()); err != nil {
				t.Fatal(err)
			}
			if len(w.made) == 0 {
				if _, err := w.engine().Run(t.Context(), "run", []plan.Action{dev}); err != nil {
					t.Fatal(err)
				}
			}
			checkOne(t, w)
		})
	}
}

// checkOne asserts that one object is there and that the journal says so.
func checkOne(t *testing.T, w *world) {
	t.Helper()
	if len(w.made) != 1 {
		t.Errorf("there are %d objects, want 1", len(w.made))
	}
	for _, r := range w.intents {
		_, there := w.made[r.id]
		if (r.status == plan.Done) != there {
			t.Errorf("intent %s is %s, and its object being there is %v", r.id, r.status, there)
		}
	}
}

func TestSettleHoldsRatherThanGuess(t *testing.T) {
	for name, views := range map[string][]string{
		"two lists differ":     {"a", "b", "c"},
		"AWS cannot be listed": {"error"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.views = views
			intent := plan.Intent{Action: anchor("dev"), ID: "intent-1", Begun: w.now.Unix()}
			w.intents = []record{{"intent-1", intent.Action.ID, plan.Begun}}
			err := w.engine().Settle(t.Context(), []plan.Intent{intent})
			var held *engine.HeldError
			if !errors.As(err, &held) {
				t.Fatalf("error is %v, want a hold", err)
			}
			if w.intents[0].status != plan.Begun {
				t.Errorf("the intent became %s", w.intents[0].status)
			}
		})
	}
}

func TestSettleWaitsUntilListsCanBeTrusted(t *testing.T) {
	w := newWorld(t)
	begun := w.now.Add(-20 * time.Second)
	intent := plan.Intent{Action: anchor("dev"), ID: "intent-1", Begun: begun.Unix()}
	w.intents = []record{{"intent-1", intent.Action.ID, plan.Begun}}
	if err := w.engine().Settle(t.Context(), []plan.Intent{intent}); err != nil {
		t.Fatal(err)
	}
	if since := w.now.Sub(begun); since < engine.SettleTime {
		t.Errorf("it gave up %v after the create, before lists can be trusted (%v)", since, engine.SettleTime)
	}
	if w.waited > engine.SettleTime {
		t.Errorf("it waited %v although the create was 20 s old", w.waited)
	}
}

func TestReferencesAreResolvedAndPolicyVariablesPass(t *testing.T) {
	w := newWorld(t)
	e := w.engine()
	var got json.RawMessage
	e.Doers[plan.AnchorCreate] = engine.Doer{Do: func(_ context.Context, s engine.Step) (plan.Outcome, error) {
		got = s.After
		return plan.Outcome{}, nil
	}}
	a := anchor("dev")
	a.After = json.RawMessage(`{"arn":"` + engine.Reference(plan.Anchor("prod", target), "arn") + `","v":"${aws:PrincipalTag/x}"}`)
	if _, err := e.Run(t.Context(), "run", []plan.Action{a}); err != nil {
		t.Fatal(err)
	}
	if want := `{"arn":"arn-of-prod","v":"${aws:PrincipalTag/x}"}`; string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
