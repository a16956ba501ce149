package issuers

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"anchorctl/internal/clock"
	"anchorctl/internal/config"
	"anchorctl/internal/engine"
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

// Doer mints issuers.
type Doer struct {
	Specs map[string]Spec // by environment
	Store *store.Store
	Ring  *keys.Ring
	Clock clock.Clock

	root *pki.Parent
}

// ByKind lists the doers.
func (d *Doer) ByKind() map[plan.Kind]engine.Doer {
	return map[plan.Kind]engine.Doer{plan.IssuerMint: {Do: d.mint}}
}

// mint makes the key, has the root sign its certificate, and records both. The
// key comes first: a crash after it leaves a key that the next mint of the
// same generation takes up, never a certificate whose key is lost.
func (d *Doer) mint(ctx context.Context, s engine.Step) (plan.Outcome, error) {
	addr := s.Action.Addr
	spec, ok := d.Specs[addr.Environment]
	if !ok {
		return plan.Outcome{}, fmt.Errorf("minting %s: the configuration has no environment %q", addr, addr.Environment)
	}
	if err := d.Unlock(ctx); err != nil {
		return plan.Outcome{}, err
	}
	keyType, err := keys.ParseType(spec.KeyType)
	if err != nil {
		return plan.Outcome{}, fmt.Errorf("minting %s: %w", addr, err)
	}
	key, err := d.Ring.Create(ctx, fmt.Sprintf("issuer-%s-%d", addr.Environment, addr.Generation), keyType, keys.GuardSecret)
	if err != nil {
		return plan.Outcome{}, fmt.Errorf("minting %s: %w", addr, err)
	}
	now := d.Clock.Now()
	cert, err := pki.NewIssuer(pki.IssuerSpec{
		Environment: spec.Environment, Generation: addr.Generation, Organization: spec.Organization,
		TrustDomain: spec.TrustDomain, DNSDomains: spec.DNSDomains, NoNameConstraint: spec.NoNameConstraint,
		Lifetime: spec.Lifetime, Now: now,
	}, key.Public(), *d.root)
	if err != nil {
		return plan.Outcome{}, fmt.Errorf("minting %s: %w", addr, err)
	}
	err = d.Store.AddGeneration(ctx, store.Generation{
		Environment: addr.Environment, Number: addr.Generation, Certificate: cert.Raw, KeyURI: key.URI,
		Guard: string(keys.GuardSecret), Status: store.Active, Created: now.Unix(),
	})
	if err != nil {
		return plan.Outcome{}, fmt.Errorf("recording %s: %w", addr, err)
	}
	return plan.Outcome{Notes: []string{fmt.Sprintf("%s is valid until %s", addr, cert.NotAfter.Format(time.DateOnly))}}, nil
}

// Unlock opens the root's key, which asks for its passphrase, once. It is
// called before a run that mints starts, so that a wrong passphrase, or
// nobody to type it, stops the run before its first effect.
func (d *Doer) Unlock(ctx context.Context) error {
	if d.root != nil {
		return nil
	}
	generation, ok, err := d.Store.Active(ctx, "")
	if err != nil {
		return fmt.Errorf("opening the root: %w", err)
	}
	if !ok {
		return errors.New("opening the root: the estate has none")
	}
	cert, err := x509.ParseCertificate(generation.Certificate)
	if err != nil {
		return fmt.Errorf("opening the root: %w", err)
	}
	key, err := d.Ring.Open(ctx, generation.KeyURI, keys.Guard(generation.Guard))
	if err != nil {
		return fmt.Errorf("opening the root: %w", err)
	}
	d.root = &pki.Parent{Certificate: cert, Key: key}
	return nil
}
