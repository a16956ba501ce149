package pki_test

import (
	"testing"

	zx509 "github.com/zmap/zcrypto/x509"
)

// The lints of DNS names go by the public suffix list, which a stand-in of ours
// reads for zcrypto (docs/adr/0011-start-of-the-program.md). What is expected is
// what the list says: https://publicsuffix.org/list/
func TestDNSNamesAreTakenApartByThePublicSuffixList(t *testing.T) {
	for _, c := range []struct {
		name          string
		trd, sld, tld string
		err           string
	}{
		{name: "example.com", sld: "example", tld: "com"},
		{name: "www.example.com", trd: "www", sld: "example", tld: "com"},
		{name: "a.b.Example.CO.UK", trd: "a.b", sld: "example", tld: "co.uk"},
		{name: "backup.prod.example.internal", trd: "backup.prod", sld: "example", tld: "internal"}, // nobody lists it
		{name: "www.parliament.uk", trd: "www", sld: "parliament", tld: "uk"},
		{name: "user.github.io", trd: "user", sld: "github", tld: "io"},             // a company's suffix does not count
		{name: "x.y.city.kawasaki.jp", trd: "x.y", sld: "city", tld: "kawasaki.jp"}, // an exception to a wildcard
		{name: "a.b.c.kawasaki.jp", trd: "a", sld: "b", tld: "c.kawasaki.jp"},       // the wildcard
		{name: "com", err: "com is a suffix"},
		{name: "co.uk", err: "co.uk is a suffix"},
		{name: "localhost", err: "localhost is a suffix"},
		{name: "", err: "name is blank"},
		{name: ".example.com", err: "name .example.com starts with a dot"},
	} {
		cert := zx509.Certificate{DNSNames: []string{c.name}}
		got := cert.GetParsedDNSNames(false)[0]
		switch {
		case c.err != "":
			if got.ParseError == nil || got.ParseError.Error() != c.err {
				t.Errorf("%q: got %v, want %q", c.name, got.ParseError, c.err)
			}
		case got.ParseError != nil:
			t.Errorf("%q: %v", c.name, got.ParseError)
		case got.ParsedDomain.TRD != c.trd || got.ParsedDomain.SLD != c.sld || got.ParsedDomain.TLD != c.tld:
			t.Errorf("%q: got %+v", c.name, *got.ParsedDomain)
		}
	}
}
