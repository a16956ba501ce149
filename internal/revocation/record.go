package revocation

import (
	"context"
	"fmt"
	"slices"

	"anchorctl/internal/folder"
	"anchorctl/internal/store"
)

// Record records that certificates are revoked. Those that were stay as they
// are, with the reason that was given then.
func Record(ctx context.Context, f *folder.Folder, list []Certificate, reason int) (added int, err error) {
	var revoked []store.Revocation
	for _, c := range list {
		if c.Expired {
			continue
		}
		revoked = append(revoked, store.Revocation{
			Environment: c.environment, Generation: c.generation, Serial: c.SerialHex, Reason: reason, NotAfter: c.NotAfter.Unix(),
		})
	}
	if added, err = f.Store.Revoke(ctx, revoked...); err != nil {
		return 0, fmt.Errorf("recording the revocation: %w", err)
	}
	return added, nil
}

// Good counts those that are not revoked yet, by the address of their issuer.
func Good(list []Certificate) map[string]int {
	good := map[string]int{}
	for _, c := range list {
		if c.RevokedAt == nil && !c.Expired {
			good[c.Issuer]++
		}
	}
	return good
}

// Environments are those whose issuers signed the certificates that have not
// expired.
func Environments(list []Certificate) []string {
	var names []string
	for _, c := range list {
		if !c.Expired {
			names = append(names, c.environment)
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(names)))
}
