package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"anchorctl/internal/store"
	"anchorctl/internal/store/storetest"
)

// rotate takes stage through a renewal, an emergency that is given up and a
// rekey that stays open.
func rotate(ctx context.Context, s *store.Store) error {
	now := storetest.Options().Now().Unix()
	start := func(kind store.RotationKind, to int) func() error {
		return func() error {
			r := store.Rotation{Environment: "stage", Kind: kind, From: 1, To: to, Reason: "leaked"}
			_, err := s.StartRotation(ctx, r)
			return err
		}
	}
	mint := func(number int, status string) func() error {
		return func() error { return s.AddGeneration(ctx, storetest.Minted("stage", number, status)) }
	}
	end := func(outcome string) func() error {
		return func() error { return s.EndRotation(ctx, "stage", outcome) }
	}
	probe := func(at int64, failure string) func() error {
		return func() error { return s.NoteProbe(ctx, "stage", "111122223333/eu-central-1", at, failure) }
	}
	for _, decide := range []func() error{
		mint(1, store.Active),
		start(store.Renewal, 1),
		func() error { return s.RenewGeneration(ctx, "stage", 1, storetest.Renewed("stage", 1, 1)) },
		func() error { return s.RenewGeneration(ctx, "stage", 1, storetest.Renewed("stage", 1, 2)) },
		end(store.RotationDone),
		start(store.Emergency, 2), mint(2, store.Next), end(store.RotationAborted),
		start(store.Rekey, 3), mint(3, store.Next),
		probe(now, "no session"), probe(now+60, ""), probe(now+120, ""),
		func() error { return s.OverrideGate(ctx, "stage", "ANC504", "seen in the console") },
		func() error { return s.CutOver(ctx, "stage") },
	} {
		if err := decide(); err != nil {
			return err
		}
	}
	return nil
}

