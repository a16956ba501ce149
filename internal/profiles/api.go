package profiles

import "anchorctl/internal/objects"

// Live is a profile as the service shows it.
type Live struct {
	ID                    string
	ARN                   string
	Name                  string
	Enabled               bool
	RoleARNs              []string
	ManagedPolicyARNs     []string
	SessionPolicy         string // JSON text; empty when there is none
	DurationSeconds       int
	AcceptRoleSessionName bool
	Mappings              Mappings
	Tags                  map[string]string
}

// Identity is asked for by objects.
func (l Live) Identity() (id, arn string, tags map[string]string) { return l.ID, l.ARN, l.Tags }

// Mappings are attribute mappings: certificate field (x509Subject, x509Issuer,
// x509SAN) to specifiers ("CN", "OU", "*", "URI", "Name/*"), sorted.
// https://docs.aws.amazon.com/rolesanywhere/latest/userguide/attribute-mapping.html
type Mappings map[string][]string

// Spec is all that a profile says, besides whether it is enabled.
type Spec struct {
	Name                  string
	RoleARNs              []string
	ManagedPolicyARNs     []string
	SessionPolicy         string
	DurationSeconds       int
	AcceptRoleSessionName bool
	Mappings              Mappings
}

// New is what a profile is created from: always disabled. Mappings are not
// part of the service's CreateProfile: a Change sets them.
type New struct {
	Spec

	Tags map[string]string
}

// Change is one update of a profile; fields left at their zero value stay as
// they are. The requests go out in the order of the fields.
type Change struct {
	Disable      bool
	Spec         *Spec               // everything but Mappings, in one UpdateProfile
	PutMappings  Mappings            // PutAttributeMapping per field (replaces that field's rules)
	DropMappings map[string][]string // DeleteAttributeMapping: field to specifiers
	SetTags      map[string]string
	DropTags     []string
	Enable       bool
}

// API is what the profiles of one target need of AWS.
type API = objects.API[Live, New, Change]

// Ours are our profiles.
type Ours = objects.Ours[Live, New, Change]
