package gates_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/gates"
)

func TestOneCertificateAtOneAnchorAsksForMany(t *testing.T) {
	w := newWorld(t)
	p := gates.Present(w.Session)
	if result, refused := p.Refused(); refused {
		t.Fatalf("refused: %+v", result)
	}
	for _, c := range []struct {
		name string
		ask  func(s gates.Session) gates.Session
		want string // the gate that closes
	}{
		{"what is granted", func(s gates.Session) gates.Session { return s }, ""},
		{"a role that is not listed", func(s gates.Session) gates.Session { s.RoleARN += "-x"; return s }, gates.GateRoleListed},
		{"a profile that is not there", func(s gates.Session) gates.Session { s.Profile = nil; return s }, gates.GateProfile},
		{"too long a session", func(s gates.Session) gates.Session {
			s.Profile = &gates.Profile{ARN: profARN, Enabled: true, RoleARNs: []string{roleARN}, DurationSeconds: 7200}
			s.DurationSeconds = nil
			return s
		}, gates.GateDuration},
		{"what is granted, once more", func(s gates.Session) gates.Session { return s }, ""},
	} {
		got := p.Ask(c.ask(w.Session))
		closed := got.Last().Name
		if got.Granted {
			closed = ""
		}
		if closed != c.want {
			t.Errorf("%s: closed at %q, want %q", c.name, closed, c.want)
		}
		if diff := cmp.Diff(gates.CreateSession(c.ask(w.Session)), got); diff != "" {
			t.Errorf("%s: asked at once it is another (-at once +presented):\n%s", c.name, diff)
		}
	}
	w.Anchor.Enabled = false
	if result, refused := gates.Present(w.Session).Refused(); !refused || result.Last().Name != gates.GateAnchorEnabled {
		t.Errorf("at a disabled anchor: %+v", result)
	}
}

// The messages are the service's, as people have met them; which gate each means
// is written by hand.
func TestGateOfAMessage(t *testing.T) {
	for message, want := range map[string]string{
		"Untrusted signing certificate":                              "certificate path",
		"Untrusted certificate. Insufficient certificate":            "certificate usage",
		"Certificate revoked":                                        "revocation",
		"Invalid signature":                                          "key match",
		"Specified Trust Anchor wasn't found.":                       "trust anchor",
		"Specified Trust Anchor is disabled.":                        "trust anchor enabled",
		"Invalid or empty profile provided.":                         "profile",
		"Requested Role isn't one of those listed in the Profile.":   "role in profile",
		"Unable to assume role for arn:aws:iam::111122223333:role/x": "trust policy",
		"Unable to assume role for arn:aws:iam::111122223333:role/x. The requested DurationSeconds exceeds the MaxSessionDuration set for this role.": "duration",
		"Unable to assume role; Some attributes failed to be mapped into session tags. Issuer: []; Subject: [CN]; SAN: [ ]":                           "attribute mapping",
		"Rate exceeded": "",
	} {
		if got := gates.GateOf(message); got != want {
			t.Errorf("%q is of %q, want %q", message, got, want)
		}
	}
}
