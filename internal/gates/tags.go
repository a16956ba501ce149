package gates

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"anchorctl/internal/iampolicy"
	"anchorctl/internal/pki"
)

// The certificate fields that a profile maps.
const (
	FieldSubject = iampolicy.FieldSubject
	FieldIssuer  = iampolicy.FieldIssuer
	FieldSAN     = iampolicy.FieldSAN
)

// DefaultMappings are the mappings of a profile that says nothing else.
func DefaultMappings() map[string][]string { return iampolicy.DefaultMappings() }

// MappingError names the attributes that are no legal session tags, in the
// service's words.
type MappingError struct {
	Issuer  []string
	Subject []string
	SAN     []string
}

func (e *MappingError) Error() string {
	show := func(names []string) string { return "[ " + strings.Join(names, ", ") + " ]" }
	return fmt.Sprintf("Some attributes failed to be mapped into session tags. Issuer: %s; Subject: %s; SAN: %s",
		show(e.Issuer), show(e.Subject), show(e.SAN))
}

// MappedTags are the session tags that a certificate gets under the mappings:
// "x509Subject/CN" and so on. Nil mappings are the default ones.
//
// Only the first DNS name, URI and directory name of the subject alternative
// name count; the values of an attribute that comes several times are joined
// by "/".
func MappedTags(leaf *x509.Certificate, mappings map[string][]string) (map[string]string, error) {
	if mappings == nil {
		mappings = DefaultMappings()
	}
	tags := map[string]string{}
	fault := &MappingError{}
	issuer := name(leaf.RawIssuer)
	subject := name(leaf.RawSubject)
	fault.Issuer = mapField(tags, FieldIssuer, mappings[FieldIssuer], issuer)
	fault.Subject = mapField(tags, FieldSubject, mappings[FieldSubject], subject)
	fault.SAN = mapField(tags, FieldSAN, mappings[FieldSAN], alternatives(leaf))
	if len(fault.Issuer)+len(fault.Subject)+len(fault.SAN) > 0 {
		return nil, fault
	}
	return tags, nil
}

// mapField adds the tags of one certificate field and returns the names of the
// attributes that are not legal tags.
func mapField(tags map[string]string, field string, specifiers []string, attributes map[string]string) []string {
	var bad []string
	for _, attribute := range slices.Sorted(maps.Keys(attributes)) {
		if strings.HasSuffix(attribute, malformed) && len(specifiers) > 0 {
			bad = append(bad, attribute)
			continue
		}
		if !slices.ContainsFunc(specifiers, func(s string) bool { return iampolicy.Selects(field, s, attribute) }) {
			continue
		}
		if value := attributes[attribute]; legal(value) {
			tags[field+"/"+attribute] = value
		} else {
			bad = append(bad, attribute)
		}
	}
	return bad
}

// legal holds the pattern of STS session tag values,
// [\p{L}\p{Z}\p{N}_.:/=+\-@]*, and their greatest length.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_Tag.html
func legal(value string) bool {
	const longest = 256
	if !utf8.ValidString(value) || utf8.RuneCountInString(value) > longest {
		return false
	}
	for _, c := range value {
		if !unicode.In(c, unicode.L, unicode.Z, unicode.N) && !strings.ContainsRune("_.:/=+-@", c) {
			return false
		}
	}
	return true
}

// unreadable stands for a value that is no text: it is no legal tag, so that a
// mapping that needs it fails. malformed stands for all attributes of a name
// that cannot be read: whatever is mapped of that field fails then.
const (
	unreadable = "\x00"
	malformed  = "*"
)

// name reads a distinguished name into its attributes.
func name(der []byte) map[string]string {
	var sequence pkix.RDNSequence
	rest, err := asn1.Unmarshal(der, &sequence)
	if err != nil || len(rest) > 0 {
		return map[string]string{malformed: ""}
	}
	values := map[string][]string{}
	for _, rdn := range sequence {
		for _, attribute := range rdn {
			value, isText := attribute.Value.(string)
			if !isText {
				value = unreadable
			}
			key := keyword(attribute.Type)
			values[key] = append(values[key], value)
		}
	}
	joined := make(map[string]string, len(values))
	for key, all := range values {
		joined[key] = strings.Join(all, "/")
	}
	return joined
}

// keyword is the short name of RFC 4514 section 3, or the dotted number.
func keyword(id asn1.ObjectIdentifier) string {
	dotted := id.String()
	switch dotted {
	case "2.5.4.3":
		return "CN"
	case "2.5.4.6":
		return "C"
	case "2.5.4.7":
		return "L"
	case "2.5.4.8":
		return "ST"
	case "2.5.4.9":
		return "STREET"
	case "2.5.4.10":
		return "O"
	case "2.5.4.11":
		return "OU"
	case "0.9.2342.19200300.100.1.1":
		return "UID"
	case "0.9.2342.19200300.100.1.25":
		return "DC"
	}
	return dotted
}

// alternatives are the first DNS name, URI and directory name. They are read
// from the extension itself: crypto/x509 has no directory names and rewrites
// URIs.
func alternatives(leaf *x509.Certificate) map[string]string {
	const dns, directory, uri = 2, 4, 6 // the tags of GeneralName, RFC 5280 section 4.2.1.6
	out := map[string]string{}
	for _, extension := range leaf.Extensions {
		if extension.Id.String() != "2.5.29.17" {
			continue
		}
		var names []asn1.RawValue
		if _, err := asn1.Unmarshal(extension.Value, &names); err != nil {
			return map[string]string{malformed: ""}
		}
		for _, n := range names {
			if n.Class != asn1.ClassContextSpecific {
				continue
			}
			switch n.Tag {
			case dns:
				first(out, "DNS", string(n.Bytes))
			case uri:
				first(out, "URI", string(n.Bytes))
			case directory:
				if _, again := out["Name/"]; !again {
					out["Name/"] = ""
					for key, value := range name(n.Bytes) {
						out["Name/"+key] = value
					}
				}
			}
		}
	}
	delete(out, "Name/")
	return out
}

func first(out map[string]string, key, value string) {
	if _, again := out[key]; !again {
		out[key] = value
	}
}

func checkMapping(a *attempt) (string, *refusal) {
	tags, err := MappedTags(a.Leaf, a.Profile.Mappings)
	if err != nil {
		return "", denied(a.unable(err.Error()), "a value is longer than 256 characters or has others than letters, digits, space and _ . : / = + - @")
	}
	a.out.Tags = tags
	return fmt.Sprintf("%d session tags", len(tags)), nil
}

// SourceIdentity is the source identity of a certificate's sessions: "CN=" and
// the common name when that has room in STS's 64 characters, the bare common
// name of 62 to 64, and the serial number for a subject without one.
func SourceIdentity(leaf *x509.Certificate) string {
	const longest, prefix = 64, "CN="
	cn := name(leaf.RawSubject)["CN"]
	switch {
	case cn == "":
		return "ID=" + pki.SerialHex(leaf)
	case utf8.RuneCountInString(cn) <= longest-len(prefix):
		return prefix + cn
	}
	return cn
}

// checkSourceIdentity refuses what STS does not take. How the service treats
// such common names is not documented.
func checkSourceIdentity(a *attempt) (string, *refusal) {
	identity := SourceIdentity(a.Leaf)
	if !sessionText(identity) {
		return "", denied(a.unable(""), fmt.Sprintf("the source identity %q is not 2 to 64 characters of A-Z a-z 0-9 _ + = , . @ -", identity))
	}
	a.out.SourceIdentity = identity
	return identity, nil
}
