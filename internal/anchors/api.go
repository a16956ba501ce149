package anchors

import (
	"context"
	"time"

	"anchorctl/internal/admission"
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

// API is what the anchors of one target need of AWS. Implementations pace
// themselves. Create is sent once and never retried; an error of Create says
// with errors.Is(err, ErrUnclear) that it may have happened all the same.
type API interface {
	// List returns all anchors of the target with their tags. With fresh, tags
	// are read one by one with ListTagsForResource, which never lags.
	List(ctx context.Context, fresh bool) ([]Live, error)
	Create(ctx context.Context, n New) (Live, error)
	Change(ctx context.Context, id string, c Change) error
	// Delete deletes the anchor; one that is gone already is no error.
	Delete(ctx context.Context, id string) error
}
