package issuance

import (
	"context"
	"crypto"
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
	AnyKey  bool             // the request named no type: a key that is there already may be of another
	Key     crypto.PublicKey // of the certificate request; nil when there is none
}

// Allow holds a request against the configuration, for those who issue many.
func Allow(f *folder.Folder, r Request) (Grant, error) {
	w, err := allowed(f, r)
	return w.grant(), err
}

// Admit is Allow for a request that brings a key, which is judged too: its
// quality, and whose it is.
func Admit(ctx context.Context, f *folder.Folder, r Request) (Grant, error) {
	w, err := allowed(f, r)
	if err == nil {
		err = w.admit(ctx, f)
	}
	return w.grant(), err
}

func (w wanted) grant() Grant {
	g := Grant{Spec: w.spec, KeyType: w.keyType, AnyKey: w.anyKeyType}
	if w.csr != nil {
		g.Key = w.csr.Key
	}
	return g
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
	s, err := openSigner(ctx, f, environment, 0)
	return Signer{Generation: s.generation, Parent: s.parent, Roots: s.roots}, err
}
