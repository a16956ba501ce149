package ceremony

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/uuid"

	"anchorctl/internal/clock"
	"anchorctl/internal/config"
	"anchorctl/internal/durable"
	"anchorctl/internal/folder"
	"anchorctl/internal/hint"
	"anchorctl/internal/keys"
	"anchorctl/internal/store"
)

// Name is one of the names that an estate keeps for ever.
type Name string

// The names, as the configuration calls them.
const (
	EstateName   Name = "name"
	Organization Name = "organization"
	TrustDomain  Name = "trustDomain"
)

// Options say what estate to make and with what. The names are needed only
// when there is no configuration yet; with one, those that are given must be
// its own.
type Options struct {
	Dir          string
	StateHome    string
	Name         string
	Organization string
	TrustDomain  string
	Environments []string
	Account      string // of the starter configuration's targets
	Region       string
	Roles        config.RoleHandling
	Clock        clock.Clock
	Step         func(name string) // called around each durable step
	Actor        string
	// Passphrase asks for the root key's passphrase: with confirm for a new key,
	// without for one that an earlier attempt has made.
	Passphrase func(ctx context.Context, confirm bool) ([]byte, error)
	Again      func() bool // after a wrong one: whether to ask once more; nil: no
	// Ask is asked for the names that are missing, in their order, when there is
	// no configuration yet. Nil: a missing name is an error.
	Ask func(ctx context.Context, missing []Name) ([]string, error)
}

// Result says what Init made. Paths are as people would type them.
type Result struct {
	Dir             string
	Lineage         string
	Created         []string // in the order in which they were made
	Kept            []string // what was there already, and is as it was
	Added           []string // lines that were added to a .gitignore that was there
	Gitignore       string
	Config          string
	Store           string
	Secret          string
	RootKey         string
	RootCertificate string
	Root            *x509.Certificate
	Fingerprint     string // of the root's certificate
	Next            []string
}

// ErrFinished says that there is an estate already.
var ErrFinished = errors.New("there is an estate already")

// ErrUnnamed says that a new estate lacks a name.
var ErrUnnamed = errors.New("a new estate needs names that it keeps for ever")

// ErrLost says that private keys are there whose store is not.
var ErrLost = errors.New("there are private keys, but the store that knows them is gone")

// attempt is one run of Init.
type attempt struct {
	o      Options
	deps   folder.Deps
	layout folder.Layout
	files  durable.Files
	config *config.Config
	store  *store.Store
	outer  *x509.Certificate // the root, when its key is somebody else's
	made   bool              // the root is on record already
	keyed  bool              // the root's key is there already
	ring   *keys.Ring        // opens with the passphrase that was asked for at the start
	result Result
}

// Init makes an estate, or completes one whose making was cut short.
//
// The order of the steps is what makes every kill harmless:
//
//  1. the configuration: all that follows is made from it, so a second attempt
//     finds the same names;
//  2. .gitignore: before there is anything that must not be committed;
//  3. the store: it appears whole, with the lineage, which the secret's place
//     depends on. From here on the estate's lock keeps a second Init out;
//  4. the generated secret: no issuer can be minted before it is there;
//  5. the root's key, then its certificate together with its record: a key
//     without a record is found and used by the next attempt, while a record
//     without a key would be a root that nobody can sign with;
//  6. root.pem, for people: a copy of what is on record.
func Init(ctx context.Context, o Options) (result Result, err error) {
	a := &attempt{o: o, deps: folder.Deps{Dir: o.Dir, StateHome: o.StateHome, Clock: o.Clock, Step: o.Step, Actor: o.Actor}}
	a.layout, a.files = a.deps.Layout(), a.deps.Files()
	a.result = Result{
		Dir: a.layout.Dir, Config: a.layout.Config(), Store: a.layout.Store(), RootCertificate: a.layout.Root(), Gitignore: a.layout.Gitignore(),
		RootKey: filepath.Join(a.layout.Keys(), rootKeyName(firstRoot)+".pem"),
	}
	if err := a.run(ctx); err != nil {
		return Result{}, fmt.Errorf("making estate in %q: %w", a.layout.Dir, err)
	}
	return a.result, nil
}

