package gates_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/gates"
)

// sanWith adds a subject alternative name extension that crypto/x509 cannot
// make: two directory names, then a URI and a DNS name, each twice.
func sanWith(t *testing.T, c *x509.Certificate, uri string) {
	t.Helper()
	raw := func(tag int, compound bool, content []byte) asn1.RawValue {
		return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tag, IsCompound: compound, Bytes: content}
	}
	first := rawSubject(t, pkix.RelativeDistinguishedNameSET{attribute(3, "inner")}, pkix.RelativeDistinguishedNameSET{attribute(11, "a"), attribute(11, "b")})
	second := rawSubject(t, pkix.RelativeDistinguishedNameSET{attribute(3, "outer")}, pkix.RelativeDistinguishedNameSET{attribute(10, "late")})
	value, err := asn1.Marshal([]asn1.RawValue{
		raw(1, false, []byte("mail@example.internal")), raw(4, true, first), raw(4, true, second),
		raw(6, false, []byte(uri)), raw(6, false, []byte("spiffe://second")),
		raw(2, false, []byte("one.example.internal")), raw(2, false, []byte("two.example.internal")),
	})
	if err != nil {
		t.Fatal(err)
	}
	c.URIs, c.DNSNames = nil, nil
	c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: value}}
}

// Expectations written by hand from
// https://docs.aws.amazon.com/rolesanywhere/latest/userguide/attribute-mapping.html
// and https://docs.aws.amazon.com/rolesanywhere/latest/userguide/put-attribute-mapping.html
func TestMappedTags(t *testing.T) {
	subject := func(rdns ...pkix.RelativeDistinguishedNameSET) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.RawSubject = rawSubject(t, rdns...) }
	}
	only := func(field string, specifiers ...string) map[string][]string {
		return map[string][]string{field: specifiers}
	}
	for _, c := range []struct {
		name     string
		leaf     func(*x509.Certificate)
		mappings map[string][]string
		want     map[string]string
	}{
		{"nothing is mapped by empty mappings", func(*x509.Certificate) {}, map[string][]string{}, map[string]string{}},
		{"one attribute", func(*x509.Certificate) {}, only(gates.FieldSubject, "OU"), map[string]string{"x509Subject/OU": "prod"}},
		{"an attribute that is not there", func(*x509.Certificate) {}, only(gates.FieldSubject, "L"), map[string]string{}},
		{"an attribute by its number is mapped by that number alone", subject(pkix.RelativeDistinguishedNameSET{attribute(3, "x")}, pkix.RelativeDistinguishedNameSET{attribute(5, "77")}),
			only(gates.FieldSubject, "2.5.4.5"), map[string]string{"x509Subject/2.5.4.5": "77"}},
		{"the issuer", func(*x509.Certificate) {}, only(gates.FieldIssuer, "*"), map[string]string{"x509Issuer/CN": "prod issuer 1", "x509Issuer/O": "Example Corp"}},
		{"an attribute twice in the subject", subject(pkix.RelativeDistinguishedNameSET{attribute(11, "prod")}, pkix.RelativeDistinguishedNameSET{attribute(11, "dev")}),
			only(gates.FieldSubject, "*"), map[string]string{"x509Subject/OU": "prod/dev"}},
		{"an attribute twice in one multi-valued RDN", subject(pkix.RelativeDistinguishedNameSET{attribute(11, "dev"), attribute(11, "prod")}),
			only(gates.FieldSubject, "*"), map[string]string{"x509Subject/OU": "dev/prod"}},
		{"letters of any script and a space", subject(pkix.RelativeDistinguishedNameSET{attribute(3, "Zürich 東京 _.:/=+-@")}),
			only(gates.FieldSubject, "CN"), map[string]string{"x509Subject/CN": "Zürich 東京 _.:/=+-@"}},
		{"256 characters", subject(pkix.RelativeDistinguishedNameSET{attribute(3, strings.Repeat("é", 256))}),
			only(gates.FieldSubject, "CN"), map[string]string{"x509Subject/CN": strings.Repeat("é", 256)}},
		{"the first of each kind of alternative name", func(c *x509.Certificate) { sanWith(t, c, "spiffe://prod.example.internal//backup") }, only(gates.FieldSAN, "DNS", "URI", "Name/*"), map[string]string{
			"x509SAN/DNS": "one.example.internal", "x509SAN/URI": "spiffe://prod.example.internal//backup", "x509SAN/Name/CN": "inner", "x509SAN/Name/OU": "a/b"}},
		{"one attribute of the directory name", func(c *x509.Certificate) { sanWith(t, c, "spiffe://prod.example.internal//backup") }, only(gates.FieldSAN, "Name/OU"), map[string]string{"x509SAN/Name/OU": "a/b"}},
		{"Name is Name/*", func(c *x509.Certificate) { sanWith(t, c, "spiffe://prod.example.internal//backup") }, only(gates.FieldSAN, "Name"), map[string]string{"x509SAN/Name/CN": "inner", "x509SAN/Name/OU": "a/b"}},
		{"Name/ is too", func(c *x509.Certificate) { sanWith(t, c, "spiffe://prod.example.internal//backup") }, only(gates.FieldSAN, "Name/"), map[string]string{"x509SAN/Name/CN": "inner", "x509SAN/Name/OU": "a/b"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, c.leaf)
			got, err := gates.MappedTags(w.Leaf, c.mappings)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s (%s)", diff, mapPage)
			}
		})
	}
}

