package estate_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"anchorctl/internal/anchors"
	"anchorctl/internal/config"
	"anchorctl/internal/engine"
	"anchorctl/internal/estate"
	"anchorctl/internal/iampolicy"
	"anchorctl/internal/ownership"
	"anchorctl/internal/plan"
	"anchorctl/internal/profiles"
)

// What people do in the account with their own hands, and what they see there.

var (
	devAnchor   = plan.Anchor("dev", place)
	devProfile  = plan.Profile("dev", "app", place)
	prodProfile = plan.Profile("prod", "app", place)
)

func (l *lab) advance(t *testing.T, d string) {
	t.Helper()
	if err := l.control("POST", "clock", map[string]string{"advance": d}, nil); err != nil {
		t.Fatal(err)
	}
}

// withoutProd is what is left of a configuration of two environments.
func withoutProd(configuration string) string {
	return configuration[:strings.Index(configuration, "  prod:")]
}

func (l *lab) trust(t *testing.T, role string) string {
	t.Helper()
	live, err := l.cloud(t).Roles.Get(t.Context(), role)
	if err != nil {
		t.Fatal(err)
	}
	return live.Trust
}

func (l *lab) setTrust(t *testing.T, role, document string) {
	t.Helper()
	if err := l.cloud(t).Roles.PutTrust(t.Context(), role, document); err != nil {
		t.Fatal(err)
	}
}

// withCareless is the policy with a statement added that takes any anchor.
func withCareless(t *testing.T, trust string) string {
	t.Helper()
	statement := careless[strings.Index(careless, `{"Effect"`):strings.LastIndex(careless, "]")]
	at := strings.Index(trust, `"Statement":`)
	if at < 0 {
		t.Fatalf("no statements in %s", trust)
	}
	at += strings.Index(trust[at:], "[") + 1
	return trust[:at] + statement + "," + trust[at:]
}

// loosened is a policy that takes any anchor under the Sid of prod's pin.
func loosened() string {
	return strings.Replace(careless, `{"Effect"`, `{"Sid":"`+iampolicy.Sid("prod")+`","Effect"`, 1)
}

// install puts the documents that a run waits for into their roles.
func (l *lab) install(t *testing.T, run *engine.HeldRun) {
	t.Helper()
	for _, hold := range run.Held {
		addr, err := plan.ParseAddr(hold.Documents[0].At)
		if err != nil {
			t.Fatal(err)
		}
		l.setTrust(t, addr.Name, hold.Documents[0].Text)
	}
}

func (l *lab) anchor(t *testing.T, addr plan.Addr) anchors.Live {
	t.Helper()
	all, err := l.cloud(t).Anchors.List(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(a anchors.Live) bool { return a.Tags[ownership.TagResource] == addr.String() })
	if i < 0 {
		t.Fatalf("%s is not there", addr)
	}
	return all[i]
}

func (l *lab) profile(t *testing.T, addr plan.Addr) profiles.Live {
	t.Helper()
	all, err := l.cloud(t).Profiles.List(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(p profiles.Live) bool { return p.Tags[ownership.TagResource] == addr.String() })
	if i < 0 {
		t.Fatalf("%s is not there", addr)
	}
	return all[i]
}

// disable is what a person does in the console.
func (l *lab) disable(t *testing.T, addr plan.Addr) {
	t.Helper()
	var err error
	if addr.Kind == plan.KindAnchor {
		err = l.cloud(t).Anchors.Change(t.Context(), l.anchor(t, addr).ID, anchors.Change{Disable: true})
	} else {
		err = l.cloud(t).Profiles.Change(t.Context(), l.profile(t, addr).ID, profiles.Change{Disable: true})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// recorded are the addresses of the objects that the store lists.
func (l *lab) recorded(t *testing.T) []string {
	t.Helper()
	objects, err := l.open(t, nil).Folder.Store.Objects(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	list := []string{}
	for _, o := range objects {
		list = append(list, o.Addr.String())
	}
	slices.Sort(list)
	return list
}

// open is the estate's world until the test ends; change, if any, alters each
// cloud that is opened, or refuses it.
func (l *lab) open(t *testing.T, change func(c *estate.Cloud, target config.Target) error) estate.World {
	t.Helper()
	w, done, err := l.world(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(done)
	return changed(w, change)
}

// sent counts the requests of one operation so far.
func (l *lab) sent(t *testing.T, op string) int {
	t.Helper()
	n := 0
	for _, r := range l.requests(t) {
		if r.Op == op {
			n++
		}
	}
	return n
}

func changed(w estate.World, change func(c *estate.Cloud, target config.Target) error) estate.World {
	open := w.Open
	w.Open = func(ctx context.Context, target config.Target) (estate.Cloud, error) {
		c, err := open(ctx, target)
		if err == nil && change != nil {
			err = change(&c, target)
		}
		return c, err
	}
	return w
}
