package store_test

import (
	"errors"
	"testing"

	"anchorctl/internal/store"
	"anchorctl/internal/store/storetest"
)

// Whoever reads a generation relies on what was verified before it was
// recorded: one that is not what the audit log says of it is not given out.
func TestAGenerationThatWasChangedIsNotGivenOut(t *testing.T) {
	for name, statements := range map[string][]string{
		"another certificate": {`UPDATE generations SET certificate = x'00' WHERE environment = 'prod'`},
		"another key":         {`UPDATE generations SET key_uri = 'file:other.pem' WHERE environment = 'prod'`},
		"another place":       {`PRAGMA foreign_keys = off`, `UPDATE generations SET environment = 'dev' WHERE environment = 'prod'`},
		"what it was before it was renewed": {`UPDATE generations SET certificate = (SELECT min(certificate) FROM former_certificates)
			WHERE environment = 'stage' AND number = 1`},
		"another entry":  {`UPDATE generations SET entry = 1 WHERE environment = 'prod'`},
		"no entry":       {`UPDATE generations SET entry = 1000000 WHERE environment = 'prod'`},
		"another detail": {`UPDATE audit SET detail = '{}' WHERE action = 'generation.add' AND subject LIKE 'issuer/prod%'`},
	} {
		path := filled(t)
		around(t, path, statements...)
		s, err := store.Open(t.Context(), path, storetest.Options())
		must(t, err)
		if _, err := s.AllGenerations(t.Context()); !errors.Is(err, store.ErrDamaged) {
			t.Errorf("%s: got %v, want ErrDamaged", name, err)
		}
		if _, found, err := s.Active(t.Context(), ""); err != nil || !found {
			t.Errorf("%s: the root, which is as it was: %v", name, err)
		}
		must(t, s.Close())
	}
}

// A former certificate is proof that an anchor which still holds it is ours.
func TestAFormerCertificateThatWasChangedIsNotGivenOut(t *testing.T) {
	for name, statements := range map[string][]string{
		"another certificate": {`UPDATE former_certificates SET certificate = x'00' WHERE entry = (SELECT min(entry) FROM former_certificates)`},
		"another issuer":      {`UPDATE former_certificates SET generation = 2`},
		"one slipped in": {`INSERT INTO former_certificates SELECT estate, environment, generation, x'01', replaced, recorded, entry
			FROM former_certificates LIMIT 1`},
		"no entry": {`UPDATE former_certificates SET recorded = 1000000`},
	} {
		path := filled(t)
		around(t, path, statements...)
		s, err := store.Open(t.Context(), path, storetest.Options())
		must(t, err)
		if _, err := s.FormerCertificates(t.Context()); !errors.Is(err, store.ErrDamaged) {
			t.Errorf("%s: got %v, want ErrDamaged", name, err)
		}
		must(t, s.Close())
	}
}
