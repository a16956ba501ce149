package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"anchorctl/internal/hint"
)

//go:embed migrations/sqlite/*.sql
var migrations embed.FS

// upgrade brings the database to the newest schema this program knows. On a
// current one it costs one query.
func upgrade(ctx context.Context, db *sql.DB, step func(string)) error {
	list, err := listMigrations(migrations, "migrations/sqlite")
	if err != nil {
		return err
	}
	return migrate(ctx, db, list, step)
}

// migration is one numbered change of the schema.
type migration struct {
	number int
	name   string
	files  fs.FS
	path   string
}

// listMigrations finds the migrations of a folder: 0001_name.sql, 0002_….
// Their texts are read only when they are run.
func listMigrations(files fs.FS, dir string) ([]migration, error) {
	entries, err := fs.ReadDir(files, dir)
	if err != nil {
		return nil, fmt.Errorf("reading migrations: %w", err)
	}
	list := make([]migration, 0, len(entries))
	for i, e := range entries {
		digits, name, _ := strings.Cut(strings.TrimSuffix(e.Name(), ".sql"), "_")
		number, err := strconv.Atoi(digits)
		if err != nil || len(digits) != 4 || number != i+1 {
			return nil, fmt.Errorf("reading migrations: %q should be number %04d", e.Name(), i+1)
		}
		list = append(list, migration{number, name, files, dir + "/" + e.Name()})
	}
	return list, nil
}

func migrate(ctx context.Context, db *sql.DB, list []migration, step func(string)) error {
	application, have, err := version(ctx, db)
	if err != nil {
		return err
	}
	if application != applicationID {
		return errForeign("it is a SQLite database of something else")
	}
	known := len(list)
	if have > known {
		return hint.With(fmt.Errorf("%w: its schema is number %d, this program knows up to %d", ErrNewer, have, known),
			"use a newer anchorctl")
	}
	for _, m := range list[have:] {
		if err := m.run(ctx, db, step); err != nil {
			return fmt.Errorf("migrating to schema %d (%s): %w", m.number, m.name, err)
		}
	}
	return nil
}

// run carries out the migration in one transaction, together with the number
// that says it is done. Another process may have been quicker.
func (m migration) run(ctx context.Context, db *sql.DB, step func(string)) error {
	text, err := fs.ReadFile(m.files, m.path)
	if err != nil {
		return err
	}
	q, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	var have int
	err = q.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&have)
	if err != nil || have >= m.number {
		return errors.Join(err, rollback(q))
	}
	if _, err := q.ExecContext(ctx, string(text)); err != nil {
		return errors.Join(err, rollback(q))
	}
	if _, err := q.ExecContext(ctx, fmt.Sprintf(`PRAGMA user_version = %d`, m.number)); err != nil {
		return errors.Join(err, rollback(q))
	}
	step(fmt.Sprintf("store.commit migration %d", m.number))
	if err := q.Commit(); err != nil {
		return err
	}
	step(fmt.Sprintf("store.committed migration %d", m.number))
	return nil
}
