package estate

import (
	"slices"
	"strings"
	"time"

	"anchorctl/internal/anchors"
	"anchorctl/internal/config"
	"anchorctl/internal/engine"
	"anchorctl/internal/issuers"
	"anchorctl/internal/ownership"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
	"anchorctl/internal/profiles"
	"anchorctl/internal/roles"
)

// desired is what the configuration wants, addressed. Nothing in it was asked
// of AWS.
type desired struct {
	issuers  map[string]issuers.Spec // by environment
	anchors  map[plan.Addr]anchors.Spec
	profiles map[plan.Addr]profiles.Desired
	pins     map[plan.Addr]roles.Pin // AnchorARNs are references
}

// want reads the configuration. The record says which generations of an
// environment's issuer anchors should have, minted or still to be.
func want(c *config.Config, lineage string, r recorded) desired {
	d := desired{
		issuers: map[string]issuers.Spec{}, anchors: map[plan.Addr]anchors.Spec{},
		profiles: map[plan.Addr]profiles.Desired{}, pins: map[plan.Addr]roles.Pin{},
	}
	for _, name := range c.EnvironmentNames() {
		env := c.Environments[name]
		d.issuers[name] = issuers.SpecOf(c, env)
		for _, t := range env.Targets {
			place := plan.Target{Account: t.Account, Region: t.Region}
			addr := plan.Anchor(name, place)
			d.anchors[addr] = anchors.Spec{
				Addr: addr, Name: c.Estate.Name + "-" + name,
				Certificates: r.inAnchors(name),
				Tags:         ownership.Tags(lineage, addr),
				ChecksPoints: env.CRL.CheckDistributionPoint, Notifications: wantNotifications(env.Notifications),
			}
			for _, profile := range env.ProfilesAt(place) {
				p := wantProfile(c, env, profile, place, lineage)
				d.profiles[p.Addr] = p
			}
		}
		for addr, pin := range wantPins(c, env) {
			d.pins[addr] = pin
		}
	}
	return d
}

func wantNotifications(n config.Notifications) []anchors.Notification {
	setting := func(event string, s config.NotificationSetting) anchors.Notification {
		return anchors.Notification{Event: event, Enabled: s.Enabled != nil && *s.Enabled, Threshold: int(time.Duration(s.Threshold) / (24 * time.Hour))}
	}
	return []anchors.Notification{setting(anchors.CAExpiry, n.CACertificateExpiry), setting(anchors.EndEntityExpiry, n.EndEntityCertificateExpiry)}
}

func wantProfile(c *config.Config, env *config.Environment, p config.NamedProfile, place plan.Target, lineage string) profiles.Desired {
	addr := plan.Profile(env.Name, p.Name, place)
	var arns []string
	for _, role := range p.RoleNames() {
		arns = append(arns, roles.ARN(place.Partition(), plan.Role(place.Account, role)))
	}
	slices.Sort(arns)
	return profiles.Desired{
		Addr: addr, Tags: ownership.Tags(lineage, addr),
		Spec: profiles.Spec{
			Name: c.ProfileName(env.Name, p.Name), RoleARNs: arns,
			ManagedPolicyARNs: slices.Sorted(slices.Values(p.ManagedPolicies)), SessionPolicy: p.SessionPolicyDocument,
			DurationSeconds: int(time.Duration(p.SessionDuration) / time.Second), Mappings: p.AttributeMappings,
		},
	}
}

// wantPins gives each role of the environment, in each of its accounts, one
// pin to the anchors of that account in every region, and to the workloads
// that any of its profiles lists for it.
func wantPins(c *config.Config, env *config.Environment) map[plan.Addr]roles.Pin {
	pins := map[plan.Addr]roles.Pin{}
	for _, t := range env.Targets {
		anchor := plan.Anchor(env.Name, plan.Target{Account: t.Account, Region: t.Region})
		for _, profile := range env.ProfilesIn(t.Account) {
			for _, role := range profile.RoleNames() {
				addr := plan.Role(t.Account, role)
				pin := pins[addr]
				pin.Addr, pin.Environment = addr, env.Name
				pin.AnchorARNs = append(pin.AnchorARNs, engine.Reference(anchor, "arn"))
				for _, w := range profile.Roles[role].Workloads {
					pin.WorkloadURIs = append(pin.WorkloadURIs, pki.WorkloadURI(env.Name, c.Estate.TrustDomain, w))
				}
				pins[addr] = pin
			}
		}
	}
	for addr, pin := range pins {
		pin.AnchorARNs, pin.WorkloadURIs = unique(pin.AnchorARNs), unique(pin.WorkloadURIs)
		pins[addr] = pin
	}
	return pins
}

func unique(list []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(list)))
}

// addresses are the keys of m in the order of their text.
func addresses[V any](m map[plan.Addr]V) []plan.Addr {
	list := make([]plan.Addr, 0, len(m))
	for addr := range m {
		list = append(list, addr)
	}
	slices.SortFunc(list, func(a, b plan.Addr) int {
		return strings.Compare(a.String(), b.String())
	})
	return list
}
