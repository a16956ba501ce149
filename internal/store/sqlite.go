package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"anchorctl/internal/hint"
)

// applicationID marks a SQLite file as ours ("ANCH", see
// https://www.sqlite.org/pragma.html#pragma_application_id).
const applicationID = 0x414e4348

// busyTimeout is how long a transaction waits for another process's. Ours take
// milliseconds; a long queue of parallel issues must still get through.
const busyTimeout = "30000"

// connect prepares a connection to an existing database file; nothing is read
// yet. One connection serves the process: transactions are short, and within a
// process they queue here instead of polling SQLite's file lock.
func connect(path string) (*sql.DB, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	query := url.Values{
		"mode":          {"rw"}, // never creates
		"_busy_timeout": {busyTimeout},
		"_foreign_keys": {"on"},
		"_synchronous":  {"FULL"}, // in WAL mode: every commit is on disk before it returns
		"_txlock":       {"immediate"},
		"_dqs":          {"0"},
		"_defensive":    {"1"},
		"_error_rc":     {"1"},
	}
	address := url.URL{Scheme: "file", Path: filepath.ToSlash(abs), RawQuery: query.Encode()}
	return pool(address.String())
}

func pool(dsn string) (*sql.DB, error) {
	connector, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	return db, nil
}

// newImage returns the bytes of a new estate's database file. It is built in
// memory and written at once: there is no moment at which half a schema lies
// on the disk.
func newImage(ctx context.Context, e Estate, o Options) (image []byte, err error) {
	db, err := pool("file::memory:?_foreign_keys=on&_dqs=0")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.ExecContext(ctx, fmt.Sprintf(`PRAGMA application_id = %d`, applicationID)); err != nil {
		return nil, err
	}
	if err := upgrade(ctx, db, func(string) {}); err != nil {
		return nil, err
	}
	s := &Store{db: db, estate: e.Lineage, o: Options{Now: o.Now, Actor: o.Actor}}
	if err := s.found(ctx, e); err != nil {
		return nil, err
	}
	image, err = serialize(ctx, db)
	if err != nil {
		return nil, err
	}
	// The file declares itself to be in WAL mode, which memory cannot be
	// (https://www.sqlite.org/fileformat2.html#file_format_version_numbers):
	// so no later PRAGMA, and no crash before it, decides about the mode.
	image[18], image[19] = 2, 2
	return image, nil
}

// refuseLeftovers refuses a path where the log of a former database lies:
// SQLite would replay it into the new one
// (https://www.sqlite.org/howtocorrupt.html#_unlinking_or_renaming_a_database_file_while_in_use).
func refuseLeftovers(path string) error {
	if _, err := os.Lstat(path); err == nil {
		return nil // the path itself will be refused
	}
	for _, suffix := range []string{"-wal", "-journal"} {
		if _, err := os.Lstat(path + suffix); err == nil {
			return hint.With(fmt.Errorf("%q lies there, the log of a store that is gone", path+suffix),
				"restore the store from a backup, or move that file away")
		}
	}
	return nil
}

// serializer is the part of the driver's connection that gives out the bytes.
type serializer interface{ Serialize() ([]byte, error) }

func serialize(ctx context.Context, db *sql.DB) (image []byte, err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	err = conn.Raw(func(c any) error {
		s, ok := c.(serializer)
		if !ok {
			return fmt.Errorf("driver connection %T cannot serialize", c)
		}
		image, err = s.Serialize()
		return err
	})
	if err == nil && len(image) < 100 {
		err = fmt.Errorf("the new database has only %d bytes", len(image))
	}
	return image, err
}

// version reads whose database it is and which schema it has.
func version(ctx context.Context, db *sql.DB) (application, schema int, err error) {
	err = db.QueryRowContext(ctx,
		`SELECT a.application_id, u.user_version FROM pragma_application_id() a, pragma_user_version() u`).
		Scan(&application, &schema)
	return application, schema, err
}

// checkFile lets SQLite check its own file.
func checkFile(ctx context.Context, q queryer) error {
	var result string
	if err := q.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&result); err != nil {
		return explain(err)
	}
	if result != "ok" {
		return errDamaged(result)
	}
	return nil
}

type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Errors that say what the file is.
var (
	ErrForeign = errors.New("it is not a store of anchorctl")
	ErrDamaged = errors.New("the store is damaged")
	ErrNewer   = errors.New("the store was written by a newer anchorctl")
)

func errForeign(why string) error {
	return hint.With(fmt.Errorf("%w: %s", ErrForeign, why),
		"look at what lies there; anchorctl leaves it as it is")
}

func errDamaged(why string) error {
	return hint.With(fmt.Errorf("%w: %s", ErrDamaged, why),
		"stop using it, keep a copy, and restore the store from a backup")
}

// explain gives SQLite's result codes the words a reader can act upon.
func explain(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() & 0xff { // the primary code: https://www.sqlite.org/rescode.html
	case lib.SQLITE_NOTADB:
		return errForeign("it is no SQLite database")
	case lib.SQLITE_CORRUPT:
		return errDamaged(e.Error())
	case lib.SQLITE_BUSY:
		return hint.With(fmt.Errorf("another process kept the store busy for %ss: %w", busyTimeout[:2], err), "try again")
	case lib.SQLITE_READONLY, lib.SQLITE_PERM, lib.SQLITE_CANTOPEN:
		return hint.With(ErrUnwritable, "check who owns the store's folder and files")
	case lib.SQLITE_FULL:
		return hint.With(err, "make room on the disk and run the command again")
	default:
		return err
	}
}

// isUnique reports whether err is a broken uniqueness constraint.
func isUnique(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) &&
		(e.Code() == lib.SQLITE_CONSTRAINT_UNIQUE || e.Code() == lib.SQLITE_CONSTRAINT_PRIMARYKEY)
}
