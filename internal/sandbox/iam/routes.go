package iam

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"anchorctl/internal/sandbox/limits"
	"anchorctl/internal/sandbox/wire"
	"anchorctl/internal/sandbox/world"
)

const (
	version    = "2010-05-08"
	namespace  = "https://iam.amazonaws.com/doc/" + version + "/"
	validation = "ValidationError"
)

type action struct {
	name  string
	reads bool
	do    func(c *world.Call, form url.Values) (any, error)
}

func actions() []action {
	return []action{
		{"CreateRole", false, createRole},
		{"GetRole", true, getRole},
		{"ListRoles", true, listRoles},
		{"UpdateRole", false, updateRole},
		{"UpdateAssumeRolePolicy", false, updateTrust},
		{"DeleteRole", false, deleteRole},
		{"TagRole", false, tagRole},
		{"UntagRole", false, untagRole},
		{"ListRoleTags", true, listRoleTags},
		{"AttachRolePolicy", false, attachPolicy},
		{"DetachRolePolicy", false, detachPolicy},
		{"ListAttachedRolePolicies", true, listAttached},
		{"PutRolePolicy", false, putPolicy},
		{"GetRolePolicy", true, getPolicy},
		{"DeleteRolePolicy", false, deletePolicy},
		{"ListRolePolicies", true, listPolicies},
		{"CreatePolicy", false, createPolicy},
		{"GetPolicy", true, getManaged},
		{"GetPolicyVersion", true, getVersion},
	}
}

// Route finds the operation of a request.
func Route(r wire.Request) (world.Operation, error) {
	form, err := wire.Form(r)
	if err != nil {
		return world.Operation{}, wire.Errorf(http.StatusBadRequest, "MalformedQueryString", "The query string is malformed")
	}
	for _, a := range actions() {
		if a.name == form.Get("Action") {
			return world.Operation{Name: a.name, Reads: a.reads, Do: func(c *world.Call) (wire.Answer, error) {
				result, err := a.do(c, form)
				if err != nil {
					return wire.Answer{}, err
				}
				return wire.Result(namespace, a.name, result)
			}}, nil
		}
	}
	return world.Operation{}, wire.NotImplemented("the action %q of iam", form.Get("Action"))
}

// page reads Marker and MaxItems and cuts a page.
func page[T any](c *world.Call, form url.Values, list string, items []T, key func(T) string) ([]T, paging, error) {
	size, token := 100, form.Get("Marker")
	if text := wire.Member(form, "MaxItems"); text != nil {
		n, err := strconv.Atoi(*text)
		if err != nil {
			return nil, paging{}, wire.Errorf(http.StatusBadRequest, validation, "MaxItems is not a number")
		}
		var check wire.Checks
		check.Number("maxItems", &n, limits.MaxItems)
		if err := check.Err(validation); err != nil {
			return nil, paging{}, err
		}
		size = n
	}
	cut, next, err := wire.Page(items, list, token, c.PageSize(size), key)
	if err != nil {
		return nil, paging{}, wire.Errorf(http.StatusBadRequest, validation, "Invalid Marker")
	}
	return cut, paging{IsTruncated: next != "", Marker: next}, nil
}

type paging struct {
	IsTruncated bool
	Marker      string `xml:",omitempty"`
}

// roleOf finds the role that RoleName names.
func roleOf(c *world.Call, form url.Values) (*world.Role, error) {
	name := wire.Member(form, "RoleName")
	var check wire.Checks
	check.Required("roleName", name != nil)
	check.Text("roleName", name, limits.RoleName)
	if err := check.Err(validation); err != nil {
		return nil, err
	}
	for have, r := range c.Account.Roles {
		if strings.EqualFold(have, *name) {
			return r, nil
		}
	}
	return nil, wire.Errorf(http.StatusNotFound, "NoSuchEntity", "The role with name %s cannot be found.", *name)
}

// Operations are the names of all operations.
func Operations() []string {
	var names []string
	for _, a := range actions() {
		names = append(names, a.name)
	}
	return names
}
