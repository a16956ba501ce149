package vetting

import (
	"context"
	"crypto/x509"
	"fmt"
	"strings"

	"anchorctl/internal/folder"
	"anchorctl/internal/rules"
	"anchorctl/internal/store"
)

// Estate is what an estate knows about who uses which certificate: its roots,
// former ones included, and every issuer generation. What environment itself
// uses is not spoken for when the candidate is for that environment.
func Estate(ctx context.Context, f *folder.Folder, environment string) (*rules.Estate, error) {
	if environment != "" && f.Config.Environments[environment] == nil {
		return nil, fmt.Errorf("there is no environment %q; there are %s", environment, strings.Join(f.Config.EnvironmentNames(), ", "))
	}
	generations, err := f.Store.AllGenerations(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the estate's certificates: %w", err)
	}
	var e rules.Estate
	for _, g := range generations {
		c, err := x509.ParseCertificate(g.Certificate)
		if err != nil {
			return nil, fmt.Errorf("reading the certificate of %s: %w", g.Addr(), err)
		}
		if g.Environment == "" {
			e.Roots = append(e.Roots, c)
			continue
		}
		if g.Environment == environment && g.Status != store.Retired {
			continue
		}
		e.Others = append(e.Others, rules.Use{Certificate: c, By: g.Addr().String(), Retired: g.Status == store.Retired})
	}
	return &e, nil
}
