package pki

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"strings"
	"time"

	"anchorctl/internal/hint"
)

// The caps of lifetimes. A workload certificate has none here: its environment's
// limits are the configuration's.
const (
	MaxRootLifetime   = 25 * 365 * 24 * time.Hour
	MaxIssuerLifetime = 2 * 365 * 24 * time.Hour
	BackDate          = 15 * time.Minute // clocks step by minutes
	// MaxCommonName is the longest common name that CreateSession turns into the
	// source identity "CN=…", which takes 64 characters.
	MaxCommonName = 61
)

// RootSpec says what a root is to be.
type RootSpec struct {
	Name, Organization string
	Generation         int
	Lifetime           time.Duration
	Now                time.Time
}

// IssuerSpec says what the issuer of an environment is to be.
type IssuerSpec struct {
	Environment      string
	Generation       int
	Organization     string
	TrustDomain      string   // of the estate
	DNSDomains       []string // under which workloads may have DNS names; without any, DNS is excluded
	NoNameConstraint bool
	Lifetime         time.Duration
	Now              time.Time
}

// WorkloadSpec says what a workload certificate is to be.
type WorkloadSpec struct {
	Environment, Workload, Instance string
	Organization, TrustDomain       string
	DNS                             []string
	Lifetime                        time.Duration
	Now                             time.Time
}

// RootName is the common name of a root's generation: a new key is a new name
// (RFC 5280 names a CA by its subject).
func RootName(name string, generation int) string { return fmt.Sprintf("%s root %d", name, generation) }

// IssuerName is the common name of an issuer's generation.
func IssuerName(environment string, generation int) string {
	return fmt.Sprintf("%s issuer %d", environment, generation)
}

// instanceMark stands before the name of an instance. It is no dot, with which
// OpenSSL takes a common name for a host name and holds it to the issuer's name
// constraint, and no character of a workload's name.
const instanceMark = "@"

// WorkloadName is the common name of a workload, or of one instance of it.
func WorkloadName(workload, instance string) string {
	if instance == "" {
		return workload
	}
	return workload + instanceMark + instance
}

// SplitWorkloadName takes WORKLOAD or WORKLOAD@INSTANCE apart.
func SplitWorkloadName(name string) (workload, instance string, err error) {
	workload, instance, several := strings.Cut(name, instanceMark)
	if before, after, dotted := strings.Cut(workload, "."); dotted && before != "" && after != "" {
		if several {
			after += instanceMark + instance
		}
		return "", "", hint.With(fmt.Errorf("the name %q has a dot before an instance", name),
			fmt.Sprintf("write %q: the name of an instance follows an @", WorkloadName(before, after)))
	}
	if workload == "" || several && instance == "" || strings.ContainsAny(workload, "./") || strings.Contains(instance, "/") {
		return "", "", fmt.Errorf("the name %q is neither WORKLOAD nor WORKLOAD@INSTANCE", name)
	}
	return workload, instance, nil
}

// TrustDomainOf is an environment's own trust domain.
func TrustDomainOf(environment, trustDomain string) string { return environment + "." + trustDomain }

// WorkloadURI is the name by which role trust policies know a workload.
func WorkloadURI(environment, trustDomain, workload string) string {
	return "spiffe://" + TrustDomainOf(environment, trustDomain) + "/" + workload
}

func (s RootSpec) template(pub crypto.PublicKey) (*x509.Certificate, error) {
	t, err := template(pkix.Name{CommonName: RootName(s.Name, s.Generation), Organization: []string{s.Organization}}, s.Generation, pub, s.Now)
	if err != nil {
		return nil, err
	}
	if s.Lifetime > MaxRootLifetime {
		return nil, &LifetimeError{Asked: s.Lifetime, Longest: MaxRootLifetime, Why: "no root lives longer"}
	}
	t.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	t.IsCA, t.BasicConstraintsValid, t.MaxPathLen = true, true, 1
	t.AuthorityKeyId = t.SubjectKeyId
	return t, dates(t, s.Now, s.Lifetime, nil)
}

func (s IssuerSpec) template(pub crypto.PublicKey, parent *x509.Certificate) (*x509.Certificate, error) {
	t, err := template(s.subject(), s.Generation, pub, s.Now)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(checkName("environment", s.Environment), checkDomain("trust domain", TrustDomainOf(s.Environment, s.TrustDomain))); err != nil {
		return nil, err
	}
	if s.Lifetime > MaxIssuerLifetime {
		return nil, &LifetimeError{Asked: s.Lifetime, Longest: MaxIssuerLifetime, Why: "no issuer lives longer"}
	}
	t.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	t.IsCA, t.BasicConstraintsValid, t.MaxPathLenZero = true, true, true
	if !s.NoNameConstraint {
		for _, d := range s.DNSDomains {
			if err := checkDomain("DNS domain", d); err != nil {
				return nil, err
			}
		}
		t.PermittedDNSDomainsCritical = true
		t.PermittedURIDomains = []string{TrustDomainOf(s.Environment, s.TrustDomain)}
		t.PermittedDNSDomains = s.DNSDomains
		if len(s.DNSDomains) == 0 {
			t.ExcludedDNSDomains = []string{""} // every DNS name
		}
	}
	return t, dates(t, s.Now, s.Lifetime, parent)
}

// Subject is what an issuer is called, as text.
func (s IssuerSpec) Subject() string { return s.subject().String() }

