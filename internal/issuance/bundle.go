package issuance

import (
	"context"
	"fmt"
	"slices"

	"anchorctl/internal/folder"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
)

// Bundle is what was issued, as PEM in memory: for a pipe. Without a request, the
// key is nowhere else.
type Bundle struct {
	Result

	Key              PrivateText // nil with a request, whose key is elsewhere
	Certificate, CAs []byte
}

// PrivateText is the text of a private key. Only who converts it sees it.
type PrivateText []byte

// Format hides the key from every verb.
func (PrivateText) Format(f fmt.State, _ rune) {
	f.Write([]byte("<private key>")) //nolint:errcheck // fmt keeps the error of its own writer
}

// MarshalText hides the key from encoders.
func (PrivateText) MarshalText() ([]byte, error) { return []byte("<private key>"), nil }

// PEM is key, certificate and chain, one after the other. The caller wipes it.
func (b Bundle) PEM() []byte { return slices.Concat([]byte(b.Key), b.Certificate, b.CAs) }

// IssueBundle gives a workload its certificate without writing a file. It is
// recorded before it is returned; a run that is stopped leaves nothing to take
// up, unless a request brings the key.
func IssueBundle(ctx context.Context, f *folder.Folder, r Request) (Bundle, error) {
	b, err := issueBundle(ctx, f, r)
	if err != nil {
		return Bundle{}, fmt.Errorf("issuing certificate for %s/%s: %w", r.Environment, pki.WorkloadName(r.Workload, r.Instance), err)
	}
	return b, nil
}

func issueBundle(ctx context.Context, f *folder.Folder, r Request) (Bundle, error) {
	w, err := allowed(f, r)
	if err != nil {
		return Bundle{}, err
	}
	if w.form, err = openForm(ctx, r); err != nil {
		return Bundle{}, err
	}
	defer clear(w.form.passphrase)
	s, err := openSigner(ctx, f, r.Environment, 0)
	if err != nil {
		return Bundle{}, err
	}
	if err := w.admit(ctx, f); err != nil {
		return Bundle{}, err
	}
	var text PrivateText
	var m made
	if w.csr != nil {
		m, err = w.certify(ctx, f, s)
	} else {
		text, m, err = w.piped(ctx, f, s)
	}
	if err != nil {
		return Bundle{}, err
	}
	return Bundle{Result: facts(w, s, m), Key: text, Certificate: pki.EncodePEM(m.certificate()), CAs: pki.EncodePEM(s.parent.Certificate)}, nil
}

// piped makes a key, its text in the form that is wanted, and its certificate.
func (w wanted) piped(ctx context.Context, f *folder.Folder, s signer) (PrivateText, made, error) {
	key, err := keys.Generate(w.keyType)
	if err != nil {
		return nil, made{}, err
	}
	text, err := w.form.encode(key)
	if err != nil {
		return nil, made{}, err
	}
	m, err := w.unfiled(ctx, f, s, key.Public())
	return text, m, err
}
