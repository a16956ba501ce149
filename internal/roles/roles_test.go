package roles_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"anchorctl/internal/clock"
	"anchorctl/internal/engine"
	"anchorctl/internal/iampolicy"
	"anchorctl/internal/plan"
	"anchorctl/internal/roles"
)

const (
	anchorARN = "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/11111111-2222-3333-4444-555555555555"
	ec2       = `{"Sid":"Team","Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}`
)

var (
	addr = plan.Role("111122223333", "team/prod-backup")
	pin  = roles.Pin{
		Addr: addr, Environment: "prod", AnchorARNs: []string{anchorARN}, WorkloadURIs: []string{"spiffe://prod.example.internal/backup"},
	}
)

func policy(statements ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
}

// installed is a policy that pins the role, beside the given statements.
func installed(t *testing.T, others ...string) string {
	t.Helper()
	doc, err := pin.Resulting(roles.Live{Trust: policy(append(others, ec2)...)})
	if err != nil {
		t.Fatal(err)
	}
	return string(doc)
}

func TestNamesAndARNs(t *testing.T) {
	if got := roles.Name(addr); got != "prod-backup" {
		t.Errorf("name is %q", got)
	}
	if got, want := roles.ARN("aws", addr), "arn:aws:iam::111122223333:role/team/prod-backup"; got != want {
		t.Errorf("ARN is %q, want %q", got, want)
	}
}

func TestInstalled(t *testing.T) {
	renamed := strings.Replace(installed(t), iampolicy.Sid("prod"), "WrittenByTheTeam", 1)
	for name, c := range map[string]struct {
		trust     string
		installed bool
		rest      bool
	}{
		"as it was written":                {installed(t), true, true},
		"under another Sid":                {renamed, true, true},
		"alone":                            {string(iampolicy.GenerateTrust(pin.Trust())), true, false},
		"only something else":              {policy(ec2), false, true},
		"with a wildcard for the workload": {strings.Replace(installed(t), "internal/backup", "internal/*", 1), false, true},
		"for another anchor":               {strings.Replace(installed(t), "11111111-", "99999999-", 1), false, true},
	} {
		t.Run(name, func(t *testing.T) {
			got, rest, err := pin.Installed(c.trust)
			if err != nil || got != c.installed || (rest != "") != c.rest {
				t.Errorf("Installed = %v, rest %q, error %v", got, rest, err)
			}
			if strings.Contains(rest, anchorARN) && c.installed {
				t.Errorf("the rest still holds the pin: %s", rest)
			}
		})
	}
	if _, _, err := pin.Installed("no policy"); err == nil {
		t.Error("a policy that cannot be read is no error")
	}
}

func TestWithoutNeverLeavesAnEmptyPolicy(t *testing.T) {
	doc, err := roles.Without(roles.Live{Name: "r", Trust: installed(t)}, "prod")
	if err != nil || strings.Contains(string(doc), anchorARN) || !strings.Contains(string(doc), "ec2.amazonaws.com") {
		t.Errorf("beside another statement: %s, %v", doc, err)
	}
	doc, err = roles.Without(roles.Live{Name: "r", Trust: string(iampolicy.GenerateTrust(pin.Trust()))}, "prod")
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := iampolicy.Parse(doc)
	if err != nil || len(parsed.Statements) != 1 || parsed.Statements[0].Effect != "Deny" {
		t.Errorf("alone: %s, %v", doc, err)
	}
	again, err := pin.Resulting(roles.Live{Trust: string(doc)})
	if err != nil {
		t.Fatal(err)
	}
	if ok, rest, err := pin.Installed(string(again)); err != nil || !ok || rest != "" {
		t.Errorf("pinned again: %s, rest %q, %v", again, rest, err)
	}
}

// account is IAM with one role, which shows a write only after some reads.
type account struct {
	roles.API // reading and writing trust policies is all that is asked of it

	trust  string
	absent bool
	lag    int
	shown  string
	puts   int
}

func (a *account) Get(context.Context, string) (roles.Live, error) {
	if a.absent {
		return roles.Live{Name: "prod-backup"}, nil
	}
	if a.lag > 0 && a.puts > 0 {
		a.lag--
	} else {
		a.shown = a.trust
	}
	return roles.Live{Name: "prod-backup", Path: "/team/", ARN: roles.ARN("aws", addr), Exists: true, Trust: a.shown}, nil
}

func (a *account) PutTrust(_ context.Context, _, document string) error {
	a.trust, a.puts = document, a.puts+1
	return nil
}

func do(t *testing.T, a *account, action plan.Action) error {
	t.Helper()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	doers := roles.Doers{
		API: func(context.Context, plan.Addr) (roles.API, error) { return a, nil },
		Clock: clock.Clock{
			Now:  func() time.Time { return now },
			Wait: func(_ context.Context, d time.Duration) error { now = now.Add(d); return nil },
		},
	}
	_, err := doers.ByKind()[action.Kind].Do(t.Context(), engine.Step{Action: action, Before: action.Before, After: action.After})
	return err
}

func put(t *testing.T, before string) plan.Action {
	t.Helper()
	after, err := pin.Resulting(roles.Live{Trust: before})
	if err != nil {
		t.Fatal(err)
	}
	action, err := pin.Put(json.RawMessage(before), after, nil)
	if err != nil {
		t.Fatal(err)
	}
	return action
}

func TestPinWritesReadsBackAndKeepsWhatIsNotOurs(t *testing.T) {
	a := &account{trust: policy(ec2), lag: 3}
	action := put(t, a.trust)
	if err := do(t, a, action); err != nil {
		t.Fatal(err)
	}
	if ok, rest, err := pin.Installed(a.trust); err != nil || !ok || !strings.Contains(rest, "ec2.amazonaws.com") {
		t.Errorf("the policy is %s (%v)", a.trust, err)
	}
	if err := do(t, a, action); err != nil || a.puts != 1 {
		t.Errorf("doing it again: error %v, %d writes", err, a.puts)
	}
}

func TestPinStopsWhenTheRoleIsNotAsPlanned(t *testing.T) {
	action := put(t, policy(ec2))
	for name, a := range map[string]*account{
		"changed by somebody else": {trust: policy(strings.Replace(ec2, "ec2", "lambda", 1))},
		"is not there any more":    {absent: true},
		"IAM still shows another":  {trust: policy(ec2), lag: 1000},
	} {
		t.Run(name, func(t *testing.T) {
			if err := do(t, a, action); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("error is %v, want one with %q", err, name)
			}
		})
	}
}

func TestVerifyHoldsWithTheDocumentToInstall(t *testing.T) {
	action, err := pin.Verify(nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, a := range map[string]*account{"a role without the pin": {trust: policy(ec2)}, "no role": {absent: true}} {
		t.Run(name, func(t *testing.T) {
			err := do(t, a, action)
			var held *engine.HeldError
			if !errors.As(err, &held) || len(held.Documents) != 1 {
				t.Fatalf("error is %v, want a hold with one document", err)
			}
			if ok, _, err := pin.Installed(held.Documents[0].Text); err != nil || !ok {
				t.Errorf("installing the document would not do: %v\n%s", err, held.Documents[0].Text)
			}
			if a.puts != 0 {
				t.Error("it wrote")
			}
		})
	}
	if err := do(t, &account{trust: installed(t)}, action); err != nil {
		t.Errorf("with the pin installed: %v", err)
	}
}