func (s IssuerSpec) subject() pkix.Name {
	return pkix.Name{
		CommonName:         IssuerName(s.Environment, s.Generation),
		Organization:       []string{s.Organization},
		OrganizationalUnit: []string{s.Environment},
	}
}

// Check holds that a certificate can carry the names, before any key is made.
func (s WorkloadSpec) Check() error {
	err := errors.Join(
		checkName("environment", s.Environment),
		checkName("workload", s.Workload),
		checkInstance(s.Instance),
		checkDomain("trust domain", TrustDomainOf(s.Environment, s.TrustDomain)),
		CheckSubject(s.subject()),
	)
	for _, name := range s.DNS {
		err = errors.Join(err, checkDomain("DNS name", name))
	}
	return err
}

func (s WorkloadSpec) subject() pkix.Name {
	return pkix.Name{
		CommonName:         WorkloadName(s.Workload, s.Instance),
		Organization:       []string{s.Organization},
		OrganizationalUnit: []string{s.Environment},
	}
}

func (s WorkloadSpec) template(pub crypto.PublicKey, parent *x509.Certificate) (*x509.Certificate, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	t, err := template(s.subject(), 1, pub, s.Now)
	if err != nil {
		return nil, err
	}
	uri, err := url.Parse(WorkloadURI(s.Environment, s.TrustDomain, s.Workload))
	if err != nil {
		return nil, fmt.Errorf("naming workload %q: %w", s.Workload, err)
	}
	t.URIs, t.DNSNames = []*url.URL{uri}, s.DNS
	t.KeyUsage = x509.KeyUsageDigitalSignature
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	t.BasicConstraintsValid = true
	return t, dates(t, s.Now, s.Lifetime, parent)
}

// template is what all certificates have in common.
func template(subject pkix.Name, generation int, pub crypto.PublicKey, at time.Time) (*x509.Certificate, error) {
	if generation < 1 {
		return nil, fmt.Errorf("generation %d of %q: generations are counted from 1", generation, subject.CommonName)
	}
	if err := CheckSubject(subject); err != nil {
		return nil, err
	}
	if why := weakKey(pub); why != "" {
		return nil, fmt.Errorf("certifying a key for %q: %s", subject.CommonName, why)
	}
	id, err := KeyID(pub)
	if err != nil {
		return nil, err
	}
	serial, err := newSerial(at)
	if err != nil {
		return nil, err
	}
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      subject,
		SubjectKeyId: id,
		PublicKey:    pub,
	}, nil
}

// serialLength is how many octets a serial number of ours has; the first
// serialTime of them are its time.
const (
	serialLength = 16
	serialTime   = 5
	serialTimeAt = 64 - 8*serialTime
)

// newSerial is 16 octets: the time in seconds, and then 88 random bits, more than
// the 64 that keep others from choosing what is signed (CA/Browser Forum Baseline
// Requirements section 7.1). What is issued together then lies together in the
// store's index, of which random numbers would touch another page each. The first
// bits are 01: it is positive, and its hexadecimal form always has 32 digits.
func newSerial(at time.Time) (*big.Int, error) {
	octets := make([]byte, serialLength)
	binary.BigEndian.PutUint64(octets, uint64(at.Unix())<<serialTimeAt)
	if _, err := rand.Read(octets[serialTime:]); err != nil {
		return nil, fmt.Errorf("drawing a serial number: %w", err)
	}
	octets[0] = octets[0]&0x3f | 0x40
	return new(big.Int).SetBytes(octets), nil
}

// LifetimeError says that a certificate would live too long.
type LifetimeError struct {
	Asked   time.Duration
	Longest time.Duration // the longest that is possible
	Why     string
}

func (e *LifetimeError) Error() string {
	return fmt.Sprintf("a lifetime of %s is too long, the longest possible is %s: %s", e.Asked, e.Longest, e.Why)
}

// ErrSignsNothing says that a CA has ended, or has not begun.
var ErrSignsNothing = errors.New("signs nothing now")

// dates sets both ends of the validity. Both are always set here, so the signer's
// own clock is never consulted.
func dates(t *x509.Certificate, now time.Time, lifetime time.Duration, parent *x509.Certificate) error {
	now = now.UTC().Truncate(time.Second)
	if now.Year() < 2000 || now.Year() > 2400 {
		return fmt.Errorf("the clock says %s", now.Format(time.RFC3339))
	}
	if lifetime < time.Second {
		return fmt.Errorf("a lifetime of %s is too short", lifetime)
	}
	t.NotBefore, t.NotAfter = now.Add(-BackDate), now.Add(lifetime).Truncate(time.Second)
	if parent == nil {
		return nil
	}
	if now.Before(parent.NotBefore) || now.After(parent.NotAfter) {
		return fmt.Errorf("%q %w: it is valid from %s to %s", parent.Subject.CommonName, ErrSignsNothing,
			parent.NotBefore.UTC().Format(time.RFC3339), parent.NotAfter.UTC().Format(time.RFC3339))
	}
	if t.NotBefore.Before(parent.NotBefore) {
		t.NotBefore = parent.NotBefore.UTC()
	}
	if t.NotAfter.After(parent.NotAfter) {
		return &LifetimeError{
			Asked:   lifetime,
			Longest: parent.NotAfter.Sub(now),
			Why:     fmt.Sprintf("%q ends at %s", parent.Subject.CommonName, parent.NotAfter.UTC().Format(time.RFC3339)),
		}
	}
	return nil
}
