package iampolicy

import "strings"

// Principal kinds, as the Principal element names them.
const (
	AWS       = "AWS"
	Service   = "Service"
	Federated = "Federated"
)

// Principal is who makes a request: a service ("rolesanywhere.amazonaws.com"),
// an AWS principal by its ARN, or an identity provider.
type Principal struct {
	Kind  string
	Value string
}

// matches says whether the element covers the principal.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
func (p *Principals) matches(who Principal) Truth {
	result := truth(p.All)
	for _, v := range p.AWS {
		if v == "*" {
			// "Principal": "*" and "Principal": {"AWS": "*"} are equivalent.
			result = Yes
		} else if who.Kind == AWS {
			result = max(result, matchAWS(v, who.Value))
		}
	}
	for _, v := range p.list(who.Kind) {
		result = max(result, matchName(v, who.Value))
	}
	return result
}

// excludes is matches for a NotPrincipal element. There an account's ARN names
// the account alone: the guide's examples list it beside the one user who is
// exempt, and all other users of that account stay denied. Without it "the
// effect of the policy might be to deny access to the entire account".
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
func (p *Principals) excludes(who Principal) Truth {
	if who.Kind != AWS {
		return p.matches(who)
	}
	result, account := truth(p.All), No
	for _, v := range p.AWS {
		switch {
		case v == "*":
			return Yes
		case accountOf(v) != "" && matchAWS(v, who.Value) == Yes:
			account = Yes
			result = max(result, truth(v == who.Value))
		case accountOf(v) == "":
			result = max(result, matchAWS(v, who.Value))
		}
	}
	if account == No {
		result = min(result, Maybe)
	}
	return result
}

func (p *Principals) list(kind string) []string {
	switch kind {
	case Service:
		return p.Service
	case Federated:
		return p.Federated
	case "CanonicalUser":
		return p.CanonicalUser
	}
	return nil
}

// matchName compares names of services and providers. Wildcards are not
// documented there, nor is another case of letters.
func matchName(policy, who string) Truth {
	switch {
	case policy == who:
		return Yes
	case strings.EqualFold(policy, who) || strings.ContainsAny(policy, "*?$"):
		return Maybe
	}
	return No
}

// matchAWS compares one AWS principal of a policy with a caller's ARN.
func matchAWS(policy, who string) Truth {
	if policy == who {
		return Yes
	}
	caller := strings.SplitN(who, ":", 6)
	if len(caller) != 6 {
		return Maybe
	}
	if account := accountOf(policy); account != "" {
		// "The account ARN and the shortened account ID behave the same way.
		// Both delegate permissions to the account."
		return truth(account == caller[4])
	}
	// "You cannot use a wildcard to match part of a principal name or ARN."
	if strings.ContainsAny(policy, "*?$") {
		return Maybe
	}
	return truth(sessionOf(policy, caller))
}

// accountOf returns the account of "111122223333" and of
// "arn:aws:iam::111122223333:root".
func accountOf(principal string) string {
	account := principal
	if parts := strings.SplitN(principal, ":", 6); len(parts) == 6 {
		if parts[0] != "arn" || parts[2] != "iam" || parts[5] != "root" {
			return ""
		}
		account = parts[4]
	}
	const length = 12
	if len(account) != length || strings.Trim(account, "0123456789") != "" {
		return ""
	}
	return account
}

// sessionOf says whether the caller is a session of the role that the policy
// names. A session's ARN has the role's name without its path, and names are
// unique in an account.
func sessionOf(policy string, caller []string) bool {
	role := strings.SplitN(policy, ":", 6)
	if len(role) != 6 || role[2] != "iam" || caller[2] != "sts" || role[1] != caller[1] || role[4] != caller[4] {
		return false
	}
	path, isRole := strings.CutPrefix(role[5], "role/")
	session, isSession := strings.CutPrefix(caller[5], "assumed-role/")
	name, _, _ := strings.Cut(session, "/")
	return isRole && isSession && path[strings.LastIndexByte(path, '/')+1:] == name
}
