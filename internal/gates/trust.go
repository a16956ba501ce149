package gates

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"anchorctl/internal/iampolicy"
	"anchorctl/internal/pki"
)

// Trusted is what a trust policy gets to see of a session.
type Trusted struct {
	AnchorARN      string
	Account        string
	SessionName    string
	SourceIdentity string
	Tags           map[string]string
	Now            time.Time
}

// TrustRequest is the request that Roles Anywhere makes of a role's trust
// policy: three actions, the anchor as source, and what the certificate says as
// tags and source identity.
// https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html
func TrustRequest(t Trusted) iampolicy.Request {
	context := source(t.AnchorARN, t.Account)
	context["sts:RoleSessionName"] = []string{t.SessionName}
	context["sts:SourceIdentity"] = []string{t.SourceIdentity}
	context["aws:CurrentTime"] = []string{t.Now.UTC().Format(time.RFC3339)}
	context["aws:EpochTime"] = []string{strconv.FormatInt(t.Now.Unix(), 10)}
	for _, key := range slices.Sorted(maps.Keys(t.Tags)) {
		context["aws:PrincipalTag/"+key] = []string{t.Tags[key]}
		context["aws:RequestTag/"+key] = []string{t.Tags[key]}
		context["aws:TagKeys"] = append(context["aws:TagKeys"], key)
	}
	return iampolicy.Request{Principal: service(), Actions: iampolicy.TrustActions(), Context: context,
		Unknown: func(key string) bool { return !settled(key) }}
}

func service() iampolicy.Principal {
	return iampolicy.Principal{Kind: iampolicy.Service, Value: iampolicy.RolesAnywhere}
}

// source is what every session under an anchor has in common.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
func source(anchorARN, account string) map[string][]string {
	return map[string][]string{
		iampolicy.KeySourceARN:      {anchorARN},
		iampolicy.KeySourceAccount:  {account},
		"aws:PrincipalIsAWSService": {"true"},
		"aws:PrincipalServiceName":  {iampolicy.RolesAnywhere},
	}
}

// settled says of a key (in lower case) that its absence from the request is
// known. Of other keys the documentation does not tell what Roles Anywhere
// sends; conditions on them are not met.
func settled(key string) bool {
	switch key {
	case "aws:tagkeys", "sts:externalid", "sts:transitivetagkeys":
		return true
	}
	return strings.HasPrefix(key, "aws:principaltag/") || strings.HasPrefix(key, "aws:requesttag/")
}

// accountOf is the account of an ARN that the anchor's gate has found whole.
func accountOf(arn string) string { return strings.SplitN(arn, ":", 6)[4] }

func checkTrust(a *attempt) (string, *refusal) {
	document, err := iampolicy.Parse([]byte(a.Role.Trust))
	if err != nil {
		return "", denied(a.unable(""), fmt.Sprintf("reading the trust policy: %v", err))
	}
	name := a.out.SessionName
	if name == "" {
		name = pki.SerialHex(a.Leaf) // what the session is called without the name that was refused
	}
	a.out.Decision = document.Evaluate(TrustRequest(Trusted{
		AnchorARN: a.Anchor.ARN, Account: accountOf(a.Anchor.ARN), SessionName: name,
		SourceIdentity: a.out.SourceIdentity, Tags: a.out.Tags, Now: a.Now,
	}))
	if !a.out.Decision.Allowed {
		return "", denied(a.unable(""), a.out.Decision.Explain())
	}
	return "allows " + strings.Join(iampolicy.TrustActions(), ", "), nil
}

// WouldAccept says whether a trust policy could let any session under the
// anchor in, whatever its certificate says. The anchor and its account are
// fixed; every other key may have any value or none, and what is unclear counts
// as accepting. why tells what decided.
//
// Only the actions that no session can do without are asked for: tags may be
// mapped to nothing, but a session always has a source identity.
func WouldAccept(trust string, anchorARN, account string) (accepts bool, why string, err error) {
	document, err := iampolicy.Parse([]byte(trust))
	if err != nil {
		return false, "", fmt.Errorf("reading the trust policy: %w", err)
	}
	request := iampolicy.Request{
		Principal: service(),
		Actions:   []string{iampolicy.ActionAssumeRole, iampolicy.ActionSetSourceIdentity},
		Context:   source(anchorARN, account),
		Unknown:   func(string) bool { return true },
	}
	decision := document.Evaluate(request)
	if !decision.Possible {
		return false, decision.Explain(), nil
	}
	return true, accepting(decision), nil
}

// accepting names the statement that could let a session in, and what still
// stands between.
func accepting(d iampolicy.Decision) string {
	for _, reason := range d.Why {
		if reason.Effect != iampolicy.Allow || reason.Result == iampolicy.No {
			continue
		}
		which := fmt.Sprintf("statement %d", reason.Statement+1)
		if reason.Sid != "" {
			which = "statement " + reason.Sid
		}
		open := reason.Failed()
		if len(open) == 0 {
			return which + " accepts every certificate under this anchor"
		}
		var left []string
		for _, check := range open {
			if words := strings.TrimSpace(check.Operator + " " + check.Key); words != "" {
				left = append(left, words)
			}
		}
		if len(left) == 0 {
			return which + " could accept certificates under this anchor"
		}
		return fmt.Sprintf("%s accepts certificates under this anchor, depending only on %s", which, strings.Join(left, ", "))
	}
	return "the trust policy could accept certificates under this anchor"
}
