package awsapi

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere/types"

	"anchorctl/internal/engine"
	"anchorctl/internal/hint"
	"anchorctl/internal/profiles"
)

type profileAPI struct{ t *Target }

var _ profiles.API = profileAPI{}

// Profiles are the target's profiles.
func (t *Target) Profiles() profiles.API { return profileAPI{t} }

func (p profileAPI) List(ctx context.Context, fresh bool) ([]profiles.Live, error) {
	var all []profiles.Live
	err := pages("ListProfiles", func(token *string) (next *string, err error) {
		var out *rolesanywhere.ListProfilesOutput
		err = p.t.do(ctx, p.request("ListProfiles", func(ctx context.Context) (err error) {
			out, err = p.t.anywhere.ListProfiles(ctx, &rolesanywhere.ListProfilesInput{NextToken: token})
			return err
		}))
		if err != nil {
			return nil, err
		}
		for i := range out.Profiles {
			live, err := p.live(&out.Profiles[i])
			if err != nil {
				return nil, err
			}
			all = append(all, live)
		}
		return out.NextToken, nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing the profiles of %s/%s: %w", p.t.account, p.t.region, err)
	}
	objects := make([]named, len(all))
	for i, live := range all {
		objects[i] = named{live.ARN, live.Name}
	}
	tags, err := p.t.tags(ctx, profileKind, objects, fresh)
	if err != nil {
		return nil, fmt.Errorf("reading the tags of the profiles of %s/%s: %w", p.t.account, p.t.region, err)
	}
	kept := make([]profiles.Live, 0, len(all))
	for _, live := range all {
		if t, there := tags[live.ARN]; there {
			live.Tags = t
			kept = append(kept, live)
		}
	}
	return distinct(kept, func(l profiles.Live) string { return l.ARN }), nil
}

func (p profileAPI) Create(ctx context.Context, n profiles.New) (profiles.Live, error) {
	in := &rolesanywhere.CreateProfileInput{
		Name: &n.Name, RoleArns: list(n.RoleARNs), ManagedPolicyArns: list(n.ManagedPolicyARNs), SessionPolicy: optional(n.SessionPolicy),
		DurationSeconds: seconds(n.DurationSeconds), AcceptRoleSessionName: &n.AcceptRoleSessionName,
		Enabled: aws.Bool(false), Tags: toTags(n.Tags),
	}
	var out *rolesanywhere.CreateProfileOutput
	r := p.request("CreateProfile", func(ctx context.Context) (err error) {
		out, err = p.t.anywhere.CreateProfile(ctx, in)
		return err
	})
	r.once = true
	if err := p.t.do(ctx, r); err != nil {
		return profiles.Live{}, fmt.Errorf("creating profile %q: %w", n.Name, err)
	}
	live, err := p.live(out.Profile)
	if err != nil {
		return profiles.Live{}, fmt.Errorf("creating profile %q: %w: %w", n.Name, engine.ErrUnclear, err)
	}
	live.Tags = n.Tags
	return live, nil
}

func (p profileAPI) Change(ctx context.Context, id string, c profiles.Change) error {
	if err := p.change(ctx, id, c); err != nil {
		return fmt.Errorf("changing profile %s: %w", id, err)
	}
	return nil
}

func (p profileAPI) change(ctx context.Context, id string, c profiles.Change) error {
	if c.Disable {
		if err := p.t.do(ctx, p.request("DisableProfile", func(ctx context.Context) error {
			_, err := p.t.anywhere.DisableProfile(ctx, &rolesanywhere.DisableProfileInput{ProfileId: &id})
			return err
		})); err != nil {
			return err
		}
	}
	if c.Spec != nil {
		if err := p.update(ctx, id, *c.Spec); err != nil {
			return err
		}
	}
	if err := p.changeMappings(ctx, id, c); err != nil {
		return err
	}
	if err := p.t.changeTags(ctx, profileKind, id, c.SetTags, c.DropTags); err != nil {
		return err
	}
	if !c.Enable {
		return nil
	}
	return p.t.do(ctx, p.request("EnableProfile", func(ctx context.Context) error {
		_, err := p.t.anywhere.EnableProfile(ctx, &rolesanywhere.EnableProfileInput{ProfileId: &id})
		return err
	}))
}

func (p profileAPI) update(ctx context.Context, id string, s profiles.Spec) error {
	in := &rolesanywhere.UpdateProfileInput{
		ProfileId: &id, Name: &s.Name, RoleArns: list(s.RoleARNs), ManagedPolicyArns: list(s.ManagedPolicyARNs),
		SessionPolicy: optional(s.SessionPolicy), DurationSeconds: seconds(s.DurationSeconds),
		AcceptRoleSessionName: &s.AcceptRoleSessionName,
	}
	var out *rolesanywhere.UpdateProfileOutput
	err := p.t.do(ctx, p.request("UpdateProfile", func(ctx context.Context) (err error) {
		out, err = p.t.anywhere.UpdateProfile(ctx, in)
		return err
	}))
	if err != nil {
		return err
	}
	// UpdateProfile takes no empty session policy (1 to 100000 characters), and
	// one that is left out stays.
	if s.SessionPolicy == "" && out.Profile != nil && aws.ToString(out.Profile.SessionPolicy) != "" {
		return hint.With(errors.New("the service cannot take a session policy away from a profile, only replace it"),
			"give the profile a session policy that allows what its roles do, or rename the profile in anchorctl.yaml, which makes a new one")
	}
	return nil
}

// changeMappings puts and drops attribute mappings, field by field in order.
func (p profileAPI) changeMappings(ctx context.Context, id string, c profiles.Change) error {
	for _, field := range slices.Sorted(maps.Keys(c.PutMappings)) {
		in := &rolesanywhere.PutAttributeMappingInput{
			ProfileId: &id, CertificateField: types.CertificateField(field), MappingRules: []types.MappingRule{},
		}
		for _, specifier := range slices.Sorted(slices.Values(c.PutMappings[field])) {
			in.MappingRules = append(in.MappingRules, types.MappingRule{Specifier: aws.String(specifier)})
		}
		if err := p.t.do(ctx, p.request("PutAttributeMapping", func(ctx context.Context) error {
			_, err := p.t.anywhere.PutAttributeMapping(ctx, in)
			return err
		})); err != nil {
			return err
		}
	}
	for _, field := range slices.Sorted(maps.Keys(c.DropMappings)) {
		in := &rolesanywhere.DeleteAttributeMappingInput{
			ProfileId: &id, CertificateField: types.CertificateField(field), Specifiers: slices.Sorted(slices.Values(c.DropMappings[field])),
		}
		if err := p.t.do(ctx, p.request("DeleteAttributeMapping", func(ctx context.Context) error {
			_, err := p.t.anywhere.DeleteAttributeMapping(ctx, in)
			return err
		})); err != nil {
			return err
		}
	}
	return nil
}

func (p profileAPI) Delete(ctx context.Context, id string) error {
	err := p.t.do(ctx, p.request("DeleteProfile", func(ctx context.Context) error {
		_, err := p.t.anywhere.DeleteProfile(ctx, &rolesanywhere.DeleteProfileInput{ProfileId: &id})
		return err
	}))
	if err != nil && !gone(err) {
		return fmt.Errorf("deleting profile %s: %w", id, err)
	}
	return nil
}

func (p profileAPI) request(operation string, send func(context.Context) error) request {
	return request{family: profileFamily, operation: operation, send: send}
}

// live reads a profile as the service shows it.
func (p profileAPI) live(d *types.ProfileDetail) (profiles.Live, error) {
	if d == nil {
		return profiles.Live{}, errors.New("the service answers without a profile")
	}
	live := profiles.Live{
		ID: aws.ToString(d.ProfileId), ARN: aws.ToString(d.ProfileArn), Name: aws.ToString(d.Name), Enabled: aws.ToBool(d.Enabled),
		RoleARNs: slices.Sorted(slices.Values(d.RoleArns)), ManagedPolicyARNs: slices.Sorted(slices.Values(d.ManagedPolicyArns)),
		SessionPolicy: aws.ToString(d.SessionPolicy), DurationSeconds: int(aws.ToInt32(d.DurationSeconds)),
		AcceptRoleSessionName: aws.ToBool(d.AcceptRoleSessionName), Mappings: profiles.Mappings{},
	}
	if err := p.t.checkARN(profileKind, live.ID, live.ARN); err != nil {
		return profiles.Live{}, err
	}
	if d.Enabled == nil {
		return profiles.Live{}, fmt.Errorf("the service does not say whether %s is enabled", live.ARN)
	}
	for _, mapping := range d.AttributeMappings {
		specifiers := []string{}
		for _, rule := range mapping.MappingRules {
			specifiers = append(specifiers, aws.ToString(rule.Specifier))
		}
		slices.Sort(specifiers)
		live.Mappings[string(mapping.CertificateField)] = specifiers
	}
	return live, nil
}

// list is never nil: an empty list is sent as one, and clears.
func list(items []string) []string {
	if items == nil {
		return []string{}
	}
	return items
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func seconds(n int) *int32 {
	if n == 0 {
		return nil
	}
	return aws.Int32(int32(min(n, 1<<20)))
}
