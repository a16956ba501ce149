package sts

import (
	"net/http"

	"anchorctl/internal/sandbox/wire"
	"anchorctl/internal/sandbox/world"
)

const (
	namespace  = "https://sts.amazonaws.com/doc/2011-06-15/"
	validation = "ValidationError"
)

// Route finds the operation of a request.
func Route(r wire.Request) (world.Operation, error) {
	form, err := wire.Form(r)
	if err != nil {
		return world.Operation{}, wire.Errorf(http.StatusBadRequest, "MalformedQueryString", "The query string is malformed")
	}
	switch name := form.Get("Action"); name {
	case "GetCallerIdentity":
		return world.Operation{Name: name, Reads: true, Do: func(c *world.Call) (wire.Answer, error) {
			return wire.Result(namespace, name, identityOut{ARN: c.Caller.ARN, UserID: c.Caller.UserID, Account: c.Caller.Account})
		}}, nil
	case "AssumeRole":
		return world.Operation{Name: name, Do: func(c *world.Call) (wire.Answer, error) {
			out, err := assumeRole(c, form)
			if err != nil {
				return wire.Answer{}, err
			}
			return wire.Result(namespace, name, out)
		}}, nil
	default:
		return world.Operation{}, wire.NotImplemented("the action %q of sts", name)
	}
}

type identityOut struct {
	ARN     string `xml:"Arn"`
	UserID  string `xml:"UserId"`
	Account string
}

// Operations are the names of all operations.
func Operations() []string { return []string{"GetCallerIdentity", "AssumeRole"} }
