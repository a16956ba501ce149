package sts

import (
	"encoding/xml"
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
			return answer(name, identityOut{ARN: c.Caller.ARN, UserID: c.Caller.UserID, Account: c.Caller.Account})
		}}, nil
	case "AssumeRole":
		return world.Operation{Name: name, Do: func(c *world.Call) (wire.Answer, error) {
			out, err := assumeRole(c, form)
			if err != nil {
				return wire.Answer{}, err
			}
			return answer(name, out)
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

type response struct {
	XMLName xml.Name
	Result  struct {
		XMLName xml.Name
		Content any
	}
	Meta struct {
		RequestID string `xml:"RequestId"`
	} `xml:"ResponseMetadata"`
}

func answer(name string, content any) (wire.Answer, error) {
	r := response{XMLName: xml.Name{Space: namespace, Local: name + "Response"}}
	r.Result.XMLName.Local = name + "Result"
	r.Result.Content = content
	r.Meta.RequestID = wire.RequestID()
	return wire.XML(http.StatusOK, r)
}
