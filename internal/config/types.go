package config

import (
	"maps"
	"slices"
	"time"
)

// RoleHandling says who writes the statements into the roles' trust policies.
type RoleHandling string

// The ways to handle roles.
const (
	Verify RoleHandling = "verify" // people install the printed statements; they are checked
	Manage RoleHandling = "manage" // anchorctl writes exactly its own statement
)

// A field whose JSON tag has no omitempty must be in the file.

// Config is the whole file.
type Config struct {
	Version      int                     `json:"version"`
	Estate       Estate                  `json:"estate"`
	Root         Root                    `json:"root,omitempty"`
	Roles        RoleHandling            `json:"roles,omitempty"`
	Store        string                  `json:"store,omitempty"`
	Environments map[string]*Environment `json:"environments"`
	Waivers      []Waiver                `json:"waivers,omitempty"`
}

// Estate is what never changes once certificates carry it.
type Estate struct {
	Name         string `json:"name"`
	Organization string `json:"organization"`
	TrustDomain  string `json:"trustDomain"`
}

// Root is the private root.
type Root struct {
	Key      KeySpec  `json:"key,omitempty"`
	Lifetime Duration `json:"lifetime,omitempty"`
	// Certificate is the file of a root whose key is somebody else's.
	Certificate     string `json:"certificate,omitempty"`
	CertificateText []byte `json:"-"` // what that file holds
}

// KeySpec says what kind of key to make.
type KeySpec struct {
	Type string `json:"type"`
}

// Environment is the unit of isolation.
type Environment struct {
	Name       string     `json:"-"` // the key it stands under
	Issuer     IssuerSpec `json:"issuer,omitempty"`
	DNSDomains []string   `json:"dnsDomains,omitempty"`
	Limits     Limits     `json:"limits,omitempty"`
	CRL        CRLSpec    `json:"crl,omitempty"`
	// Notifications are those that AWS sends of what expires.
	Notifications Notifications        `json:"notifications,omitempty"`
	Targets       []Target             `json:"targets"`
	Workloads     map[string]*Workload `json:"workloads,omitempty"`
	Profiles      map[string]*Profile  `json:"profiles,omitempty"`
}

// IssuerSpec is the environment's intermediate certificate authority.
type IssuerSpec struct {
	Key            KeySpec  `json:"key,omitempty"`
	Lifetime       Duration `json:"lifetime,omitempty"`
	NameConstraint *bool    `json:"nameConstraint,omitempty"`
}

// Limits are what workloads and profiles of the environment may not exceed.
type Limits struct {
	CertificateLifetime      Duration `json:"certificateLifetime,omitempty"`
	SessionDuration          Duration `json:"sessionDuration,omitempty"`
	SensitiveSessionDuration Duration `json:"sensitiveSessionDuration,omitempty"`
	RenewalInterval          Duration `json:"renewalInterval,omitempty"` // between two runs of renew; 0: not said
	RolesPerProfile          int      `json:"rolesPerProfile,omitempty"`
}

// CRLSpec says how the environment's revocation lists are kept: there are none
// before the first revocation.
type CRLSpec struct {
	Interval               Duration `json:"interval,omitempty"` // a new list is signed once the last is as old
	Validity               Duration `json:"validity,omitempty"` // from a list to its next update
	DistributionPoint      string   `json:"distributionPoint,omitempty"`
	CheckDistributionPoint bool     `json:"checkDistributionPoint,omitempty"`
}

// Notifications are the notification settings of the environment's anchors, by
// the events of the service.
type Notifications struct {
	CACertificateExpiry        NotificationSetting `json:"caCertificateExpiry,omitempty"`
	EndEntityCertificateExpiry NotificationSetting `json:"endEntityCertificateExpiry,omitempty"`
}

// NotificationSetting says how long before an event AWS begins to tell of it.
type NotificationSetting struct {
	Enabled   *bool    `json:"enabled,omitempty"`
	Threshold Duration `json:"threshold,omitempty"` // whole days; 0 where it is disabled
}

