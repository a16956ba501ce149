package pki

import (
	"crypto/x509"
	"encoding/asn1"
	"fmt"
)

// Asked is something that a certificate request asks for.
type Asked struct {
	What  string // "subject", "DNS name", "e-mail address", "IP address", "URI", "extension", "attribute"
	Value string // as the request has it; of extensions and attributes, only what they are
}

func (a Asked) String() string { return a.What + " " + a.Value }

// oidExtensionRequest is the attribute that carries extensions (RFC 2985 section
// 5.4.2).
func oidExtensionRequest() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 14}
}

// askedIn lists what a request asks for. The values of attributes are left out:
// one of them is a password (RFC 2985 section 5.4.1).
func askedIn(r *x509.CertificateRequest, attributes []attribute) []Asked {
	var all []Asked
	add := func(what, value string) { all = append(all, Asked{what, value}) }
	if text := r.Subject.String(); text != "" {
		add("subject", text)
	}
	for _, n := range r.DNSNames {
		add("DNS name", n)
	}
	for _, n := range r.EmailAddresses {
		add("e-mail address", n)
	}
	for _, n := range r.IPAddresses {
		add("IP address", n.String())
	}
	for _, n := range r.URIs {
		add("URI", n.String())
	}
	for _, e := range r.Extensions {
		if !e.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 17}) { // its names are listed above
			add("extension", extensionName(e.Id))
		}
	}
	for _, a := range attributes {
		if !a.id.Equal(oidExtensionRequest()) {
			add("attribute", attributeName(a.id))
		}
	}
	return all
}

func extensionName(id asn1.ObjectIdentifier) string {
	for _, known := range []struct {
		arc  int
		name string
	}{
		{14, "subjectKeyIdentifier"}, {15, "keyUsage"}, {19, "basicConstraints"}, {30, "nameConstraints"},
		{32, "certificatePolicies"}, {37, "extKeyUsage"},
	} {
		if id.Equal(asn1.ObjectIdentifier{2, 5, 29, known.arc}) {
			return known.name
		}
	}
	return id.String()
}

func attributeName(id asn1.ObjectIdentifier) string {
	if id.Equal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 7}) {
		return "challengePassword"
	}
	return id.String()
}

// Ignored is what a request asked for and the certificate does not have.
func (r Request) Ignored(c *x509.Certificate) []Asked {
	has := map[Asked]bool{{"subject", c.Subject.String()}: true}
	for _, n := range c.DNSNames {
		has[Asked{"DNS name", n}] = true
	}
	for _, n := range c.URIs {
		has[Asked{"URI", n.String()}] = true
	}
	var ignored []Asked
	for _, a := range r.Asked {
		if !has[a] {
			ignored = append(ignored, a)
		}
	}
	if len(ignored) > maxIgnored {
		rest := fmt.Sprintf("%d more", len(ignored)-maxIgnored)
		ignored = append(ignored[:maxIgnored:maxIgnored], Asked{"and", rest})
	}
	return ignored
}

// maxIgnored is how many of them are named: a request of 64 kB holds thousands.
const maxIgnored = 20
