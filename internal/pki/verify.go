package pki

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"time"

	"anchorctl/internal/signature"
)

// Usage says as what the subject of a path is judged.
type Usage int

// The two ways to judge a subject: as a CA that must still be able to issue one
// workload certificate, or as a workload's end-entity certificate.
const (
	AsIssuer Usage = iota + 1
	AsWorkload
)

// PathCode says in one word why there is no path.
type PathCode string

// Why a path does not hold.
const (
	PathNone       PathCode = "no-path" // nobody given signed it
	PathIsAnchor   PathCode = "is-anchor"
	PathDates      PathCode = "dates"
	PathWeak       PathCode = "weak"
	PathNotCA      PathCode = "not-a-ca"
	PathLength     PathCode = "path-length"
	PathKeyUsage   PathCode = "key-usage"
	PathNames      PathCode = "names" // name constraints, or names that do not chain
	PathExtension  PathCode = "critical-extension"
	PathMalformed  PathCode = "malformed"
	PathTooComplex PathCode = "too-complex"
)

// PathError says why a path does not hold, and at which certificate.
type PathError struct {
	Code        PathCode
	Certificate *x509.Certificate
	Message     string
}

func (e *PathError) Error() string {
	return fmt.Sprintf("verifying %q: %s", e.Certificate.Subject.String(), e.Message)
}

// The bounds of the search: the service takes at most five certificates with a
// session, and a hostile heap of certificates must not keep us busy.
const (
	maxPath       = 8
	maxSignatures = 200
)

// VerifyPath finds a path from an anchor to the subject and validates it (RFC
// 5280 section 6), at a given time and independent of crypto/x509's Verify,
// which lets a sub-CA pass under path length 0 when the sub-CA itself is what
// is verified, refuses directoryName constraints, and reads dates that others do
// not.
//
// The path starts with the subject and ends with the anchor. Anchors need not be
// self-signed; what an anchor says about itself (dates, path length, usage, name
// constraints) binds as well (RFC 5937). It is stricter than the RFC where that
// is cheap: self-issued certificates count towards the path length and are not
// excused from name constraints, and an anchor is no path to itself. Policies and
// extended key usages are not part of it; critical policy extensions are refused.
func VerifyPath(subject *x509.Certificate, intermediates, anchors []*x509.Certificate, at time.Time, u Usage) ([]*x509.Certificate, error) {
	for _, a := range anchors {
		if a.Equal(subject) {
			return nil, &PathError{PathIsAnchor, subject, "it is itself the trust anchor, which proves nothing"}
		}
	}
	s := search{intermediates: intermediates, anchors: anchors, at: at, usage: u}
	return s.path(subject)
}

// VerifyRecorded is VerifyPath for the certificate of a workload below an issuer
// whose signature under its root was verified before the issuer was recorded:
// a signature does not change, and verifying that of a P-384 root is a ninth of
// what issuing takes. Everything else is judged, the signature of the
// workload's certificate included; the root is the one that the issuer names,
// also by its key identifier.
func VerifyRecorded(subject, issuer *x509.Certificate, roots []*x509.Certificate, at time.Time) ([]*x509.Certificate, error) {
	s := search{intermediates: []*x509.Certificate{issuer}, anchors: roots, at: at, usage: AsWorkload, recorded: issuer}
	return s.path(subject)
}

func (s *search) path(subject *x509.Certificate) ([]*x509.Certificate, error) {
	if path := s.extend([]*x509.Certificate{subject}); path != nil {
		return path, nil
	}
	if s.err == nil {
		s.err = &PathError{PathNone, subject, "no certificate that was given has signed it"}
	}
	return nil, s.err
}

type search struct {
	intermediates, anchors []*x509.Certificate
	at                     time.Time
	usage                  Usage
	recorded               *x509.Certificate // whose own signature was verified before; may be nil
	signatures             int
	err                    error // of the longest path found so far
	depth                  int   // of that path
}

// extend tries every parent of the last certificate, anchors first, and
// returns the first path that holds.
func (s *search) extend(path []*x509.Certificate) []*x509.Certificate {
	child := path[len(path)-1]
	for _, a := range s.anchors {
		if !s.parent(path, a) {
			continue
		}
		whole := append(append([]*x509.Certificate{}, path...), a)
		err := validate(whole, s.at, s.usage)
		if err == nil {
			return whole
		}
		s.note(len(whole), err)
	}
	if len(path) >= maxPath-1 {
		s.note(len(path), &PathError{PathTooComplex, child, fmt.Sprintf("the path is longer than %d certificates", maxPath)})
		return nil
	}
	for _, i := range s.intermediates {
		if onPath(path, i) || !s.parent(path, i) {
			continue
		}
		if found := s.extend(append(append([]*x509.Certificate{}, path...), i)); found != nil {
			return found
		}
	}
	return nil
}

// note keeps the first error of a path that reached an anchor: it says more
// than that of a path that led nowhere.
func (s *search) note(depth int, err error) {
	if depth > s.depth {
		s.depth, s.err = depth, err
	}
}

