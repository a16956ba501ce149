package profiles_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/engine"
	"anchorctl/internal/plan"
	"anchorctl/internal/profiles"
)

var addr = plan.Profile("prod", "app", plan.Target{Account: "111122223333", Region: "eu-central-1"})

func desired() profiles.Desired {
	return profiles.Desired{
		Addr: addr, Tags: map[string]string{"anchorctl:resource": addr.String()},
		Spec: profiles.Spec{
			Name: "example-prod-app", RoleARNs: []string{"arn:a", "arn:b"}, DurationSeconds: 3600,
			SessionPolicy: `{"Version":"2012-10-17","Statement":[]}`,
			Mappings:      profiles.Mappings{"x509SAN": {"URI"}, "x509Subject": {"CN", "OU"}},
		},
	}
}

// live is the profile as it is when nothing is to be done.
func live() profiles.Live {
	l := profiles.Born(desired())
	l.ID, l.Mappings = "id", profiles.Mappings{"x509SAN": {"URI"}, "x509Subject": {"OU", "CN"}}
	l.SessionPolicy = "{ \"Statement\": [],\n \"Version\": \"2012-10-17\" }"
	return l
}

func actions(t *testing.T, l profiles.Live) []string {
	t.Helper()
	narrow, err := profiles.Narrow(desired(), l)
	if err != nil {
		t.Fatal(err)
	}
	update, err := profiles.Update(desired(), l, narrow)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, a := range append(narrow, update...) {
		lines = append(lines, string(a.Kind)+" "+string(a.Before)+" -> "+string(a.After))
	}
	return lines
}

