package corpus

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"strings"

	"anchorctl/internal/pki/pkitest"
)

// attribute is one attribute of a name, with the kind of its string.
type attribute struct {
	arc  int // of id-at
	kind byte
	text string
}

const (
	utf8Kind, printableKind, t61Kind, ia5Kind, universalKind, bmpKind = 0x0c, 0x13, 0x14, 0x16, 0x1c, 0x1e
	commonName, organization, unit                                    = 3, 10, 11
)

func (m *maker) name(attributes ...attribute) []byte {
	var sets [][]byte
	for _, a := range attributes {
		sets = append(sets, pkitest.TLV(0x31, pkitest.TLV(0x30, m.der(pkitest.OID(2, 5, 4, a.arc)), pkitest.TLV(a.kind, []byte(a.text)))))
	}
	return pkitest.TLV(0x30, sets...)
}

// named is the issuer by another name.
func named(file string, attributes ...attribute) recipe {
	return recipe{file, func(m *maker) Files {
		return m.forged(func(f *pkitest.Forgery) { f.Subject = asn1.RawValue{FullBytes: m.name(attributes...)} })
	}}
}

// subjects are names of the issuer, which become session tags.
func subjects() []recipe {
	holding := func(file, text string) recipe {
		return named("subject/"+file+".pem", attribute{commonName, utf8Kind, "prod issuer 1"}, attribute{organization, utf8Kind, text})
	}
	return []recipe{
		holding("comma", "Example, Inc."), holding("apostrophe", "Baker's"), holding("ampersand", "Bread & Butter"),
		holding("parentheses", "Example (Prod)"), holding("asterisk", "Example*"), holding("quotes", `The "Example" Corp`),
		holding("hash", "#1 Corp"), holding("semicolon", "a;b"), holding("less-than", "a<b"), holding("backslash", `a\b`),
		holding("exclamation-mark", "Yahoo!"), holding("emoji", "Example 🔒"), holding("dollar", "$HOME"),
		holding("all-that-tags-carry", "Az09 _.:/=+-@"), holding("umlauts", "Bäckerei Grün GmbH"), holding("cyrillic", "Пример"),
		holding("chinese", "示例公司"), holding("look-alike", "Exаmple Corp"), holding("arabic", "مثال"),
		holding("escape", "prod\x1b[2J"), holding("bell", "prod\a"), holding("newline", "prod\nissuer"), holding("tab", "prod\tissuer"),
		holding("nul", "prod\x00.example.com"), holding("delete", "prod\x7f"), holding("next-line", "prod\u0085"),
		holding("right-to-left-override", "prod\u202eissuer"), holding("isolate", "prod\u2066issuer"), holding("left-to-right-mark", "prod\u200e"),
		holding("zero-width-space", "prod\u200bissuer"), holding("zero-width-joiner", "prod\u200dissuer"), holding("byte-order-mark", "\ufeffprod"),
		holding("soft-hyphen", "pr\u00adod"), holding("no-break-space", "prod\u00a0issuer"), holding("line-separator", "prod\u2028issuer"),
		holding("private-use", "prod\ue000"), holding("unassigned", "prod\u0378"), holding("replacement-character", "prod\ufffd"),
		holding("hangul-filler", "prod\u3164"), holding("variation-selector", "prod\ufe0f"), holding("tag-characters", "prod\U000e0041"),
		holding("blank-braille", "prod\u2800"), holding("grapheme-joiner", "prod\u034f"), holding("blank", "   "), holding("nothing", ""),
		holding("256-characters", strings.Repeat("a", 256)), holding("257-characters", strings.Repeat("a", 257)),
		named("subject/empty.pem"),
		named("subject/no-common-name.pem", attribute{organization, utf8Kind, "Example Corp"}, attribute{unit, utf8Kind, "prod"}),
		named("subject/blank-common-name.pem", attribute{commonName, utf8Kind, " "}),
		named("subject/common-name-61.pem", attribute{commonName, utf8Kind, strings.Repeat("a", 61)}),
		named("subject/common-name-62.pem", attribute{commonName, utf8Kind, strings.Repeat("a", 62)}),
		named("subject/common-name-61-umlauts.pem", attribute{commonName, utf8Kind, strings.Repeat("ä", 61)}),
		named("subject/many-units.pem", attribute{commonName, utf8Kind, "prod issuer"}, attribute{unit, utf8Kind, "prod"},
			attribute{unit, utf8Kind, "platform"}, attribute{unit, utf8Kind, "security"}),
		named("subject/units-too-long-together.pem", attribute{commonName, utf8Kind, "prod issuer"},
			attribute{unit, utf8Kind, strings.Repeat("a", 200)}, attribute{unit, utf8Kind, strings.Repeat("b", 60)}),
		named("subject/printable-string.pem", attribute{commonName, printableKind, "prod issuer 1"}),
		named("subject/printable-string-with-at-sign.pem", attribute{commonName, printableKind, "prod@example"}),
		named("subject/printable-string-with-umlaut.pem", attribute{commonName, printableKind, "pr\xf6d"}),
		named("subject/teletex-string.pem", attribute{commonName, t61Kind, "prod issuer 1"}),
		named("subject/bmp-string.pem", attribute{commonName, bmpKind, "\x00p\x00r\x00o\x00d"}),
		named("subject/universal-string.pem", attribute{commonName, universalKind, "\x00\x00\x00p"}),
		named("subject/broken-utf8.pem", attribute{commonName, utf8Kind, "prod\xc3"}),
		named("subject/overlong-utf8.pem", attribute{commonName, utf8Kind, "prod\xc0\x80"}),
		named("subject/number-for-a-string.pem", attribute{commonName, 2, "\x01"}),
		{"subject/domain-components.pem", func(m *maker) Files {
			return m.forged(func(f *pkitest.Forgery) {
				dc := func(text string) []byte {
					return pkitest.TLV(0x31, pkitest.TLV(0x30, m.der(pkitest.OID(0, 9, 2342, 19200300, 100, 1, 25)), pkitest.TLV(ia5Kind, []byte(text))))
				}
				f.Subject = asn1.RawValue{FullBytes: pkitest.TLV(0x30, append([][]byte{dc("internal"), dc("example")},
					pkitest.Parts(m, m.name(attribute{commonName, printableKind, "EXAMPLE-PROD-CA"}))...)...)}
			})
		}},
		{"subject/email-address.pem", func(m *maker) Files {
			return m.forged(pkitest.SetSubject(m, pkix.Name{CommonName: "prod issuer 1", ExtraNames: []pkix.AttributeTypeAndValue{
				{Type: pkitest.OID(1, 2, 840, 113549, 1, 9, 1), Value: "pki@example.com"},
			}}))
		}},
		{"subject/several-in-one-rdn.pem", func(m *maker) Files {
			return m.forged(func(f *pkitest.Forgery) {
				part := func(a attribute) []byte {
					return pkitest.TLV(0x30, m.der(pkitest.OID(2, 5, 4, a.arc)), pkitest.TLV(a.kind, []byte(a.text)))
				}
				f.Subject = asn1.RawValue{FullBytes: pkitest.TLV(0x30, pkitest.TLV(0x31,
					part(attribute{commonName, utf8Kind, "prod issuer 1"}), part(attribute{unit, utf8Kind, "prod"})))}
			})
		}},
	}
}
