package pki

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.step.sm/crypto/keyutil"
)

// Series makes the certificates of many workloads of one environment. Each
// distinct shape is linted once, on a twin that a throw-away key signed; every
// certificate is made of its twin's bytes, and then proven to differ from it in
// nothing but serial number, dates, key and common name. Its methods may be called by several
// goroutines.
type Series struct {
	parent    Parent
	algorithm x509.SignatureAlgorithm
	path      []*x509.Certificate // from the issuer to the root, verified
	stand     *x509.Certificate   // the issuer with the throw-away key
	throwAway crypto.Signer

	mu     sync.Mutex
	moulds map[string]*mould // linted, by shape
}

// NewSeries verifies the path from the issuer up to one of the roots, once for
// all certificates of the series.
func NewSeries(parent Parent, roots []*x509.Certificate, at time.Time) (*Series, error) {
	if err := parent.whole(); err != nil {
		return nil, fmt.Errorf("beginning a series: %w", err)
	}
	path, err := VerifyPath(parent.Certificate, nil, roots, at, AsIssuer)
	if err != nil {
		return nil, fmt.Errorf("beginning a series: %w", err)
	}
	s := &Series{parent: parent, path: path, moulds: map[string]*mould{}}
	if s.throwAway, s.algorithm, err = throwAwayKey(parent.Key.Public()); err != nil {
		return nil, fmt.Errorf("beginning a series: %w", err)
	}
	stand := *parent.Certificate
	stand.PublicKey = s.throwAway.Public()
	s.stand = &stand
	return s, nil
}

// Issue makes the certificate of one workload, and verifies it before it is
// returned.
func (s *Series) Issue(spec WorkloadSpec, pub crypto.PublicKey) (*x509.Certificate, error) {
	c, err := s.issue(spec, pub)
	if err != nil {
		return nil, fmt.Errorf("making certificate of workload %s/%s: %w", spec.Environment, WorkloadName(spec.Workload, spec.Instance), err)
	}
	return c, nil
}

func (s *Series) issue(spec WorkloadSpec, pub crypto.PublicKey) (*x509.Certificate, error) {
	issuer := s.parent.Certificate
	if keyutil.Equal(pub, issuer.PublicKey) {
		return nil, fmt.Errorf("the key to certify is that of %q itself", issuer.Subject.CommonName)
	}
	if ou := issuer.Subject.OrganizationalUnit; len(ou) != 1 || ou[0] != spec.Environment {
		return nil, fmt.Errorf("%q is not an issuer of environment %s", issuer.Subject.String(), spec.Environment)
	}
	t, err := spec.template(pub, issuer)
	if err != nil {
		return nil, err
	}
	s.parent.point(t)
	t.SignatureAlgorithm = s.algorithm
	s.parent.point(t)
	m, err := s.mould(shapeOf(spec, t), t)
	if err != nil {
		return nil, err
	}
	c, err := m.cast(t, s.parent.Key)
	if err != nil {
		return nil, err
	}
	if why := apart(c, m.twin, t); why != "" {
		return nil, fmt.Errorf("what was signed is not what was linted: it has another %s", why)
	}
	return c, s.verify(c, spec.Now)
}

// Check reports what would keep a certificate from being made, whatever its key:
// names, and a lifetime beyond the issuer's end.
func (s *Series) Check(spec WorkloadSpec) error {
	_, err := spec.template(s.throwAway.Public(), s.parent.Certificate)
	return err
}

// shapeOf names what a linted twin stands for: everything that a certificate says
// but its serial number, dates, key and instance. The kind of string of the
// common name and of the end date are part of it.
func shapeOf(spec WorkloadSpec, t *x509.Certificate) string {
	return strings.Join([]string{
		spec.Environment, spec.TrustDomain, spec.Organization, spec.Workload, strings.Join(spec.DNS, ","), KeyKind(t.PublicKey),
		strconv.FormatBool(strings.ContainsAny(t.Subject.CommonName, "_@")), // no PrintableString (X.680 section 41.4)
		strconv.FormatBool(t.NotAfter.Year() >= 2050),                       // no UTCTime (RFC 5280 section 4.1.2.5)
	}, "\x00")
}

// mould is that of a shape, whose twin is linted when the first asks for it.
func (s *Series) mould(shape string, t *x509.Certificate) (*mould, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.moulds[shape]; m != nil {
		return m, nil
	}
	twin, err := sign(t, s.stand, s.throwAway)
	if err != nil {
		return nil, err
	}
	if problems := Lint(twin); len(problems) > 0 {
		return nil, &LintError{Problems: problems}
	}
	m, err := newMould(twin)
	if err != nil {
		return nil, err
	}
	// All certificates of the shape have the twin's names but for the common name,
	// which only a constraint on directory names could speak of.
	path := append([]*x509.Certificate{twin}, s.path...)
	if err := errors.Join(noDirectoryConstraints(s.path), validateNames(path)); err != nil {
		return nil, err
	}
	s.moulds[shape] = m
	return m, nil
}