func TestVerifyAuditSeesRotationsThatWereChangedBehindTheStore(t *testing.T) {
	whole, err := os.ReadFile(filled(t))
	must(t, err)
	const first = `(SELECT min(entry) FROM former_certificates)`
	for name, statements := range map[string][]string{
		"a retired issuer made active": {`UPDATE generations SET status = 'retired' WHERE environment = 'stage' AND number = 3`,
			`UPDATE generations SET status = 'active' WHERE environment = 'stage' AND number = 2`},
		"a draining issuer retired":        {`UPDATE generations SET status = 'retired' WHERE status = 'draining'`},
		"an active issuer made a next one": {`UPDATE generations SET status = 'next' WHERE environment = 'prod'`},
		"a renewal taken back": {`UPDATE generations SET
			certificate = (SELECT certificate FROM former_certificates ORDER BY entry LIMIT 1),
			entry = (SELECT recorded FROM former_certificates ORDER BY entry LIMIT 1) WHERE environment = 'stage' AND number = 1`},
		"a former certificate removed":          {`DELETE FROM former_certificates WHERE entry = ` + first},
		"a former certificate changed":          {`UPDATE former_certificates SET certificate = x'00' WHERE entry = ` + first},
		"a former certificate replaced earlier": {`UPDATE former_certificates SET replaced = replaced - 60`},
		"a former certificate of another issuer": {
			`UPDATE former_certificates SET generation = 2 WHERE entry = ` + first},
		"a former certificate slipped in": {`INSERT INTO former_certificates SELECT estate, environment, generation, x'01', replaced,
			recorded, entry FROM former_certificates LIMIT 1`},
		"a former certificate of no issuer slipped in": {`PRAGMA foreign_keys = off`,
			`INSERT INTO former_certificates SELECT estate, 'none', generation, x'01', replaced, recorded, entry + 1000
			FROM former_certificates LIMIT 1`},
		"a former certificate told of elsewhere": {
			`UPDATE former_certificates SET recorded = (SELECT max(recorded) FROM former_certificates)`},
		"a rotation removed":              {`DELETE FROM rotations WHERE number = 1`},
		"a rotation of another kind":      {`UPDATE rotations SET kind = 'rekey' WHERE number = 2`},
		"a rotation to another issuer":    {`UPDATE rotations SET successor = 4 WHERE number = 3`},
		"a rotation from another issuer":  {`UPDATE rotations SET former = 2 WHERE number = 3`},
		"a rotation for another reason":   {`UPDATE rotations SET reason = '' WHERE number = 2`},
		"a rotation that keeps the key":   {`UPDATE rotations SET keep_key = 1 WHERE number = 3`},
		"a rotation by somebody else":     {`UPDATE rotations SET actor = 'eve' WHERE number = 3`},
		"a rotation begun earlier":        {`UPDATE rotations SET started = started - 60 WHERE number = 3`},
		"a rotation cut over earlier":     {`UPDATE rotations SET cut_over = cut_over - 60 WHERE number = 3`},
		"a rotation not cut over":         {`UPDATE rotations SET cut_over = 0 WHERE number = 3`},
		"a rotation ended":                {`UPDATE rotations SET ended = started, outcome = 'done' WHERE number = 3`},
		"a rotation opened again":         {`DELETE FROM probes`, `DELETE FROM rotations WHERE number = 3`, `UPDATE rotations SET ended = 0, outcome = '' WHERE number = 2`},
		"an aborted rotation called done": {`UPDATE rotations SET outcome = 'done' WHERE number = 2`},
		"a rotation of another entry":     {`UPDATE rotations SET entry = entry - 1 WHERE number = 3`},
		"a rotation slipped in": {`INSERT INTO rotations SELECT estate, 'prod', 1, kind, 1, 2, reason, keep_key, actor, started, cut_over,
			ended, outcome, entry FROM rotations WHERE number = 3`},
		"probes removed":           {`DELETE FROM probes`},
		"a probe counted twice":    {`UPDATE probes SET successes = successes + 1`},
		"a row of probes longer":   {`UPDATE probes SET first = first - 60`},
		"a probe seen later":       {`UPDATE probes SET last = last + 60`},
		"a probe that failed":      {`UPDATE probes SET failure = 'no'`},
		"a probe of another place": {`UPDATE probes SET target = '111122223333/eu-west-1'`},
		"a probe slipped in": {`INSERT INTO probes SELECT estate, environment, rotation, '111122223333/eu-west-1', successes, first, last,
			failure, entry FROM probes`},
		"a probe of no rotation slipped in": {`PRAGMA foreign_keys = off`, `INSERT INTO probes SELECT estate, environment, 9, target,
			successes, first, last, failure, entry FROM probes`},
	} {
		var broken *store.AuditError
		if err := verifyAfter(t, whole, statements...); !errors.As(err, &broken) {
			t.Errorf("%s: got %v, want an AuditError", name, err)
		}
	}
}

// The last line of defence does not rely on the records being as they were
// left.
func TestARotationThatWasChangedDoesNotTakeTheLastIssuer(t *testing.T) {
	whole, err := os.ReadFile(filled(t))
	must(t, err)
	for name, c := range map[string]struct {
		outcome    string
		want       error
		statements []string
	}{
		"the new issuer retired": {store.RotationDone, store.ErrLastIssuer,
			[]string{`UPDATE generations SET status = 'retired' WHERE environment = 'stage' AND number = 3`}},
		"the old issuer retired": {store.RotationDone, store.ErrStatus,
			[]string{`UPDATE generations SET status = 'retired' WHERE environment = 'stage' AND number = 1`}},
		"another issuer is the new one": {store.RotationDone, store.ErrLastIssuer,
			[]string{`UPDATE rotations SET successor = 2 WHERE number = 3`}},
		"the new issuer is the old one": {store.RotationDone, store.ErrStatus,
			[]string{`UPDATE rotations SET former = 3 WHERE number = 3`}},
		"none is active before the cut-over": {store.RotationAborted, store.ErrLastIssuer,
			[]string{`UPDATE rotations SET cut_over = 0 WHERE number = 3`,
				`UPDATE generations SET status = 'next' WHERE environment = 'stage' AND number = 3`}},
	} {
		path := filepath.Join(t.TempDir(), "state.db")
		must(t, os.WriteFile(path, whole, 0o600))
		around(t, path, c.statements...)
		s, err := store.Open(t.Context(), path, storetest.Options())
		must(t, err)
		if err := s.EndRotation(t.Context(), "stage", c.outcome); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
		must(t, s.Close())
	}
}
