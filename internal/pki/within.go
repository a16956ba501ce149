package pki

import (
	"bytes"
	"encoding/asn1"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// within reports whether a name lies in the subtree of a constraint of the same
// form. What cannot be decided is an error, which refuses the path.
func within(n, limit generalName, excluding bool) (bool, error) {
	switch n.form {
	case formDNS:
		return dnsWithin(string(n.value), string(limit.value), excluding)
	case formURI:
		return uriWithin(string(n.value), string(limit.value))
	case formEmail:
		return emailWithin(string(n.value), string(limit.value))
	case formIP:
		return ipWithin(n.value, limit.value)
	case formDirectory:
		return directoryWithin(n.value, limit.value, excluding)
	default:
		return false, fmt.Errorf("a constraint on %s is not understood", n)
	}
}

func dnsWithin(name, limit string, excluding bool) (bool, error) {
	name, limit = strings.ToLower(name), strings.ToLower(limit)
	if name == "" || strings.HasSuffix(name, ".") || strings.Contains(name, "..") || strings.HasPrefix(name, ".") {
		return false, fmt.Errorf("%q is no host name", name)
	}
	if strings.ContainsAny(limit, "*?") {
		return false, fmt.Errorf("%q is no host name to constrain to", limit)
	}
	// "*.a" could stand for "b.a": it touches what lies below its own domain too.
	if wild, ok := strings.CutPrefix(name, "*."); ok && excluding && strings.HasSuffix("."+strings.TrimPrefix(limit, "."), "."+wild) {
		return true, nil
	}
	return hostBelow(name, limit, true), nil
}

// hostBelow: a leading dot asks for at least one label more; without it the host
// itself counts, and what lies below it only for DNS names.
func hostBelow(host, limit string, sub bool) bool {
	if limit == "" {
		return sub
	}
	if strings.HasPrefix(limit, ".") {
		return strings.HasSuffix(host, limit) && len(host) > len(limit)
	}
	return host == limit || sub && strings.HasSuffix(host, "."+limit)
}

func uriWithin(name, limit string) (bool, error) {
	u, err := url.Parse(name)
	if err != nil || u.Hostname() == "" || net.ParseIP(u.Hostname()) != nil {
		return false, fmt.Errorf("%q has no host name to hold to the constraint", name)
	}
	host := strings.ToLower(u.Hostname())
	if strings.HasSuffix(host, ".") {
		return false, fmt.Errorf("%q has no host name to hold to the constraint", name)
	}
	return hostBelow(host, strings.ToLower(limit), false) || limit == "", nil
}

func emailWithin(name, limit string) (bool, error) {
	at := strings.LastIndexByte(name, '@')
	if at <= 0 || at == len(name)-1 {
		return false, fmt.Errorf("%q is no e-mail address", name)
	}
	local, host := name[:at], strings.ToLower(name[at+1:])
	if cut := strings.LastIndexByte(limit, '@'); cut >= 0 {
		return local == limit[:cut] && host == strings.ToLower(limit[cut+1:]), nil
	}
	return hostBelow(host, strings.ToLower(limit), false) || limit == "", nil
}

func ipWithin(ip, limit []byte) (bool, error) {
	if len(limit) != 2*net.IPv4len && len(limit) != 2*net.IPv6len {
		return false, errors.New("a constraint on addresses is malformed")
	}
	if len(ip)*2 != len(limit) {
		return false, nil
	}
	base, mask := limit[:len(ip)], limit[len(ip):]
	for i := range ip {
		if (ip[i]^base[i])&mask[i] != 0 {
			return false, nil
		}
	}
	return true, nil
}

// directoryWithin: the constraint's RDNs are the first of the name's.
func directoryWithin(name, limit []byte, excluding bool) (bool, error) {
	have, err := rdns(name)
	if err != nil {
		return false, err
	}
	want, err := rdns(limit)
	if err != nil {
		return false, err
	}
	if excluding && (composed(have) || composed(want)) {
		return false, errors.New("a directory name has composed letters, so that nobody can say what it excludes")
	}
	if len(want) > len(have) {
		return false, nil
	}
	for i := range want {
		if !bytes.Equal(want[i], have[i]) {
			return false, nil
		}
	}
	return true, nil
}

// SameName reports whether two encoded names are one name: CAs may write their
// subject as PrintableString and themselves as an issuer as UTF8String (RFC 5280
// section 7.1).
func SameName(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	one, err := rdns(a)
	if err != nil {
		return false
	}
	other, err := rdns(b)
	return err == nil && slices.EqualFunc(one, other, bytes.Equal)
}

// rdns splits a Name into its RDNs, each in a form that can be compared: text
// without regard to case, outer or repeated white space, or the kind of string
// (RFC 5280 section 7.1).
func rdns(name []byte) ([][]byte, error) {
	malformed := errors.New("a directory name is malformed")
	content, ok := sequence(name)
	if !ok {
		return nil, malformed
	}
	sets, err := elements(content)
	if err != nil {
		return nil, malformed
	}
	var list [][]byte
	for _, set := range sets {
		attributes, err := elements(set.Bytes)
		if err != nil {
			return nil, malformed
		}
		var parts []string
		for _, a := range attributes {
			fields, err := elements(a.Bytes)
			if err != nil || len(fields) != 2 {
				return nil, malformed
			}
			parts = append(parts, string(fields[0].FullBytes)+normalised(fields[1]))
		}
		list = append(list, joined(parts))
	}
	return list, nil
}

func normalised(v asn1.RawValue) string {
	text, ok := textOf(v)
	if !ok {
		return string(v.FullBytes)
	}
	text = strings.Map(folded, strings.ReplaceAll(text, "ß", "ss"))
	return "text:" + strings.Join(strings.Fields(text), " ")
}

// folded is one and the same letter for all cases of a letter.
func folded(r rune) rune {
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		least = min(least, f)
	}
	return least
}

// textOf is the text of an attribute, in whichever of ASN.1's kinds of string
// it is written. TeletexString is taken for Latin-1, as everybody does.
func textOf(v asn1.RawValue) (string, bool) {
	const visibleString, universalString = 26, 28
	if v.Class != asn1.ClassUniversal {
		return "", false
	}
	width := 1
	switch v.Tag {
	case asn1.TagPrintableString, asn1.TagUTF8String, asn1.TagIA5String, asn1.TagNumericString, visibleString:
		return string(v.Bytes), true
	case asn1.TagT61String:
	case asn1.TagBMPString:
		width = 2
	case universalString:
		width = 4
	default:
		return "", false
	}
	if len(v.Bytes)%width != 0 {
		return "", false
	}
	var text strings.Builder
	for octets := range slices.Chunk(v.Bytes, width) {
		var r rune
		for _, octet := range octets {
			r = r<<8 | rune(octet)
		}
		text.WriteRune(r)
	}
	return text.String(), true
}

// composed reports whether a name has letters that are put together of several
// characters: the same letter in one character would be the same name (RFC 4518
// section 2.3), and that is not worked out here.
func composed(name [][]byte) bool {
	return slices.ContainsFunc(name, func(rdn []byte) bool {
		return strings.ContainsFunc(string(rdn), func(r rune) bool { return unicode.Is(unicode.M, r) })
	})
}

// joined makes a set independent of its order and of where its parts end.
func joined(parts []string) []byte {
	slices.Sort(parts)
	var out []byte
	for _, p := range parts {
		out = append(out, fmt.Sprintf("%d:%s;", len(p), p)...)
	}
	return out
}
