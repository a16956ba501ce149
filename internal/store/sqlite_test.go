package store_test

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // the driver, for reaching around the store

	"anchorctl/internal/hint"
	"anchorctl/internal/plan"
	"anchorctl/internal/store"
	"anchorctl/internal/store/storetest"
)

// filled creates a store with one of everything, closes it and returns its path.
func filled(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), ".anchorctl", "state.db")
	s, err := store.Create(t.Context(), path, storetest.Estate(), storetest.Options())
	must(t, err)
	must(t, scenario(t.Context(), s))
	must(t, s.Close())
	return path
}

// scenario takes every kind of decision once. What it records is the same each
// time but for the intents' ids.
func scenario(ctx context.Context, s *store.Store) error {
	release, err := s.Lock(ctx, "apply", false)
	if err != nil {
		return err
	}
	target := plan.Target{Account: "111122223333", Region: "eu-central-1"}
	addr := plan.Anchor("prod", target)
	create := plan.Action{ID: plan.ID(plan.AnchorCreate, addr), Kind: plan.AnchorCreate, Addr: addr, Target: &target, Once: true}
	enable := plan.Action{ID: plan.ID(plan.AnchorEnable, addr), Kind: plan.AnchorEnable, Addr: addr, Target: &target}
	remove := plan.Action{ID: plan.ID(plan.AnchorDelete, addr), Kind: plan.AnchorDelete, Addr: addr, Target: &target}
	p := plan.Plan{Actions: []plan.Action{create, enable, remove}}
	digest, err := p.Digest()
	if err != nil {
		return err
	}
	raw, err := p.Encode()
	if err != nil {
		return err
	}
	run := plan.Run{ID: "run-1", Digest: digest, Command: "apply"}
	do := func(a plan.Action, o plan.Outcome) error {
		intent, err := s.Begin(ctx, run.ID, a)
		if err != nil {
			return err
		}
		return s.Finish(ctx, run.ID, intent, a, o)
	}
	for _, decide := range []func() error{
		func() error { return s.Bind(ctx, "sandbox:one") },
		func() error { return s.AddGeneration(ctx, storetest.Generation("", 1)) },
		func() error { return s.AddGeneration(ctx, storetest.Generation("prod", 1)) },
		func() error { return s.StartRun(ctx, run, raw) },
		func() error {
			return do(create, plan.Outcome{Status: plan.Done, Created: &plan.Object{Addr: addr, ARN: "arn:one", Intent: "i"}})
		},
		func() error { return do(enable, plan.Outcome{Status: plan.Failed, Notes: []string{"throttled"}}) },
		func() error { return do(remove, plan.Outcome{Status: plan.Done, Deleted: true}) },
		func() error {
			return do(create, plan.Outcome{Status: plan.Done, Created: &plan.Object{Addr: addr, ARN: "arn:two", Intent: "i"}})
		},
		func() error { return s.EndRun(ctx, run.ID, plan.Held) },
		func() error { return s.RecordIssued(ctx, storetest.Certificate(1), storetest.Certificate(2)) },
		func() error { return batch(ctx, s) },
		func() error { return revoke(ctx, s) },
		func() error { return rotate(ctx, s) },
		func() error { return s.Audit(ctx, "note", "estate", map[string]any{"text": "seen"}) },
		release,
	} {
		if err := decide(); err != nil {
			return err
		}
	}
	return nil
}

// batch begins one and records a line of it.
func batch(ctx context.Context, s *store.Store) error {
	_, _, err := s.BeginBatch(ctx, storetest.Batch())
	return errors.Join(err, s.RecordIssued(ctx, storetest.Line(3, 2)))
}

