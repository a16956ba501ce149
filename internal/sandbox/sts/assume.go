package sts

import (
	"cmp"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"anchorctl/internal/iampolicy"
	"anchorctl/internal/sandbox/limits"
	"anchorctl/internal/sandbox/wire"
	"anchorctl/internal/sandbox/world"
)

// AssumeRole's own default, and the most for a session that assumes a role
// ("role chaining").
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
const (
	defaultSeconds = 3600
	chainedSeconds = 3600
)

type assumeInput struct {
	roleARN, name, identity, externalID string
	seconds                             int
	tags                                map[string]string
}

type assumedOut struct {
	Credentials struct {
		AccessKeyID     string `xml:"AccessKeyId"`
		SecretAccessKey string
		SessionToken    string
		Expiration      string
	}
	AssumedRoleUser struct {
		ARN           string `xml:"Arn"`
		AssumedRoleID string `xml:"AssumedRoleId"`
	}
	SourceIdentity string `xml:",omitempty"`
}

func assumeRole(c *world.Call, form url.Values) (any, error) {
	in, err := readAssume(form)
	if err != nil {
		return nil, err
	}
	account, role := find(c.World, in.roleARN)
	if role == nil || !trusts(c, role, in) {
		// STS does not tell whether a role is there.
		return nil, wire.Errorf(http.StatusForbidden, "AccessDenied",
			"User: %s is not authorized to perform: sts:AssumeRole on resource: %s", c.Caller.ARN, in.roleARN)
	}
	if in.seconds > role.MaxSession {
		return nil, wire.Errorf(http.StatusBadRequest, validation, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	if c.Caller.Role && in.seconds > chainedSeconds {
		return nil, wire.Errorf(http.StatusBadRequest, validation, "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
	}
	s, err := c.World.Grant(world.Session{
		Account: account.ID, RoleID: role.ID, RoleName: role.Name, RoleARN: role.ARN, Name: in.name,
		SourceIdentity: in.identity, Tags: in.tags, Expiration: c.Now.Add(time.Duration(in.seconds) * time.Second),
	}, c.Now)
	if err != nil {
		return nil, err
	}
	var out assumedOut
	out.Credentials.AccessKeyID, out.Credentials.SecretAccessKey, out.Credentials.SessionToken = s.AccessKeyID, s.Secret, s.Token
	out.Credentials.Expiration = s.Expiration.UTC().Format("2006-01-02T15:04:05Z")
	out.AssumedRoleUser.ARN, out.AssumedRoleUser.AssumedRoleID = s.ARN(account), s.RoleID+":"+s.Name
	out.SourceIdentity = s.SourceIdentity
	return out, nil
}

func readAssume(form url.Values) (assumeInput, error) {
	arn, name := wire.Member(form, "RoleArn"), wire.Member(form, "RoleSessionName")
	identity, external := wire.Member(form, "SourceIdentity"), wire.Member(form, "ExternalId")
	var check wire.Checks
	check.Required("roleArn", arn != nil)
	check.Required("roleSessionName", name != nil)
	check.Text("roleSessionName", name, limits.AssumeRoleName)
	check.Text("sourceIdentity", identity, limits.AssumeRoleName)
	check.Text("externalId", external, limits.ExternalID)
	policy := wire.Member(form, "Policy")
	check.Text("policy", policy, limits.STSPolicy)
	seconds := defaultSeconds
	if text := wire.Member(form, "DurationSeconds"); text != nil {
		n, err := strconv.Atoi(*text)
		if err != nil {
			check.Fail("durationSeconds", text, "Member must be a number")
		}
		seconds = n
		check.Number("durationSeconds", &seconds, limits.AssumeRoleSeconds)
	}
	keys, values := wire.Members(form, "Tags", ".Key"), wire.Members(form, "Tags", ".Value")
	if len(keys) != len(values) {
		check.Fail("tags", nil, "Members must have a Key and a Value")
	}
	if err := check.Err(validation); err != nil {
		return assumeInput{}, err
	}
	if policy != nil {
		if _, err := iampolicy.Parse([]byte(*policy)); err != nil {
			return assumeInput{}, wire.Errorf(http.StatusBadRequest, "MalformedPolicyDocument", "This policy contains invalid Json: %v", err)
		}
	}
	in := assumeInput{roleARN: *arn, name: *name, seconds: seconds, tags: map[string]string{}}
	for i, k := range keys {
		in.tags[k] = values[i]
	}
	in.identity, in.externalID = *cmp.Or(identity, new(string)), *cmp.Or(external, new(string))
	return in, nil
}

// find looks up a role in whatever account its ARN names.
func find(w *world.World, arn string) (*world.Account, *world.Role) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 {
		return nil, nil
	}
	a := w.Accounts[parts[4]]
	if a == nil {
		return nil, nil
	}
	r := a.Roles[arn[strings.LastIndexByte(arn, '/')+1:]]
	if r == nil || r.ARN != arn {
		return nil, nil
	}
	return a, r
}

// trusts asks the role's trust policy.
func trusts(c *world.Call, role *world.Role, in assumeInput) bool {
	d, err := iampolicy.Parse([]byte(role.Trust))
	if err != nil {
		return false
	}
	request := iampolicy.Request{
		Principal: iampolicy.Principal{Kind: iampolicy.AWS, Value: c.Caller.ARN},
		Actions:   []string{"sts:AssumeRole"},
		Context:   contextOf(c, in),
	}
	if len(in.tags) > 0 {
		request.Actions = append(request.Actions, "sts:TagSession")
	}
	if in.identity != "" {
		request.Actions = append(request.Actions, "sts:SetSourceIdentity")
	}
	return d.Evaluate(request).Allowed
}

// contextOf are the keys of
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
// that the sandbox knows.
func contextOf(c *world.Call, in assumeInput) map[string][]string {
	all := map[string][]string{
		"aws:PrincipalArn":     {c.Caller.ARN},
		"aws:PrincipalAccount": {c.Caller.Account},
		"aws:PrincipalType":    {"User"},
		"aws:userid":           {c.Caller.UserID},
		"aws:CurrentTime":      {c.Now.UTC().Format(time.RFC3339)},
		"aws:EpochTime":        {strconv.FormatInt(c.Now.Unix(), 10)},
		"aws:RequestedRegion":  {c.Region},
		"sts:RoleSessionName":  {in.name},
	}
	if s := c.Caller.Session; s != nil {
		// Of a session the key holds the role's ARN.
		all["aws:PrincipalArn"], all["aws:PrincipalType"] = []string{c.Caller.RoleARN}, []string{"AssumedRole"}
		for k, v := range s.Tags {
			all["aws:PrincipalTag/"+k] = []string{v}
		}
		if s.SourceIdentity != "" {
			all["aws:SourceIdentity"] = []string{s.SourceIdentity}
		}
	}
	for k, v := range in.tags {
		all["aws:RequestTag/"+k] = []string{v}
		all["aws:TagKeys"] = append(all["aws:TagKeys"], k)
	}
	if in.externalID != "" {
		all["sts:ExternalId"] = []string{in.externalID}
	}
	if in.identity != "" {
		all["sts:SourceIdentity"] = []string{in.identity}
	}
	return all
}