func TestDiff(t *testing.T) {
	for name, c := range map[string]struct {
		change func(l *profiles.Live)
		want   []string
	}{
		"nothing differs, whatever the order and the white space": {func(*profiles.Live) {}, nil},
		"a role added by hand is taken out first": {
			func(l *profiles.Live) { l.RoleARNs = []string{"arn:x", "arn:b", "arn:a"} },
			[]string{`profile.narrow {"roles":["arn:a","arn:b","arn:x"]} -> {"roles":["arn:a","arn:b"]}`},
		},
		"a missing role is added last": {
			func(l *profiles.Live) { l.RoleARNs = []string{"arn:b"} },
			[]string{`profile.update {"roles":["arn:b"]} -> {"roles":["arn:a","arn:b"]}`},
		},
		"roles exchanged leave before others come": {
			func(l *profiles.Live) { l.RoleARNs = []string{"arn:x"} },
			[]string{`profile.narrow {"roles":["arn:x"]} -> {"roles":[]}`, `profile.update {"roles":[]} -> {"roles":["arn:a","arn:b"]}`},
		},
		"a duration": {
			func(l *profiles.Live) { l.DurationSeconds = 7200 },
			[]string{`profile.update {"durationSeconds":7200} -> {"durationSeconds":3600}`},
		},
		"a session policy removed": {
			func(l *profiles.Live) { l.SessionPolicy = "" },
			[]string{`profile.update {"sessionPolicy":null} -> {"sessionPolicy":{"Statement":[],"Version":"2012-10-17"}}`},
		},
		"custom session names allowed": {
			func(l *profiles.Live) { l.AcceptRoleSessionName = true },
			[]string{`profile.update {"acceptRoleSessionName":true} -> {"acceptRoleSessionName":false}`},
		},
		"the service's own mappings": {
			func(l *profiles.Live) { l.Mappings = profiles.DefaultMappings() },
			[]string{`profile.update {"attributeMappings":{"x509Issuer":["*"],"x509SAN":["DNS","Name/*","URI"],"x509Subject":["*"]}}` +
				` -> {"attributeMappings":{"x509SAN":["URI"],"x509Subject":["CN","OU"]}}`},
		},
		"a tag removed": {
			func(l *profiles.Live) { l.Tags = nil },
			[]string{`profile.tag  -> {"tags":{"anchorctl:resource":"` + addr.String() + `"}}`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := live()
			c.change(&l)
			if diff := cmp.Diff(c.want, actions(t, l)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// account holds one profile and applies changes as the service does.
type account struct {
	live    profiles.Live
	changes int
}

func (a *account) List(context.Context, bool) ([]profiles.Live, error) {
	return []profiles.Live{a.live}, nil
}

func (a *account) Create(context.Context, profiles.New) (profiles.Live, error) {
	return a.live, nil
}
func (a *account) Delete(context.Context, string) error { return nil }
func (a *account) Change(_ context.Context, _ string, c profiles.Change) error {
	a.changes++
	mappings := a.live.Mappings
	if c.Spec != nil {
		a.live.Name, a.live.RoleARNs, a.live.ManagedPolicyARNs = c.Spec.Name, c.Spec.RoleARNs, c.Spec.ManagedPolicyARNs
		a.live.SessionPolicy, a.live.DurationSeconds = c.Spec.SessionPolicy, c.Spec.DurationSeconds
		a.live.AcceptRoleSessionName = c.Spec.AcceptRoleSessionName
	}
	a.live.Mappings = profiles.Mappings{}
	for field, specifiers := range mappings {
		if _, drop := c.DropMappings[field]; !drop {
			a.live.Mappings[field] = specifiers
		}
	}
	for field, specifiers := range c.PutMappings {
		a.live.Mappings[field] = specifiers
	}
	return nil
}

func run(t *testing.T, a *account, action plan.Action) error {
	t.Helper()
	doers := profiles.Doers{Ours: profiles.Ours{
		API:  func(context.Context, plan.Addr) (profiles.API, error) { return a, nil },
		Find: func(context.Context, plan.Addr) (string, error) { return "id", nil },
	}}
	_, err := doers.ByKind()[action.Kind].Do(t.Context(), engine.Step{Action: action, Before: action.Before, After: action.After})
	return err
}

func TestUpdateLeadsToWhatIsWanted(t *testing.T) {
	a := &account{live: live()}
	a.live.RoleARNs, a.live.Mappings, a.live.SessionPolicy = []string{"arn:x", "arn:b"}, profiles.DefaultMappings(), ""
	narrow, err := profiles.Narrow(desired(), a.live)
	if err != nil {
		t.Fatal(err)
	}
	update, err := profiles.Update(desired(), a.live, narrow)
	if err != nil {
		t.Fatal(err)
	}
	for _, action := range append(narrow, update...) {
		if err := run(t, a, action); err != nil {
			t.Fatal(err)
		}
		if err := run(t, a, action); err != nil {
			t.Fatalf("doing it again: %v", err)
		}
	}
	if left := actions(t, a.live); len(left) != 0 {
		t.Errorf("still to do: %v", left)
	}
}

func TestUpdateStopsWhenSomebodyElseChangedTheProfile(t *testing.T) {
	a := &account{live: live()}
	a.live.DurationSeconds = 7200
	update, err := profiles.Update(desired(), a.live, nil)
	if err != nil {
		t.Fatal(err)
	}
	a.live.DurationSeconds = 1800
	err = run(t, a, update[0])
	if err == nil || !strings.Contains(err.Error(), "changed by somebody else") || a.changes != 0 {
		t.Errorf("error is %v after %d changes", err, a.changes)
	}
}

func TestSamePolicyComparesDocuments(t *testing.T) {
	for name, c := range map[string]struct {
		a, b string
		want bool
	}{
		"white space and order of keys":   {`{"a":1,"b":2}`, "{\"b\": 2,\n\"a\": 1}", true},
		"both absent":                     {"", "", true},
		"one absent":                      {"", "{}", false},
		"another value":                   {`{"a":1}`, `{"a":2}`, false},
		"no JSON is equal only to itself": {"nonsense", "nonsense", true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := profiles.SamePolicy(c.a, c.b); got != c.want {
				t.Errorf("SamePolicy(%q, %q) = %v", c.a, c.b, got)
			}
		})
	}
}

func TestCreateShowsNoMappings(t *testing.T) {
	a, err := profiles.Create(desired())
	if err != nil {
		t.Fatal(err)
	}
	var after map[string]any
	if err := json.Unmarshal(a.After, &after); err != nil {
		t.Fatal(err)
	}
	if after["enabled"] != false || after["attributeMappings"] != nil || !a.Once {
		t.Errorf("the creation is %s, once %v", a.After, a.Once)
	}
}
