package issuers

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"path/filepath"

	"anchorctl/internal/hint"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
)

// MakeRootKey makes the key of a root that is about to be minted, which asks for a
// new passphrase. A key that an earlier run has made is opened instead.
func (d *Doer) MakeRootKey(ctx context.Context, generation int) error {
	addr := plan.Root(generation)
	spec, err := RootSpecOf(d.Config, d.Clock.Now())
	if err != nil || spec.Outer != nil {
		return err
	}
	if _, err := d.key(ctx, keyName(addr), spec.KeyType, keys.GuardPassphrase); err != nil {
		return fmt.Errorf("making the key of %s: %w", addr, d.forgotten(err, addr))
	}
	return nil
}

// makeRoot makes key and certificate of a root, or takes that of one whose key is
// somebody else's.
func (d *Doer) makeRoot(ctx context.Context, addr plan.Addr) (*x509.Certificate, keys.Key, keys.Guard, error) {
	spec, err := RootSpecOf(d.Config, d.Clock.Now())
	if err != nil {
		return nil, keys.Key{}, "", err
	}
	if spec.Outer != nil {
		return spec.Outer, keys.Key{URI: keys.Elsewhere}, keys.GuardNone, nil
	}
	key, err := d.key(ctx, keyName(addr), spec.KeyType, keys.GuardPassphrase)
	if err != nil {
		return nil, key, "", err
	}
	cert, err := pki.NewRoot(spec.pki(addr.Generation, d.Clock.Now()), key)
	return cert, key, keys.GuardPassphrase, err
}

// forgotten says what to do about a new root's key that an earlier run has made,
// and whose passphrase nobody knows.
func (d *Doer) forgotten(err error, addr plan.Addr) error {
	if !errors.Is(err, keys.ErrWrongPassphrase) {
		return err
	}
	return hint.With(err, "type the passphrase that was chosen when this rotation was tried before",
		fmt.Sprintf("or, if it is lost: that key has signed nothing; delete %q and run the command again", filepath.Join(d.Ring.Dir, keyName(addr)+".pem")))
}

// UnlockRoot opens the key of a root that is going to sign.
func (d *Doer) UnlockRoot(ctx context.Context, number int) error {
	generation, err := d.generation(ctx, plan.Root(number))
	if err == nil && generation.KeyURI == keys.Elsewhere {
		return nil
	}
	if err == nil {
		_, err = d.Ring.Open(ctx, generation.KeyURI, keys.Guard(generation.Guard))
	}
	if err != nil {
		if errors.Is(err, keys.ErrWrongPassphrase) {
			err = hint.With(err, "it takes the passphrase that was chosen when this rotation was started")
		}
		return fmt.Errorf("opening %s: %w", plan.Root(number), err)
	}
	return nil
}

// lost says what to do about a root whose key is not to be had.
func lost(err error) error {
	switch {
	case errors.Is(err, keys.ErrNoFile):
		return hint.With(err, "put the root's key file back from its backup", `if it is lost: run "anchorctl rotate start root", which does without it`)
	case errors.Is(err, keys.ErrWrongPassphrase):
		return hint.With(err, `if the passphrase is lost: run "anchorctl rotate start root", which does without it`)
	default:
		return err
	}
}

// Unlock opens the key of the root that signs, which asks for its passphrase,
// once. It is called before a run that needs it starts, so that a wrong
// passphrase, or nobody to type it, stops the run before its first effect.
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
	if generation.KeyURI == keys.Elsewhere {
		d.root = &pki.Parent{Certificate: cert}
		return nil
	}
	key, err := d.Ring.Open(ctx, generation.KeyURI, keys.Guard(generation.Guard))
	if err != nil {
		return fmt.Errorf("opening the root: %w", lost(err))
	}
	d.root = &pki.Parent{Certificate: cert, Key: key}
	return nil
}

// publish shows people the root that signs.
func (d *Doer) publish(ctx context.Context) error {
	generation, there, err := d.Store.Active(ctx, "")
	if err != nil || !there {
		return err
	}
	cert, err := x509.ParseCertificate(generation.Certificate)
	if err != nil {
		return err
	}
	return d.Publish(cert)
}