// revoke revokes certificates, lists them in a CRL and prunes one that ended
// and one that ended and was revoked.
func revoke(ctx context.Context, s *store.Store) error {
	long := storetest.Options().Now().Unix() - 86400
	var ended []store.Issued
	for n := range 3 {
		i := storetest.Certificate(0x10 + n)
		i.NotBefore, i.NotAfter = long-60, long
		ended = append(ended, i)
	}
	revoked, kept := storetest.Revocation(1), storetest.Revocation(1)
	revoked.Serial, revoked.NotAfter = ended[1].Serial, long
	kept.Serial, kept.NotAfter = ended[2].Serial, long
	for _, decide := range []func() error{
		func() error { return s.RecordIssued(ctx, ended...) },
		func() error { _, err := s.Revoke(ctx, storetest.Revocation(1), revoked); return err },
		func() error { c, listed := storetest.CRL(1, revoked.Serial); return s.RecordCRL(ctx, c, listed) },
		func() error { _, err := s.Revoke(ctx, kept); return err },
		func() error { c, listed := storetest.CRL(2); return s.RecordCRL(ctx, c, listed) },
		func() error { _, err := s.Prune(ctx, long+1, nil); return err },
	} {
		if err := decide(); err != nil {
			return err
		}
	}
	return nil
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// around opens the database behind the store's back.
func around(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	must(t, err)
	defer func() { must(t, db.Close()) }()
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func TestFilesArePrivateAndTheJournalIsAWAL(t *testing.T) {
	path := filled(t)
	s, err := store.Open(t.Context(), path, storetest.Options())
	must(t, err)
	release, err := s.Lock(t.Context(), "apply", false)
	must(t, err)
	var names []string
	entries, err := os.ReadDir(filepath.Dir(path))
	must(t, err)
	for _, e := range entries {
		info, err := e.Info()
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", e.Name(), info.Mode())
		}
		names = append(names, e.Name())
	}
	if want := []string{"state.db", "state.db-shm", "state.db-wal", "state.db.lock"}; !slices.Equal(names, want) {
		t.Errorf("while it is open, got %v, want %v", names, want)
	}
	info, err := os.Stat(filepath.Dir(path))
	must(t, err)
	if info.Mode().Perm() != 0o700 {
		t.Errorf("the folder has mode %v", info.Mode())
	}
	must(t, release())
	must(t, s.Close())
	if _, err := os.Stat(path + "-wal"); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a closed store is not one file: a copy of it would lack its log")
	}
}

func TestAStoreLiesAtAnyPath(t *testing.T) {
	for _, name := range []string{"with space", "a?mode=memory", "per%20cent", "#1", "ümläut", "a&b=c;d"} {
		path := filepath.Join(t.TempDir(), name, "state.db")
		s, err := store.Create(t.Context(), path, storetest.Estate(), storetest.Options())
		must(t, err)
		must(t, s.Bind(t.Context(), "aws"))
		must(t, s.Close())
		s, err = store.Open(t.Context(), path, storetest.Options())
		must(t, err)
		e, err := s.Estate(t.Context())
		must(t, err)
		must(t, s.Close())
		if e.Bound != "aws" {
			t.Errorf("%q: what was written is gone", name)
		}
	}
}

func TestOpenRefusesWhatIsNoStoreOfOurs(t *testing.T) {
	write := func(data string) func(t *testing.T, path string) {
		return func(t *testing.T, path string) { must(t, os.WriteFile(path, []byte(data), 0o600)) }
	}
	for name, c := range map[string]struct {
		spoil func(t *testing.T, path string)
		want  error
		hint  string
	}{
		"nothing is there": {
			func(t *testing.T, path string) { must(t, os.Remove(path)) }, store.ErrMissing, "anchorctl init"},
		"the folder is not there": {
			func(t *testing.T, path string) { must(t, os.RemoveAll(filepath.Dir(path))) }, store.ErrMissing, "anchorctl init"},
		"it is a folder": {func(t *testing.T, path string) {
			must(t, os.Remove(path))
			must(t, os.Mkdir(path, 0o700))
		}, store.ErrForeign, "leaves it as it is"},
		"it is empty":  {write(""), store.ErrForeign, "leaves it as it is"},
		"it is a text": {write(strings.Repeat("certificates\n", 1000)), store.ErrForeign, "leaves it as it is"},
		"it is a database of something else": {
			func(t *testing.T, path string) { around(t, path, `PRAGMA application_id = 7`) }, store.ErrForeign, "leaves it as it is"},
		"a newer program wrote it": {
			func(t *testing.T, path string) { around(t, path, `PRAGMA user_version = 99`) }, store.ErrNewer, "newer anchorctl"},
		"its end is cut off": {
			func(t *testing.T, path string) { must(t, os.Truncate(path, 4096)) }, store.ErrDamaged, "backup"},
		"its first table is overwritten": {func(t *testing.T, path string) {
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			must(t, err)
			_, err = f.WriteAt([]byte(strings.Repeat("\xa5", 16384)), 4096)
			must(t, errors.Join(err, f.Close()))
		}, store.ErrDamaged, "backup"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filled(t)
			c.spoil(t, path)
			s, err := store.Open(t.Context(), path, storetest.Options())
			if err == nil {
				must(t, s.Close())
			}
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if hints := strings.Join(hint.Of(err), "\n"); !strings.Contains(hints, c.hint) {
				t.Errorf("the hints %q do not say %q", hints, c.hint)
			}
			if !strings.Contains(err.Error(), path) {
				t.Errorf("%q does not name the file", err)
			}
		})
	}
}

func TestCreateRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(e *store.Estate, o *store.Options)
		want  string
	}{
		"a short lineage":        {func(e *store.Estate, _ *store.Options) { e.Lineage = "x" }, "lineage"},
		"an estate with no name": {func(e *store.Estate, _ *store.Options) { e.Name = "" }, "name"},
		"no trust domain":        {func(e *store.Estate, _ *store.Options) { e.TrustDomain = "" }, "trust domain"},
		"a bound estate":         {func(e *store.Estate, _ *store.Options) { e.Bound = "aws" }, "bound"},
		"no clock":               {func(_ *store.Estate, o *store.Options) { o.Now = nil }, "clock"},
	} {
		path := filepath.Join(t.TempDir(), "state.db")
		e, o := storetest.Estate(), storetest.Options()
		c.spoil(&e, &o)
		if _, err := store.Create(t.Context(), path, e, o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v", name, err)
		}
		if _, err := os.Lstat(path); err == nil {
			t.Errorf("%s: a refused store lies there", name)
		}
	}
}

func TestCreateDoesNotRevive(t *testing.T) {
	path := filled(t)
	must(t, os.Remove(path))
	must(t, os.WriteFile(path+"-wal", []byte("old"), 0o600))
	_, err := store.Create(t.Context(), path, storetest.Estate(), storetest.Options())
	if err == nil || !strings.Contains(err.Error(), "state.db-wal") {
		t.Errorf("beside the log of a former store: got %v, want a refusal that names it", err)
	}
}

