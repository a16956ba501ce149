package pki

import (
	"bytes"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/bits"
	"strings"
)

// structure holds a certificate to DER and to the fields of RFC 5280 section
// 4.1, and to nothing after any of them: crypto/x509 skips what follows the
// last field it knows, in the certificate as in its parts, and others read it.
func structure(der []byte) error {
	outer, err := whole(der)
	if err != nil {
		return err
	}
	parts, err := children(outer, "the certificate")
	if err != nil {
		return err
	}
	if !tagged(parts, asn1.TagSequence, asn1.TagSequence, asn1.TagBitString) {
		return errors.New("the certificate does not consist of content, algorithm and signature alone")
	}
	if err := algorithm(parts[1]); err != nil {
		return err
	}
	if _, err := octets(parts[2], "the signature"); err != nil {
		return err
	}
	return content(parts[0])
}

// unsettledError is about what crypto/x509 takes or not, as GODEBUG says.
type unsettledError struct{ message string }

func (e *unsettledError) Error() string { return e.message }

// content judges a TBSCertificate.
func content(tbs asn1.RawValue) error {
	fields, err := children(tbs, "the certificate")
	if err != nil {
		return err
	}
	version := 1
	if len(fields) > 0 && fields[0].Class == asn1.ClassContextSpecific && fields[0].Tag == 0 {
		var n int
		if rest, err := asn1.Unmarshal(fields[0].Bytes, &n); err != nil || len(rest) > 0 {
			return errors.New("the version is malformed")
		}
		version, fields = n+1, fields[1:]
	}
	if len(fields) < 6 || !tagged(fields[:6], asn1.TagInteger, asn1.TagSequence, asn1.TagSequence, asn1.TagSequence, asn1.TagSequence, asn1.TagSequence) {
		return errors.New("the certificate lacks fields, or has others")
	}
	if serial := fields[0].Bytes; len(serial) > 0 && serial[0] > 0x7f { // x509negativeserial
		return &unsettledError{"the serial number is negative (RFC 5280 section 4.1.2.2)"}
	}
	for _, check := range []error{
		algorithm(fields[1]), name(fields[2], "issuer"), dated(fields[3]), name(fields[4], "subject"), publicKey(fields[5]),
	} {
		if check != nil {
			return check
		}
	}
	return optional(fields[6:], version)
}

// optional judges the fields that only later versions have.
func optional(fields []asn1.RawValue, version int) error {
	last := 0
	for _, f := range fields {
		needs := 2
		if f.Tag == 3 {
			needs = 3
		}
		if f.Class != asn1.ClassContextSpecific || f.Tag <= last || f.Tag > 3 || version < needs {
			return fmt.Errorf("a field follows that no certificate of version %d has", version)
		}
		last = f.Tag
		if f.Tag != 3 {
			continue
		}
		list, err := children(f, "the extensions")
		if err != nil || len(list) != 1 || list[0].Tag != asn1.TagSequence {
			return errors.New("the extensions are malformed")
		}
		if err := extensions(list[0]); err != nil {
			return err
		}
	}
	return nil
}

// algorithm judges an AlgorithmIdentifier: an identifier and perhaps
// parameters.
func algorithm(v asn1.RawValue) error {
	parts, err := children(v, "an algorithm")
	if err != nil {
		return err
	}
	if len(parts) < 1 || len(parts) > 2 || parts[0].Tag != asn1.TagOID {
		return errors.New("an algorithm is malformed")
	}
	return nil
}

func dated(v asn1.RawValue) error {
	if parts, err := children(v, "the validity"); err != nil || len(parts) != 2 {
		return errors.New("the validity does not consist of two dates alone")
	}
	return nil
}

func name(v asn1.RawValue, what string) error {
	malformed := fmt.Errorf("the %s's name is malformed", what)
	sets, err := children(v, "a name")
	if err != nil {
		return err
	}
	for _, set := range sets {
		attributes, err := children(set, "a name")
		if err != nil || len(attributes) == 0 || set.Tag != asn1.TagSet {
			return malformed
		}
		for _, a := range attributes {
			if parts, err := children(a, "a name"); err != nil || len(parts) != 2 || parts[0].Tag != asn1.TagOID {
				return malformed
			}
		}
	}
	return nil
}

func publicKey(v asn1.RawValue) error {
	parts, err := children(v, "the public key")
	if err != nil {
		return err
	}
	if !tagged(parts, asn1.TagSequence, asn1.TagBitString) {
		return errors.New("the public key does not consist of algorithm and key alone")
	}
	if err := algorithm(parts[0]); err != nil {
		return err
	}
	key, err := octets(parts[1], "the public key")
	if err != nil || !bytes.HasPrefix(parts[0].Bytes, oidPKCS1()) {
		return err
	}
	rsa, err := whole(key)
	if err != nil {
		return errors.New("the public key is malformed")
	}
	if pair, err := children(rsa, "the public key"); err != nil || !tagged(pair, asn1.TagInteger, asn1.TagInteger) {
		return errors.New("the public key is not modulus and exponent alone")
	}
	return nil
}

