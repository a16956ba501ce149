package roles_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"anchorctl/internal/engine"
	"anchorctl/internal/iampolicy"
	"anchorctl/internal/plan"
	"anchorctl/internal/roles"
)

const serial = "4f00112233445566778899aabbccddee"

// ended asks an inline policy of the role, which otherwise may do anything,
// whether it denies a session something. The zero Principal asks an identity
// policy.
func ended(t *testing.T, document []byte, userID string, issued time.Time) bool {
	t.Helper()
	text := strings.Replace(string(document), `"Statement":[`, `"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},`, 1)
	doc, err := iampolicy.Parse([]byte(text))
	if err != nil || len(doc.Statements) != 2 {
		t.Fatalf("%s: %v", text, err)
	}
	return !doc.Evaluate(iampolicy.Request{
		Actions: []string{"s3:GetObject"}, Resource: "arn:aws:s3:::bucket/key",
		Context: map[string][]string{"aws:userid": {userID}, "aws:TokenIssueTime": {issued.Format(time.RFC3339)}},
	}).Allowed
}

func TestDenySessionsEndsThoseOfOneCertificate(t *testing.T) {
	now := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	d, err := roles.DenySessions(addr, []string{serial}, now)
	if err != nil {
		t.Fatal(err)
	}
	if d.Policy != "AnchorctlEndSessions-"+serial || len(d.Document) > 350 {
		t.Errorf("the policy is %q, of %d characters", d.Policy, len(d.Document))
	}
	for name, c := range map[string]struct {
		userID string
		issued time.Time
		want   bool
	}{
		"its session":                            {"AROAEXAMPLE:" + serial, now.Add(-time.Hour), true},
		"its session, in capitals":               {"AROAEXAMPLE:" + strings.ToUpper(serial), now.Add(-time.Hour), true},
		"one that was given out just after":      {"AROAEXAMPLE:" + serial, now.Add(10 * time.Minute), true},
		"one that can be no session of it":       {"AROAEXAMPLE:" + serial, now.Add(time.Hour), false},
		"another certificate's":                  {"AROAEXAMPLE:5f00112233445566778899aabbccddee", now.Add(-time.Hour), false},
		"one whose serial number ends like it":   {"AROAEXAMPLE:00" + serial, now.Add(-time.Hour), false},
		"somebody who took the role another way": {"AROAEXAMPLE:operator", now.Add(-time.Hour), false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ended(t, d.Document, c.userID, c.issued); got != c.want {
				t.Errorf("ended %v, want %v", got, c.want)
			}
		})
	}
	all, err := roles.DenyAllSessions(addr, now)
	if err != nil {
		t.Fatal(err)
	}
	if !ended(t, all.Document, "AROAEXAMPLE:operator", now.Add(-time.Second)) || ended(t, all.Document, "AROAEXAMPLE:"+serial, now.Add(time.Second)) {
		t.Error("the role-wide policy does not tell sessions by their time alone")
	}
}

// Many certificates share one policy, which is known by them.
func TestOnePolicyEndsTheSessionsOfMany(t *testing.T) {
	now := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	const other = "5f00112233445566778899aabbccddee"
	d, err := roles.DenySessions(addr, []string{serial, other}, now)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{serial, other, strings.ToUpper(other)} {
		if !ended(t, d.Document, "AROAEXAMPLE:"+s, now) {
			t.Errorf("the session of %s goes on", s)
		}
	}
	if ended(t, d.Document, "AROAEXAMPLE:6f00112233445566778899aabbccddee", now) {
		t.Error("another certificate's session is ended")
	}
	again, err := roles.DenySessions(addr, []string{other, serial}, now)
	if err != nil || again.Policy != d.Policy || len(d.Policy) > 128 {
		t.Errorf("the policy is %q, and then %q, %v", d.Policy, again.Policy, err)
	}
	a, err := roles.Deny(addr, []roles.Denial{d})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := roles.Denied(a); err != nil || !slices.Equal(got, []string{serial, other}) {
		t.Errorf("denied are %q, %v", got, err)
	}
}

// What a role has no room for is not written in part: that would take the room of
// what matters most.
func TestPoliciesThatARoleCannotTakeAreNotWritten(t *testing.T) {
	now := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	for n, fits := range map[int]bool{130: true, 140: false} {
		serials := make([]string, n)
		for i := range serials {
			serials[i] = fmt.Sprintf("%032x", i)
		}
		d, err := roles.DenySessions(addr, serials, now)
		if err != nil {
			t.Fatal(err)
		}
		a, err := roles.Deny(addr, []roles.Denial{d})
		if err != nil {
			t.Fatal(err)
		}
		written := 0
		doers := roles.Doers{PutPolicy: func(context.Context, plan.Addr, string, string) error { written++; return nil }}
		_, err = doers.ByKind()[plan.RoleDeny].Do(t.Context(), engine.Step{Action: a, After: a.After})
		var held *engine.HeldError
		if errors.As(err, &held) == fits || (written == 1) != fits || !fits && !strings.Contains(strings.Join(held.Hints, " "), "--end-all-sessions role/") {
			t.Errorf("of %d certificates, %d policies are written: %v", n, written, err)
		}
	}
}

func TestDenyIsOneActionForARole(t *testing.T) {
	now := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	one, err := roles.DenySessions(addr, []string{serial}, now)
	if err != nil {
		t.Fatal(err)
	}
	all, err := roles.DenyAllSessions(addr, now)
	if err != nil {
		t.Fatal(err)
	}
	a, err := roles.Deny(addr, []roles.Denial{one, all})
	if err != nil {
		t.Fatal(err)
	}
	var after struct{ Policies map[string]json.RawMessage }
	if err := json.Unmarshal(a.After, &after); err != nil || len(after.Policies) != 2 || a.Once {
		t.Errorf("the action is %s, %v", a.After, err)
	}
}
