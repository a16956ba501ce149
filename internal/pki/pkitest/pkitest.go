package pkitest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net/url"
	"testing"
	"time"

	"anchorctl/internal/pki"
)

// TrustDomain is the trust domain of every estate made here.
const TrustDomain = "example.internal"

// Now is the time at which everything made here is valid unless asked otherwise.
func Now() time.Time { return time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC) }

// Cert is a certificate and its key.
type Cert struct {
	Certificate *x509.Certificate
	Key         crypto.Signer
}

// Parent is the certificate as pki takes it to sign.
func (c Cert) Parent() pki.Parent { return pki.Parent{Certificate: c.Certificate, Key: c.Key} }

// PEM is the certificate as PEM text.
func (c Cert) PEM() []byte { return pki.EncodePEM(c.Certificate) }

// Estate is a root and one issuer per environment.
type Estate struct {
	Root    Cert
	Issuers map[string]Cert
}

// NewEstate makes a root and an issuer for each environment.
func NewEstate(t testing.TB, environments ...string) *Estate {
	t.Helper()
	e := &Estate{Root: Root(t), Issuers: map[string]Cert{}}
	for _, env := range environments {
		e.Issuers[env] = e.Root.Issuer(t, env)
	}
	return e
}

// Leaf makes a workload certificate of an environment of the estate.
func (e *Estate) Leaf(t testing.TB, environment, workload string, options ...Option) Cert {
	t.Helper()
	issuer, ok := e.Issuers[environment]
	if !ok {
		t.Fatalf("the estate has no environment %q", environment)
	}
	return issuer.Leaf(t, environment, workload, options...)
}

// Option bends what is made.
type Option func(*request)

type request struct {
	template *x509.Certificate
	key      crypto.Signer
	parent   Cert
	self     bool
}

// With changes the template in any way x509.CreateCertificate knows.
func With(change func(*x509.Certificate)) Option {
	return func(r *request) { change(r.template) }
}

// Key uses this key instead of a new one.
func Key(key crypto.Signer) Option { return func(r *request) { r.key = key } }

// SelfSigned signs with the certificate's own key, whatever the names say: with
// Name of the parent left alone, the certificate looks like an intermediate.
func SelfSigned() Option { return func(r *request) { r.self = true } }

// Dates sets the validity.
func Dates(notBefore, notAfter time.Time) Option {
	return With(func(c *x509.Certificate) { c.NotBefore, c.NotAfter = notBefore, notAfter })
}

// PathLen sets the path length; a negative one leaves it out.
func PathLen(n int) Option {
	return With(func(c *x509.Certificate) { c.MaxPathLen, c.MaxPathLenZero = n, n == 0 })
}

// Usage sets the key usage.
func Usage(u x509.KeyUsage) Option { return With(func(c *x509.Certificate) { c.KeyUsage = u }) }

// NotCA makes basicConstraints say CA:false.
func NotCA() Option {
	return With(func(c *x509.Certificate) {
		c.IsCA, c.MaxPathLen, c.MaxPathLenZero = false, 0, false
		c.PermittedURIDomains, c.ExcludedDNSDomains, c.PermittedDNSDomainsCritical = nil, nil, false
	})
}

// Name sets the common name.
func Name(cn string) Option { return With(func(c *x509.Certificate) { c.Subject.CommonName = cn }) }

// Root makes a self-signed root.
func Root(t testing.TB, options ...Option) Cert {
	t.Helper()
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "example root 1", Organization: []string{"Example Corp"}},
		NotBefore:             Now().AddDate(-1, 0, 0),
		NotAfter:              Now().AddDate(9, 0, 0),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLen:            1,
	}
	return Cert{}.make(t, template, append([]Option{SelfSigned()}, options...))
}

// Issuer makes the issuer of an environment.
func (c Cert) Issuer(t testing.TB, environment string, options ...Option) Cert {
	t.Helper()
	template := &x509.Certificate{
		Subject: pkix.Name{
			CommonName:         pki.IssuerName(environment, 1),
			Organization:       []string{"Example Corp"},
			OrganizationalUnit: []string{environment},
		},
		NotBefore:                   Now().AddDate(0, -1, 0),
		NotAfter:                    Now().AddDate(0, 11, 0),
		KeyUsage:                    x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		ExtKeyUsage:                 []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		IsCA:                        true,
		BasicConstraintsValid:       true,
		MaxPathLenZero:              true,
		PermittedDNSDomainsCritical: true,
		PermittedURIDomains:         []string{pki.TrustDomainOf(environment, TrustDomain)},
		ExcludedDNSDomains:          []string{""},
	}
	return c.make(t, template, options)
}

// Leaf makes a workload certificate.
func (c Cert) Leaf(t testing.TB, environment, workload string, options ...Option) Cert {
	t.Helper()
	uri, err := url.Parse(pki.WorkloadURI(environment, TrustDomain, workload))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		Subject: pkix.Name{
			CommonName:         workload,
			Organization:       []string{"Example Corp"},
			OrganizationalUnit: []string{environment},
		},
		NotBefore:             Now().Add(-pki.BackDate),
		NotAfter:              Now().Add(24 * time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
		URIs:                  []*url.URL{uri},
	}
	return c.make(t, template, options)
}

func (c Cert) make(t testing.TB, template *x509.Certificate, options []Option) Cert {
	t.Helper()
	r := &request{template: template, parent: c}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 126))
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = serial.SetBit(serial, 126, 1)
	for _, o := range options {
		o(r)
	}
	if r.key == nil {
		r.key = ECDSA(t)
	}
	if template.SubjectKeyId == nil {
		if template.SubjectKeyId, err = pki.KeyID(r.key.Public()); err != nil {
			t.Fatal(err)
		}
	}
	parent, signer := c.Certificate, c.Key
	if r.self {
		signer = r.key
		if parent == nil {
			parent, template.AuthorityKeyId = template, template.SubjectKeyId
		} else {
			stand := *parent
			stand.PublicKey = r.key.Public()
			parent = &stand
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, r.key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return Cert{Certificate: made, Key: r.key}
}

// ECDSA makes a P-256 key.
func ECDSA(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
