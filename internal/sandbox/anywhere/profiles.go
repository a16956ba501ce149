package anywhere

import (
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"anchorctl/internal/sandbox/limits"
	"anchorctl/internal/sandbox/wire"
	"anchorctl/internal/sandbox/world"
)

// defaultDuration is the seconds of a session when the profile does not say.
const defaultDuration = 3600

type createProfileInput struct {
	Name              *string  `json:"name,omitempty"`
	RoleARNs          []string `json:"roleArns,omitempty"`
	ManagedPolicyARNs []string `json:"managedPolicyArns,omitempty"`
	SessionPolicy     *string  `json:"sessionPolicy,omitempty"`
	DurationSeconds   *int     `json:"durationSeconds,omitempty"`
	RequireInstance   *bool    `json:"requireInstanceProperties,omitempty"`
	Enabled           *bool    `json:"enabled,omitempty"`
	AcceptSessionName *bool    `json:"acceptRoleSessionName,omitempty"`
	Tags              []tag    `json:"tags,omitempty"`
}

type updateProfileInput struct {
	ID                string   `json:"-" path:"id"`
	Name              *string  `json:"name,omitempty"`
	RoleARNs          []string `json:"roleArns,omitempty"`
	ManagedPolicyARNs []string `json:"managedPolicyArns,omitempty"`
	SessionPolicy     *string  `json:"sessionPolicy,omitempty"`
	DurationSeconds   *int     `json:"durationSeconds,omitempty"`
	AcceptSessionName *bool    `json:"acceptRoleSessionName,omitempty"`
}

func createProfile(c *world.Call, in *createProfileInput) (any, error) {
	var check wire.Checks
	check.Required("name", in.Name != nil)
	check.Text("name", in.Name, limits.Name)
	check.Required("roleArns", in.RoleARNs != nil)
	checkPolicies(&check, in.RoleARNs, in.ManagedPolicyARNs, in.DurationSeconds)
	checkTags(&check, in.Tags)
	if err := check.Err(validation); err != nil {
		return nil, err
	}
	if err := passable(c, in.RoleARNs); err != nil {
		return nil, err
	}
	tags, err := tagMap(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	here := c.Here()
	if len(here.Profiles) >= limits.Of(limits.Profiles).Max {
		return nil, overQuota(limits.Profiles)
	}
	id := uuid.NewString()
	p := &world.Profile{
		ID: id, ARN: c.Account.ARN("rolesanywhere", c.Region, "profile/"+id), Seq: c.World.Next(), Name: *in.Name,
		Enabled: in.Enabled != nil && *in.Enabled, RoleARNs: in.RoleARNs, ManagedPolicyARNs: in.ManagedPolicyARNs,
		DurationSeconds:           defaultDuration,
		RequireInstanceProperties: in.RequireInstance != nil && *in.RequireInstance,
		AcceptRoleSessionName:     in.AcceptSessionName != nil && *in.AcceptSessionName,
		Mappings:                  defaultMappings(), CreatedBy: c.Caller.ARN, Tags: tags, Created: c.Now, Updated: c.Now,
	}
	if in.SessionPolicy != nil {
		p.SessionPolicy = *in.SessionPolicy
	}
	if in.DurationSeconds != nil {
		p.DurationSeconds = *in.DurationSeconds
	}
	here.Profiles = append(here.Profiles, p)
	return profileAnswer(p), nil
}

func updateProfile(c *world.Call, in *updateProfileInput) (any, error) {
	var check wire.Checks
	check.Text("profileId", &in.ID, limits.UUID)
	check.Text("name", in.Name, limits.Name)
	checkPolicies(&check, in.RoleARNs, in.ManagedPolicyARNs, in.DurationSeconds)
	check.Text("sessionPolicy", in.SessionPolicy, limits.SessionPolicy)
	if err := check.Err(validation); err != nil {
		return nil, err
	}
	if err := passable(c, in.RoleARNs); err != nil {
		return nil, err
	}
	p := c.Here().Profile(in.ID)
	if p == nil {
		return nil, noProfile(in.ID)
	}
	in.apply(p)
	p.Updated = c.Now
	return profileAnswer(p), nil
}

// apply replaces what was sent; an empty list empties the list.
func (in *updateProfileInput) apply(p *world.Profile) {
	if in.Name != nil {
		p.Name = *in.Name
	}
	if in.RoleARNs != nil {
		p.RoleARNs = in.RoleARNs
	}
	if in.ManagedPolicyARNs != nil {
		p.ManagedPolicyARNs = in.ManagedPolicyARNs
	}
	if in.SessionPolicy != nil {
		p.SessionPolicy = *in.SessionPolicy
	}
	if in.DurationSeconds != nil {
		p.DurationSeconds = *in.DurationSeconds
	}
	if in.AcceptSessionName != nil {
		p.AcceptRoleSessionName = *in.AcceptSessionName
	}
}

func checkPolicies(c *wire.Checks, roles, managed []string, seconds *int) {
	c.Texts("roleArns", roles, limits.RoleARNs, limits.RoleARN)
	c.Texts("managedPolicyArns", managed, limits.ManagedPolicies, limits.ManagedPolicyARN)
	c.Number("durationSeconds", seconds, limits.DurationSeconds)
}

// passable holds that roles are the caller's own account's: a role cannot be
// passed across accounts, whatever policies say.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
func passable(c *world.Call, roles []string) error {
	for _, r := range roles {
		if parts := strings.SplitN(r, ":", 6); len(parts) != 6 || parts[4] != c.Account.ID {
			return wire.Errorf(http.StatusForbidden, "AccessDeniedException", "Cross-account pass role is not allowed.")
		}
	}
	return nil
}

func withProfile(c *world.Call, in *idInput, do func(*world.Profile)) (any, error) {
	if err := in.check("profileId"); err != nil {
		return nil, err
	}
	p := c.Here().Profile(in.ID)
	if p == nil {
		return nil, noProfile(in.ID)
	}
	do(p)
	return profileAnswer(p), nil
}

func getProfile(c *world.Call, in *idInput) (any, error) {
	return withProfile(c, in, func(*world.Profile) {})
}

func enableProfile(c *world.Call, in *idInput) (any, error) {
	return withProfile(c, in, func(p *world.Profile) { p.Enabled, p.Updated = true, c.Now })
}

func disableProfile(c *world.Call, in *idInput) (any, error) {
	return withProfile(c, in, func(p *world.Profile) { p.Enabled, p.Updated = false, c.Now })
}

func deleteProfile(c *world.Call, in *idInput) (any, error) {
	return withProfile(c, in, func(p *world.Profile) {
		here := c.Here()
		here.Profiles = slices.DeleteFunc(here.Profiles, func(o *world.Profile) bool { return o == p })
	})
}

func listProfiles(c *world.Call, in *listInput) (any, error) {
	page, next, err := cut(in, "profiles", c.Here().Profiles, c.PageSize, func(p *world.Profile) int { return p.Seq })
	if err != nil {
		return nil, err
	}
	out := profileList{Profiles: []profileDetail{}, NextToken: next}
	for _, p := range page {
		out.Profiles = append(out.Profiles, detailOfProfile(p))
	}
	return out, nil
}

func noProfile(id string) error {
	return wire.Errorf(http.StatusNotFound, "ResourceNotFoundException", "Profile %s was not found", id)
}