// oidPKCS1 begins the encoding of RSA's algorithms (RFC 8017 appendix C).
func oidPKCS1() []byte { return []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01} }

func extensions(list asn1.RawValue) error {
	all, err := children(list, "the extensions")
	if err != nil {
		return err
	}
	for _, e := range all {
		parts, err := children(e, "an extension")
		if err != nil || len(parts) < 2 || len(parts) > 3 || parts[0].Tag != asn1.TagOID ||
			parts[len(parts)-1].Tag != asn1.TagOctetString || len(parts) == 3 && parts[1].Tag != asn1.TagBoolean {
			return errors.New("an extension does not consist of identifier, criticality and value alone")
		}
		var id asn1.ObjectIdentifier
		if _, err := asn1.Unmarshal(parts[0].FullBytes, &id); err != nil {
			return errors.New("an extension's identifier is malformed")
		}
		if err := extensionValue(id, parts[len(parts)-1].Bytes); err != nil {
			return fmt.Errorf("the extension %s: %w", id, err)
		}
	}
	return nil
}

// extensionValue judges the value of an extension of RFC 5280: one element of
// DER, and where crypto/x509 skips something, nothing to skip. Others may put
// into theirs what they like.
func extensionValue(id asn1.ObjectIdentifier, value []byte) error {
	idCE := len(id) == 4 && id[:3].Equal(asn1.ObjectIdentifier{2, 5, 29})
	idPE := len(id) == 9 && id[:8].Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1})
	if !idCE && !idPE {
		return nil
	}
	v, err := whole(value)
	if err != nil {
		return err
	}
	if idPE {
		return nil
	}
	switch id[3] {
	case 15:
		return namedBits(v)
	case 17:
		return alternativeNames(v)
	case 19:
		parts, err := children(v, "its value")
		if err != nil || !tagged(parts) && !tagged(parts, asn1.TagBoolean) && !tagged(parts, asn1.TagInteger) && !tagged(parts, asn1.TagBoolean, asn1.TagInteger) {
			return errors.New("it is not CA and path length alone")
		}
		if last := len(parts) - 1; last >= 0 && parts[last].Tag == asn1.TagInteger && (len(parts[last].Bytes) > 4 || parts[last].Bytes[0] > 0x7f) {
			return errors.New("its path length is negative or beyond reason")
		}
	case 37:
		list, err := children(v, "its value")
		if err != nil || len(list) == 0 {
			return errors.New("it names no purpose")
		}
	case 14:
		if v.Tag != asn1.TagOctetString {
			return errors.New("it is no octet string")
		}
	}
	return nil
}

// namedBits: a list of named bits has no zeros at its end (X.690 section
// 11.2.2).
func namedBits(v asn1.RawValue) error {
	if v.Tag != asn1.TagBitString || len(v.Bytes) == 0 {
		return errors.New("it is no bit string")
	}
	list := v.Bytes[1:]
	if len(list) > 0 && int(v.Bytes[0]) != bits.TrailingZeros8(list[len(list)-1]) || len(list) == 0 && v.Bytes[0] != 0 {
		return errors.New("its bit string has unused bits that are not, or zeros at its end")
	}
	return nil
}

// alternativeNames: whether crypto/x509 takes a URI with several colons in its
// host is up to GODEBUG (urlstrictcolons). No host name, URI or e-mail address
// has a control character or, but for the last, a space in it: programs that
// stop there read another name (RFC 5280 section 4.2.1.6).
func alternativeNames(v asn1.RawValue) error {
	list, err := children(v, "its value")
	if err != nil || len(list) == 0 {
		return errors.New("it holds no names")
	}
	for _, n := range list {
		if n.Class != asn1.ClassContextSpecific {
			continue
		}
		least := '!'
		switch n.Tag {
		case formEmail:
			least = ' '
		case formDNS, formURI:
		default:
			continue
		}
		if strings.ContainsFunc(string(n.Bytes), func(r rune) bool { return r < least || r > '~' }) {
			return fmt.Errorf("the name %q has a character that no such name can have", n.Bytes)
		}
		if n.Tag != formURI {
			continue
		}
		_, rest, _ := strings.Cut(string(n.Bytes), "//")
		authority := rest
		if end := strings.IndexAny(rest, "/?#"); end >= 0 {
			authority = rest[:end]
		}
		host := authority[strings.LastIndexByte(authority, '@')+1:]
		if !strings.HasPrefix(host, "[") && strings.Count(host, ":") > 1 {
			return &unsettledError{fmt.Sprintf("the host of the URI %q has more than one colon", n.Bytes)}
		}
	}
	return nil
}
