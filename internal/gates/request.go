package gates

import (
	"fmt"
	"slices"
	"strings"

	"anchorctl/internal/iampolicy"
	"anchorctl/internal/pki"
)

// The service's words about anchors, profiles and roles.
const (
	msgNoAnchor       = "Specified Trust Anchor wasn't found."
	msgAnchorDisabled = "Specified Trust Anchor is disabled."
	msgNoProfile      = "Invalid or empty profile provided."
	msgNotListed      = "Requested Role isn't one of those listed in the Profile."
	msgSessionName    = "Not authorized to set roleSessionName."
	msgTooLong        = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
)

// Session lengths, in seconds.
// https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-create-session.html
const (
	minSeconds     = 900
	maxSeconds     = 43200
	defaultSeconds = 3600
)

// unable is how the service begins what the role itself refuses.
func (a *attempt) unable(more string) string {
	text := "Unable to assume role for " + a.RoleARN
	if more != "" {
		text += ". " + more
	}
	return text
}

func checkAnchor(a *attempt) (string, *refusal) {
	if a.Anchor == nil {
		return "", denied(msgNoAnchor, "there is no such trust anchor")
	}
	if why := a.elsewhere(a.Anchor.ARN); why != "" {
		return "", denied(msgNoAnchor, why)
	}
	return a.Anchor.ARN, nil
}

// elsewhere says why an object is not one of the account and region that the
// request goes to: everything is regional, and an anchor, a profile and a CRL
// used together are of one account and region.
func (a *attempt) elsewhere(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	const fields = 6
	if len(parts) != fields {
		return fmt.Sprintf("%q is no ARN", arn)
	}
	if a.Region != "" && parts[3] != a.Region {
		return fmt.Sprintf("%s is in region %s, the request in %s", arn, parts[3], a.Region)
	}
	if a.Account != "" && parts[4] != a.Account {
		return fmt.Sprintf("%s is in account %s, the request in %s", arn, parts[4], a.Account)
	}
	return ""
}

func checkAnchorEnabled(a *attempt) (string, *refusal) {
	if !a.Anchor.Enabled {
		return "", denied(msgAnchorDisabled, a.Anchor.ARN+" is disabled")
	}
	return "it is enabled", nil
}

func checkProfile(a *attempt) (string, *refusal) {
	if a.Profile == nil {
		return "", denied(msgNoProfile, "there is no such profile")
	}
	if why := a.elsewhere(a.Profile.ARN); why != "" {
		return "", denied(msgNoProfile, why)
	}
	return a.Profile.ARN, nil
}

func checkProfileEnabled(a *attempt) (string, *refusal) {
	if !a.Profile.Enabled {
		return "", denied(msgNoProfile, a.Profile.ARN+" is disabled")
	}
	return "it is enabled", nil
}

func checkRoleListed(a *attempt) (string, *refusal) {
	if !slices.Contains(a.Profile.RoleARNs, a.RoleARN) {
		return "", denied(msgNotListed, fmt.Sprintf("%s is not among the %s of %s", a.RoleARN, counted(len(a.Profile.RoleARNs), "role"), a.Profile.ARN))
	}
	return a.RoleARN, nil
}

// checkSessionName: without a name the session is called by the serial number
// in hex; a name of the request's own needs acceptRoleSessionName.
func checkSessionName(a *attempt) (string, *refusal) {
	if a.SessionName == "" {
		a.out.SessionName = pki.SerialHex(a.Leaf)
		return a.out.SessionName + ", the serial number", nil
	}
	if !a.Profile.AcceptRoleSessionName {
		return "", denied(msgSessionName, "the profile does not accept a session name")
	}
	if !sessionText(a.SessionName) {
		return "", &refusal{CodeValidation, fmt.Sprintf("1 validation error detected: Value '%s' at 'roleSessionName' failed to satisfy "+
			"constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*", a.SessionName),
			"the session name is not 2 to 64 characters of A-Z a-z 0-9 _ + = , . @ -"}
	}
	a.out.SessionName = a.SessionName
	return a.SessionName, nil
}

// sessionText holds what STS asks of RoleSessionName and SourceIdentity: 2 to
// 64 characters of [\w+=,.@-].
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
func sessionText(s string) bool {
	const shortest, longest = 2, 64
	for _, c := range s {
		word := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !word && !strings.ContainsRune("_+=,.@-", c) {
			return false
		}
	}
	return shortest <= len(s) && len(s) <= longest
}

func checkRole(a *attempt) (string, *refusal) {
	if a.Role == nil || a.Role.ARN != a.RoleARN {
		return "", denied(a.unable(""), "there is no such role")
	}
	return a.Role.ARN, nil
}

// checkDuration: the session lasts as long as the lesser of request and
// profile, and more than the role allows is an error, not cut down.
func checkDuration(a *attempt) (string, *refusal) {
	profile, most := a.Profile.DurationSeconds, a.Role.MaxSessionSeconds
	if profile == 0 {
		profile = defaultSeconds
	}
	if most == 0 {
		most = defaultSeconds
	}
	seconds := profile
	if a.DurationSeconds != nil {
		request := *a.DurationSeconds
		if request < minSeconds || request > maxSeconds {
			return "", outOfRange(request)
		}
		seconds = min(request, profile)
	}
	if seconds > most {
		return "", denied(a.unable(msgTooLong), fmt.Sprintf("%d s is more than the role's maximum of %d s", seconds, most))
	}
	a.out.Seconds = seconds
	return fmt.Sprintf("%d s", seconds), nil
}

func outOfRange(request int) *refusal {
	bound, limit := "greater than or equal to", minSeconds
	if request > maxSeconds {
		bound, limit = "less than or equal to", maxSeconds
	}
	return &refusal{CodeValidation, fmt.Sprintf("1 validation error detected: Value '%d' at 'durationSeconds' failed to satisfy constraint: "+
		"Member must have value %s %d", request, bound, limit),
		fmt.Sprintf("%d s is not between %d s and %d s", request, minSeconds, maxSeconds)}
}

// What STS takes of session policies.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
const (
	mostManaged       = 10
	mostSessionPolicy = 2048
)

// checkSessionPolicy holds the profile's policies against STS's limits: the
// service stores more of them than a session can have.
func checkSessionPolicy(a *attempt) (string, *refusal) {
	no := func(detail string) (string, *refusal) { return "", denied(a.unable(""), detail) }
	managed, text := len(a.Profile.ManagedPolicyARNs), []byte(a.Profile.SessionPolicy)
	if managed > mostManaged {
		return no(fmt.Sprintf("%d managed policies, more than %d", managed, mostManaged))
	}
	if len(text) == 0 {
		return fmt.Sprintf("%d managed policies, no policy of the profile's own", managed), nil
	}
	if _, err := iampolicy.Parse(text); err != nil {
		return no("the session policy does not parse: " + err.Error())
	}
	size := iampolicy.SessionSize(text)
	if size > mostSessionPolicy {
		return no(fmt.Sprintf("the session policy has %d characters, more than the %d that STS takes", size, mostSessionPolicy))
	}
	return fmt.Sprintf("%d managed policies, and one of %d characters", managed, size), nil
}
