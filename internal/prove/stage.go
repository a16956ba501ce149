package prove

import (
	"slices"
	"strings"

	"anchorctl/internal/estate"
	"anchorctl/internal/gates"
	"anchorctl/internal/plan"
	"anchorctl/internal/roles"
)

// stage is everything that can be named in a session.
type stage struct {
	scene    estate.Scene
	anchors  []anchor
	profiles []profile
	roles    []role
	grants   map[grant]bool
}

// anchor, profile and role have no address or no environment when they are
// not the estate's.
type anchor struct {
	estate.PlacedAnchor

	at plan.Target
}

type profile struct {
	estate.PlacedProfile

	at     plan.Target
	listed []int // indexes of roles, each once
	other  int   // one that it does not list; -1 when it lists all
}

type role struct {
	addr        plan.Addr
	arn         string
	environment string
	live        roles.Live
	unread      string // why it could not be read
}

func newStage(s estate.Scene) *stage {
	st := &stage{scene: s, grants: grants(s.Config)}
	index := st.cast()
	for _, p := range s.Places {
		for _, a := range p.Anchors {
			st.anchors = append(st.anchors, anchor{a, p.Target})
		}
		for _, one := range p.Profiles {
			st.profiles = append(st.profiles, st.profile(one, p.Target, index))
		}
	}
	slices.SortFunc(st.anchors, func(a, b anchor) int { return strings.Compare(a.name(), b.name()) })
	slices.SortFunc(st.profiles, func(a, b profile) int { return strings.Compare(a.name(), b.name()) })
	return st
}

// cast lists the roles and says where each ARN stands in the list.
func (s *stage) cast() map[string]int {
	owner, partitions := s.owners(), map[string]string{}
	for _, p := range s.scene.Places {
		partitions[p.Account] = p.Partition
	}
	all := map[string]role{}
	add := func(arn string, addr plan.Addr) {
		all[arn] = role{addr: addr, arn: arn, environment: owner[addr], live: s.scene.Roles[addr], unread: s.scene.Unread[addr]}
	}
	for _, p := range s.scene.Places {
		for _, one := range p.Profiles {
			for _, arn := range one.Live.RoleARNs {
				add(arn, estate.RoleAddr(arn))
			}
		}
	}
	for addr := range s.scene.Roles {
		add(roles.ARN(partitions[addr.Target.Account], addr), addr)
	}
	for addr := range s.scene.Unread {
		add(roles.ARN(partitions[addr.Target.Account], addr), addr)
	}
	for _, one := range all {
		s.roles = append(s.roles, one)
	}
	slices.SortFunc(s.roles, func(a, b role) int { return strings.Compare(a.arn, b.arn) })
	index := map[string]int{}
	for i, one := range s.roles {
		index[one.arn] = i
	}
	return index
}

// owners names the environment of each role: the one that the configuration
// says or, for a role that it does not know, one that left it and whose profile
// still lists the role.
func (s *stage) owners() map[plan.Addr]string {
	owner := rolesOf(s.scene.Config)
	for _, p := range s.scene.Places {
		for _, one := range p.Profiles {
			if _, stays := s.scene.Config.Environments[one.Environment]; stays || one.Environment == "" {
				continue
			}
			for _, arn := range one.Live.RoleARNs {
				if addr := estate.RoleAddr(arn); owner[addr] == "" {
					owner[addr] = one.Environment
				}
			}
		}
	}
	return owner
}

func (s *stage) profile(one estate.PlacedProfile, at plan.Target, index map[string]int) profile {
	p := profile{PlacedProfile: one, at: at, other: -1}
	for _, arn := range one.Live.RoleARNs {
		if i := index[arn]; !slices.Contains(p.listed, i) {
			p.listed = append(p.listed, i)
		}
	}
	slices.Sort(p.listed)
	for i := range s.roles {
		if !slices.Contains(p.listed, i) {
			p.other = i
			break
		}
	}
	return p
}

// workloads counts those of the configuration, and the probes.
func (s *stage) workloads() int {
	n := 0
	for _, e := range s.scene.Config.Environments {
		n += len(e.Holders())
	}
	return n
}

// elsewhere are the profiles at other places.
func (s *stage) elsewhere(at plan.Target) []profile {
	var list []profile
	for _, p := range s.profiles {
		if p.at != at {
			list = append(list, p)
		}
	}
	return list
}

// here are the profiles at a place.
func (s *stage) here(at plan.Target) []profile {
	var list []profile
	for _, p := range s.profiles {
		if p.at == at {
			list = append(list, p)
		}
	}
	return list
}

// What a tuple is expected to come to.
const (
	expectGranted = "granted"
	expectDenied  = "denied"
	// expectEither: the configuration grants it, and the certificate is of an
	// issuer that its anchor need not hold any more.
	expectEither = "either"
)

func (s *stage) expected(c class, a anchor, p profile, r role) string {
	switch granted := s.grants[grant{c.workload, a.Addr, p.Addr, r.addr}]; {
	case granted && c.active:
		return expectGranted
	case granted:
		return expectEither
	}
	return expectDenied
}

// name is how an object is called: by its address, or by its ARN.
func name(addr plan.Addr, arn string) string {
	if addr.IsZero() {
		return arn
	}
	return addr.String()
}

func (a anchor) name() string  { return name(a.Addr, a.Live.ARN) }
func (p profile) name() string { return name(p.Addr, p.Live.ARN) }

// gate is the role as the gates take it; nil when it is not there.
func (r role) gate() *gates.Role {
	if !r.live.Exists {
		return nil
	}
	return &gates.Role{ARN: r.live.ARN, Trust: r.live.Trust, MaxSessionSeconds: r.live.MaxSessionSeconds}
}

// open is the profile as the gates take it, as if it were enabled and narrowed
// no session: that a session policy is no good keeps nobody out for long.
func (p profile) open() *gates.Profile {
	return &gates.Profile{
		ARN: p.Live.ARN, Enabled: true, RoleARNs: p.Live.RoleARNs, DurationSeconds: p.Live.DurationSeconds,
		AcceptRoleSessionName: p.Live.AcceptRoleSessionName, Mappings: p.Live.Mappings,
	}
}

// whole is the profile as if it were enabled.
func (p profile) whole() *gates.Profile {
	whole := p.open()
	whole.ManagedPolicyARNs, whole.SessionPolicy = p.Live.ManagedPolicyARNs, p.Live.SessionPolicy
	return whole
}