// Target is an AWS account and region.
type Target struct {
	Account     string       `json:"account"`
	Region      string       `json:"region"`
	Credentials *Credentials `json:"credentials,omitempty"`
	ProbeRole   string       `json:"probeRole,omitempty"`
}

// Credentials say how the operator reaches a target; without any, the AWS
// SDK's default chain is used.
type Credentials struct {
	Profile    string `json:"profile,omitempty"`
	AssumeRole string `json:"assumeRole,omitempty"`
}

// Workload is what gets certificates.
type Workload struct {
	CertificateLifetime Duration `json:"certificateLifetime,omitempty"`
	DNS                 []string `json:"dns,omitempty"`
}

// Profile is a Roles Anywhere profile: the roles a session may take.
type Profile struct {
	Roles                 map[string]*RoleUse `json:"roles"` // by path and name, "team/prod-backup"
	SessionPolicy         string              `json:"sessionPolicy,omitempty"`
	SessionPolicyDocument string              `json:"-"` // the text of the file SessionPolicy
	ManagedPolicies       []string            `json:"managedPolicies,omitempty"`
	SessionDuration       Duration            `json:"sessionDuration,omitempty"`
	AttributeMappings     map[string][]string `json:"attributeMappings,omitempty"`
}

// RoleUse says who may take a role.
type RoleUse struct {
	Workloads []string `json:"workloads"`
	// Sensitive roles are alone in their profiles, and their sessions are short
	// and of one workload. What is tagged so in IAM is sensitive besides.
	Sensitive bool `json:"sensitive,omitempty"`
}

// Waiver accepts one finding of a rule that holds, until a day.
type Waiver struct {
	Rule   string `json:"rule"`
	At     string `json:"at"` // the address of what the finding is about
	Reason string `json:"reason"`
	Owner  string `json:"owner"`
	Until  Date   `json:"until"` // the last day it holds, in UTC
}

// Valid reports whether the waiver's last day has not passed.
func (w Waiver) Valid(now time.Time) bool {
	return now.UTC().Before(w.Until.Time().AddDate(0, 0, 1))
}

// EnvironmentNames are the names of the environments, sorted.
func (c *Config) EnvironmentNames() []string { return slices.Sorted(maps.Keys(c.Environments)) }

// WorkloadNames are the names of the environment's workloads, sorted.
func (e *Environment) WorkloadNames() []string { return slices.Sorted(maps.Keys(e.Workloads)) }

// ProfileNames are the names of the environment's profiles, sorted.
func (e *Environment) ProfileNames() []string { return slices.Sorted(maps.Keys(e.Profiles)) }

// RoleNames are the paths and names of the profile's roles, sorted.
func (p *Profile) RoleNames() []string { return slices.Sorted(maps.Keys(p.Roles)) }

// LifetimeOf is the lifetime of the certificates of a workload; that of a
// workload the environment does not have is zero.
func (e *Environment) LifetimeOf(workload string) time.Duration {
	if w := e.Workload(workload); w != nil {
		return time.Duration(w.CertificateLifetime)
	}
	return 0
}

// LongestLifetime is that of the environment's workloads, the probe included.
func (e *Environment) LongestLifetime() time.Duration {
	var longest time.Duration
	for _, name := range e.Holders() {
		longest = max(longest, e.LifetimeOf(name))
	}
	return longest
}

// DurationOf is the duration of the sessions of a profile; that of a profile
// the environment does not have is zero.
func (e *Environment) DurationOf(profile string) time.Duration {
	if p := e.Profiles[profile]; p != nil {
		return time.Duration(p.SessionDuration)
	}
	return 0
}

// AnchorName is the name in AWS of an environment's trust anchors.
func (c *Config) AnchorName(environment string) string { return c.Estate.Name + "-" + environment }

// ProfileName is the name in AWS of a profile of an environment.
func (c *Config) ProfileName(environment, profile string) string {
	return c.Estate.Name + "-" + environment + "-" + profile
}
