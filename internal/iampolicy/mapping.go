package iampolicy

import (
	"slices"
	"strings"
)

// The certificate fields that a profile of Roles Anywhere maps to session
// tags, and the keys under which a policy sees those tags.
// https://docs.aws.amazon.com/rolesanywhere/latest/userguide/attribute-mapping.html
const (
	FieldSubject = "x509Subject"
	FieldIssuer  = "x509Issuer"
	FieldSAN     = "x509SAN"

	KeyPrincipalTag = "aws:PrincipalTag/"
	KeyRequestTag   = "aws:RequestTag/"
)

// DefaultMappings are the mappings of a profile that says nothing else.
// https://docs.aws.amazon.com/rolesanywhere/latest/userguide/attribute-mapping.html#attribute-mapping-default
func DefaultMappings() map[string][]string {
	return map[string][]string{FieldSubject: {"*"}, FieldIssuer: {"*"}, FieldSAN: {"DNS", "URI", "Name/*"}}
}

// Selects says whether a mapping rule's specifier covers an attribute of a
// certificate field. "Name" and "Name/" mean "Name/*".
func Selects(field, specifier, attribute string) bool {
	const directory = "Name/"
	if field == FieldSAN && (specifier == "Name" || specifier == directory) {
		specifier = directory + "*"
	}
	if prefix, all := strings.CutSuffix(specifier, "*"); all {
		if field == FieldSAN && prefix != directory {
			return false // not documented
		}
		return strings.HasPrefix(attribute, prefix) && (prefix == "" || prefix == directory)
	}
	return specifier == attribute
}

// MappedTag is a tag that Roles Anywhere makes of a certificate's attribute.
type MappedTag struct {
	Field     string // x509Subject, x509Issuer or x509SAN
	Attribute string // "CN", "URI", "Name/OU", "2.5.4.5"; as written when no attribute is called so
	Known     bool   // attributes are mapped under this name
	Requested bool   // the key is aws:RequestTag, not aws:PrincipalTag
}

// MappedTagOf reads a condition key. Key names are not case-sensitive.
func MappedTagOf(key string) (MappedTag, bool) {
	rest, principal := cutFold(key, KeyPrincipalTag)
	if !principal {
		var request bool
		if rest, request = cutFold(key, KeyRequestTag); !request {
			return MappedTag{}, false
		}
	}
	for _, field := range []string{FieldSubject, FieldIssuer, FieldSAN} {
		attribute, found := cutFold(rest, field+"/")
		if !found || attribute == "" {
			continue
		}
		t := MappedTag{Field: field, Attribute: attribute, Requested: !principal}
		t.Attribute, t.Known = attributeName(field, attribute)
		return t, true
	}
	return MappedTag{}, false
}

// MappedBy says whether a profile's mappings yield the tag. Nil mappings are
// the default ones; an empty map maps nothing.
func (t MappedTag) MappedBy(mappings map[string][]string) bool {
	if mappings == nil {
		mappings = DefaultMappings()
	}
	return t.Known && slices.ContainsFunc(mappings[t.Field], func(specifier string) bool {
		return Selects(t.Field, specifier, t.Attribute)
	})
}

// attributeName is the name under which an attribute is mapped: a keyword of
// RFC 4514 section 3 or a dotted number.
func attributeName(field, written string) (name string, known bool) {
	if field == FieldSAN {
		for _, kind := range []string{"DNS", "URI"} {
			if foldASCII(kind) == foldASCII(written) {
				return kind, true
			}
		}
		inner, isName := cutFold(written, "Name/")
		if !isName {
			return written, false
		}
		name, known = attributeName(FieldSubject, inner)
		return "Name/" + name, known
	}
	for _, keyword := range []string{"CN", "C", "L", "ST", "STREET", "O", "OU", "UID", "DC"} {
		if foldASCII(keyword) == foldASCII(written) {
			return keyword, true
		}
	}
	return written, strings.Contains(written, ".") && strings.Trim(written, "0123456789.") == ""
}

// cutFold is strings.CutPrefix without regard to the case of letters.
func cutFold(s, prefix string) (rest string, found bool) {
	if len(s) < len(prefix) || foldASCII(s[:len(prefix)]) != foldASCII(prefix) {
		return s, false
	}
	return s[len(prefix):], true
}
