package admission

import (
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"anchorctl/internal/pki"
)

// badSubject: a name that people can read, and all programs alike.
func badSubject(c *x509.Certificate) string {
	if len(c.Subject.Names) == 0 {
		return "the subject is empty"
	}
	if wrong := badStrings(c); wrong != "" {
		return wrong
	}
	for _, a := range c.Subject.Names {
		text, ok := a.Value.(string)
		switch {
		case !ok || !utf8.ValidString(text):
			return fmt.Sprintf("the subject's attribute %s cannot be read as text", a.Type)
		case strings.TrimSpace(text) == "":
			return fmt.Sprintf("the subject's attribute %s is blank", a.Type)
		}
		for _, r := range text {
			if !legible(r) {
				return fmt.Sprintf("the subject has the character %U in %q", r, text)
			}
		}
	}
	return ""
}

// legible: some letters and marks are printable and show nothing, and one stands
// for what could not be read.
func legible(r rune) bool {
	return unicode.IsPrint(r) && r != unicode.ReplacementChar && r != '\u2800' &&
		!unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// badStrings: RFC 5280 section 4.1.2.6 keeps TeletexString, BMPString and
// UniversalString for old certificates; programs read them in different ways.
func badStrings(c *x509.Certificate) string {
	type attributesSET []struct {
		Type  asn1.ObjectIdentifier
		Value asn1.RawValue
	}
	var name []attributesSET
	if _, err := asn1.Unmarshal(c.RawSubject, &name); err != nil {
		return "the subject cannot be read"
	}
	for _, set := range name {
		for _, a := range set {
			const universalString = 28
			kind := map[int]string{asn1.TagT61String: "TeletexString", asn1.TagBMPString: "BMPString", universalString: "UniversalString"}[a.Value.Tag]
			if kind != "" {
				return fmt.Sprintf("the subject's attribute %s is a %s, which programs read differently; UTF8String or PrintableString is needed", a.Type, kind)
			}
		}
	}
	return ""
}

// mostInTag is the longest value of a session tag.
const mostInTag = 256

// badTags: the attributes of the issuer's subject become session tags, whose
// values AWS limits; one that does not fit makes every session fail. Attributes
// of the same type are joined.
func badTags(c *x509.Certificate) string {
	joined := map[string]int{}
	for _, a := range c.Subject.Names {
		text, ok := a.Value.(string)
		if !ok {
			continue // badSubject has said so
		}
		if joined[a.Type.String()] > 0 {
			joined[a.Type.String()]++ // the slash between
		}
		joined[a.Type.String()] += utf8.RuneCountInString(text)
		if n := joined[a.Type.String()]; n > mostInTag {
			return fmt.Sprintf("the subject has an attribute of %d characters, a session tag takes %d", n, mostInTag)
		}
		for _, r := range text {
			if unicode.IsPrint(r) && !tagCharacter(r) {
				return fmt.Sprintf("the subject has the character %q in %q, which no session tag can carry", r, text)
			}
		}
	}
	if n := utf8.RuneCountInString(c.Subject.CommonName); n > pki.MaxCommonName {
		return fmt.Sprintf("the common name has %d characters, at most %d are allowed", n, pki.MaxCommonName)
	}
	return ""
}

// tagCharacter: letters, digits, spaces and _ . : / = + - @.
func tagCharacter(r rune) bool {
	return unicode.In(r, unicode.L, unicode.N, unicode.Z) || strings.ContainsRune("_.:/=+-@", r)
}
