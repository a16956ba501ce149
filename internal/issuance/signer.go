package issuance

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"anchorctl/internal/folder"
	"anchorctl/internal/hint"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/store"
)

// signer is the generation that signs, opened.
type signer struct {
	generation store.Generation
	parent     pki.Parent
	roots      []*x509.Certificate
}

// openSigner opens a generation of an environment's issuer: 0 is the one that
// signs, and one that is to take its place signs for the probe.
func openSigner(ctx context.Context, f *folder.Folder, environment string, generation int) (signer, error) {
	generations, err := f.Store.AllGenerations(ctx)
	if err != nil {
		return signer{}, err
	}
	var s signer
	for _, g := range generations {
		signs := g.Environment == environment && (generation == 0 && g.Status == store.Active || generation == g.Number && g.Status != store.Retired)
		if g.Environment != "" && !signs {
			continue
		}
		c, err := x509.ParseCertificate(g.Certificate)
		if err != nil {
			return signer{}, fmt.Errorf("reading the certificate of %s: %w", g.Addr(), err)
		}
		if signs {
			s.generation, s.parent.Certificate = g, c
		} else {
			s.roots = append(s.roots, c) // former ones stay proof for the issuers they signed
		}
	}
	if s.parent.Certificate == nil {
		return signer{}, hint.With(fmt.Errorf("environment %s has no issuer yet", environment), `run "anchorctl apply"`)
	}
	if env := f.Config.Environments[environment]; env != nil && env.CRL.DistributionPoint != "" {
		s.parent.Point = pki.DistributionPoint(env.CRL.DistributionPoint, environment, s.generation.Number)
	}
	s.parent.Key, err = f.Ring.Open(ctx, s.generation.KeyURI, keys.Guard(s.generation.Guard))
	if errors.Is(err, keys.ErrNoFile) {
		err = hint.With(err, "put the issuer's key file back from its backup",
			fmt.Sprintf(`if it is lost: run "anchorctl rotate start %s", which does without it`, environment))
	}
	return s, err
}

// points are the distribution points of its certificates.
func (s signer) points() []string {
	if s.parent.Point == "" {
		return nil
	}
	return []string{s.parent.Point}
}

// sign makes the certificate and returns its verified path up to the root.
func (s signer) sign(w wanted, pub crypto.PublicKey) ([]*x509.Certificate, error) {
	c, err := pki.NewWorkload(w.spec, pub, s.parent)
	if err != nil {
		return nil, w.explain(err)
	}
	return s.chain(c, w.spec.Now)
}

// record records the certificate, before it leaves the program.
func (s signer) record(ctx context.Context, f *folder.Folder, w wanted, c *x509.Certificate) error {
	return Superseded(f.Store.RecordIssued(ctx, s.issued(w, c)))
}

// Superseded says what to do when the issuer was cut over while a certificate of
// it was being made. Nothing of that has left the program.
func Superseded(err error) error {
	if errors.Is(err, store.ErrStatus) {
		err = hint.With(err, "run the same command again: a rotation was cut over meanwhile, and certificates come from another issuer now")
	}
	return err
}

// issued is the record of a certificate.
func (s signer) issued(w wanted, c *x509.Certificate) store.Issued {
	return store.Issued{
		Environment: w.spec.Environment,
		Workload:    w.spec.Workload,
		Instance:    w.spec.Instance,
		Generation:  s.generation.Number,
		Serial:      pki.SerialHex(c),
		Certificate: c.Raw,
		SPKI:        pki.SPKIDigest(c),
		NotBefore:   c.NotBefore.Unix(),
		NotAfter:    c.NotAfter.Unix(),
	}
}

func (s signer) chain(c *x509.Certificate, at time.Time) ([]*x509.Certificate, error) {
	path, err := pki.VerifyRecorded(c, s.parent.Certificate, s.roots, at)
	if err != nil {
		return nil, fmt.Errorf("verifying the chain up to the estate's root: %w", err)
	}
	return path, nil
}
