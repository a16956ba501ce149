package operator

import (
	"encoding/json"
	"fmt"
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

// account is what the configuration has in one account.
type account struct {
	id, partition string
	regions       []string
	roles         []string
}

// Policies writes one policy for each account of the configuration, in the
// order of their numbers. lineage is the estate's: what changes an object is
// allowed on objects that carry it.
//
// What IAM can narrow is in the tables of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementrolesanywhere.html
func Policies(c *config.Config, lineage string) ([]Policy, error) {
	var all []Policy
	for _, a := range accounts(c) {
		d := document{Version: "2012-10-17", Statement: statements(a, lineage, c.Roles == config.Manage)}
		text, err := json.MarshalIndent(d, "", "  ")
		if err != nil {
			return nil, fmt.Errorf("writing the operator's policy for account %s: %w", a.id, err)
		}
		all = append(all, Policy{Account: a.id, Document: text})
	}
	return all, nil
}

func accounts(c *config.Config) []account {
	var all []account
	for _, name := range c.EnvironmentNames() {
		env := c.Environments[name]
		for _, t := range env.Targets {
			i := slices.IndexFunc(all, func(a account) bool { return a.id == t.Account })
			if i < 0 {
				place := plan.Target{Account: t.Account, Region: t.Region}
				all, i = append(all, account{id: t.Account, partition: place.Partition()}), len(all)
			}
			all[i].regions = append(all[i].regions, t.Region)
			for _, profile := range env.ProfileNames() {
				for _, role := range env.Profiles[profile].RoleNames() {
					all[i].roles = append(all[i].roles, roles.ARN(all[i].partition, plan.Role(t.Account, role)))
				}
			}
		}
	}
	for i := range all {
		all[i].regions, all[i].roles = unique(all[i].regions), unique(all[i].roles)
	}
	slices.SortFunc(all, func(a, b account) int {
		if a.id < b.id {
			return -1
		}
		return 1
	})
	return all
}

func unique(list []string) []string { return slices.Compact(slices.Sorted(slices.Values(list))) }

func statements(a account, lineage string, manage bool) []statement {
	ours := equals("aws:ResourceTag/"+ownership.TagEstate, lineage)
	list := []statement{
		allow("KnowWhoIAm", []string{"*"}, nil, "sts:GetCallerIdentity"),
		allow("See", []string{"*"}, nil,
			"rolesanywhere:ListTrustAnchors", "rolesanywhere:ListProfiles", "rolesanywhere:ListCrls",
			"rolesanywhere:ListTagsForResource", "tag:GetResources"),
		// Neither action can be narrowed to a resource: there is none yet.
		allow("CreateTagged", []string{"*"}, equals("aws:RequestTag/"+ownership.TagEstate, lineage),
			"rolesanywhere:CreateTrustAnchor", "rolesanywhere:CreateProfile"),
		allow("TagNew", a.resources("trust-anchor", "profile"), equals("aws:RequestTag/"+ownership.TagEstate, lineage),
			"rolesanywhere:TagResource"),
		allow("ChangeAnchors", a.resources("trust-anchor"), ours,
			"rolesanywhere:UpdateTrustAnchor", "rolesanywhere:EnableTrustAnchor", "rolesanywhere:DisableTrustAnchor",
			"rolesanywhere:DeleteTrustAnchor", "rolesanywhere:PutNotificationSettings"),
		allow("ChangeProfiles", a.resources("profile"), ours,
			"rolesanywhere:UpdateProfile", "rolesanywhere:EnableProfile", "rolesanywhere:DisableProfile", "rolesanywhere:DeleteProfile",
			"rolesanywhere:PutAttributeMapping", "rolesanywhere:DeleteAttributeMapping"),
		allow("Retag", a.resources("trust-anchor", "profile"), ours, "rolesanywhere:TagResource", "rolesanywhere:UntagResource"),
		// Every role of every enabled profile is judged before an anchor is enabled.
		allow("JudgeRoles", []string{"arn:" + a.partition + ":iam::" + a.id + ":role/*"}, nil, "iam:GetRole"),
	}
	if len(a.roles) > 0 {
		// https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/API_CreateProfile.html
		list = append(list, allow("PassRoles", a.roles, nil, "iam:PassRole"))
		if manage {
			list = append(list, allow("PinRoles", a.roles, nil, "iam:UpdateAssumeRolePolicy"))
		}
	}
	// The first anchor of an account makes the service's own role
	// (https://docs.aws.amazon.com/rolesanywhere/latest/userguide/using-service-linked-roles.html).
	return append(list, allow("MakeServiceLinkedRole",
		[]string{"arn:" + a.partition + ":iam::" + a.id + ":role/aws-service-role/rolesanywhere.amazonaws.com/AWSServiceRoleForRolesAnywhere"},
		equals("iam:AWSServiceName", "rolesanywhere.amazonaws.com"), "iam:CreateServiceLinkedRole"))
}

func allow(sid string, resources []string, condition map[string]map[string]string, actions ...string) statement {
	return statement{Sid: sid, Effect: "Allow", Action: actions, Resource: resources, Condition: condition}
}

func equals(key, value string) map[string]map[string]string {
	return map[string]map[string]string{"StringEquals": {key: value}}
}

// resources are all objects of some kinds in the account's regions.
func (a account) resources(kinds ...string) []string {
	var arns []string
	for _, region := range a.regions {
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
	return Policy{}, fmt.Errorf("writing the operator's policy: the configuration has no account %q, it has %s", account, strings.Join(known, ", "))
}
