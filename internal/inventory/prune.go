package inventory

import (
	"context"
	"fmt"
	"time"

	"anchorctl/internal/folder"
)

// Pruning is what is removed from the record, or would be.
type Pruning struct {
	EndedBefore  time.Time `json:"endedBefore"`
	Certificates int       `json:"certificates"`
	Revocations  int       `json:"revocations"`
	Held         int       `json:"held"` // revoked ones that ended, and that a CRL must still list
	Removed      bool      `json:"removed"`
}

// Prune removes the certificates that ended longer ago than age. It asks
// approve first, with what would be removed; told hears how many were.
func Prune(ctx context.Context, f *folder.Folder, age time.Duration,
	approve func(Pruning) error, told func(removed, of int),
) (Pruning, error) {
	p := Pruning{EndedBefore: f.Clock.Now().Add(-age).UTC().Truncate(time.Second)}
	would, err := f.Store.Prunable(ctx, p.EndedBefore.Unix())
	if err != nil {
		return p, fmt.Errorf("pruning certificates: %w", err)
	}
	p.Certificates, p.Revocations, p.Held = would.Certificates, would.Revocations, would.Held
	if p.Certificates+p.Revocations == 0 {
		return p, nil
	}
	if err := approve(p); err != nil {
		return p, err
	}
	p.Certificates, err = f.Store.Prune(ctx, p.EndedBefore.Unix(), func(removed int) { told(removed, would.Certificates) })
	p.Removed = err == nil
	return p, err
}