func TestVerifyAuditSeesWhatWasDoneBehindTheStore(t *testing.T) {
	whole, err := os.ReadFile(filled(t))
	must(t, err)
	must(t, verifyAfter(t, whole)) // nothing
	swap := []string{
		`UPDATE audit SET entry = 1000 WHERE entry = 3`,
		`UPDATE audit SET entry = 3 WHERE entry = 4`,
		`UPDATE audit SET entry = 4 WHERE entry = 1000`,
	}
	const last = `(SELECT max(entry) FROM audit)`
	for name, statements := range map[string][]string{
		"an entry's detail changed":          {`UPDATE audit SET detail = '{"key":"other"}' WHERE entry = 3`},
		"an entry's time changed":            {`UPDATE audit SET at = at + 1 WHERE entry = 2`},
		"an entry's actor changed":           {`UPDATE audit SET actor = 'eve' WHERE entry = 1`},
		"an entry's subject changed":         {`UPDATE audit SET subject = 'root#2' WHERE entry = 3`},
		"an entry's action changed":          {`UPDATE audit SET action = 'note' WHERE entry = 3`},
		"an entry's hash changed":            {`UPDATE audit SET hash = zeroblob(32) WHERE entry = 5`},
		"an entry's link changed":            {`UPDATE audit SET previous = zeroblob(32) WHERE entry = 5`},
		"an entry removed":                   {`DELETE FROM audit WHERE entry = 5`},
		"the first entry removed":            {`DELETE FROM audit WHERE entry = 1`},
		"the last entry removed":             {`DELETE FROM audit WHERE entry = ` + last},
		"the last entry removed and counted": {`DELETE FROM audit WHERE entry = ` + last, `UPDATE estates SET audit_entries = audit_entries - 1`},
		"all entries removed":                {`DELETE FROM audit`},
		"two entries swapped":                swap,
		"an entry removed and the rest moved up": {
			`DELETE FROM audit WHERE entry = ` + last + ` - 1`, `UPDATE audit SET entry = entry - 1 WHERE entry = ` + last,
			`UPDATE estates SET audit_entries = audit_entries - 1`},
		"an entry added": {`INSERT INTO audit SELECT estate, entry + 1, at, actor, action, subject, detail, hash, hash
			FROM audit WHERE entry = ` + last},
		"an entry doubled at the end and counted": {`INSERT INTO audit SELECT estate, entry + 1, at, actor, action, subject, detail, previous, hash
			FROM audit WHERE entry = ` + last, `UPDATE estates SET audit_entries = audit_entries + 1`},
		"an issuer's certificate changed": {`UPDATE generations SET certificate = x'00' WHERE environment = 'prod'`},
		"an issuer's key changed":         {`UPDATE generations SET key_uri = 'file:other.pem' WHERE environment = 'prod'`},
		"an issuer moved":                 {`PRAGMA foreign_keys = off`, `UPDATE generations SET environment = 'dev' WHERE environment = 'prod'`},
		"the root removed":                {`DELETE FROM generations WHERE environment = ''`},
		"an issuer slipped in": {`INSERT INTO generations SELECT estate, 'dev', 1, x'01', key_uri, guard, status, created, 1
			FROM generations WHERE environment = ''`},
		"a certificate removed":            {`DELETE FROM issued WHERE serial = 'a001'`},
		"a certificate's serial changed":   {`UPDATE issued SET serial = 'beef' WHERE serial = 'a001'`},
		"a certificate's end changed":      {`UPDATE issued SET not_after = not_after - 60 WHERE serial = 'a001'`},
		"a certificate's workload changed": {`UPDATE issued SET workload = 'reports' WHERE serial = 'a001'`},
		"a certificate slipped in": {`INSERT INTO issued SELECT estate, environment, generation, 'beef', workload, instance,
			certificate, spki, not_before, not_after, created, entry + 1000, batch, line FROM issued WHERE serial = 'a001'`},
		"an ended certificate removed as well": {`PRAGMA foreign_keys = off`, `DELETE FROM issued WHERE serial = 'a012'`},
		"a certificate's line changed":         {`UPDATE issued SET line = 1 WHERE line = 2`},
		"a certificate taken out of its batch": {`UPDATE issued SET batch = NULL, line = NULL WHERE line = 2`},
		"a batch removed":                      {`DELETE FROM batches`},
		"a batch made smaller":                 {`UPDATE batches SET total = 1`},
		"a batch slipped in":                   {`INSERT INTO batches SELECT estate, 'b', environment, 1, created, entry + 1000 FROM batches`},
		"a revocation removed":                 {`DELETE FROM revocations WHERE serial = 'a001'`},
		"an ended revocation removed as well":  {`DELETE FROM revocations WHERE serial = 'a012'`},
		"a revocation's reason changed":        {`UPDATE revocations SET reason = 0 WHERE serial = 'a001'`},
		"a revocation of another":              {`UPDATE revocations SET serial = 'a002' WHERE serial = 'a001'`},
		"a revocation dropped":                 {`UPDATE revocations SET dropped = 1 WHERE serial = 'a001'`},
		"a revocation slipped in": {`INSERT INTO revocations SELECT estate, environment, generation, 'beef', at, reason,
			not_after, 0, entry + 1000 FROM revocations WHERE serial = 'a001'`},
		"a CRL removed":        {`DELETE FROM crls`},
		"a CRL changed":        {`UPDATE crls SET der = x'00'`},
		"a CRL's number lower": {`UPDATE crls SET number = 1`},
		"the CRL of before":    {`UPDATE crls SET entry = entry - 2`},
		"a CRL slipped in": {`PRAGMA foreign_keys = off`, `INSERT INTO crls SELECT estate, environment, generation + 1, number,
			this_update, next_update, entries, der, entry FROM crls`},
		"an object's ARN changed": {`UPDATE objects SET arn = 'arn:foreign'`},
		"an object removed":       {`DELETE FROM objects`},
		"an object slipped in": {`INSERT INTO objects SELECT estate, 'anchor/dev@111122223333/eu-central-1', 'arn:x', intent, entry
			FROM objects`},
	} {
		var broken *store.AuditError
		if err := verifyAfter(t, whole, statements...); !errors.As(err, &broken) {
			t.Errorf("%s: got %v, want an AuditError", name, err)
		}
	}
}

// verifyAfter verifies the store of these bytes once it was reached around.
func verifyAfter(t *testing.T, whole []byte, statements ...string) error {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state.db")
	must(t, os.WriteFile(path, whole, 0o600))
	around(t, path, statements...)
	s, err := store.Open(t.Context(), path, storetest.Options())
	must(t, err)
	defer func() { must(t, s.Close()) }()
	return s.VerifyAudit(t.Context())
}

func TestVerifyAuditFindsADamagedFile(t *testing.T) {
	path := filled(t)
	data, err := os.ReadFile(path)
	must(t, err)
	at := strings.LastIndex(string(data), "certificate 2") / 4096 * 4096
	copy(data[at:], strings.Repeat("\xff", 64))
	must(t, os.WriteFile(path, data, 0o600))
	s, err := store.Open(t.Context(), path, storetest.Options())
	must(t, err)
	defer func() { must(t, s.Close()) }()
	if err := s.VerifyAudit(t.Context()); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("got %v, want ErrDamaged", err)
	}
}
