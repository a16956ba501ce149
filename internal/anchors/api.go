package anchors

import (
	"time"

	"anchorctl/internal/admission"
	"anchorctl/internal/objects"
)

// Live is a trust anchor as the service shows it.
type Live struct {
	ID            string
	ARN           string
	Name          string
	Enabled       bool
	SourceType    string // CERTIFICATE_BUNDLE, AWS_ACM_PCA, SELF_SIGNED_REPOSITORY
	Bundle        string // PEM text of a CERTIFICATE_BUNDLE
	Notifications []Notification
	Tags          map[string]string
	Updated       time.Time
	// ChecksPoints: certificates are checked against the revocation lists that
	// they name themselves (crlDpRevocationEnabled).
	ChecksPoints bool
}

// Identity is asked for by objects.
func (l Live) Identity() (id, arn string, tags map[string]string) { return l.ID, l.ARN, l.Tags }

// Notification is one notification setting of an anchor
// (https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/API_NotificationSetting.html).
type Notification struct {
	Event     string // CAExpiry or EndEntityExpiry
	Threshold int    // days, 1..360; 0 where it is disabled
	Enabled   bool
	Custom    bool // set by the account, not the service's default
}

// New is what an anchor is created from: always disabled.
type New struct {
	Name          string
	Certificates  []admission.Admitted // one or two
	Notifications []Notification
	Tags          map[string]string
	ChecksPoints  bool
}

// Change is one update of an anchor; fields left nil stay as they are.
// Each field that is set is one request, in the order of the fields.
type Change struct {
	Disable       bool
	Name          *string
	Certificates  []admission.Admitted
	ChecksPoints  *bool
	Notifications []Notification
	SetTags       map[string]string
	DropTags      []string
	Enable        bool
}

// API is what the anchors of one target need of AWS.
type API = objects.API[Live, New, Change]

// Ours are our anchors.
type Ours = objects.Ours[Live, New, Change]
