package operator

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"anchorctl/internal/config"
	"anchorctl/internal/ownership"
	"anchorctl/internal/plan"
	"anchorctl/internal/roles"
)

// Policy is what the operator needs in one account.
type Policy struct {
	Account  string          `json:"account"`
	Document json.RawMessage `json:"document"`
}

// document and statement are an identity policy, in the order in which people
// read one.
type document struct {
	Version   string      `json:"Version"`
	Statement []statement `json:"Statement"`
}

type statement struct {
	Sid       string                       `json:"Sid"`
	Effect    string                       `json:"Effect"`
	Action    []string                     `json:"Action"`
	Resource  []string                     `json:"Resource"`
	Condition map[string]map[string]string `json:"Condition,omitempty"`
}

// account is what the estate has in one account.
type account struct {
	id, partition string
	regions       []string // of the configuration
	roles         []string // of the configuration
	leftRegions   []string // with recorded objects only: they are to be removed
	leftRoles     []string // recorded only: our statement is to be taken out
}

// Policies writes one policy for each account of the configuration and of the
// recorded objects, in the order of their numbers. What left the configuration
// has to be removed: recorded objects may be disabled and deleted where they
// are, and recorded roles unpinned. lineage is the estate's: what changes an
// object is allowed on objects that carry it.
//
// What IAM can narrow is in the tables of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementrolesanywhere.html
func Policies(c *config.Config, lineage string, objects []plan.Object) ([]Policy, error) {
	var all []Policy
	for _, a := range accounts(c, objects) {
		d := document{Version: "2012-10-17", Statement: statements(a, lineage, c.Roles == config.Manage)}
		text, err := json.MarshalIndent(d, "", "  ")
		if err != nil {
			return nil, fmt.Errorf("writing the operator's policy for account %s: %w", a.id, err)
		}
		all = append(all, Policy{Account: a.id, Document: text})
	}
	return all, nil
}

// book finds accounts by their numbers.
type book map[string]*account

func (b book) of(t plan.Target) *account {
	if b[t.Account] == nil {
		b[t.Account] = &account{id: t.Account, partition: t.Partition()}
	}
	return b[t.Account]
}

func accounts(c *config.Config, objects []plan.Object) []account {
	known := book{}
	for _, name := range c.EnvironmentNames() {
		env := c.Environments[name]
		for _, t := range env.Targets {
			at := plan.Target{Account: t.Account, Region: t.Region}
			a := known.of(at)
			a.regions = append(a.regions, t.Region)
			for _, profile := range env.ProfilesAt(at) {
				for _, role := range profile.RoleNames() {
					a.roles = append(a.roles, roles.ARN(a.partition, plan.Role(t.Account, role)))
				}
			}
		}
	}
	known.left(objects)
	var all []account
	for _, number := range slices.Sorted(maps.Keys(known)) {
		a := *known[number]
		a.regions, a.roles = unique(a.regions), unique(a.roles)
		a.leftRegions, a.leftRoles = without(a.leftRegions, a.regions), without(a.leftRoles, a.roles)
		all = append(all, a)
	}
	return all
}

// left adds where recorded objects are. Roles of an account that is not the
// configuration's any more are left alone by every plan.
func (b book) left(objects []plan.Object) {
	for _, o := range objects {
		a, configured := b[o.Addr.Target.Account]
		switch {
		case o.Addr.Kind != plan.KindRole:
			a = b.of(o.Addr.Target)
			a.leftRegions = append(a.leftRegions, o.Addr.Target.Region)
		case configured && len(a.regions) > 0:
			a.leftRoles = append(a.leftRoles, roles.ARN(a.partition, o.Addr))
		}
	}
}

func unique(list []string) []string { return slices.Compact(slices.Sorted(slices.Values(list))) }

// without is what list has and other has not.
func without(list, other []string) []string {
	return unique(slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(other, s) }))
}

func statements(a account, lineage string, manage bool) []statement {
	ours := equals("aws:ResourceTag/"+ownership.TagEstate, lineage)
	list := []statement{
		allow("KnowWhoIAm", []string{"*"}, nil, "sts:GetCallerIdentity"),
		allow("See", []string{"*"}, nil,
			"rolesanywhere:ListTrustAnchors", "rolesanywhere:ListProfiles", "rolesanywhere:ListCrls",
			"rolesanywhere:ListSubjects", "rolesanywhere:ListTagsForResource", "tag:GetResources"),
	}
	if len(a.regions) > 0 {
		// Before a rotation ends the trust in an issuer, it asks who still comes
		// with a certificate of that one.
		list = append(list, allow("SeeWhoAsked", resources(a, a.regions, "subject"), nil, "rolesanywhere:GetSubject"))
	}
	if len(a.regions) > 0 {
		list = append(list, a.building(lineage, ours)...)
	}
	list = append(list, a.judging()...)
	list = append(list, a.passing(manage)...)
	if len(a.leftRegions) > 0 {
		list = append(list, allow("RemoveWhatLeft", resources(a, a.leftRegions, "trust-anchor", "profile", "crl"), ours,
			"rolesanywhere:DisableTrustAnchor", "rolesanywhere:DeleteTrustAnchor",
			"rolesanywhere:DisableProfile", "rolesanywhere:DeleteProfile", "rolesanywhere:DeleteCrl"))
	}
	if len(a.regions) > 0 {
		// The first anchor of an account makes the service's own role
		// (https://docs.aws.amazon.com/rolesanywhere/latest/userguide/using-service-linked-roles.html).
		list = append(list, allow("MakeServiceLinkedRole",
			[]string{"arn:" + a.partition + ":iam::" + a.id + ":role/aws-service-role/rolesanywhere.amazonaws.com/AWSServiceRoleForRolesAnywhere"},
			equals("iam:AWSServiceName", "rolesanywhere.amazonaws.com"), "iam:CreateServiceLinkedRole"))
	}
	return list
}

