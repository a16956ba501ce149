package grants

import (
	"slices"
	"strings"

	"anchorctl/internal/iampolicy"
)

// narrowed is the key of a condition that narrows the resources of a statement,
// or "".
func (g *grant) narrowed() string {
	for _, c := range g.Conditions {
		if resourceKey(strings.ToLower(c.Key)) && positive(c) && !slices.ContainsFunc(c.Values, func(v string) bool { return itself(c.Key, v) }) {
			return c.Key
		}
	}
	return ""
}

// itself reports whether a value is what the key says of the resource anyhow:
// every resource that has the tag has the tag that it has.
func itself(key, value string) bool {
	_, fact, _ := strings.Cut(key, ":")
	return slices.ContainsFunc(iampolicy.Variables(value), func(variable string) bool {
		_, named, _ := strings.Cut(variable, ":")
		return strings.EqualFold(named, fact) && resourceKey(strings.ToLower(variable))
	})
}

// passedTo are the services that roles may be passed to, or "".
func (g *grant) passedTo() string {
	for _, c := range g.Conditions {
		if strings.EqualFold(c.Key, "iam:PassedToService") && positive(c) && !slices.ContainsFunc(c.Values, anyService) {
			return some(quoted(c.Values), "and")
		}
	}
	return ""
}

func anyService(value string) bool {
	return strings.HasPrefix(value, "*")
}

// resourceKey: a key whose value is the resource's: its tags, its account, its
// organization, or another name of it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-resource-properties
func resourceKey(key string) bool {
	_, name, _ := strings.Cut(key, ":")
	if name == "resourceaccount" || strings.HasPrefix(name, "resourcetag/") {
		return true
	}
	if slices.ContainsFunc([]string{"s3:existingobjecttag/", "s3:buckettag/"}, func(p string) bool { return strings.HasPrefix(key, p) }) {
		return true
	}
	if strings.HasPrefix(key, "rds:") && strings.Contains(key, "-tag/") {
		return true
	}
	return slices.Contains([]string{
		"aws:resourceorgid", "aws:resourceorgpaths", "kms:resourcealiases", "ecs:cluster", "cloudwatch:namespace",
		"ec2:createaction", "secretsmanager:secretid", "iam:awsservicename",
	}, key)
}

// positive reports whether a condition needs its key to be there and to be one
// of some values.
func positive(c iampolicy.Condition) bool {
	operator := strings.ToLower(c.Operator)
	if rest, found := strings.CutPrefix(operator, "foranyvalue:"); found {
		operator = rest
	}
	likes := slices.Contains([]string{"stringlike", "arnlike", "arnequals"}, operator)
	if !likes && !slices.Contains([]string{"stringequals", "stringequalsignorecase"}, operator) {
		return false
	}
	return !likes || !slices.ContainsFunc(c.Values, func(v string) bool { return strings.Trim(v, "*?") == "" })
}
