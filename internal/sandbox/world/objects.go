package world

import (
	"slices"
	"time"
)

// Anchor is a trust anchor.
type Anchor struct {
	ID            string            `json:"id"`
	ARN           string            `json:"arn"`
	Seq           int               `json:"seq"`
	Name          string            `json:"name"`
	SourceType    string            `json:"sourceType"`
	Certificates  string            `json:"certificates"` // PEM text as it was sent
	Enabled       bool              `json:"enabled"`
	CRLDPs        *bool             `json:"crlDpRevocationEnabled,omitempty"`
	Notifications []Notification    `json:"notifications"`
	Tags          map[string]string `json:"tags,omitempty"`
	Created       time.Time         `json:"created"`
	Updated       time.Time         `json:"updated"`
}

// Notification is a notification setting. ConfiguredBy is the service or the
// account.
type Notification struct {
	Event        string `json:"event"`
	Channel      string `json:"channel"`
	Enabled      bool   `json:"enabled"`
	Threshold    *int   `json:"threshold,omitempty"`
	ConfiguredBy string `json:"configuredBy"`
}

// Profile is a profile.
type Profile struct {
	ID                        string              `json:"id"`
	ARN                       string              `json:"arn"`
	Seq                       int                 `json:"seq"`
	Name                      string              `json:"name"`
	Enabled                   bool                `json:"enabled"`
	RoleARNs                  []string            `json:"roleArns"`
	ManagedPolicyARNs         []string            `json:"managedPolicyArns"`
	SessionPolicy             string              `json:"sessionPolicy,omitempty"`
	DurationSeconds           int                 `json:"durationSeconds"`
	RequireInstanceProperties bool                `json:"requireInstanceProperties"`
	AcceptRoleSessionName     bool                `json:"acceptRoleSessionName"`
	Mappings                  map[string][]string `json:"mappings"`
	CreatedBy                 string              `json:"createdBy"`
	Tags                      map[string]string   `json:"tags,omitempty"`
	Created                   time.Time           `json:"created"`
	Updated                   time.Time           `json:"updated"`
}

// CRL is an imported certificate revocation list.
type CRL struct {
	ID        string            `json:"id"`
	ARN       string            `json:"arn"`
	Seq       int               `json:"seq"`
	Name      string            `json:"name"`
	Enabled   bool              `json:"enabled"`
	Data      []byte            `json:"data"` // as it was sent, PEM or DER
	AnchorARN string            `json:"anchorArn"`
	Tags      map[string]string `json:"tags,omitempty"`
	Created   time.Time         `json:"created"`
	Updated   time.Time         `json:"updated"`
}

// Subject is who asked for sessions: one per subject name.
type Subject struct {
	ID          string            `json:"id"`
	ARN         string            `json:"arn"`
	Seq         int               `json:"seq"`
	Name        string            `json:"name"`
	Enabled     bool              `json:"enabled"`
	Credentials []Credential      `json:"credentials,omitempty"`
	Properties  []Properties      `json:"properties,omitempty"`
	Tags        map[string]string `json:"tags,omitempty"`
	LastSeen    time.Time         `json:"lastSeen"`
	Created     time.Time         `json:"created"`
	Updated     time.Time         `json:"updated"`
}

// Credential is a certificate that was seen.
type Credential struct {
	Serial      string    `json:"serial"` // decimal
	Issuer      string    `json:"issuer"`
	Certificate string    `json:"certificate"` // PEM
	Enabled     bool      `json:"enabled"`
	Failed      bool      `json:"failed"`
	Seen        time.Time `json:"seen"`
}

// Properties are instance properties that were seen.
type Properties struct {
	Values map[string]string `json:"values"`
	Failed bool              `json:"failed"`
	Seen   time.Time         `json:"seen"`
}

// Role is an IAM role.
type Role struct {
	ID          string            `json:"id"`
	ARN         string            `json:"arn"`
	Name        string            `json:"name"`
	Path        string            `json:"path"`
	Trust       string            `json:"trust"` // JSON text as it was sent
	Description string            `json:"description,omitempty"`
	MaxSession  int               `json:"maxSession"`
	Attached    []string          `json:"attached,omitempty"` // policy ARNs, sorted
	Inline      map[string]string `json:"inline,omitempty"`   // JSON text by name
	Tags        map[string]string `json:"tags,omitempty"`
	Created     time.Time         `json:"created"`
}

// Policy is a customer-managed policy.
type Policy struct {
	ID          string    `json:"id"`
	ARN         string    `json:"arn"`
	Name        string    `json:"name"`
	Path        string    `json:"path"`
	Document    string    `json:"document"` // JSON text as it was sent
	Description string    `json:"description,omitempty"`
	Created     time.Time `json:"created"`
}

// Session is a set of temporary credentials that the sandbox gave out.
type Session struct {
	AccessKeyID    string            `json:"accessKeyId"`
	Secret         string            `json:"secret,omitempty"`
	Token          string            `json:"token,omitempty"`
	Account        string            `json:"account"`
	RoleID         string            `json:"roleId"`
	RoleName       string            `json:"roleName"`
	RoleARN        string            `json:"roleArn"`
	Name           string            `json:"name"`
	SourceIdentity string            `json:"sourceIdentity,omitempty"`
	Tags           map[string]string `json:"tags,omitempty"`
	Expiration     time.Time         `json:"expiration"`
}

// Anchor finds a trust anchor by its id, or is nil.
func (r *Region) Anchor(id string) *Anchor {
	return find(r.Anchors, func(a *Anchor) bool { return a.ID == id })
}

// Profile finds a profile by its id, or is nil.
func (r *Region) Profile(id string) *Profile {
	return find(r.Profiles, func(p *Profile) bool { return p.ID == id })
}

// CRL finds a CRL by its id, or is nil.
func (r *Region) CRL(id string) *CRL {
	return find(r.CRLs, func(c *CRL) bool { return c.ID == id })
}

// Subject finds a subject by its id, or is nil.
func (r *Region) Subject(id string) *Subject {
	return find(r.Subjects, func(s *Subject) bool { return s.ID == id })
}

// CRLsOf are the CRLs of an anchor.
func (r *Region) CRLsOf(anchorARN string) []*CRL {
	var all []*CRL
	for _, c := range r.CRLs {
		if c.AnchorARN == anchorARN {
			all = append(all, c)
		}
	}
	return all
}

func find[T any](all []*T, is func(*T) bool) *T {
	if i := slices.IndexFunc(all, is); i >= 0 {
		return all[i]
	}
	return nil
}
