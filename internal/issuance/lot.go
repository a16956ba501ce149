package issuance

import (
	"context"
	"crypto/x509"

	"anchorctl/internal/folder"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/store"
)

// Grant is what a request may have: the names and the lifetime that the
// configuration gives it, from now on.
type Grant struct {
	Spec    pki.WorkloadSpec
	KeyType keys.Type
	AnyKey  bool // the request named no type: a key that is there already may be of another
}

// Allow holds a request against the configuration, for those who issue many.
func Allow(f *folder.Folder, r Request) (Grant, error) {
	w, err := allowed(f, r)
	return Grant{Spec: w.spec, KeyType: w.keyType, AnyKey: w.anyKeyType}, err
}

// Signer is the generation that signs in an environment, opened, and the roots
// that its path may end at.
type Signer struct {
	Generation store.Generation
	Parent     pki.Parent
	Roots      []*x509.Certificate
}

// OpenSigner opens the active generation of an environment's issuer.
func OpenSigner(ctx context.Context, f *folder.Folder, environment string) (Signer, error) {
	s, err := openSigner(ctx, f, environment)
	return Signer{Generation: s.generation, Parent: s.parent, Roots: s.roots}, err
}
