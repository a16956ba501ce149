package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func noon() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// next is the list of migrations of a program that knows one more.
func next(t *testing.T, text string) []migration {
	t.Helper()
	list, err := listMigrations(migrations, "migrations/sqlite")
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{"m/next.sql": {Data: []byte(text)}}
	return append(list, migration{number: len(list) + 1, name: "next", files: files, path: "m/next.sql"})
}

func migratable(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state.db")
	e := Estate{Lineage: "0f9c6a52-7a3e-4c9b-8d3e-2f1f6b0c9a11", Name: "example", TrustDomain: "example.internal"}
	s, err := Create(t.Context(), path, e, Options{Now: noon})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func schema(t *testing.T, path string) int {
	t.Helper()
	db, err := connect(path)
	if err != nil {
		t.Fatal(err)
	}
	_, n, err := version(t.Context(), db)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAMigrationIsRunOnceHoweverManyProcessesOpenTheStore(t *testing.T) {
	path := migratable(t)
	list := next(t, `CREATE TABLE later (estate TEXT NOT NULL, word TEXT NOT NULL) STRICT;
		INSERT INTO later SELECT estate, 'one' FROM estates;`)
	const processes = 6
	errs := make([]error, processes)
	var all sync.WaitGroup
	for p := range processes {
		all.Go(func() {
			db, err := connect(path)
			if err == nil {
				err = errors.Join(migrate(t.Context(), db, list, func(string) {}), db.Close())
			}
			errs[p] = err
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	db, err := connect(path)
	if err != nil {
		t.Fatal(err)
	}
	var rows int
	err = db.QueryRowContext(t.Context(), `SELECT count(*) FROM later`).Scan(&rows)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	if rows != 1 {
		t.Errorf("the migration ran %d times", rows)
	}
	if got := schema(t, path); got != len(list) {
		t.Errorf("schema %d, want %d", got, len(list))
	}
	if _, err := Open(t.Context(), path, Options{Now: noon}); !errors.Is(err, ErrNewer) {
		t.Errorf("opening it with the program of before: got %v, want ErrNewer", err)
	}
}

func TestAMigrationThatFailsLeavesTheOldSchema(t *testing.T) {
	path := migratable(t)
	before := schema(t, path)
	db, err := connect(path)
	if err != nil {
		t.Fatal(err)
	}
	list := next(t, `CREATE TABLE half (a TEXT) STRICT; CREATE TABLE estates (a TEXT);`)
	err = migrate(t.Context(), db, list, func(string) {})
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("migrating to schema %d (next)", len(list))) {
		t.Errorf("got %v, want the migration's error", err)
	}
	var half int
	err = db.QueryRowContext(t.Context(), `SELECT count(*) FROM sqlite_schema WHERE name = 'half'`).Scan(&half)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	if after := schema(t, path); after != before || half != 0 {
		t.Errorf("schema went from %d to %d, half a migration: %d", before, after, half)
	}
}

// older writes the store whose rows testdata holds, as a program that knew no
// schema after that number would have.
func older(t *testing.T, known int) string {
	t.Helper()
	list, err := listMigrations(migrations, "migrations/sqlite")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := os.ReadFile(fmt.Sprintf("testdata/schema%d.sql", known))
	if err != nil {
		t.Fatal(err)
	}
	db, err := pool("file::memory:?_foreign_keys=on")
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), fmt.Sprintf(`PRAGMA application_id = %d`, applicationID))
	err = errors.Join(err, migrate(t.Context(), db, list[:known], func(string) {}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), string(rows)); err != nil {
		t.Fatal(err)
	}
	image, err := serialize(t.Context(), db)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	image[18], image[19] = 2, 2 // as newImage does
	path := filepath.Join(t.TempDir(), "state.db")
	if err := os.WriteFile(path, image, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := schema(t, path); got != known {
		t.Fatalf("the old store has schema %d", got)
	}
	return path
}

func TestAStoreOfTheFirstSchemaGoesOn(t *testing.T) {
	s, err := Open(t.Context(), older(t, 1), Options{Now: noon, Actor: "ana"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // only read from here on
	list, err := s.ListIssued(t.Context(), Filter{Order: EndsFirst})
	if err != nil || len(list) != 2 || list[0].Serial != "a001" || list[0].Batch != "" || list[0].Line != 0 {
		t.Fatalf("got %v, %v, want the two certificates of before", list, err)
	}
	r := Revocation{Environment: "prod", Generation: 1, Serial: "a001", Reason: 1, NotAfter: list[0].NotAfter}
	if n, err := s.Revoke(t.Context(), r); err != nil || n != 1 {
		t.Errorf("revoking one of them: %d, %v", n, err)
	}
	b := Batch{ID: strings.Repeat("0b", 32), Environment: "prod", Total: 1}
	if _, known, err := s.BeginBatch(t.Context(), b); err != nil || known {
		t.Errorf("beginning a batch: %v, %v", known, err)
	}
	next := list[1]
	next.Serial, next.Batch, next.Line = "a003", b.ID, 1
	if err := s.RecordIssued(t.Context(), next); err != nil {
		t.Error(err)
	}
	if err := s.VerifyAudit(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAStoreOfAnOlderSchemaIsRotated(t *testing.T) {
	for _, known := range []int{1, 2, 3} {
		s, err := Open(t.Context(), older(t, known), Options{Now: noon, Actor: "ana"})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.VerifyAudit(t.Context()); err != nil {
			t.Errorf("schema %d, once it is migrated: %v", known, err)
		}
		issued, err := s.CountIssued(t.Context(), Filter{})
		if err != nil || issued == 0 {
			t.Errorf("schema %d: %d certificates of before, %v", known, issued, err)
		}
		for _, env := range []string{"prod", ""} {
			if err := rekeyed(t.Context(), s, env); err != nil {
				t.Errorf("schema %d: %v", known, err)
			}
		}
		after, err := s.CountIssued(t.Context(), Filter{})
		if err != nil || after != issued {
			t.Errorf("schema %d: %d certificates after the rotation, %d before, %v", known, after, issued, err)
		}
		if err := errors.Join(s.VerifyAudit(t.Context()), s.Close()); err != nil {
			t.Errorf("schema %d: %v", known, err)
		}
	}
}

// rekeyed takes the first generation of an environment through a whole rotation.
func rekeyed(ctx context.Context, s *Store, env string) error {
	if _, err := s.StartRotation(ctx, Rotation{Environment: env, Kind: Rekey, From: 1, To: 2}); err != nil {
		return err
	}
	g := Generation{Environment: env, Number: 2, Certificate: []byte("second of " + env), KeyURI: "file:2.pem", Status: Next}
	if err := s.AddGeneration(ctx, g); err != nil {
		return err
	}
	if err := s.CutOver(ctx, env); err != nil {
		return err
	}
	if err := s.EndRotation(ctx, env, RotationDone); err != nil {
		return err
	}
	active, found, err := s.Active(ctx, env)
	if err == nil && (!found || active.Number != 2) {
		err = fmt.Errorf("%s is active", active.Addr())
	}
	return err
}

// A store that was migrated is opened and read like one that was made today.
func TestAMigratedStoreHasTheSchemaOfANewOne(t *testing.T) {
	want := declared(t, migratable(t))
	if !strings.Contains(want, "generations_standing") || !strings.Contains(want, "sqlite_stat1") {
		t.Fatalf("the schema of a new store is %s", want)
	}
	for _, known := range []int{1, 2, 3} {
		path := older(t, known)
		s, err := Open(t.Context(), path, Options{Now: noon})
		if err := errors.Join(err, s.Close()); err != nil {
			t.Fatal(err)
		}
		if got := declared(t, path); got != want {
			t.Errorf("from schema %d: %s", known, cmp.Diff(want, got))
		}
	}
}

// declared is what the database says of its tables and indexes, and what its
// queries are planned by.
func declared(t *testing.T, path string) string {
	t.Helper()
	db, err := connect(path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // only read
	var text string
	err = db.QueryRowContext(t.Context(), `SELECT
		(SELECT group_concat(name || ': ' || coalesce(sql, ''), char(10)) FROM (SELECT name, sql FROM sqlite_schema ORDER BY name)) ||
		(SELECT group_concat(idx || ' ' || stat, char(10)) FROM (SELECT idx, stat FROM sqlite_stat1 ORDER BY idx))`).Scan(&text)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestMigrationsAreNumberedWithoutGaps(t *testing.T) {
	for name, files := range map[string]fstest.MapFS{
		"a gap":          {"m/0001_a.sql": {}, "m/0003_b.sql": {}},
		"no number":      {"m/first.sql": {}},
		"a short number": {"m/1_a.sql": {}},
		"one twice":      {"m/0001_a.sql": {}, "m/0001_b.sql": {}},
	} {
		if _, err := listMigrations(files, "m"); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
