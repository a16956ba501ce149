package config

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"anchorctl/internal/plan"
)

// The built-in probe of a target that names a probe role: a workload that only
// rotation gets certificates for, and a profile that lists the probe role
// alone. The names are reserved.
const (
	ProbeWorkload = "anchorctl-probe"
	ProbeProfile  = "anchorctl-probe"
)

const (
	probeLifetime = Duration(time.Hour)
	probeSession  = minSession
)

// NamedProfile is a profile and the name that it stands under.
type NamedProfile struct {
	*Profile

	Name string
}

// ProfilesAt are the profiles of the environment at a target, by name: those of
// the file, which are the same at each, and the probe's where the target names
// a probe role.
func (e *Environment) ProfilesAt(at plan.Target) []NamedProfile {
	return e.profiles(func(t Target) bool { return t.Account == at.Account && t.Region == at.Region })
}

// ProfileAt is a profile of the environment at a target; nil when there is none
// of that name.
func (e *Environment) ProfileAt(at plan.Target, name string) *Profile {
	for _, p := range e.ProfilesAt(at) {
		if p.Name == name {
			return p.Profile
		}
	}
	return nil
}

// ProfilesIn are the profiles of the environment in an account, in whatever
// region; "" is every account. The probe's is there once for each probe role.
func (e *Environment) ProfilesIn(account string) []NamedProfile {
	return e.profiles(func(t Target) bool { return account == "" || t.Account == account })
}

func (e *Environment) profiles(at func(Target) bool) []NamedProfile {
	var list []NamedProfile
	for name, p := range e.Profiles {
		list = append(list, NamedProfile{p, name})
	}
	var probed []string
	for _, t := range e.Targets {
		if t.ProbeRole != "" && at(t) && !slices.Contains(probed, t.ProbeRole) {
			probed = append(probed, t.ProbeRole)
			list = append(list, NamedProfile{probe(t.ProbeRole), ProbeProfile})
		}
	}
	slices.SortStableFunc(list, func(a, b NamedProfile) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// probe is the profile of a probe role.
func probe(role string) *Profile {
	return &Profile{
		Roles:           map[string]*RoleUse{role: {Workloads: []string{ProbeWorkload}}},
		SessionDuration: probeSession, AttributeMappings: defaultMappings(),
	}
}

// Probed reports whether the environment has the built-in probe at all.
func (e *Environment) Probed() bool {
	return slices.ContainsFunc(e.Targets, func(t Target) bool { return t.ProbeRole != "" })
}

// IsProbe reports whether a role is a probe role of the environment.
func (e *Environment) IsProbe(role plan.Addr) bool {
	return slices.ContainsFunc(e.Targets, func(t Target) bool {
		return t.ProbeRole != "" && plan.Role(t.Account, t.ProbeRole) == role
	})
}

// Workload is a workload of the environment, the probe included; nil when there
// is none of that name.
func (e *Environment) Workload(name string) *Workload {
	if name == ProbeWorkload && e.Probed() {
		return &Workload{CertificateLifetime: min(probeLifetime, e.Limits.CertificateLifetime)}
	}
	return e.Workloads[name]
}

// Holders are the names of all that certificates may be of, sorted: the
// environment's workloads and the probe.
func (e *Environment) Holders() []string {
	names := slices.Collect(maps.Keys(e.Workloads))
	if e.Probed() {
		names = append(names, ProbeWorkload)
	}
	slices.Sort(names)
	return names
}

// roleID tells roles apart as IAM does: within an account by name alone,
// without regard to path or case.
func roleID(account, role string) string {
	return account + "/" + strings.ToLower(role[strings.LastIndexByte(role, '/')+1:])
}

// probeRoles holds probe roles apart from all others.
func (c *checker) probeRoles() {
	type use struct{ env, role string }
	mapped, first := c.mappedRoles(), map[string]use{}
	for _, name := range c.config.EnvironmentNames() {
		for i, t := range c.config.Environments[name].Targets {
			at := item(below("environments", name)+".targets", i) + ".probeRole"
			if t.ProbeRole == "" || !c.given(at) {
				continue
			}
			id := roleID(t.Account, t.ProbeRole)
			if by, taken := mapped[id]; taken {
				c.problem(at, "name a role of its own, without permissions", "%q is also mapped by %s: a probe role is for the probe alone", t.ProbeRole, by)
			}
			switch other, taken := first[id]; {
			case !taken:
				first[id] = use{name, t.ProbeRole}
			case other.env != name:
				c.problem(at, "give each environment a probe role of its own",
					"%q is also the probe role of environment %s: a role is in one environment only [ANC301]", t.ProbeRole, other.env)
			case other.role != t.ProbeRole:
				c.problem(at, "write it the same way everywhere", "%q is also written as %q: an account has one role of a name", t.ProbeRole, other.role)
			}
		}
	}
}

// mappedRoles are the roles of the file's profiles, by account and name, with
// one that maps each.
func (c *checker) mappedRoles() map[string]string {
	mapped := map[string]string{}
	for _, name := range c.config.EnvironmentNames() {
		e := c.config.Environments[name]
		for _, profile := range e.ProfileNames() {
			for role := range e.Profiles[profile].Roles {
				for _, t := range e.Targets {
					mapped[roleID(t.Account, role)] = "profile " + profile + " of environment " + name
				}
			}
		}
	}
	return mapped
}