// building is what makes and changes objects where the configuration has them.
func (a account) building(lineage string, ours map[string]map[string]string) []statement {
	asked := equals("aws:RequestTag/"+ownership.TagEstate, lineage)
	anchors, profiles := resources(a, a.regions, "trust-anchor"), resources(a, a.regions, "profile")
	lists, all := resources(a, a.regions, "crl"), resources(a, a.regions, "trust-anchor", "profile", "crl")
	return []statement{
		// None of these actions can be narrowed to a resource: there is none yet.
		allow("CreateTagged", []string{"*"}, asked,
			"rolesanywhere:CreateTrustAnchor", "rolesanywhere:CreateProfile", "rolesanywhere:ImportCrl"),
		allow("TagNew", all, asked, "rolesanywhere:TagResource"),
		allow("ChangeAnchors", anchors, ours,
			"rolesanywhere:UpdateTrustAnchor", "rolesanywhere:EnableTrustAnchor", "rolesanywhere:DisableTrustAnchor",
			"rolesanywhere:DeleteTrustAnchor", "rolesanywhere:PutNotificationSettings"),
		allow("ChangeProfiles", profiles, ours,
			"rolesanywhere:UpdateProfile", "rolesanywhere:EnableProfile", "rolesanywhere:DisableProfile", "rolesanywhere:DeleteProfile",
			"rolesanywhere:PutAttributeMapping", "rolesanywhere:DeleteAttributeMapping"),
		allow("ChangeRevocationLists", lists, ours,
			"rolesanywhere:UpdateCrl", "rolesanywhere:EnableCrl", "rolesanywhere:DeleteCrl"),
		allow("Retag", all, ours, "rolesanywhere:TagResource", "rolesanywhere:UntagResource"),
	}
}

// judging is what roles are judged by. Every role of every enabled profile is
// before an anchor is enabled; what the configuration's roles may do is said
// beside every plan. "check account" reads every role there is, and changes
// nothing: whoever runs it needs this and what lists objects alone.
func (a account) judging() []statement {
	iam := "arn:" + a.partition + ":iam::" + a.id
	return []statement{
		allow("JudgeRoles", []string{iam + ":role/*"}, nil,
			"iam:GetRole", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies", "iam:GetRolePolicy"),
		allow("JudgePolicies", []string{iam + ":policy/*"}, nil, "iam:GetPolicy", "iam:GetPolicyVersion"),
		// Listing is not of one role.
		allow("CheckAccount", []string{"*"}, nil, "iam:ListRoles"),
	}
}

// passing is what roles are needed for: to be listed by profiles, to be pinned
// and, once they left, to be unpinned.
func (a account) passing(manage bool) []statement {
	var list []statement
	if len(a.roles) > 0 {
		// https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/API_CreateProfile.html
		list = append(list, allow("PassRoles", a.roles, nil, "iam:PassRole"))
	}
	if manage && len(a.roles) > 0 {
		list = append(list, allow("PinRoles", a.roles, nil, "iam:UpdateAssumeRolePolicy"))
	}
	if manage && len(a.roles) > 0 {
		// For "revoke --end-sessions" alone. IAM cannot narrow it to policies that
		// deny: whoever does not want to give it leaves the statement out.
		list = append(list, allow("EndSessions", a.roles, nil, "iam:PutRolePolicy"))
	}
	if manage && len(a.leftRoles) > 0 {
		list = append(list, allow("UnpinRolesThatLeft", a.leftRoles, nil, "iam:UpdateAssumeRolePolicy"))
	}
	return list
}

func allow(sid string, resources []string, condition map[string]map[string]string, actions ...string) statement {
	return statement{Sid: sid, Effect: "Allow", Action: actions, Resource: resources, Condition: condition}
}

func equals(key, value string) map[string]map[string]string {
	return map[string]map[string]string{"StringEquals": {key: value}}
}

// resources are all objects of some kinds in some regions of an account.
func resources(a account, regions []string, kinds ...string) []string {
	var arns []string
	for _, region := range regions {
		for _, kind := range kinds {
			arns = append(arns, "arn:"+a.partition+":rolesanywhere:"+region+":"+a.id+":"+kind+"/*")
		}
	}
	return arns
}

// Of is the policy for one account.
func Of(all []Policy, account string) (Policy, error) {
	var known []string
	for _, p := range all {
		if p.Account == account {
			return p, nil
		}
		known = append(known, p.Account)
	}
	return Policy{}, fmt.Errorf("writing the operator's policy: the estate has no account %q, it has %s", account, strings.Join(known, ", "))
}
