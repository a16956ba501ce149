package pki

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.step.sm/crypto/keyutil"

	"anchorctl/internal/signature"
)

// Series makes the certificates of many workloads of one environment. Each
// distinct shape is linted and judged once, on a twin that a throw-away key
// signed; every certificate is made of its twin's bytes, and then read and proven
// to differ from it in nothing but serial number, dates, key and common name. Its
// methods may be called by several goroutines.
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

// Cast is a certificate of a series, and what is recorded of it.
type Cast struct {
	DER                 []byte
	Serial              string // as SerialHex writes it
	KeyDigest           [32]byte
	NotBefore, NotAfter time.Time
}

// Issue makes the certificate of one workload, and verifies it before it is
// returned.
func (s *Series) Issue(spec WorkloadSpec, pub crypto.PublicKey) (Cast, error) {
	c, err := s.issue(spec, pub)
	if err != nil {
		return Cast{}, fmt.Errorf("making certificate of workload %s/%s: %w", spec.Environment, WorkloadName(spec.Workload, spec.Instance), err)
	}
	return c, nil
}

func (s *Series) issue(spec WorkloadSpec, pub crypto.PublicKey) (Cast, error) {
	issuer := s.parent.Certificate
	if keyutil.Equal(pub, issuer.PublicKey) {
		return Cast{}, fmt.Errorf("the key to certify is that of %q itself", issuer.Subject.CommonName)
	}
	if ou := issuer.Subject.OrganizationalUnit; len(ou) != 1 || ou[0] != spec.Environment {
		return Cast{}, fmt.Errorf("%q is not an issuer of environment %s", issuer.Subject.String(), spec.Environment)
	}
	t, err := spec.template(pub, issuer)
	if err != nil {
		return Cast{}, err
	}
	s.parent.point(t)
	t.SignatureAlgorithm = s.algorithm
	m, err := s.mould(shapeOf(spec, t), t)
	if err != nil {
		return Cast{}, err
	}
	spki, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return Cast{}, fmt.Errorf("encoding public key: %w", err)
	}
	der, err := m.cast(t, spki, s.parent.Key)
	if err != nil {
		return Cast{}, err
	}
	if err := s.verify(der, m, t, spki); err != nil {
		return Cast{}, err
	}
	return Cast{DER: der, Serial: hex.EncodeToString(t.SerialNumber.Bytes()), KeyDigest: sha256.Sum256(spki),
		NotBefore: t.NotBefore, NotAfter: t.NotAfter}, s.within(spec.Now, t)
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
	if err := s.judge(twin); err != nil {
		return nil, err
	}
	s.moulds[shape] = m
	return m, nil
}

// judge holds a twin, and so all certificates of its shape, to the path, whose
// upper part was verified once.
func (s *Series) judge(twin *x509.Certificate) error {
	issuer := s.parent.Certificate
	if !bytes.Equal(twin.RawIssuer, issuer.RawSubject) || !bytes.Equal(twin.AuthorityKeyId, issuer.SubjectKeyId) {
		return &PathError{PathNames, twin, "its issuer is another"}
	}
	// All have the twin's names but for the common name, which only a constraint
	// on directory names could speak of.
	path := append([]*x509.Certificate{twin}, s.path...)
	return errors.Join(noDirectoryConstraints(s.path), validateNames(path), validateAny(twin, twin.NotBefore, false), validateWorkload(twin))
}

// verify reads what was signed, and verifies its signature.
func (s *Series) verify(der []byte, m *mould, t *x509.Certificate, spki []byte) error {
	signed, why := m.read(der, t, spki)
	if why != "" {
		return fmt.Errorf("what was signed is not what was linted: it has another %s", why)
	}
	if !m.scheme.Verifies(signed.tbs, signed.signature, signature.KeyOf(s.parent.Certificate)) {
		return &PathError{PathNone, t, fmt.Sprintf("the signature does not verify under the key of %q", s.parent.Certificate.Subject.CommonName)}
	}
	return nil
}

// within holds that a certificate of these dates and its path are valid.
func (s *Series) within(at time.Time, t *x509.Certificate) error {
	for _, p := range append([]*x509.Certificate{t}, s.path...) {
		if at.Before(p.NotBefore) || at.After(p.NotAfter) {
			return &PathError{PathDates, p, fmt.Sprintf("not valid at %s", at.UTC().Format(time.RFC3339))}
		}
	}
	return nil
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
