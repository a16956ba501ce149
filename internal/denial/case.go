package denial

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"regexp"
	"strings"
	"time"

	"anchorctl/internal/plan"
	"anchorctl/internal/session"
)

// Case is a session that was asked for, or may be.
type Case struct {
	Leaf  *x509.Certificate
	Chain []*x509.Certificate
	// Key is the public part of the key that signs; KeyNote says why it is not
	// known.
	Key     crypto.PublicKey
	KeyNote string
	// AnchorARN and ProfileARN are empty when the estate has not made them yet.
	AnchorARN, ProfileARN, RoleARN string
	Target                         plan.Target
	Seconds                        *int // nil: the request has none
	SessionName                    string
	Time                           time.Time
	// Service is what the service answered; nil when it was not asked.
	Service *session.Answer
	Source  string // where the case was read from; empty: flags

	asked time.Time // by the clock of the machine that asked; zero when it did not say
	names named
}

// named is what the estate calls the session's environment and profile.
type named struct{ environment, profile string }

// Where a case can come from.
const (
	FromReport = "report"
	FromTrail  = "CloudTrail"
)

// ARNs gives the case its three ARNs, and with them its place.
func (c Case) ARNs(anchor, profile, role string) (Case, error) {
	c.AnchorARN, c.ProfileARN, c.RoleARN = anchor, profile, role
	for _, a := range []struct{ field, text, pattern string }{
		{"trustAnchorArn", anchor, `^arn:aws[a-z-]*:rolesanywhere:[a-z0-9-]{1,32}:[0-9]{12}:trust-anchor/[!-~]{1,64}$`},
		{"profileArn", profile, `^arn:aws[a-z-]*:rolesanywhere:[a-z0-9-]{1,32}:[0-9]{12}:profile/[!-~]{1,64}$`},
		{"roleArn", role, `^arn:aws[a-z-]*:iam::[0-9]{12}:role/[!-~]{1,640}$`},
	} {
		if !regexp.MustCompile(a.pattern).MatchString(a.text) {
			return Case{}, fmt.Errorf("reading %s: %q is no ARN of that kind", a.field, short(a.text))
		}
	}
	c.Target = targetOf(anchor)
	return c, nil
}

// targetOf is the account and region of an ARN that has both.
func targetOf(arn string) plan.Target {
	const fields, region, account = 6, 3, 4
	parts := strings.SplitN(arn, ":", fields)
	if len(parts) < fields {
		return plan.Target{}
	}
	return plan.Target{Account: parts[account], Region: parts[region]}
}

// short bounds a foreign text that goes into an error.
func short(text string) string {
	const most = 120
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
