package denial

import (
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"

	"anchorctl/internal/config"
	"anchorctl/internal/folder"
	"anchorctl/internal/hint"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
	"anchorctl/internal/roles"
	"anchorctl/internal/store"
)

// Estate is what an estate knows without asking AWS.
type Estate struct {
	Config  *config.Config
	objects []plan.Object
	issuers []issuer
}

// issuer is a generation of an environment's issuer.
type issuer struct {
	addr        plan.Addr
	certificate *x509.Certificate
	status      string
}

func (i issuer) active() bool { return i.status == store.Active }

// Know reads an estate's record.
func Know(ctx context.Context, f *folder.Folder) (*Estate, error) {
	k := &Estate{Config: f.Config}
	var err error
	if k.objects, err = f.Store.Objects(ctx); err != nil {
		return nil, err
	}
	generations, err := f.Store.AllGenerations(ctx)
	if err != nil {
		return nil, err
	}
	for _, g := range generations {
		if g.Environment == "" {
			continue
		}
		c, err := x509.ParseCertificate(g.Certificate)
		if err != nil {
			return nil, fmt.Errorf("reading the recorded certificate of %s: %w", g.Addr(), err)
		}
		k.issuers = append(k.issuers, issuer{g.Addr(), c, g.Status})
	}
	return k, nil
}

// Choice says by names which sessions are meant; what is empty fits any, but for
// environment and role.
type Choice struct {
	Environment, Profile, Role string
	Target                     string // ACCOUNT/REGION
}

// Cases are the sessions that a choice means: one for each target and profile.
// Where no profile lists the role, all of the environment's are tried: that the
// role is in none is what there is to explain.
func (k *Estate) Cases(c Case, choice Choice) ([]Case, error) {
	env, err := k.Config.Environment(choice.Environment)
	if err != nil {
		return nil, err
	}
	names, err := profilesFor(env, choice)
	if err != nil {
		return nil, err
	}
	var cases []Case
	for _, t := range env.Targets {
		place := plan.Target{Account: t.Account, Region: t.Region}
		if choice.Target != "" && choice.Target != place.String() {
			continue
		}
		for _, name := range names {
			if env.ProfileAt(place, name) == nil {
				continue // the probe's, of another target
			}
			one := c
			one.Target = place
			one.AnchorARN = k.arn(plan.Anchor(env.Name, place))
			one.ProfileARN = k.arn(plan.Profile(env.Name, name, place))
			one.RoleARN = roles.ARN(place.Partition(), plan.Role(place.Account, choice.Role))
			one.names = named{env.Name, name}
			cases = append(cases, one)
		}
	}
	if len(cases) == 0 {
		return nil, hint.With(fmt.Errorf("environment %s has no target %q", env.Name, choice.Target), "name one of "+targets(env))
	}
	return cases, nil
}

