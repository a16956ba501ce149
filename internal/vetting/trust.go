package vetting

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"anchorctl/internal/config"
	"anchorctl/internal/folder"
	"anchorctl/internal/grants"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
)

// Role names a role whose trust policy is to be judged, as far as it is known.
type Role struct {
	Environment string
	Account     string // empty: any account of the environment
	Name        string // by path and name; empty: any role of the environment
}

// Trust is what an estate knows of a role's trust policy: the recorded anchors
// of the environment, the workloads that may take the role and the mappings of
// the profiles that hand it out.
func Trust(ctx context.Context, f *folder.Folder, r Role) (grants.TrustCase, error) {
	env, err := f.Config.Environment(r.Environment)
	if err != nil {
		return grants.TrustCase{}, err
	}
	c, err := configured(f.Config, env, r)
	if err != nil {
		return grants.TrustCase{}, err
	}
	objects, err := f.Store.Objects(ctx)
	if err != nil {
		return grants.TrustCase{}, fmt.Errorf("reading what is recorded: %w", err)
	}
	c.Anchors = []string{}
	for _, o := range objects {
		if o.Addr.Kind == plan.KindAnchor && o.Addr.Environment == env.Name && (c.Account == "" || o.Addr.Target.Account == c.Account) {
			c.Anchors = append(c.Anchors, o.ARN)
		}
	}
	return c, nil
}

// configured is what the configuration says of the role.
func configured(c *config.Config, env *config.Environment, r Role) (grants.TrustCase, error) {
	out := grants.TrustCase{Account: r.Account}
	accounts := []string{}
	for _, t := range env.Targets {
		accounts = append(accounts, t.Account)
	}
	accounts = slices.Compact(slices.Sorted(slices.Values(accounts)))
	switch {
	case r.Account != "" && !slices.Contains(accounts, r.Account):
		return out, fmt.Errorf("the environment %q has no target in account %s; it has some in %s", env.Name, r.Account, strings.Join(accounts, ", "))
	case r.Account == "" && len(accounts) == 1:
		out.Account = accounts[0]
	}
	if r.Name == "" {
		for _, name := range env.Holders() {
			out.Workloads = append(out.Workloads, pki.WorkloadURI(env.Name, c.Estate.TrustDomain, name))
		}
		return out, nil
	}
	out.Mappings = map[string]map[string][]string{}
	var known []string
	for _, profile := range env.ProfilesIn(r.Account) {
		known = append(known, profile.RoleNames()...)
		use := profile.Roles[r.Name]
		if use == nil {
			continue
		}
		out.Mappings[profile.Name] = profile.AttributeMappings
		for _, w := range use.Workloads {
			out.Workloads = append(out.Workloads, pki.WorkloadURI(env.Name, c.Estate.TrustDomain, w))
		}
	}
	out.Workloads = slices.Compact(slices.Sorted(slices.Values(out.Workloads)))
	if len(out.Mappings) == 0 {
		return out, fmt.Errorf("no profile of the environment %q hands out a role %q; they hand out %s", env.Name, r.Name,
			strings.Join(slices.Compact(slices.Sorted(slices.Values(known))), ", "))
	}
	return out, nil
}
