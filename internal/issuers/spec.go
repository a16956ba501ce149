package issuers

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"anchorctl/internal/config"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
	"anchorctl/internal/store"
)

// Spec is what an environment's issuer should be.
type Spec struct {
	Environment      string
	Organization     string
	TrustDomain      string
	KeyType          string
	Lifetime         time.Duration
	DNSDomains       []string
	NoNameConstraint bool
}

// SpecOf reads the spec of an environment's issuer from the configuration.
func SpecOf(c *config.Config, env *config.Environment) Spec {
	return Spec{
		Environment: env.Name, Organization: c.Estate.Organization, TrustDomain: c.Estate.TrustDomain,
		KeyType: env.Issuer.Key.Type, Lifetime: time.Duration(env.Issuer.Lifetime), DNSDomains: env.DNSDomains,
		NoNameConstraint: env.Issuer.NameConstraint != nil && !*env.Issuer.NameConstraint,
	}
}

// Fields are those of an issuer that a plan shows.
type Fields struct {
	Key        string   `json:"key"`
	Lifetime   string   `json:"lifetime"`
	DNSDomains []string `json:"dnsDomains,omitempty"`
}

// Mint is the action that makes generation g of the issuer.
func (s Spec) Mint(g int) (plan.Action, error) {
	after := Fields{Key: s.KeyType, Lifetime: config.Duration(s.Lifetime).String(), DNSDomains: s.DNSDomains}
	a, err := plan.NewAction(plan.IssuerMint, plan.Issuer(s.Environment, g), nil, after, nil)
	a.Key = plan.RootKey
	return a, err
}

// RootSpec is what the estate's root should be.
type RootSpec struct {
	Name         string
	Organization string
	KeyType      string
	Lifetime     time.Duration
	Outer        *x509.Certificate // that of a root whose key is somebody else's
}

// RootSpecOf reads the spec of the root from the configuration.
func RootSpecOf(c *config.Config, now time.Time) (RootSpec, error) {
	outer, err := OuterRoot(c, now)
	return RootSpec{
		Name: c.Estate.Name, Organization: c.Estate.Organization,
		KeyType: c.Root.Key.Type, Lifetime: time.Duration(c.Root.Lifetime), Outer: outer,
	}, err
}

// Outer are the fields of a root that is somebody else's.
type Outer struct {
	Certificate string `json:"certificate"` // its subject
	Fingerprint string `json:"fingerprint"`
}

// Mint is the action that makes generation g of the root. It signs itself, so
// it needs no other root's key.
func (s RootSpec) Mint(g int) (plan.Action, error) {
	if s.Outer != nil {
		return plan.NewAction(plan.IssuerMint, plan.Root(g), nil, Outer{Certificate: s.Outer.Subject.String(), Fingerprint: pki.Fingerprint(s.Outer)}, nil)
	}
	return plan.NewAction(plan.IssuerMint, plan.Root(g), nil, Fields{Key: s.KeyType, Lifetime: config.Duration(s.Lifetime).String()}, nil)
}

func (s RootSpec) pki(g int, now time.Time) pki.RootSpec {
	return pki.RootSpec{Name: s.Name, Organization: s.Organization, Generation: g, Lifetime: s.Lifetime, Now: now}
}

func (s Spec) pki(g int, now time.Time) pki.IssuerSpec {
	return pki.IssuerSpec{
		Environment: s.Environment, Generation: g, Organization: s.Organization, TrustDomain: s.TrustDomain,
		DNSDomains: s.DNSDomains, NoNameConstraint: s.NoNameConstraint, Lifetime: s.Lifetime, Now: now,
	}
}

// as is the spec with all that a certificate says already: a renewal changes
// dates, and what was issued under the names keeps them.
func (s Spec) as(former *x509.Certificate) Spec {
	s.Organization = strings.Join(former.Subject.Organization, "")
	s.DNSDomains = former.PermittedDNSDomains
	s.NoNameConstraint = len(former.PermittedURIDomains) == 0
	return s
}

// Renew is the action that has the key of generation g certified again. because
// says why.
func (s Spec) Renew(g int, because string, needs []string) (plan.Action, error) {
	after := struct {
		Fields
		Because string `json:"because"`
	}{Fields{Key: "the same", Lifetime: config.Duration(s.Lifetime).String()}, because}
	a, err := plan.NewAction(plan.IssuerRenew, plan.Issuer(s.Environment, g), nil, after, needs)
	a.Key = plan.RootKey
	return a, err
}

// Activate is the cut-over to the generation at addr.
func Activate(addr plan.Addr, needs []string) (plan.Action, error) {
	type status struct {
		Status string `json:"status"`
	}
	return plan.NewAction(plan.IssuerActivate, addr, status{store.Next}, status{store.Active}, needs)
}

// What becomes of the key of a generation that is retired.
const (
	KeyDestroyed = "destroyed"
	KeyArchived  = "archived"
)

// Retirement are the fields of the action that retires a generation: what
// becomes of its key, and how the rotation ends.
type Retirement struct {
	Key      string `json:"key"`
	Rotation string `json:"rotation"`
}

// Retire is the action that ends the generation at addr, and its rotation.
func Retire(addr plan.Addr, r Retirement, needs []string) (plan.Action, error) {
	return plan.NewAction(plan.IssuerRetire, addr, nil, r, needs)
}

// keyName is the name of the key of a generation that is made here.
func keyName(addr plan.Addr) string {
	if addr.Kind == plan.KindRoot {
		return fmt.Sprintf("root-%d", addr.Generation)
	}
	return fmt.Sprintf("issuer-%s-%d", addr.Environment, addr.Generation)
}

// Drift says in words what of the spec is not in the active generation's
// certificate. Minted things do not change: only a new generation can.
func (s Spec) Drift(cert *x509.Certificate) []string {
	var words []string
	got, want := slices.Sorted(slices.Values(cert.PermittedDNSDomains)), slices.Sorted(slices.Values(s.DNSDomains))
	if !s.NoNameConstraint && !slices.Equal(got, want) {
		words = append(words, fmt.Sprintf("dnsDomains is %v, the issuer was minted with %v", want, got))
	}
	if constrained := len(cert.PermittedURIDomains) > 0; constrained == s.NoNameConstraint {
		words = append(words, fmt.Sprintf("nameConstraint is %v, the issuer was minted with %v", !s.NoNameConstraint, constrained))
	}
	if !slices.Equal(cert.Subject.Organization, []string{s.Organization}) {
		words = append(words, fmt.Sprintf("estate.organization is %q, the issuer was minted with %q", s.Organization, cert.Subject.Organization))
	}
	if kind, err := keys.TypeOf(cert.PublicKey); err != nil || string(kind) != s.KeyType {
		words = append(words, fmt.Sprintf("key.type is %s, the issuer was minted with %s", s.KeyType, kind))
	}
	return words
}
