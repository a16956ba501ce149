package config

import (
	"cmp"
	"slices"
	"time"
)

// DefaultStore is where an estate's store lies, relative to the configuration.
const DefaultStore = ".anchorctl/state.db"

// The defaults. Lifetimes are those of docs/config.md.
const (
	defaultRootKey         = "ecdsa-p384"
	defaultIssuerKey       = "ecdsa-p256"
	defaultRootLifetime    = Duration(3650 * day)
	defaultIssuerLifetime  = Duration(365 * day)
	defaultCertificate     = Duration(24 * time.Hour)
	defaultCertificateMost = Duration(7 * day) // longer only where limits say so
	defaultSession         = Duration(time.Hour)
	defaultSensitive       = Duration(30 * time.Minute)
	defaultRolesPerProfile = 5
	defaultCRLInterval     = Duration(24 * time.Hour)
	defaultCRLValidity     = Duration(7 * day)
)

// defaultMappings is the least that generated trust policies need: the
// environment from the subject's OU, the workload from the SAN's URI. CN makes
// sessions readable in logs. Each mapped field takes room in the packed
// session policy.
func defaultMappings() map[string][]string {
	return map[string][]string{fieldSubject: {"CN", "OU"}, fieldSAN: {"URI"}}
}

func or[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}

// fill sets every single value the file leaves out.
func (c *Config) fill() {
	or(&c.Root.Key.Type, defaultRootKey)
	or(&c.Root.Lifetime, defaultRootLifetime)
	or(&c.Roles, Verify)
	or(&c.Store, DefaultStore)
	if c.Environments == nil {
		c.Environments = map[string]*Environment{}
	}
	for name, e := range c.Environments {
		e.Name = name
		e.fill()
	}
}

func (e *Environment) fill() {
	or(&e.Issuer.Key.Type, defaultIssuerKey)
	or(&e.Issuer.Lifetime, defaultIssuerLifetime)
	if e.Issuer.NameConstraint == nil {
		constrained := true
		e.Issuer.NameConstraint = &constrained
	}
	or(&e.Limits.CertificateLifetime, min(defaultCertificateMost, e.Issuer.Lifetime))
	or(&e.Limits.SessionDuration, maxSession)
	or(&e.Limits.SensitiveSessionDuration, defaultSensitive)
	or(&e.Limits.RolesPerProfile, defaultRolesPerProfile)
	or(&e.CRL.Interval, defaultCRLInterval)
	or(&e.CRL.Validity, max(defaultCRLValidity, min(2*e.CRL.Interval, maxCRLValidity)))
	for _, w := range e.Workloads {
		or(&w.CertificateLifetime, min(defaultCertificate, e.Limits.CertificateLifetime))
	}
	for _, p := range e.Profiles {
		or(&p.SessionDuration, min(defaultSession, e.Limits.SessionDuration))
	}
	e.fillNotifications()
}

// order sorts every list whose order means nothing, and completes the attribute
// mappings. It comes after the checks, which find places by index.
func (c *Config) order() {
	slices.SortFunc(c.Waivers, func(a, b Waiver) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.At, b.At))
	})
	for _, e := range c.Environments {
		slices.Sort(e.DNSDomains)
		slices.SortFunc(e.Targets, func(a, b Target) int {
			return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Region, b.Region))
		})
		for _, p := range e.Profiles {
			slices.Sort(p.ManagedPolicies)
			p.AttributeMappings = mappings(p.AttributeMappings)
			for _, use := range p.Roles {
				slices.Sort(use.Workloads)
			}
		}
	}
}

// mappings completes the attribute mappings: a field that is not named keeps
// its default, one with an empty list is not mapped.
func mappings(named map[string][]string) map[string][]string {
	all := defaultMappings()
	for field, specifiers := range named {
		all[field] = nil
		for _, s := range specifiers {
			all[field] = append(all[field], canonicalSpecifier(field, s))
		}
		slices.Sort(all[field])
		if len(all[field]) == 0 {
			delete(all, field)
		}
	}
	return all
}

// canonicalSpecifier writes a specifier as the service gives it back.
// https://docs.aws.amazon.com/rolesanywhere/latest/userguide/attribute-mapping.html
func canonicalSpecifier(field, s string) string {
	if field == fieldSAN && (s == "Name" || s == "Name/") {
		return "Name/*"
	}
	return s
}
