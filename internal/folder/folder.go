package folder

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"anchorctl/internal/clock"
	"anchorctl/internal/config"
	"anchorctl/internal/durable"
	"anchorctl/internal/hint"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/store"
)

// Deps is what an estate needs of the world.
type Deps struct {
	Dir       string // the estate's directory
	StateHome string // "" when the environment tells of none
	Clock     clock.Clock
	Step      func(name string)  // called around each durable step, so that tests can crash there
	Actor     string             // who acts, for the audit log
	Waiting   func(store.Holder) // told whose lock is waited for; may be nil
	// Passphrase asks for the root key's passphrase, with confirm for a new one.
	Passphrase func(ctx context.Context, confirm bool) ([]byte, error)
	Again      func() bool // after a wrong one: whether to ask once more; nil: no
}

// Layout says where the estate's files lie.
func (d Deps) Layout() Layout {
	dir := d.Dir
	if dir == "" {
		dir = "."
	}
	return Layout{Dir: dir, StateHome: d.StateHome}
}

// Files writes durably.
func (d Deps) Files() durable.Files { return durable.Files{Step: d.Step} }

// StoreOptions are those of the estate's store.
func (d Deps) StoreOptions() store.Options {
	return store.Options{Now: d.Clock.Now, Wait: d.Clock.Wait, Step: d.Step, Actor: d.Actor, Waiting: d.Waiting}
}

// Ring is the estate's private keys.
func (d Deps) Ring(lineage string) *keys.Ring {
	return &keys.Ring{
		Dir:        d.Layout().Keys(),
		Files:      d.Files(),
		Passphrase: d.Passphrase,
		Again:      d.Again,
		Secret:     func(context.Context) (keys.Secret, error) { return d.Layout().ReadSecret(lineage) },
	}
}

// Folder is an estate that was opened from its directory.
type Folder struct {
	Dir    string
	Layout Layout
	Config *config.Config
	Store  *store.Store
	Ring   *keys.Ring
	Clock  clock.Clock
	Files  durable.Files
	Actor  string

	Estate   store.Estate     // as the store had it when the folder was opened
	Root     store.Generation // the root that signs
	Warnings []Warning        // private files that others can read
}

// What keeps a directory from being opened as an estate.
var (
	ErrNoEstate = errors.New("there is no estate")
	ErrHalfMade = errors.New("the estate is only half made")
	ErrOther    = errors.New("the configuration and the store are of different estates")
)

// Open opens the estate in a directory. Nothing is looked for above it.
func Open(ctx context.Context, d Deps) (*Folder, error) {
	f, err := open(ctx, d)
	if err != nil {
		return nil, fmt.Errorf("opening estate in %q: %w", d.Layout().Dir, err)
	}
	return f, nil
}

func open(ctx context.Context, d Deps) (*Folder, error) {
	l := d.Layout()
	for _, path := range []string{l.Config(), l.Store()} {
		if err := l.look(path); err != nil {
			return nil, err
		}
	}
	c, err := config.Load(l.Config())
	if err != nil {
		return nil, err
	}
	s, err := store.Open(ctx, l.Store(), d.StoreOptions())
	if err != nil {
		return nil, err
	}
	f := &Folder{Dir: l.Dir, Layout: l, Config: c, Store: s, Clock: d.Clock, Files: d.Files(), Actor: d.Actor}
	if err := f.identify(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	f.Ring = d.Ring(f.Estate.Lineage)
	f.Warnings = l.exposed(f.Estate.Lineage)
	return f, nil
}

// look says what it means that a file of the estate is missing. Keys without a
// store are an estate that lost it, which init would not bring back.
func (l Layout) look(path string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil // what else there is to say of it is said by who reads it
	}
	if keys, globErr := filepath.Glob(filepath.Join(l.Keys(), "*.pem")); globErr == nil && len(keys) > 0 {
		return hint.With(fmt.Errorf("%w: %q is missing, and its keys are still here", ErrNoEstate, path),
			fmt.Sprintf("restore %q from a backup", path))
	}
	return hint.With(fmt.Errorf("%w: %q is missing", ErrNoEstate, path),
		`run "anchorctl init" to make one here`, "or name the estate's directory with --dir")
}

// PublishRoot writes the certificate of the root that signs from now on, for
// people.
func (f *Folder) PublishRoot(c *x509.Certificate) error {
	if err := f.Files.Replace(f.Layout.Root(), pki.EncodePEM(c), 0o644); err != nil {
		return fmt.Errorf("publishing the root's certificate: %w", err)
	}
	return nil
}

// identify reads whose store it is and holds the configuration against it.
func (f *Folder) identify(ctx context.Context) error {
	var err error
	if f.Estate, err = f.Store.Estate(ctx); err != nil {
		return err
	}
	if err := Matches(f.Config, f.Estate); err != nil {
		return err
	}
	var found bool
	if f.Root, found, err = f.Store.Active(ctx, ""); err != nil {
		return err
	}
	if !found {
		return hint.With(fmt.Errorf("%w: it has no root", ErrHalfMade), `run "anchorctl init" again; it goes on where it stopped`)
	}
	return nil
}

// Matches refuses a configuration of another estate than the store's: names
// and trust domain are in certificates, policies and AWS, and cannot change.
func Matches(c *config.Config, e store.Estate) error {
	for _, identity := range []struct{ what, config, store string }{
		{"name", c.Estate.Name, e.Name},
		{"trustDomain", c.Estate.TrustDomain, e.TrustDomain},
	} {
		if identity.config != identity.store {
			return hint.With(
				fmt.Errorf("%w: estate.%s is %q in the configuration and %q in the store",
					ErrOther, identity.what, identity.config, identity.store),
				fmt.Sprintf("set estate.%s back to %q, or make a new estate in another directory", identity.what, identity.store))
		}
	}
	return nil
}

// Compare holds a configuration against the store of the estate's directory. A
// directory without store agrees with every configuration.
func Compare(ctx context.Context, d Deps, c *config.Config) (err error) {
	s, err := store.Open(ctx, d.Layout().Store(), d.StoreOptions())
	if errors.Is(err, store.ErrMissing) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	e, err := s.Estate(ctx)
	if err != nil {
		return err
	}
	return Matches(c, e)
}

// Close closes the store. What was decrypted is forgotten with the Folder.
func (f *Folder) Close() error { return f.Store.Close() }
