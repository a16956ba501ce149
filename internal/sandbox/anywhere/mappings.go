package anywhere

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"anchorctl/internal/sandbox/limits"
	"anchorctl/internal/sandbox/wire"
	"anchorctl/internal/sandbox/world"
)

// The fields of a certificate that are mapped.
const (
	subjectField = "x509Subject"
	issuerField  = "x509Issuer"
	sanField     = "x509SAN"
)

type mappingRule struct {
	Specifier *string `json:"specifier,omitempty"`
}

type putMappingInput struct {
	ID    string        `json:"-" path:"id"`
	Field *string       `json:"certificateField,omitempty"`
	Rules []mappingRule `json:"mappingRules,omitempty"`
}

type deleteMappingInput struct {
	ID         string   `json:"-" path:"id"`
	Field      *string  `json:"-" query:"certificateField"`
	Specifiers []string `json:"-" query:"specifiers"`
}

// defaultMappings are those of a new profile
// (https://docs.aws.amazon.com/rolesanywhere/latest/userguide/attribute-mapping.html).
func defaultMappings() map[string][]string {
	return map[string][]string{subjectField: {"*"}, issuerField: {"*"}, sanField: {"DNS", "URI", "Name/*"}}
}

// putMapping replaces the rules of one field.
func putMapping(c *world.Call, in *putMappingInput) (any, error) {
	var check wire.Checks
	check.Text("profileId", &in.ID, limits.UUID)
	check.Required("certificateField", in.Field != nil)
	check.Enum("certificateField", in.Field, subjectField, issuerField, sanField)
	check.Required("mappingRules", in.Rules != nil)
	for i, r := range in.Rules {
		at := fmt.Sprintf("mappingRules.%d.member.specifier", i+1)
		check.Required(at, r.Specifier != nil)
		check.Text(at, r.Specifier, limits.Specifier)
	}
	if err := check.Err(validation); err != nil {
		return nil, err
	}
	var rules []string
	for _, r := range in.Rules {
		s, ok := specifier(*in.Field, *r.Specifier)
		if !ok {
			return nil, refuse("Specifier '%s' is not valid for certificate field %s", *r.Specifier, *in.Field)
		}
		if !slices.Contains(rules, s) {
			rules = append(rules, s)
		}
	}
	p := c.Here().Profile(in.ID)
	if p == nil {
		return nil, noProfile(in.ID)
	}
	if p.Mappings == nil {
		p.Mappings = map[string][]string{}
	}
	p.Mappings[*in.Field] = rules
	p.Updated = c.Now
	return profileAnswer(p), nil
}

// deleteMapping deletes the rules that are named, or all of the field.
func deleteMapping(c *world.Call, in *deleteMappingInput) (any, error) {
	var check wire.Checks
	check.Text("profileId", &in.ID, limits.UUID)
	check.Required("certificateField", in.Field != nil)
	check.Enum("certificateField", in.Field, subjectField, issuerField, sanField)
	if err := check.Err(validation); err != nil {
		return nil, err
	}
	p := c.Here().Profile(in.ID)
	if p == nil {
		return nil, noProfile(in.ID)
	}
	if _, ok := p.Mappings[*in.Field]; !ok {
		return nil, wire.Errorf(http.StatusNotFound, "ResourceNotFoundException", "Profile %s has no mapping for %s", in.ID, *in.Field)
	}
	left := p.Mappings[*in.Field]
	if len(in.Specifiers) == 0 {
		left = nil
	}
	for _, s := range in.Specifiers {
		full, ok := specifier(*in.Field, s)
		left = slices.DeleteFunc(slices.Clone(left), func(o string) bool { return ok && o == full })
	}
	p.Mappings[*in.Field] = left
	if len(left) == 0 {
		delete(p.Mappings, *in.Field)
	}
	p.Updated = c.Now
	return profileAnswer(p), nil
}

// specifier is the full form of a specifier: "Name" and "Name/" mean all of
// the directory name.
func specifier(field, s string) (string, bool) {
	if field != sanField {
		return s, s == "*" || attribute(s)
	}
	switch s {
	case "DNS", "URI":
		return s, true
	case "Name", "Name/", "Name/*":
		return "Name/*", true
	}
	rdn, ok := strings.CutPrefix(s, "Name/")
	return s, ok && attribute(rdn)
}

// attribute holds that s looks like an attribute type: "CN", or an OID.
func attribute(s string) bool {
	for _, r := range s {
		if (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '.' {
			return false
		}
	}
	return s != ""
}
