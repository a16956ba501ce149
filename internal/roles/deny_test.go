package roles_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"anchorctl/internal/iampolicy"
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
	d, err := roles.DenySessions(addr, serial, now)
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

func TestDenyIsOneActionForARole(t *testing.T) {
	now := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	one, err := roles.DenySessions(addr, serial, now)
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