func (a *attempt) run(ctx context.Context) (err error) {
	if err := a.look(ctx); err != nil {
		return err
	}
	// Everything that can be refused, and the passphrase, come before the first
	// step, so that a refusal or an interrupted prompt leaves nothing behind.
	text, err := a.prepareConfig(ctx)
	if err != nil {
		return err
	}
	forget, err := a.askPassphrase(ctx)
	if err != nil {
		return err
	}
	defer forget()
	if err := a.writeConfig(text); err != nil {
		return err
	}
	if err := a.writeGitignore(); err != nil {
		return err
	}
	if err := a.makeStore(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.store.Close()) }()
	release, err := a.store.Lock(ctx, "init", false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	if err := a.makeSecret(); err != nil {
		return err
	}
	if err := a.makeRoot(ctx); err != nil {
		return err
	}
	a.result.Next = []string{"anchorctl plan", "anchorctl apply"}
	return nil
}

// look finds out whether there is anything to do.
func (a *attempt) look(ctx context.Context) error {
	if a.o.StateHome == "" {
		return hint.With(errors.New("no place for the generated secret is known"), "set XDG_STATE_HOME or HOME")
	}
	published, err := exists(a.layout.Root())
	if err != nil {
		return err
	}
	there, err := exists(a.layout.Store())
	if err != nil {
		return err
	}
	if !there {
		return errors.Join(a.refuseForeign(published), a.refuseOrphans())
	}
	s, err := store.Open(ctx, a.layout.Store(), a.deps.StoreOptions())
	if err != nil {
		return err
	}
	_, a.made, err = s.Active(ctx, "")
	if err := errors.Join(err, s.Close()); err != nil {
		return err
	}
	if !published || !a.made {
		return a.refuseForeign(published)
	}
	return hint.With(fmt.Errorf("%w, and init changes nothing about it", ErrFinished),
		`edit anchorctl.yaml and run "anchorctl plan"`, "make another estate in another directory, named with --dir")
}

// refuseForeign refuses a root.pem that is there before our root is: it is the
// last thing that an attempt makes, so it is not ours.
func (a *attempt) refuseForeign(published bool) error {
	if !published {
		return nil
	}
	return hint.With(fmt.Errorf("%q is there already and is not of this estate", a.layout.Root()), "move it away")
}

// refuseOrphans refuses to begin anew beside keys of a store that is gone: no
// attempt of ours leaves keys without a store.
func (a *attempt) refuseOrphans() error {
	found, err := filepath.Glob(filepath.Join(a.layout.Keys(), "*.pem"))
	if err != nil || len(found) == 0 {
		return err
	}
	return hint.With(fmt.Errorf("%w: %q", ErrLost, found[0]),
		fmt.Sprintf("restore %q from a backup, or move %q away", a.layout.Store(), a.layout.Private()))
}

// makeStore creates the store or opens the one of an earlier attempt.
func (a *attempt) makeStore(ctx context.Context) error {
	path, e := a.layout.Store(), a.config.Estate
	lineage, err := uuid.NewRandom()
	if err != nil {
		return fmt.Errorf("drawing a lineage: %w", err)
	}
	a.store, err = store.Create(ctx, path,
		store.Estate{Lineage: lineage.String(), Name: e.Name, TrustDomain: e.TrustDomain}, a.deps.StoreOptions())
	if err == nil {
		return a.adopt(ctx, path, true)
	}
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := a.files.Sync(path); err != nil {
		return err
	}
	if a.store, err = store.Open(ctx, path, a.deps.StoreOptions()); err != nil {
		return err
	}
	return a.adopt(ctx, path, false)
}

// adopt reads whose store it is.
func (a *attempt) adopt(ctx context.Context, path string, created bool) error {
	a.note(path, created)
	e, err := a.store.Estate(ctx)
	if err == nil {
		err = folder.Matches(a.config, e)
	}
	if err != nil {
		return errors.Join(err, a.store.Close())
	}
	a.result.Lineage, a.result.Secret = e.Lineage, a.layout.Secret(e.Lineage)
	return nil
}

// makeSecret writes a new secret, or checks the one of an earlier attempt.
func (a *attempt) makeSecret() error {
	path := a.result.Secret
	secret, err := keys.NewSecret()
	if err != nil {
		return err
	}
	if err := a.files.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	text := append(secret.Text(), '\n')
	defer clear(text)
	err = a.files.Create(path, text, 0o600)
	if err == nil {
		a.note(path, true)
		return nil
	}
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	if _, err := a.layout.ReadSecret(a.result.Lineage); err != nil {
		return err
	}
	a.note(path, false)
	return a.files.Sync(path)
}

// note keeps what was created and what was there.
func (a *attempt) note(path string, created bool) {
	if created {
		a.result.Created = append(a.result.Created, path)
		return
	}
	a.result.Kept = append(a.result.Kept, path)
}

func exists(path string) (bool, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
