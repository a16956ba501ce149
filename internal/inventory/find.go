package inventory

import (
	"context"
	"errors"
	"fmt"

	"anchorctl/internal/hint"
	"anchorctl/internal/pki"
	"anchorctl/internal/store"
)

// ErrUnknown says that a certificate is not on record.
var ErrUnknown = errors.New("it is not on record")

// Find returns the certificate with a serial, which is hexadecimal, with or
// without colons, or decimal.
func Find(ctx context.Context, s *store.Store, serial string) (store.Issued, error) {
	readings, err := pki.ReadSerial(serial)
	if err != nil {
		return store.Issued{}, err
	}
	var found []store.Issued
	for _, reading := range readings {
		list, err := s.ListIssued(ctx, store.Filter{Serial: reading})
		if err != nil {
			return store.Issued{}, err
		}
		found = append(found, list...)
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return store.Issued{}, hint.With(fmt.Errorf("looking for certificate %q: %w", serial, ErrUnknown),
			`see "anchorctl certs list"; what ended may be pruned`)
	default:
		// Digits alone that are two serials, or one serial of two issuers.
		return store.Issued{}, fmt.Errorf("looking for certificate %q: it may be %s of %s or %s of %s", serial,
			found[0].Serial, found[0].Workload, found[1].Serial, found[1].Workload)
	}
}

// FindFile returns the record of the certificate in a file's bytes.
func FindFile(ctx context.Context, s *store.Store, data []byte) (store.Issued, error) {
	list, err := pki.ParseBundle(string(data))
	if err != nil || len(list) == 0 {
		one, oneErr := pki.ParseOne(data)
		if oneErr != nil {
			return store.Issued{}, oneErr
		}
		list = append(list[:0], one)
	}
	found, err := s.ListIssued(ctx, store.Filter{Serial: pki.SerialHex(list[0])})
	if err != nil {
		return store.Issued{}, err
	}
	for _, i := range found {
		if string(i.Certificate) == string(list[0].Raw) {
			return i, nil
		}
	}
	return store.Issued{}, hint.With(fmt.Errorf("looking for certificate %s: %w", pki.SerialHex(list[0]), ErrUnknown),
		`see "anchorctl check chain FILE" for whose it is; what ended may be pruned`)
}
