package anywhere

import (
	"maps"
	"slices"

	"anchorctl/internal/gates"
	"anchorctl/internal/sandbox/world"
)

// Asked is what requests for sessions can name in an account and region, as the
// gates take it.
type Asked struct {
	Anchors  []*gates.Anchor
	Profiles []*gates.Profile
	Roles    []*gates.Role
}

// AskedIn is what there is in an account and region.
func AskedIn(account *world.Account, here *world.Region) (Asked, error) {
	var all Asked
	for _, a := range here.Anchors {
		anchor, err := anchorAsked(here, a)
		if err != nil {
			return Asked{}, err
		}
		all.Anchors = append(all.Anchors, anchor)
	}
	for _, p := range here.Profiles {
		all.Profiles = append(all.Profiles, profileAsked(p))
	}
	for _, name := range slices.Sorted(maps.Keys(account.Roles)) {
		all.Roles = append(all.Roles, roleAsked(account.Roles[name]))
	}
	return all, nil
}

func anchorAsked(here *world.Region, a *world.Anchor) (*gates.Anchor, error) {
	certs, err := certificates(a.Certificates)
	if err != nil {
		return nil, err
	}
	out := &gates.Anchor{ARN: a.ARN, Enabled: a.Enabled, Certificates: certs}
	for _, l := range here.CRLsOf(a.ARN) {
		list, ok := parseCRL(l.Data)
		if !ok {
			return nil, refuse("Unable to parse CRL")
		}
		out.CRLs = append(out.CRLs, gates.CRL{Enabled: l.Enabled, List: list})
	}
	return out, nil
}

func profileAsked(p *world.Profile) *gates.Profile {
	out := &gates.Profile{
		ARN: p.ARN, Enabled: p.Enabled, RoleARNs: p.RoleARNs, DurationSeconds: p.DurationSeconds,
		AcceptRoleSessionName: p.AcceptRoleSessionName, Mappings: p.Mappings,
		ManagedPolicyARNs: p.ManagedPolicyARNs, SessionPolicy: p.SessionPolicy,
	}
	if out.Mappings == nil {
		out.Mappings = map[string][]string{}
	}
	return out
}

func roleAsked(r *world.Role) *gates.Role {
	return &gates.Role{ARN: r.ARN, Trust: r.Trust, MaxSessionSeconds: r.MaxSession}
}
