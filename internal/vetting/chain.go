package vetting

import (
	"context"
	"crypto/x509"
	"fmt"
	"time"

	"anchorctl/internal/admission"
	"anchorctl/internal/folder"
	"anchorctl/internal/store"
)

// Chain is what an estate knows of the certificates of a chain: its roots, its
// issuers, and what each of them may issue.
func Chain(ctx context.Context, f *folder.Folder) (*admission.ChainEstate, error) {
	generations, err := f.Store.AllGenerations(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the estate's certificates: %w", err)
	}
	var e admission.ChainEstate
	for _, g := range generations {
		c, err := x509.ParseCertificate(g.Certificate)
		if err != nil {
			return nil, fmt.Errorf("reading the recorded certificate of %s: %w", g.Addr(), err)
		}
		if g.Environment == "" {
			e.Roots = append(e.Roots, c)
			continue
		}
		issuer := admission.ChainIssuer{
			Certificate: c, By: g.Addr().String(), Retired: g.Status == store.Retired,
			Environment: g.Environment, TrustDomain: f.Config.Estate.TrustDomain, Workloads: map[string][]string{},
		}
		// An environment that has left the configuration permits nobody.
		if env := f.Config.Environments[g.Environment]; env != nil {
			issuer.Limit = time.Duration(env.Limits.CertificateLifetime)
			for _, name := range env.Holders() {
				issuer.Workloads[name] = env.Workload(name).DNS
			}
		}
		e.Issuers = append(e.Issuers, issuer)
	}
	return &e, nil
}