// RolesOf are the roles of an environment that list a workload.
func (k *Estate) RolesOf(environment, workload string) []string {
	var all []string
	if env := k.Config.Environments[environment]; env != nil {
		for _, profile := range env.ProfilesIn("") {
			for name, use := range profile.Roles {
				if slices.Contains(use.Workloads, workload) {
					all = append(all, name)
				}
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func profilesFor(env *config.Environment, choice Choice) ([]string, error) {
	var all, listing []string
	for _, p := range env.ProfilesIn("") {
		all = append(all, p.Name)
		if p.Roles[choice.Role] != nil {
			listing = append(listing, p.Name)
		}
	}
	all, listing = slices.Compact(all), slices.Compact(listing)
	if choice.Profile != "" {
		if !slices.Contains(all, choice.Profile) {
			return nil, hint.With(fmt.Errorf("environment %s has no profile %q", env.Name, choice.Profile),
				"name one of "+strings.Join(all, ", "))
		}
		return []string{choice.Profile}, nil
	}
	if len(listing) == 0 {
		listing = all
	}
	if len(listing) == 0 {
		return nil, hint.With(fmt.Errorf("environment %s has no profile, and without one nobody takes a role", env.Name),
			`add one to anchorctl.yaml, then run "anchorctl plan"`)
	}
	return listing, nil
}

func targets(env *config.Environment) string {
	names := make([]string, len(env.Targets))
	for i, t := range env.Targets {
		names[i] = t.Account + "/" + t.Region
	}
	return strings.Join(names, ", ")
}

// arn is the recorded ARN of one of our objects; empty when there is none.
func (k *Estate) arn(addr plan.Addr) string {
	i := slices.IndexFunc(k.objects, func(o plan.Object) bool { return o.Addr == addr })
	if i < 0 {
		return ""
	}
	return k.objects[i].ARN
}

// addr is the address of one of our objects; zero when it is not ours.
func (k *Estate) addr(arn string) plan.Addr {
	if k == nil || arn == "" {
		return plan.Addr{}
	}
	i := slices.IndexFunc(k.objects, func(o plan.Object) bool { return o.ARN == arn })
	if i < 0 {
		return plan.Addr{}
	}
	return k.objects[i].Addr
}

// signer is the issuer of ours that signed a certificate.
func (k *Estate) signer(leaf *x509.Certificate) (issuer, bool) {
	if k == nil {
		return issuer{}, false
	}
	for _, i := range k.issuers {
		if pki.SignedBy(leaf, i.certificate) {
			return i, true
		}
	}
	return issuer{}, false
}

// workload is the workload whose URI a certificate bears.
func (k *Estate) workload(leaf *x509.Certificate) (env, name string) {
	if k == nil || len(leaf.URIs) == 0 {
		return "", ""
	}
	for _, env := range k.Config.EnvironmentNames() {
		for _, name := range k.Config.Environments[env].Holders() {
			if leaf.URIs[0].String() == pki.WorkloadURI(env, k.Config.Estate.TrustDomain, name) {
				return env, name
			}
		}
	}
	return "", ""
}

// environmentOf is the environment whose profiles list a role of an account; a
// role is in one only (ANC301).
func (k *Estate) environmentOf(role plan.Addr) string {
	if k == nil {
		return ""
	}
	for _, name := range k.Config.EnvironmentNames() {
		env := k.Config.Environments[name]
		if slices.ContainsFunc(env.Targets, func(t config.Target) bool { return t.Account == role.Target.Account }) &&
			len(k.workloadsOf(name, role)) > 0 {
			return name
		}
	}
	return ""
}

// workloadsOf are the workloads that may take a role of an environment, by any
// of its profiles.
func (k *Estate) workloadsOf(env string, role plan.Addr) []string {
	var all []string
	for _, profile := range k.Config.Environments[env].ProfilesIn(role.Target.Account) {
		if use := profile.Roles[role.Name]; use != nil {
			all = append(all, use.Workloads...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// pin is the trust that the configuration gives a role of an environment, by
// the anchors that are made.
func (k *Estate) pin(env string, role plan.Addr) roles.Pin {
	pin := roles.Pin{Addr: role, Environment: env}
	for _, t := range k.Config.Environments[env].Targets {
		arn := k.arn(plan.Anchor(env, plan.Target{Account: t.Account, Region: t.Region}))
		if t.Account == role.Target.Account && arn != "" {
			pin.AnchorARNs = append(pin.AnchorARNs, arn)
		}
	}
	for _, w := range k.workloadsOf(env, role) {
		pin.WorkloadURIs = append(pin.WorkloadURIs, pki.WorkloadURI(env, k.Config.Estate.TrustDomain, w))
	}
	return pin
}

// roleOf is the address of the role with that ARN.
func roleOf(arn string) plan.Addr {
	const fields, account, resource = 6, 4, 5
	parts := strings.SplitN(arn, ":", fields)
	if len(parts) < fields {
		return plan.Addr{}
	}
	return plan.Role(parts[account], strings.TrimPrefix(parts[resource], "role/"))
}
