package ceremony

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"anchorctl/internal/folder"
	"anchorctl/internal/hint"
	"anchorctl/internal/issuers"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
	"anchorctl/internal/store"
)

// firstRoot is the generation that Init makes.
const firstRoot = 1

func rootKeyName(generation int) string { return fmt.Sprintf("root-%d", generation) }

// askPassphrase asks at the start: for the passphrase of a new key, of which the
// ring gets copies, or for that of the key that is there, which it opens. What it
// returns forgets the passphrase.
func (a *attempt) askPassphrase(ctx context.Context) (forget func(), err error) {
	a.ring = a.deps.Ring("")
	if a.made {
		return func() {}, nil // the certificate is on record: no key is needed any more
	}
	if a.outer, err = issuers.OuterRoot(a.config, a.o.Clock.Now()); err != nil || a.outer != nil {
		return func() {}, err
	}
	if a.keyed, err = exists(a.result.RootKey); err != nil {
		return nil, err
	}
	if a.o.Passphrase == nil {
		return nil, errors.New("nobody can be asked for the root key's passphrase")
	}
	if a.keyed {
		a.ring.Passphrase, a.ring.Again = a.o.Passphrase, a.o.Again
		_, err := a.ring.Open(ctx, keys.URIOf(rootKeyName(firstRoot)), keys.GuardPassphrase)
		return func() {}, a.lost(err)
	}
	passphrase, err := a.o.Passphrase(ctx, true)
	if err != nil {
		return nil, err
	}
	if len(passphrase) == 0 {
		return nil, errors.New("the root key's passphrase is empty")
	}
	a.ring.Passphrase = func(context.Context, bool) ([]byte, error) { return bytes.Clone(passphrase), nil }
	return func() { clear(passphrase) }, nil
}

// lost says what to do about a key that does not open.
func (a *attempt) lost(err error) error {
	if !errors.Is(err, keys.ErrWrongPassphrase) {
		return err
	}
	return hint.With(err,
		"type the passphrase of the attempt before, which made this key",
		fmt.Sprintf("or, if it is lost: the key has signed nothing on record; delete %q and run \"anchorctl init\" again", a.result.RootKey))
}

// makeRoot makes the root's key and certificate and puts the certificate on
// record, as far as an earlier attempt has not.
func (a *attempt) makeRoot(ctx context.Context) error {
	g, made, err := a.store.Active(ctx, "")
	if err != nil {
		return err
	}
	if !made {
		if g, err = a.mintRoot(ctx); err != nil {
			return err
		}
	}
	c, err := x509.ParseCertificate(g.Certificate)
	if err != nil {
		return fmt.Errorf("reading the root's certificate on record: %w", err)
	}
	return a.publish(c)
}

func (a *attempt) mintRoot(ctx context.Context) (store.Generation, error) {
	if a.outer != nil {
		a.result.RootKey = ""
		g := store.Generation{Number: firstRoot, Certificate: a.outer.Raw, KeyURI: keys.Elsewhere,
			Guard: string(keys.GuardNone), Status: store.Active}
		return g, a.store.AddGeneration(ctx, g)
	}
	t, err := keys.ParseType(a.config.Root.Key.Type)
	if err != nil {
		return store.Generation{}, err
	}
	key, err := a.ring.Create(ctx, rootKeyName(firstRoot), t, keys.GuardPassphrase)
	if err != nil {
		return store.Generation{}, err
	}
	a.note(a.result.RootKey, !a.keyed)
	c, err := pki.NewRoot(pki.RootSpec{
		Name: a.config.Estate.Name, Organization: a.config.Estate.Organization, Generation: firstRoot,
		Lifetime: time.Duration(a.config.Root.Lifetime), Now: a.o.Clock.Now(),
	}, key)
	if err != nil {
		return store.Generation{}, err
	}
	g := store.Generation{Number: firstRoot, Certificate: c.Raw, KeyURI: key.URI,
		Guard: string(keys.GuardPassphrase), Status: store.Active}
	return g, a.store.AddGeneration(ctx, g)
}

// publish writes the root's certificate for people.
func (a *attempt) publish(c *x509.Certificate) error {
	a.result.Root, a.result.Fingerprint = c, pki.Fingerprint(c)
	err := a.files.Create(a.layout.Root(), pki.EncodePEM(c), 0o644)
	if errors.Is(err, fs.ErrExist) {
		return hint.With(fmt.Errorf("%q has appeared meanwhile", a.layout.Root()), "move it away and run \"anchorctl init\" again")
	}
	if err != nil {
		return err
	}
	a.note(a.layout.Root(), true)
	return nil
}

// Root opens the root for signing. It asks for the passphrase, so call it only
// when an issuer is about to be minted. That it was opened goes into the audit
// log.
func Root(ctx context.Context, f *folder.Folder) (pki.Parent, error) {
	at := plan.Root(f.Root.Number)
	parent, err := openRoot(ctx, f)
	if err != nil {
		return pki.Parent{}, fmt.Errorf("opening %s: %w", at, err)
	}
	err = f.Store.Audit(ctx, "root.open", at.String(), map[string]any{"certificate": pki.Fingerprint(parent.Certificate)})
	if err != nil {
		return pki.Parent{}, fmt.Errorf("opening %s: %w", at, err)
	}
	return parent, nil
}

func openRoot(ctx context.Context, f *folder.Folder) (pki.Parent, error) {
	c, err := x509.ParseCertificate(f.Root.Certificate)
	if err != nil {
		return pki.Parent{}, fmt.Errorf("reading its certificate on record: %w", err)
	}
	key, err := f.Ring.Open(ctx, f.Root.KeyURI, keys.Guard(f.Root.Guard))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return pki.Parent{}, hint.With(err, fmt.Sprintf("put the root's key back into %q; only minting an issuer needs it", f.Layout.Keys()))
	case errors.Is(err, keys.ErrWrongPassphrase):
		return pki.Parent{}, hint.With(err, "type the passphrase that was chosen when the estate was made")
	case err != nil:
		return pki.Parent{}, err
	}
	own, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !own.Equal(c.PublicKey) {
		return pki.Parent{}, fmt.Errorf("the key %q does not belong to the certificate on record", f.Root.KeyURI)
	}
	return pki.Parent{Certificate: c, Key: key}, nil
}
