package pki

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"net"
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
