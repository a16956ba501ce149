package iampolicy_test

import (
	"testing"

	"anchorctl/internal/iampolicy"
)

// Verdicts by hand from
// https://docs.aws.amazon.com/rolesanywhere/latest/userguide/attribute-mapping.html
func TestMappedTagOf(t *testing.T) {
	for _, c := range []struct {
		key  string
		want iampolicy.MappedTag
		is   bool
	}{
		{"aws:PrincipalTag/x509Subject/CN", iampolicy.MappedTag{Field: "x509Subject", Attribute: "CN", Known: true}, true},
		{"AWS:PRINCIPALTAG/X509SUBJECT/ou", iampolicy.MappedTag{Field: "x509Subject", Attribute: "OU", Known: true}, true},
		{"aws:RequestTag/x509Issuer/O", iampolicy.MappedTag{Field: "x509Issuer", Attribute: "O", Known: true, Requested: true}, true},
		{"aws:PrincipalTag/x509SAN/uri", iampolicy.MappedTag{Field: "x509SAN", Attribute: "URI", Known: true}, true},
		{"aws:PrincipalTag/x509SAN/dns", iampolicy.MappedTag{Field: "x509SAN", Attribute: "DNS", Known: true}, true},
		{"aws:PrincipalTag/x509SAN/name/cn", iampolicy.MappedTag{Field: "x509SAN", Attribute: "Name/CN", Known: true}, true},
		{"aws:PrincipalTag/x509Subject/2.5.4.5", iampolicy.MappedTag{Field: "x509Subject", Attribute: "2.5.4.5", Known: true}, true},
		{"aws:PrincipalTag/x509Subject/commonName", iampolicy.MappedTag{Field: "x509Subject", Attribute: "commonName"}, true},
		{"aws:PrincipalTag/x509Subject/\u0421N", iampolicy.MappedTag{Field: "x509Subject", Attribute: "\u0421N"}, true},
		{"aws:PrincipalTag/x509SAN/CN", iampolicy.MappedTag{Field: "x509SAN", Attribute: "CN"}, true},
		{"aws:PrincipalTag/x509SAN/Name/", iampolicy.MappedTag{Field: "x509SAN", Attribute: "Name/"}, true},
		{"aws:PrincipalTag/x509Subject/", iampolicy.MappedTag{}, false},
		{"aws:PrincipalTag/x509Subject", iampolicy.MappedTag{}, false},
		{"aws:PrincipalTag/CN", iampolicy.MappedTag{}, false},
		{"aws:ResourceTag/x509Subject/CN", iampolicy.MappedTag{}, false},
		{"aws:PrincipalTag/x509\u017fAN/URI", iampolicy.MappedTag{}, false},
		{"sts:SourceIdentity", iampolicy.MappedTag{}, false},
		{"", iampolicy.MappedTag{}, false},
	} {
		if got, is := iampolicy.MappedTagOf(c.key); got != c.want || is != c.is {
			t.Errorf("%q: got %+v, %v; want %+v, %v", c.key, got, is, c.want, c.is)
		}
	}
}

func TestMappedBy(t *testing.T) {
	only := func(field string, specifiers ...string) map[string][]string {
		return map[string][]string{field: specifiers}
	}
	for _, c := range []struct {
		key      string
		mappings map[string][]string
		want     bool
	}{
		{"aws:PrincipalTag/x509Subject/CN", nil, true},
		{"aws:PrincipalTag/x509SAN/DNS", nil, true},
		{"aws:PrincipalTag/x509SAN/Name/OU", nil, true},
		{"aws:PrincipalTag/x509Subject/commonName", nil, false},
		{"aws:PrincipalTag/x509Subject/CN", map[string][]string{}, false},
		{"aws:PrincipalTag/x509Subject/cn", only("x509Subject", "CN"), true},
		{"aws:PrincipalTag/x509Subject/OU", only("x509Subject", "CN"), false},
		{"aws:PrincipalTag/x509Subject/OU", only("x509Issuer", "*"), false},
		{"aws:PrincipalTag/x509SAN/Name/OU", only("x509SAN", "Name"), true},
		{"aws:PrincipalTag/x509SAN/Name/OU", only("x509SAN", "Name/"), true},
		{"aws:PrincipalTag/x509SAN/Name/OU", only("x509SAN", "Name/*"), true},
		{"aws:PrincipalTag/x509SAN/Name/OU", only("x509SAN", "Name/OU"), true},
		{"aws:PrincipalTag/x509SAN/Name/OU", only("x509SAN", "Name/CN"), false},
		{"aws:PrincipalTag/x509SAN/URI", only("x509SAN", "*"), false}, // not documented
		{"aws:PrincipalTag/x509Subject/2.5.4.5", only("x509Subject", "*"), true},
	} {
		tag, is := iampolicy.MappedTagOf(c.key)
		if got := tag.MappedBy(c.mappings); !is || got != c.want {
			t.Errorf("%s under %v: got %v, want %v", c.key, c.mappings, got, c.want)
		}
	}
}
