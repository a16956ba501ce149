package iam

import (
	"cmp"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"anchorctl/internal/sandbox/limits"
	"anchorctl/internal/sandbox/wire"
	"anchorctl/internal/sandbox/world"
)

// defaultMaxSession is MaxSessionDuration when nobody says.
const defaultMaxSession = 3600

type roleDetail struct {
	Path        string
	RoleName    string
	RoleID      string `xml:"RoleId"`
	ARN         string `xml:"Arn"`
	CreateDate  string
	Trust       string `xml:"AssumeRolePolicyDocument"`
	Description string `xml:",omitempty"`
	MaxSession  int    `xml:"MaxSessionDuration"`
	Tags        *tags  `xml:"Tags,omitempty"`
}

type roleOut struct{ Role roleDetail }

type rolesOut struct {
	Roles struct {
		Member []roleDetail `xml:"member"`
	}
	paging
}

// detail is a role as IAM shows it: the trust policy is URL-encoded
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html). Lists
// show no tags.
func detail(r *world.Role, withTags bool) roleDetail {
	d := roleDetail{
		Path: r.Path, RoleName: r.Name, RoleID: r.ID, ARN: r.ARN, CreateDate: r.Created.UTC().Format("2006-01-02T15:04:05Z"),
		Trust: encoded(r.Trust), Description: r.Description, MaxSession: r.MaxSession,
	}
	if withTags && len(r.Tags) > 0 {
		t := tagsOf(r.Tags, slices.Sorted(maps.Keys(r.Tags)))
		d.Tags = &t
	}
	return d
}

// encoded is a document as RFC 3986 asks for; Go writes a space as "+".
func encoded(document string) string {
	return strings.ReplaceAll(url.QueryEscape(document), "+", "%20")
}

func createRole(c *world.Call, form url.Values) (any, error) {
	name, path, trust := wire.Member(form, "RoleName"), wire.Member(form, "Path"), wire.Member(form, "AssumeRolePolicyDocument")
	description := wire.Member(form, "Description")
	var check wire.Checks
	check.Required("roleName", name != nil)
	check.Text("roleName", name, limits.RoleName)
	check.Text("path", path, limits.RolePath)
	check.Required("assumeRolePolicyDocument", trust != nil)
	check.Text("description", description, limits.RoleDescription)
	seconds := number(&check, form, "MaxSessionDuration", defaultMaxSession, limits.MaxSession)
	given := formTags(&check, form)
	if err := check.Err(validation); err != nil {
		return nil, err
	}
	if err := CheckTrust(*trust); err != nil {
		return nil, err
	}
	for have := range c.Account.Roles {
		if strings.EqualFold(have, *name) {
			return nil, wire.Errorf(http.StatusConflict, "EntityAlreadyExists", "Role with name %s already exists.", *name)
		}
	}
	merged, err := mergeTags(nil, given)
	if err != nil {
		return nil, err
	}
	id, err := world.NewID("AROA")
	if err != nil {
		return nil, err
	}
	r := &world.Role{
		ID: id, Name: *name, Path: "/", Trust: *trust, MaxSession: seconds, Tags: merged, Created: c.Now,
	}
	if path != nil {
		r.Path = *path
	}
	if description != nil {
		r.Description = *description
	}
	r.ARN = c.Account.ARN("iam", "", "role"+r.Path+r.Name)
	if c.Account.Roles == nil {
		c.Account.Roles = map[string]*world.Role{}
	}
	c.Account.Roles[r.Name] = r
	return roleOut{detail(r, true)}, nil
}

func getRole(c *world.Call, form url.Values) (any, error) {
	r, err := roleOf(c, form)
	if err != nil {
		return nil, err
	}
	return roleOut{detail(r, true)}, nil
}

func listRoles(c *world.Call, form url.Values) (any, error) {
	prefix := form.Get("PathPrefix")
	var all []*world.Role
	for _, r := range c.Account.Roles {
		if strings.HasPrefix(r.Path, prefix) {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b *world.Role) int { return cmp.Compare(a.Name, b.Name) })
	cut, p, err := page(c, form, "roles"+prefix, all, func(r *world.Role) string { return r.Name })
	if err != nil {
		return nil, err
	}
	out := rolesOut{paging: p}
	for _, r := range cut {
		out.Roles.Member = append(out.Roles.Member, detail(r, false))
	}
	return out, nil
}

func updateRole(c *world.Call, form url.Values) (any, error) {
	r, err := roleOf(c, form)
	if err != nil {
		return nil, err
	}
	var check wire.Checks
	description := wire.Member(form, "Description")
	check.Text("description", description, limits.RoleDescription)
	seconds := number(&check, form, "MaxSessionDuration", r.MaxSession, limits.MaxSession)
	if err := check.Err(validation); err != nil {
		return nil, err
	}
	r.MaxSession = seconds
	if description != nil {
		r.Description = *description
	}
	return struct{}{}, nil
}

func updateTrust(c *world.Call, form url.Values) (any, error) {
	r, err := roleOf(c, form)
	if err != nil {
		return nil, err
	}
	document := wire.Member(form, "PolicyDocument")
	var check wire.Checks
	check.Required("policyDocument", document != nil)
	if err := check.Err(validation); err != nil {
		return nil, err
	}
	if err := CheckTrust(*document); err != nil {
		return nil, err
	}
	r.Trust = *document
	return nil, nil //nolint:nilnil // an action without a result
}

func deleteRole(c *world.Call, form url.Values) (any, error) {
	r, err := roleOf(c, form)
	if err != nil {
		return nil, err
	}
	if len(r.Attached) > 0 {
		return nil, wire.Errorf(http.StatusConflict, "DeleteConflict", "Cannot delete entity, must detach all policies first.")
	}
	if len(r.Inline) > 0 {
		return nil, wire.Errorf(http.StatusConflict, "DeleteConflict", "Cannot delete entity, must delete policies first.")
	}
	delete(c.Account.Roles, r.Name)
	return nil, nil //nolint:nilnil // an action without a result
}

// number reads a number of a form.
func number(check *wire.Checks, form url.Values, name string, absent int, id limits.ID) int {
	text := wire.Member(form, name)
	if text == nil {
		return absent
	}
	at := strings.ToLower(name[:1]) + name[1:]
	n, err := strconv.Atoi(*text)
	if err != nil {
		check.Fail(at, text, "Member must be a number")
		return absent
	}
	check.Number(at, &n, id)
	return n
}
