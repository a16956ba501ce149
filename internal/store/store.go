package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"anchorctl/internal/durable"
	"anchorctl/internal/hint"
)

// Estate is the identity of the estate a store belongs to.
type Estate struct {
	Lineage     string // a random id; carried by every tag in AWS
	Name        string
	TrustDomain string
	Bound       string // "" until the first apply, then "aws" or "sandbox:ID"
	Created     int64  // Unix seconds
}

// Options are what a store needs of the world.
type Options struct {
	// Now tells the time; it is required.
	Now func() time.Time
	// Wait is used to poll for the lock; only Lock with wait needs it.
	Wait func(ctx context.Context, d time.Duration) error
	// Waiting is told, while Lock waits, who holds it. It may be nil.
	Waiting func(h Holder)
	// Step is called just before and just after every commit, with
	// "store.commit NAME" and "store.committed NAME", so that tests can crash
	// there. Nil does nothing.
	Step func(name string)
	// Actor is who acts, as the operating system says; it stands in the audit
	// log.
	Actor string
}

// Store is an open store. Its methods may be called by several goroutines.
type Store struct {
	db     *sql.DB
	path   string
	estate string
	o      Options
}

// ErrMissing says that there is no store at the path.
var ErrMissing = errors.New("there is no store")

// Create makes the store of a new estate and opens it. It refuses a path that
// exists. A kill leaves either no store or a whole one.
func Create(ctx context.Context, path string, e Estate, o Options) (*Store, error) {
	if err := e.check(); err != nil {
		return nil, fmt.Errorf("creating store %q: %w", path, err)
	}
	if o.Now == nil {
		return nil, fmt.Errorf("creating store %q: no clock was given", path)
	}
	if err := refuseLeftovers(path); err != nil {
		return nil, fmt.Errorf("creating store %q: %w", path, err)
	}
	image, err := newImage(ctx, e, o)
	if err != nil {
		return nil, fmt.Errorf("creating store %q: %w", path, err)
	}
	files := durable.Files{Step: o.Step}
	if err := files.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("creating store %q: %w", path, err)
	}
	if err := files.Create(path, image, 0o600); err != nil {
		if errors.Is(err, fs.ErrExist) {
			err = fmt.Errorf("it exists already: %w", fs.ErrExist)
		}
		return nil, fmt.Errorf("creating store %q: %w", path, err)
	}
	return Open(ctx, path, o)
}

// Open opens the store at the path. It refuses a missing one, one that a newer
// program wrote, one that is damaged and files that are something else.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	s, err := open(ctx, path, o)
	if err != nil {
		return nil, fmt.Errorf("opening store %q: %w", path, err)
	}
	return s, nil
}

func open(ctx context.Context, path string, o Options) (*Store, error) {
	if o.Now == nil {
		return nil, errors.New("no clock was given")
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, hint.With(ErrMissing, `run "anchorctl init"`)
	case errors.Is(err, fs.ErrPermission):
		return nil, unreadable(path, err)
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errForeign("it is not a regular file")
	}
	db, err := connect(path)
	if err != nil {
		return nil, err
	}
	s := &Store{db: db, path: path, o: o}
	if err := s.identify(ctx); err != nil {
		closed := db.Close()
		return nil, errors.Join(unopened(path, err), closed)
	}
	return s, nil
}

// identify checks that the database is ours and of a schema this program
// knows, and finds out whose estate it holds.
func (s *Store) identify(ctx context.Context) error {
	if err := upgrade(ctx, s.db, s.step); err != nil {
		return err
	}
	err := s.db.QueryRowContext(ctx, `SELECT estate FROM estates`).Scan(&s.estate)
	if errors.Is(err, sql.ErrNoRows) {
		return errors.New("it holds no estate")
	}
	return err
}

// Close releases the database.
func (s *Store) Close() error {
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("closing store %q: %w", s.path, err)
	}
	return nil
}

// Path is where the store lies.
func (s *Store) Path() string { return s.path }

// Estate returns the estate's identity as recorded.
func (s *Store) Estate(ctx context.Context) (Estate, error) {
	var e Estate
	err := s.db.QueryRowContext(ctx,
		`SELECT estate, name, trust_domain, bound, created FROM estates WHERE estate = $1`, s.estate).
		Scan(&e.Lineage, &e.Name, &e.TrustDomain, &e.Bound, &e.Created)
	if err != nil {
		return Estate{}, fmt.Errorf("reading estate: %w", explain(err))
	}
	return e, nil
}

// Serial is a number that grows with each change of issuers or objects.
func (s *Store) Serial(ctx context.Context) (int64, error) {
	var n int64
	err := s.db.QueryRowContext(ctx, `SELECT serial FROM estates WHERE estate = $1`, s.estate).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("reading the store's serial: %w", explain(err))
	}
	return n, nil
}

// BoundError says that the estate belongs to another world than the one at
// hand: a sandbox estate must not touch AWS, nor the other way round.
type BoundError struct{ Bound, Wanted string }

func (e *BoundError) Error() string {
	return fmt.Sprintf("the estate is bound to %s and cannot be used with %s", worldOf(e.Bound), worldOf(e.Wanted))
}

func worldOf(bound string) string {
	if bound == "aws" {
		return "AWS"
	}
	return "the sandbox " + fmt.Sprintf("%q", bound)
}

// Bind records, once, which world the estate lives in: "aws" or "sandbox:ID".
// Binding it again to the same changes nothing; to another is a *BoundError.
func (s *Store) Bind(ctx context.Context, kind string) error {
	if !regexp.MustCompile(`^(aws|sandbox:[!-~]{1,128})$`).MatchString(kind) {
		return fmt.Errorf("binding estate: %q is neither \"aws\" nor \"sandbox:ID\"", kind)
	}
	now, err := s.Estate(ctx)
	if err != nil {
		return fmt.Errorf("binding estate: %w", err)
	}
	if now.Bound == kind {
		return nil
	}
	return s.decide(ctx, "bind", "binding estate", func(t *tx) error {
		var bound string
		if err := t.row(&bound, `SELECT bound FROM estates WHERE estate = $1`, s.estate); err != nil {
			return err
		}
		if bound == kind {
			return nil
		}
		if bound != "" {
			return &BoundError{Bound: bound, Wanted: kind}
		}
		if err := t.exec(`UPDATE estates SET bound = $1 WHERE estate = $2`, kind, s.estate); err != nil {
			return err
		}
		_, err := t.audit("estate.bind", "estate", map[string]any{"bound": kind})
		return err
	})
}

func (e Estate) check() error {
	switch {
	case !regexp.MustCompile(`^[0-9a-zA-Z-]{8,64}$`).MatchString(e.Lineage):
		return fmt.Errorf("lineage %q is not a random id of 8 to 64 letters, digits and hyphens", e.Lineage)
	case e.Name == "":
		return errors.New("the estate has no name")
	case e.TrustDomain == "":
		return errors.New("the estate has no trust domain")
	case e.Bound != "":
		return errors.New("a new estate cannot be bound")
	}
	return nil
}
