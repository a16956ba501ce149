package sandbox

import (
	"fmt"
	"slices"

	"anchorctl/internal/sandbox/anywhere"
	"anchorctl/internal/sandbox/seed"
)

// A program that has a sandbox inside itself seeds it, and asks without the wire.

// What a sandbox starts from.
type (
	Seed        = seed.Seed
	SeedAccount = seed.Account
	SeedKey     = seed.AccessKey
	SeedRole    = seed.Role
)

// Asked is what requests for sessions can name in an account and region.
type Asked = anywhere.Asked

// Asked is what there is now in an account and region. The caller owns the lists,
// and changes nothing in them.
func (s *Server) Asked(account, region string) (Asked, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.world.Accounts[account]
	if a == nil {
		return Asked{}, fmt.Errorf("the sandbox has no account %s", account)
	}
	here := a.Regions[region]
	if here == nil {
		return Asked{}, nil
	}
	asked, err := anywhere.AskedIn(a, here)
	// The sandbox changes profiles in place.
	for _, p := range asked.Profiles {
		p.RoleARNs = slices.Clone(p.RoleARNs)
	}
	return asked, err
}
