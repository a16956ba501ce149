package vetting

import (
	"context"
	"crypto/x509"
	"fmt"

	"anchorctl/internal/admission"
	"anchorctl/internal/folder"
	"anchorctl/internal/store"
)

// Estate is what an estate knows of a candidate for an environment, which may
// be empty: then every issuer there is, is spoken for.
func Estate(ctx context.Context, f *folder.Folder, environment string) (*admission.Estate, error) {
	if environment != "" {
		if _, err := f.Config.Environment(environment); err != nil {
			return nil, err
		}
	}
	generations, err := f.Store.AllGenerations(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the estate's certificates: %w", err)
	}
	return Known(generations, environment)
}

// Known is what recorded generations say to a candidate for an environment:
// its roots prove it, and what another environment uses or this one has
// retired is spoken for.
func Known(generations []store.Generation, environment string) (*admission.Estate, error) {
	var e admission.Estate
	for _, g := range generations {
		c, err := x509.ParseCertificate(g.Certificate)
		if err != nil {
			return nil, fmt.Errorf("reading the recorded certificate of %s: %w", g.Addr(), err)
		}
		switch {
		case g.Environment == "" && g.Status != store.Retired:
			e.Roots = append(e.Roots, c)
		case g.Environment != environment || g.Status == store.Retired: // a retired root proves nothing any more
			e.Others = append(e.Others, admission.Use{Certificate: c, By: g.Addr().String(), Retired: g.Status == store.Retired})
		}
	}
	return &e, nil
}
