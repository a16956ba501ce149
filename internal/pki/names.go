package pki

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
)

// The forms of GeneralName, by context tag (RFC 5280 section 4.2.1.6).
const (
	formEmail     = 1
	formDNS       = 2
	formDirectory = 4
	formURI       = 6
	formIP        = 7
)

type generalName struct {
	form  int
	value []byte // the content; for a directoryName its RDNSequence with header
}

func (n generalName) String() string {
	switch n.form {
	case formEmail, formDNS, formURI:
		return fmt.Sprintf("%q", n.value)
	case formIP:
		return net.IP(n.value).String()
	case formDirectory:
		return "a directory name"
	default:
		return fmt.Sprintf("a name of form %d", n.form)
	}
}

type constraints struct {
	permitted, excluded []generalName
}

// validateNames holds every certificate of the path to the name constraints of
// those above it (RFC 5280 sections 4.2.1.10 and 6.1.4), critical or not.
func validateNames(path []*x509.Certificate) error {
	for i := len(path) - 1; i > 0; i-- {
		limits, err := constraintsOf(path[i])
		if err != nil {
			return &PathError{PathNames, path[i], err.Error()}
		}
		if len(limits.permitted)+len(limits.excluded) == 0 {
			continue
		}
		for _, below := range path[:i] {
			if err := limits.admit(below); err != nil {
				return &PathError{PathNames, below, fmt.Sprintf("the name constraints of %q: %s", path[i].Subject.String(), err)}
			}
		}
	}
	// The subject's own constraints bind nobody here, but must be readable.
	if _, err := constraintsOf(path[0]); err != nil {
		return &PathError{PathNames, path[0], err.Error()}
	}
	return nil
}

func (l constraints) admit(c *x509.Certificate) error {
	names, err := namesOf(c)
	if err != nil {
		return err
	}
	for _, n := range names {
		for _, e := range l.excluded {
			if e.form != n.form {
				continue
			}
			hit, err := within(n, e, true)
			if err != nil {
				return err
			}
			if hit {
				return fmt.Errorf("%s is excluded", n)
			}
		}
		if err := l.permits(n); err != nil {
			return err
		}
	}
	return nil
}

func (l constraints) permits(n generalName) error {
	limited := false
	for _, p := range l.permitted {
		if p.form != n.form {
			continue
		}
		limited = true
		hit, err := within(n, p, false)
		if err != nil {
			return err
		}
		if hit {
			return nil
		}
	}
	if limited {
		return fmt.Errorf("%s is not permitted", n)
	}
	return nil
}

// namesOf is every name of a certificate that a constraint can speak of: the
// subject, e-mail addresses in it, and the subject alternative names.
func namesOf(c *x509.Certificate) ([]generalName, error) {
	var names []generalName
	if content, ok := sequence(c.RawSubject); ok && len(content) > 0 {
		names = append(names, generalName{formDirectory, c.RawSubject})
	}
	for _, a := range c.Subject.Names {
		if text, ok := a.Value.(string); ok && a.Type.Equal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}) {
			names = append(names, generalName{formEmail, []byte(text)})
		}
	}
	raw, ok := extension(c, 17)
	if !ok {
		return names, nil
	}
	content, ok := sequence(raw)
	if !ok {
		return nil, errors.New("the subject alternative names are malformed")
	}
	list, err := elements(content)
	if err != nil {
		return nil, errors.New("the subject alternative names are malformed")
	}
	for _, v := range list {
		n, err := nameOf(v)
		if err != nil {
			return nil, err
		}
		names = append(names, n)
	}
	return names, nil
}

func nameOf(v asn1.RawValue) (generalName, error) {
	if v.Class != asn1.ClassContextSpecific {
		return generalName{}, errors.New("a general name is malformed")
	}
	return generalName{v.Tag, v.Bytes}, nil
}

func constraintsOf(c *x509.Certificate) (constraints, error) {
	raw, ok := extension(c, 30)
	if !ok {
		return constraints{}, nil
	}
	malformed := errors.New("its name constraints are malformed")
	content, ok := sequence(raw)
	if !ok {
		return constraints{}, malformed
	}
	parts, err := elements(content)
	if err != nil || len(parts) == 0 {
		return constraints{}, malformed
	}
	var l constraints
	for _, part := range parts {
		trees, err := subtrees(part.Bytes)
		switch {
		case err != nil:
			return constraints{}, err
		case part.Class == asn1.ClassContextSpecific && part.Tag == 0:
			l.permitted = append(l.permitted, trees...)
		case part.Class == asn1.ClassContextSpecific && part.Tag == 1:
			l.excluded = append(l.excluded, trees...)
		default:
			return constraints{}, malformed
		}
	}
	return l, nil
}

func subtrees(content []byte) ([]generalName, error) {
	malformed := errors.New("its name constraints are malformed")
	list, err := elements(content)
	if err != nil || len(list) == 0 {
		return nil, malformed
	}
	var names []generalName
	for _, tree := range list {
		fields, err := elements(tree.Bytes)
		// minimum and maximum must be left at their defaults, which DER omits.
		if err != nil || len(fields) != 1 {
			return nil, malformed
		}
		n, err := nameOf(fields[0])
		if err != nil {
			return nil, malformed
		}
		names = append(names, n)
	}
	return names, nil
}

// extension is the value of an id-ce extension.
func extension(c *x509.Certificate, arc int) ([]byte, bool) {
	for _, e := range c.Extensions {
		if e.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, arc}) {
			return e.Value, true
		}
	}
	return nil, false
}

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
		return directoryWithin(n.value, limit.value)
	default:
		return false, fmt.Errorf("a constraint on %s is not understood", n)
	}
}

func dnsWithin(name, limit string, excluding bool) (bool, error) {
	name, limit = strings.ToLower(name), strings.ToLower(limit)
	if name == "" || strings.HasSuffix(name, ".") || strings.Contains(name, "..") || strings.HasPrefix(name, ".") {
		return false, fmt.Errorf("%q is no host name", name)
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
func directoryWithin(name, limit []byte) (bool, error) {
	have, err := rdns(name)
	if err != nil {
		return false, err
	}
	want, err := rdns(limit)
	if err != nil {
		return false, err
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
	switch v.Tag {
	case asn1.TagPrintableString, asn1.TagUTF8String, asn1.TagIA5String, asn1.TagT61String:
		return "text:" + strings.ToLower(strings.Join(strings.Fields(string(v.Bytes)), " "))
	default:
		return string(v.FullBytes)
	}
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
