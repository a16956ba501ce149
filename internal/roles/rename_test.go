package roles_test

import (
	"errors"
	"strings"
	"testing"

	"anchorctl/internal/engine"
	"anchorctl/internal/iampolicy"
	"anchorctl/internal/plan"
	"anchorctl/internal/roles"
	"anchorctl/internal/rules"
)

func live(trust string) roles.Live {
	return roles.Live{Name: "prod-backup", Exists: true, Trust: trust}
}

// widen is the action for a policy that needs one.
func widen(t *testing.T, trust string, wait bool) plan.Action {
	t.Helper()
	a, needed, err := roles.Widen(addr, live(trust), roles.Rename{Old: first, New: second, Wait: wait}, []string{"issuer.mint issuer/prod#2"})
	if err != nil || !needed {
		t.Fatalf("needed %v, %v", needed, err)
	}
	return a
}

func narrow(t *testing.T, trust string, wait bool) plan.Action {
	t.Helper()
	a, needed, err := roles.Narrow(addr, live(trust), roles.Rename{Old: first, New: second, Wait: wait}, nil)
	if err != nil || !needed {
		t.Fatalf("needed %v, %v", needed, err)
	}
	return a
}

func TestAWideningShowsTheValuesAndNotThePolicy(t *testing.T) {
	a := widen(t, policy(ec2, deny(on("StringNotEquals", `"prod issuer 1"`))), false)
	const condition = `"key":"aws:PrincipalTag/x509Issuer/CN","operator":"StringNotEquals","statement":"TeamDeny"`
	wantBefore := `{"conditions":[{` + condition + `,"values":["prod issuer 1"]}]}`
	wantAfter := `{"conditions":[{` + condition + `,"values":["prod issuer 1","prod issuer 2"]}],"issuer":{"new":"prod issuer 2","old":"prod issuer 1"}}`
	if string(a.Before) != wantBefore || string(a.After) != wantAfter {
		t.Errorf("before %s\nafter %s", a.Before, a.After)
	}
	if a.ID != "role.widen role/111122223333/team/prod-backup" || a.Kind.Mark() != "~" || len(a.Needs) != 1 || a.Once {
		t.Errorf("the action is %+v", a)
	}
	if k := narrow(t, policy(allow(on("StringEquals", `["prod issuer 1","prod issuer 2"]`))), false).Kind; k != plan.RoleNarrow || k.Mark() != "~" {
		t.Errorf("narrowing is %q with mark %q", k, k.Mark())
	}
}

func TestNoActionWhereNothingNamesTheIssuer(t *testing.T) {
	r := roles.Rename{Old: first, New: second}
	for name, l := range map[string]roles.Live{"another statement": live(policy(ec2)), "no role": {Name: "prod-backup"}} {
		t.Run(name, func(t *testing.T) {
			if _, needed, err := roles.Widen(addr, l, r, nil); needed || err != nil {
				t.Errorf("widening: %v, %v", needed, err)
			}
			if _, needed, err := roles.Narrow(addr, l, r, nil); needed || err != nil {
				t.Errorf("narrowing: %v, %v", needed, err)
			}
		})
	}
}

func TestWideningsThatCannotBe(t *testing.T) {
	r := roles.Rename{Old: first, New: second}
	_, needed, err := roles.Widen(addr, live(policy(allow(on("ForAnyValue:StringEquals", `"prod issuer 1"`)))), r, nil)
	if needed || err == nil || !strings.Contains(err.Error(), addr.String()) {
		t.Errorf("a set operator: %v, %v", needed, err)
	}
	long := strings.Replace(policy(allow(on("StringEquals", `"prod issuer 1"`))), `"Version"`, `"Id":"`+strings.Repeat("x", roles.SizeLimit-300)+`","Version"`, 1)
	_, needed, err = roles.Widen(addr, live(long), r, nil)
	var refusal *rules.Refusal
	if needed || !errors.As(err, &refusal) || refusal.Findings[0].Rule != "ANC310" || refusal.Findings[0].At != addr.String() {
		t.Errorf("too long: %v, %v", needed, err)
	}
}

func TestRenamingWritesReadsBackAndKeepsTheRest(t *testing.T) {
	a := &account{trust: policy(ec2, allow(on("StringEquals", `"prod issuer 1"`))), lag: 3}
	action := widen(t, a.trust, false)
	both := policy(ec2, allow(on("StringEquals", `["prod issuer 1", "prod issuer 2"]`)))
	for range 2 { // the second time there is nothing left to do
		if err := do(t, a, action); err != nil || a.trust != both || a.puts != 1 {
			t.Fatalf("error %v, %d writes, the policy is %s", err, a.puts, a.trust)
		}
	}
	action = narrow(t, a.trust, false)
	for range 2 {
		if err := do(t, a, action); err != nil || a.puts != 2 || a.trust != policy(ec2, allow(on("StringEquals", `"prod issuer 2"`))) {
			t.Fatalf("error %v, %d writes, the policy is %s", err, a.puts, a.trust)
		}
	}
}