// verify holds a certificate to its path, whose upper part was verified once.
func (s *Series) verify(c *x509.Certificate, at time.Time) error {
	if !SignedBy(c, s.parent.Certificate) {
		return &PathError{PathNone, c, fmt.Sprintf("the signature does not verify under the key of %q", s.parent.Certificate.Subject.CommonName)}
	}
	for _, p := range append([]*x509.Certificate{c}, s.path...) {
		if at.Before(p.NotBefore) || at.After(p.NotAfter) {
			return &PathError{PathDates, p, fmt.Sprintf("not valid at %s", at.UTC().Format(time.RFC3339))}
		}
	}
	if !bytes.Equal(c.RawIssuer, s.parent.Certificate.RawSubject) || !bytes.Equal(c.AuthorityKeyId, s.parent.Certificate.SubjectKeyId) {
		return &PathError{PathNames, c, "its issuer is another"}
	}
	if err := validateAny(c, at, false); err != nil {
		return err
	}
	return validateWorkload(c)
}

func noDirectoryConstraints(path []*x509.Certificate) error {
	for _, p := range path {
		limits, err := constraintsOf(p)
		if err != nil {
			return &PathError{PathNames, p, err.Error()}
		}
		for _, n := range append(limits.permitted, limits.excluded...) {
			if n.form == formDirectory {
				return &PathError{PathNames, p, "it constrains directory names, under which no series is made"}
			}
		}
	}
	return nil
}

// apart names what a certificate has that neither its linted twin nor its
// template accounts for. Its serial number, dates, key and common name are the
// template's, and all else is the twin's, byte by byte.
func apart(c, twin, t *x509.Certificate) string {
	switch {
	case c.SerialNumber.Cmp(t.SerialNumber) != 0 || c.SerialNumber.Sign() <= 0 || c.SerialNumber.BitLen() != twin.SerialNumber.BitLen():
		return "serial number"
	case !c.NotBefore.Equal(t.NotBefore) || !c.NotAfter.Equal(t.NotAfter) || !c.NotBefore.Before(c.NotAfter):
		return "validity"
	case !keyutil.Equal(c.PublicKey, t.PublicKey) || KeyKind(c.PublicKey) != KeyKind(twin.PublicKey) || weakKey(c.PublicKey) != "":
		return "key"
	case !bytes.Equal(c.SubjectKeyId, t.SubjectKeyId) || len(c.SubjectKeyId) != len(twin.SubjectKeyId):
		return "key identifier"
	case c.Subject.CommonName != t.Subject.CommonName || !sameButCommonName(c.RawSubject, twin.RawSubject):
		return "subject"
	case c.Version != twin.Version:
		return "version"
	case c.SignatureAlgorithm != twin.SignatureAlgorithm:
		return "signature algorithm"
	case !bytes.Equal(c.RawIssuer, twin.RawIssuer):
		return "issuer"
	}
	return beyondExtensions(c, twin, arcSubjectKey)
}

// sameButCommonName compares two encoded subjects: same attributes in the same
// order and kinds of string, and the same values but for the common name.
func sameButCommonName(a, b []byte) bool {
	one, err := attributes(a)
	if err != nil {
		return false
	}
	other, err := attributes(b)
	if err != nil || len(one) != len(other) {
		return false
	}
	for i, x := range one {
		y := other[i]
		isCN := bytes.Equal(x[0].FullBytes, oidCommonName())
		same := bytes.Equal(x[1].FullBytes, y[1].FullBytes) || isCN && x[1].Tag == y[1].Tag && x[1].Class == y[1].Class
		if !bytes.Equal(x[0].FullBytes, y[0].FullBytes) || !same {
			return false
		}
	}
	return true
}

// attributes are the types and values of a Name of ours, whose sets have one
// each.
func attributes(name []byte) ([][2]asn1.RawValue, error) {
	malformed := errors.New("a subject is malformed")
	content, ok := sequence(name)
	if !ok {
		return nil, malformed
	}
	sets, err := elements(content)
	if err != nil {
		return nil, err
	}
	list := make([][2]asn1.RawValue, 0, len(sets))
	for _, set := range sets {
		one, err := elements(set.Bytes)
		if err != nil || len(one) != 1 || set.Tag != asn1.TagSet {
			return nil, malformed
		}
		pair, err := elements(one[0].Bytes)
		if err != nil || len(pair) != 2 {
			return nil, malformed
		}
		list = append(list, [2]asn1.RawValue{pair[0], pair[1]})
	}
	return list, nil
}
