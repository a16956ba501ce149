package issuance

import (
	"context"
	"crypto"
	"crypto/x509"
	"fmt"

	"anchorctl/internal/folder"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
)

// Unfiled is a certificate whose private key is in no file and never was: it is
// gone when the program ends.
type Unfiled struct {
	Certificate *x509.Certificate
	Chain       []*x509.Certificate // the issuer that signed it
	Key         crypto.Signer
}

// IssueUnfiled gives a workload a certificate whose key stays in memory. It is
// recorded like every other, before it is returned. Out is not looked at. The
// built-in probe gets none in any other way.
func IssueUnfiled(ctx context.Context, f *folder.Folder, r Request) (Unfiled, error) {
	made, err := issueUnfiled(ctx, f, r)
	if err != nil {
		return Unfiled{}, fmt.Errorf("issuing certificate for %s/%s: %w", r.Environment, pki.WorkloadName(r.Workload, r.Instance), err)
	}
	return made, nil
}

func issueUnfiled(ctx context.Context, f *folder.Folder, r Request) (Unfiled, error) {
	w, err := configured(f, r)
	if err != nil {
		return Unfiled{}, err
	}
	s, err := openSigner(ctx, f, r.Environment, r.Generation)
	if err != nil {
		return Unfiled{}, err
	}
	key, err := keys.Generate(w.keyType)
	if err != nil {
		return Unfiled{}, err
	}
	m, err := w.unfiled(ctx, f, s, key.Public())
	if err != nil {
		return Unfiled{}, err
	}
	return Unfiled{Certificate: m.certificate(), Chain: []*x509.Certificate{s.parent.Certificate}, Key: key}, nil
}

// unfiled makes and records the certificate of a key that stays in memory.
func (w wanted) unfiled(ctx context.Context, f *folder.Folder, s signer, key crypto.PublicKey) (made, error) {
	path, err := s.sign(w, key)
	if err != nil {
		return made{}, err
	}
	return made{path: path}, s.record(ctx, f, w, path[0])
}