func TestRenamingKeepsWhatSomebodyChangedElsewhere(t *testing.T) {
	a := &account{trust: policy(ec2, allow(on("StringEquals", `"prod issuer 1"`)))}
	action := widen(t, a.trust, false)
	a.trust = policy(strings.Replace(ec2, "ec2", "lambda", 1), allow(on("StringEquals", `"prod issuer 1"`)))
	if err := do(t, a, action); err != nil || !strings.Contains(a.trust, "lambda") || !strings.Contains(a.trust, second) {
		t.Errorf("error %v, the policy is %s", err, a.trust)
	}
}

func TestRenamingStopsWhenTheRoleIsNotAsPlanned(t *testing.T) {
	planned := policy(allow(on("StringEquals", `"prod issuer 1"`)))
	for name, c := range map[string]struct {
		account account
		says    string
	}{
		"another value":           {account{trust: policy(allow(on("StringEquals", `["prod issuer 1","x"]`)))}, "changed by somebody else"},
		"one more condition":      {account{trust: policy(allow(on("StringEquals", `"prod issuer 1"`)), deny(on("StringNotEquals", `"prod issuer 1"`)))}, "changed by somebody else"},
		"one that is not clear":   {account{trust: policy(allow(on("ForAnyValue:StringEquals", `"prod issuer 1"`)))}, "is for keys with several"},
		"what cannot be read":     {account{trust: "{"}, "reading the trust policy"},
		"no role":                 {account{absent: true}, "is not there any more"},
		"IAM still shows another": {account{trust: planned, lag: 1000}, "IAM still shows another"},
	} {
		t.Run(name, func(t *testing.T) {
			a := &c.account
			if err := do(t, a, widen(t, planned, false)); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error is %v, want one with %q", err, c.says)
			}
			if a.puts > 0 && a.lag == 0 {
				t.Error("it wrote")
			}
		})
	}
	if err := do(t, &account{trust: planned}, plan.Action{Kind: plan.RoleWiden, Addr: addr, Before: []byte(`{}`), After: []byte(`{}`)}); err == nil {
		t.Error("an action without names was done")
	}
}

func TestWaitingForARenameHoldsWithTheStatementsToChange(t *testing.T) {
	before := policy(ec2, allow(on("StringEquals", `"prod issuer 1"`)), deny(on("StringNotEquals", `"prod issuer 1"`)))
	action := widen(t, before, true)
	a := &account{trust: before}
	held := heldAt(t, a, action)
	want := policy(allow(on("StringEquals", `["prod issuer 1","prod issuer 2"]`)), deny(on("StringNotEquals", `["prod issuer 1","prod issuer 2"]`)))
	if d := held.Documents[0]; !roles.SamePolicy(d.Text, want) || d.At != addr.String() || !strings.Contains(d.Title, `"TeamAllow" and "TeamDeny"`) {
		t.Errorf("the document is %+v", d)
	}
	after, _, err := roles.Widened(before, first, second)
	if err != nil {
		t.Fatal(err)
	}
	a.trust = after // the team has done it
	if err := do(t, a, action); err != nil {
		t.Errorf("when it is done: %v", err)
	}
	held = heldAt(t, a, narrow(t, after, true))
	if d := held.Documents[0]; strings.Contains(d.Text, first) || strings.Contains(d.Text, "ec2") {
		t.Errorf("the document is %+v", d)
	}
	if a.puts != 0 {
		t.Error("it wrote")
	}
}

func heldAt(t *testing.T, a *account, action plan.Action) *engine.HeldError {
	t.Helper()
	err := do(t, a, action)
	var held *engine.HeldError
	if !errors.As(err, &held) || len(held.Documents) != 1 || held.Action != action.ID {
		t.Fatalf("error is %v, want a hold with one document", err)
	}
	if _, err := iampolicy.ParseKind([]byte(held.Documents[0].Text), iampolicy.TrustKind); err != nil {
		t.Errorf("the document is no trust policy: %v", err)
	}
	return held
}

func TestWaits(t *testing.T) {
	trust := policy(allow(on("StringEquals", `["prod issuer 1"]`)))
	both := policy(allow(on("StringEquals", `["prod issuer 1","prod issuer 2"]`)))
	verify, err := pin.Verify(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		action plan.Action
		want   bool
	}{
		{"a widening that is written", widen(t, trust, false), false},
		{"a widening that is waited for", widen(t, trust, true), true},
		{"a narrowing that is written", narrow(t, both, false), false},
		{"a narrowing that is waited for", narrow(t, both, true), true},
		{"a pin that is waited for", verify, true},
		{"a pin that is written", put(t, policy(ec2)), false},
		{"a widening of nothing", plan.Action{Kind: plan.RoleWiden}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := roles.Waits(c.action); got != c.want {
				t.Errorf("waits: %v, want %v", got, c.want)
			}
		})
	}
}
