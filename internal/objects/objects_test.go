package objects_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/engine"
	"anchorctl/internal/objects"
	"anchorctl/internal/ownership"
	"anchorctl/internal/plan"
)

// thing is an object of a kind that has nothing but a colour.
type thing struct {
	id, colour string
	tags       map[string]string
}

func (t thing) Identity() (id, arn string, tags map[string]string) {
	return t.id, "arn:" + t.id, t.tags
}

// target has things. Its lists show tags only when they are read fresh.
type target struct {
	things map[string]thing
	err    error
}

func (t *target) List(_ context.Context, fresh bool) ([]thing, error) {
	var all []thing
	for _, id := range slices.Sorted(maps.Keys(t.things)) {
		one := t.things[id]
		if !fresh {
			one.tags = nil
		}
		all = append(all, one)
	}
	return all, t.err
}

func (t *target) Create(_ context.Context, n thing) (thing, error) {
	t.things[n.id] = n
	return n, t.err
}

func (t *target) Change(_ context.Context, id, colour string) error {
	one := t.things[id]
	one.colour = colour
	t.things[id] = one
	return t.err
}

func (t *target) Delete(_ context.Context, id string) error {
	delete(t.things, id)
	return t.err
}

var (
	addr       = plan.Anchor("prod", plan.Target{Account: "111122223333", Region: "eu-central-1"})
	errService = errors.New("the service is down")
	errRecord  = errors.New("it is not on record")
)

// ours is the thing "one", beside others that nobody recorded.
func ours() (*target, objects.Ours[thing, thing, string]) {
	t := &target{things: map[string]thing{
		"one": {"one", "red", map[string]string{ownership.TagIntent: "i-1"}},
		"two": {"two", "red", map[string]string{ownership.TagIntent: "i-2"}},
	}}
	return t, objects.Ours[thing, thing, string]{
		API: func(context.Context, plan.Addr) (objects.API[thing, thing, string], error) { return t, nil },
		Find: func(_ context.Context, a plan.Addr) (string, error) {
			if a != addr {
				return "", errRecord
			}
			return "one", nil
		},
	}
}

func step(a plan.Addr, intent string) engine.Step {
	return engine.Step{Action: plan.Action{Addr: a}, Intent: intent}
}

func TestWhatTheStoreListsIsReadChangedAndRemovedAndNothingElse(t *testing.T) {
	world, o := ours()
	if got, err := o.Read(t.Context(), addr); err != nil || got.id != "one" {
		t.Errorf("Read = %v, %v", got, err)
	}
	if _, err := o.Always("blue")(t.Context(), step(addr, "")); err != nil || world.things["one"].colour != "blue" {
		t.Errorf("changed to %v, %v", world.things, err)
	}
	for range 2 { // the second time it is gone
		if outcome, err := o.Remove(t.Context(), step(addr, "")); err != nil || !outcome.Deleted {
			t.Errorf("Remove = %+v, %v", outcome, err)
		}
	}
	if _, err := o.Read(t.Context(), addr); err == nil || !strings.Contains(err.Error(), "not there any more") {
		t.Errorf("error is %v of an object that is gone", err)
	}
	if left := slices.Collect(maps.Keys(world.things)); !slices.Equal(left, []string{"two"}) || world.things["two"].colour != "red" {
		t.Errorf("left is %v", world.things)
	}
}

func TestWhatTheStoreDoesNotListIsNotTouched(t *testing.T) {
	world, o := ours()
	other := plan.Anchor("dev", addr.Target)
	_, read := o.Read(t.Context(), other)
	_, changed := o.Change(t.Context(), other, "blue")
	_, removed := o.Remove(t.Context(), step(other, ""))
	for name, err := range map[string]error{"Read": read, "Change": changed, "Remove": removed} {
		if !errors.Is(err, errRecord) {
			t.Errorf("%s: error is %v", name, err)
		}
	}
	before, _ := ours()
	if diff := cmp.Diff(before.things, world.things, cmp.AllowUnexported(thing{})); diff != "" {
		t.Error(diff)
	}
}

func TestATraceIsLookedForPastListsThatLag(t *testing.T) {
	for intent, want := range map[string]*plan.Object{
		"i-2": {Addr: addr, ARN: "arn:two", Intent: "i-2"},
		"i-3": nil,
	} {
		_, o := ours()
		got, err := o.Look(t.Context(), step(addr, intent))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got.Created); diff != "" || got.View == "" {
			t.Errorf("%s: view %q, %s", intent, got.View, diff)
		}
	}
}

func TestWhatIsCreatedIsRecordedWithItsIntent(t *testing.T) {
	world, o := ours()
	outcome, err := o.Create(t.Context(), step(addr, "i-3"), thing{id: "three"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&plan.Object{Addr: addr, ARN: "arn:three", Intent: "i-3"}, outcome.Created); diff != "" {
		t.Error(diff)
	}
	world.err = errService
	if outcome, err = o.Create(t.Context(), step(addr, "i-4"), thing{id: "four"}); !errors.Is(err, errService) || outcome.Created != nil {
		t.Errorf("recorded is %+v, %v", outcome.Created, err)
	}
}