// onPath: a key or a certificate does not stand twice on a path.
func onPath(path []*x509.Certificate, c *x509.Certificate) bool {
	for _, p := range path {
		if p.Equal(c) || SameName(p.RawSubject, c.RawSubject) && SameKey(p, c) {
			return true
		}
	}
	return false
}

// parent reports whether p signed the last certificate of the path, by name, by
// key identifier and by signature.
func (s *search) parent(path []*x509.Certificate, p *x509.Certificate) bool {
	child := path[len(path)-1]
	if !SameName(child.RawIssuer, p.RawSubject) || p.Equal(child) {
		return false
	}
	if len(child.AuthorityKeyId) > 0 && len(p.SubjectKeyId) > 0 && !bytes.Equal(child.AuthorityKeyId, p.SubjectKeyId) {
		return false
	}
	if child == s.recorded {
		return len(child.AuthorityKeyId) > 0 && bytes.Equal(child.AuthorityKeyId, p.SubjectKeyId)
	}
	if s.signatures++; s.signatures > maxSignatures {
		s.note(maxPath+1, &PathError{PathTooComplex, child, "too many certificates could have signed it"})
		return false
	}
	return signature.Holds(child, signature.KeyOf(p))
}

// validate judges a whole path, subject first, whose signatures hold: every
// certificate for itself from the anchor down, then what they say of each other.
func validate(path []*x509.Certificate, at time.Time, u Usage) error {
	for i := len(path) - 1; i >= 0; i-- {
		if err := validateAny(path[i], at, i == len(path)-1); err != nil {
			return err
		}
		role := validateCA
		if i == 0 && u == AsWorkload {
			role = validateWorkload
		}
		if err := role(path[i]); err != nil {
			return err
		}
	}
	if err := validateLengths(path, u); err != nil {
		return err
	}
	return validateNames(path)
}

// validateLengths counts, for each CA, the CA certificates between it and the end
// entity. A subject judged as an issuer is one of them: the end entity is what it
// would issue.
func validateLengths(path []*x509.Certificate, u Usage) error {
	for i := len(path) - 1; i > 0; i-- {
		below := i - 1
		if u == AsIssuer {
			below = i
		}
		if most, limited := MaxPathLen(path[i]); limited && below > most {
			return &PathError{PathLength, path[i],
				fmt.Sprintf("its path length allows %d CA certificates below it, here are %d", most, below)}
		}
	}
	return nil
}

func validateAny(c *x509.Certificate, at time.Time, anchor bool) error {
	if err := strict(c); err != nil {
		return &PathError{PathMalformed, c, err.Error()}
	}
	switch {
	case at.Before(c.NotBefore):
		return &PathError{PathDates, c, fmt.Sprintf("not valid before %s", c.NotBefore.UTC().Format(time.RFC3339))}
	case at.After(c.NotAfter):
		return &PathError{PathDates, c, fmt.Sprintf("expired at %s", c.NotAfter.UTC().Format(time.RFC3339))}
	}
	if why := weakKey(c.PublicKey); why != "" {
		return &PathError{PathWeak, c, why}
	}
	// Nobody relies on an anchor's own signature.
	if why := weakSignature(c); why != "" && !anchor {
		return &PathError{PathWeak, c, why}
	}
	for _, e := range c.Extensions {
		if e.Critical && !understood(e.Id) {
			return &PathError{PathExtension, c, fmt.Sprintf("the critical extension %s is not understood", e.Id)}
		}
	}
	return nil
}

// The critical extensions that VerifyPath acts upon, by the last arc of
// id-ce (RFC 5280 section 4.2.1). Extended key usage is understood: it limits
// what a key is for, and both ends of a session know that.
func understood(id asn1.ObjectIdentifier) bool {
	if len(id) != 4 || !id[:3].Equal(asn1.ObjectIdentifier{2, 5, 29}) {
		return false
	}
	switch id[3] {
	case 15, 17, 19, 30, 37: // keyUsage, subjectAltName, basicConstraints, nameConstraints, extKeyUsage
		return true
	}
	return false
}

func validateCA(c *x509.Certificate) error {
	if c.Version != 3 || !c.BasicConstraintsValid || !c.IsCA {
		return &PathError{PathNotCA, c, "it is not a CA certificate"}
	}
	if c.KeyUsage&x509.KeyUsageCertSign == 0 {
		return &PathError{PathKeyUsage, c, "its key usage does not include keyCertSign"}
	}
	if subject, ok := sequence(c.RawSubject); !ok || len(subject) == 0 {
		return &PathError{PathNames, c, "a CA certificate without a subject"}
	}
	return nil
}

// validateWorkload: what AWS asks of an end-entity certificate
// (https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html).
func validateWorkload(c *x509.Certificate) error {
	if c.IsCA {
		return &PathError{PathNotCA, c, "it is a CA certificate, not a workload's"}
	}
	if c.Version != 3 {
		return &PathError{PathMalformed, c, "it is not an X.509 version 3 certificate"}
	}
	if c.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
		return &PathError{PathKeyUsage, c, "its key usage does not include digitalSignature"}
	}
	return nil
}