// The URI is taken as it is written, and "%" is no tag character.
func TestAnEscapedURIIsNoTag(t *testing.T) {
	w := newWorld(t, func(c *x509.Certificate) { sanWith(t, c, "spiffe://prod.example.internal/%62ackup") })
	_, err := gates.MappedTags(w.Leaf, nil)
	var fault *gates.MappingError
	if !errors.As(err, &fault) || !cmp.Equal(fault, &gates.MappingError{SAN: []string{"URI"}}) {
		t.Errorf("got %v, want the URI refused (%s)", err, tagPage)
	}
}

// https://docs.aws.amazon.com/STS/latest/APIReference/API_Tag.html
func TestAttributesThatAreNoTags(t *testing.T) {
	for _, bad := range []string{"a,b", "a*", "a&b", `a"b`, "a(b)", "a;b", "a\tb", "a#b", "☃", strings.Repeat("a", 257)} {
		w := newWorld(t, func(c *x509.Certificate) {
			c.RawSubject = rawSubject(t, pkix.RelativeDistinguishedNameSET{attribute(3, "ok")}, pkix.RelativeDistinguishedNameSET{attribute(11, bad)},
				pkix.RelativeDistinguishedNameSET{attribute(7, bad)})
		})
		_, err := gates.MappedTags(w.Leaf, nil)
		const want = "Some attributes failed to be mapped into session tags. Issuer: [  ]; Subject: [ L, OU ]; SAN: [  ]"
		if err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s (%s)", bad, err, want, tagPage)
		}
		if _, err := gates.MappedTags(w.Leaf, map[string][]string{gates.FieldSubject: {"CN"}}); err != nil {
			t.Errorf("%q is not mapped: %v", bad, err)
		}
	}
}

func FuzzMappedTags(f *testing.F) {
	f.Add([]byte{0x30, 0}, []byte{0x30, 0})
	f.Add([]byte("\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x03\x0c\x02ab"), []byte("\x30\x04\x82\x02ab"))
	f.Fuzz(func(t *testing.T, subject, san []byte) {
		leaf := &x509.Certificate{RawSubject: subject, RawIssuer: subject,
			Extensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: san}}}
		tags, err := gates.MappedTags(leaf, nil)
		if err != nil && len(tags) > 0 {
			t.Fatal("tags beside an error")
		}
		for key, value := range tags {
			if strings.ContainsAny(value, "*,\x00\n\"") || !strings.HasPrefix(key, "x509") {
				t.Fatalf("%q = %q", key, value)
			}
		}
	})
}

// A name that cannot be read must not pass for one without the attribute:
// negated conditions would be met by it.
func TestANameThatCannotBeReadIsAnError(t *testing.T) {
	broken, err := asn1.Marshal([]asn1.RawValue{{Class: asn1.ClassContextSpecific, Tag: 4, IsCompound: true, Bytes: []byte{0x30, 3, 1, 2}}})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		leaf *x509.Certificate
		want gates.MappingError
	}{
		"subject": {&x509.Certificate{RawSubject: []byte{1}, RawIssuer: []byte{0x30, 0}}, gates.MappingError{Subject: []string{"*"}}},
		"issuer":  {&x509.Certificate{RawSubject: []byte{0x30, 0}, RawIssuer: []byte{0x30, 9}}, gates.MappingError{Issuer: []string{"*"}}},
		"directory name": {&x509.Certificate{RawSubject: []byte{0x30, 0}, RawIssuer: []byte{0x30, 0},
			Extensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: broken}}}, gates.MappingError{SAN: []string{"Name/*"}}},
		"alternative names": {&x509.Certificate{RawSubject: []byte{0x30, 0}, RawIssuer: []byte{0x30, 0},
			Extensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: []byte{4}}}}, gates.MappingError{SAN: []string{"*"}}},
	} {
		_, err := gates.MappedTags(c.leaf, map[string][]string{gates.FieldSubject: {"OU"}, gates.FieldIssuer: {"OU"}, gates.FieldSAN: {"Name/OU"}})
		var fault *gates.MappingError
		if !errors.As(err, &fault) || !cmp.Equal(*fault, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

// The keywords of RFC 4514 section 3; any other attribute goes by its number.
func TestAttributeKeywords(t *testing.T) {
	var rdns []pkix.RelativeDistinguishedNameSET
	for _, id := range []asn1.ObjectIdentifier{{2, 5, 4, 3}, {2, 5, 4, 6}, {2, 5, 4, 7}, {2, 5, 4, 8}, {2, 5, 4, 9}, {2, 5, 4, 10}, {2, 5, 4, 11},
		{0, 9, 2342, 19200300, 100, 1, 1}, {0, 9, 2342, 19200300, 100, 1, 25}, {2, 5, 4, 5}} {
		rdns = append(rdns, pkix.RelativeDistinguishedNameSET{{Type: id, Value: "v"}})
	}
	w := newWorld(t, func(c *x509.Certificate) { c.RawSubject = rawSubject(t, rdns...) })
	got, err := gates.MappedTags(w.Leaf, map[string][]string{gates.FieldSubject: {"*"}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, key := range []string{"CN", "C", "L", "ST", "STREET", "O", "OU", "UID", "DC", "2.5.4.5"} {
		want["x509Subject/"+key] = "v"
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
