package store_test

import (
	"context"
	"path/filepath"
	"testing"

	"anchorctl/internal/store"
	"anchorctl/internal/store/storetest"
)

// file is a place in the file system.
type file string

func (f file) Create(ctx context.Context, e store.Estate, o store.Options) (*store.Store, error) {
	return store.Create(ctx, string(f), e, o)
}

func (f file) Open(ctx context.Context, o store.Options) (*store.Store, error) {
	return store.Open(ctx, string(f), o)
}

func TestSQLiteKeepsTheContract(t *testing.T) {
	storetest.Suite(t, func(t *testing.T) storetest.Place {
		return file(filepath.Join(t.TempDir(), ".anchorctl", "state.db"))
	})
}
