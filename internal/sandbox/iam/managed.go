package iam

import (
	"net/http"
	"net/url"
	"strings"

	"anchorctl/internal/iampolicy"
	"anchorctl/internal/sandbox/limits"
	"anchorctl/internal/sandbox/wire"
	"anchorctl/internal/sandbox/world"
)

// firstVersion is the only version that a policy of the sandbox has.
const firstVersion = "v1"

type policyDetail struct {
	PolicyName       string
	PolicyID         string `xml:"PolicyId"`
	ARN              string `xml:"Arn"`
	Path             string
	DefaultVersionID string `xml:"DefaultVersionId"`
	AttachmentCount  int
	BoundaryCount    int `xml:"PermissionsBoundaryUsageCount"`
	IsAttachable     bool
	Description      string `xml:",omitempty"`
	CreateDate       string
	UpdateDate       string
}

type policyOut struct{ Policy policyDetail }

type versionOut struct {
	PolicyVersion struct {
		Document         string
		VersionID        string `xml:"VersionId"`
		IsDefaultVersion bool
		CreateDate       string
	}
}

// policyAsShown is a managed policy as IAM shows it: without its document.
func policyAsShown(c *world.Call, p *world.Policy, described bool) policyOut {
	made := p.Created.UTC().Format("2006-01-02T15:04:05Z")
	d := policyDetail{
		PolicyName: p.Name, PolicyID: p.ID, ARN: p.ARN, Path: p.Path, DefaultVersionID: firstVersion,
		IsAttachable: true, CreateDate: made, UpdateDate: made,
	}
	if described {
		d.Description = p.Description
	}
	for _, r := range c.Account.Roles {
		for _, arn := range r.Attached {
			if arn == p.ARN {
				d.AttachmentCount++
			}
		}
	}
	return policyOut{d}
}

// createPolicy makes a customer-managed policy.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html
func createPolicy(c *world.Call, form url.Values) (any, error) {
	name, path, document := wire.Member(form, "PolicyName"), wire.Member(form, "Path"), wire.Member(form, "PolicyDocument")
	description := wire.Member(form, "Description")
	var check wire.Checks
	check.Required("policyName", name != nil)
	check.Text("policyName", name, limits.PolicyName)
	check.Text("path", path, limits.PolicyPath)
	check.Required("policyDocument", document != nil)
	check.Text("description", description, limits.PolicyDescription)
	if err := check.Err(validation); err != nil {
		return nil, err
	}
	if err := checkPermissions(*document); err != nil {
		return nil, err
	}
	if most := limits.Of(limits.ManagedPolicy).Max; iampolicy.SessionSize([]byte(*document)) > most {
		return nil, wire.Errorf(http.StatusConflict, "LimitExceeded", "Cannot exceed quota for PolicySize: %d", most)
	}
	for _, have := range c.Account.Policies {
		if strings.EqualFold(have.Name, *name) {
			return nil, wire.Errorf(http.StatusConflict, "EntityAlreadyExists", "A policy called %s already exists. Duplicate names are not allowed.", *name)
		}
	}
	id, err := world.NewID("ANPA")
	if err != nil {
		return nil, err
	}
	p := &world.Policy{ID: id, Name: *name, Path: "/", Document: *document, Created: c.Now}
	if path != nil {
		p.Path = *path
	}
	if description != nil {
		p.Description = *description
	}
	p.ARN = c.Account.ARN("iam", "", "policy"+p.Path+p.Name)
	if c.Account.Policies == nil {
		c.Account.Policies = map[string]*world.Policy{}
	}
	c.Account.Policies[p.ARN] = p
	return policyAsShown(c, p, false), nil
}

func getManaged(c *world.Call, form url.Values) (any, error) {
	p, err := managedOf(c, form)
	if err != nil {
		return nil, err
	}
	return policyAsShown(c, p, true), nil
}

// getVersion gives the document, URL-encoded.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetPolicyVersion.html
func getVersion(c *world.Call, form url.Values) (any, error) {
	version := wire.Member(form, "VersionId")
	var check wire.Checks
	check.Required("versionId", version != nil)
	check.Text("versionId", version, limits.PolicyVersion)
	if err := check.Err(validation); err != nil {
		return nil, err
	}
	p, err := managedOf(c, form)
	if err != nil {
		return nil, err
	}
	if *version != firstVersion {
		return nil, wire.Errorf(http.StatusNotFound, "NoSuchEntity", "Policy %s version %s does not exist or is not attachable.", p.ARN, *version)
	}
	var out versionOut
	out.PolicyVersion.Document, out.PolicyVersion.VersionID, out.PolicyVersion.IsDefaultVersion = encoded(p.Document), firstVersion, true
	out.PolicyVersion.CreateDate = p.Created.UTC().Format("2006-01-02T15:04:05Z")
	return out, nil
}

// managedOf finds the customer-managed policy that PolicyArn names. What AWS's
// own policies say is not known here.
func managedOf(c *world.Call, form url.Values) (*world.Policy, error) {
	arn := wire.Member(form, "PolicyArn")
	var check wire.Checks
	check.Required("policyArn", arn != nil)
	check.Text("policyArn", arn, limits.PolicyARN)
	if err := check.Err(validation); err != nil {
		return nil, err
	}
	if strings.HasPrefix(*arn, "arn:"+c.Account.Partition+":iam::aws:policy/") {
		return nil, wire.NotImplemented("the documents of AWS's own policies (%s)", *arn)
	}
	if p := c.Account.Policies[*arn]; p != nil {
		return p, nil
	}
	return nil, wire.Errorf(http.StatusNotFound, "NoSuchEntity", "Policy %s was not found.", *arn)
}

// attachable reports whether a policy can be attached: any of AWS's by its
// name, and those of the account that there are.
func attachable(c *world.Call, arn string) bool {
	name, awss := strings.CutPrefix(arn, "arn:"+c.Account.Partition+":iam::aws:policy/")
	return awss && name != "" || c.Account.Policies[arn] != nil
}
