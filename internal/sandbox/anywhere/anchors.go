package anywhere

import (
	"net/http"
	"slices"

	"github.com/google/uuid"

	"anchorctl/internal/sandbox/limits"
	"anchorctl/internal/sandbox/wire"
	"anchorctl/internal/sandbox/world"
)

type source struct {
	SourceType *string     `json:"sourceType,omitempty"`
	SourceData *sourceData `json:"sourceData,omitempty"`
}

type sourceData struct {
	Certificates *string `json:"x509CertificateData,omitempty"`
	PCA          *string `json:"acmPcaArn,omitempty"`
}

type createAnchorInput struct {
	Name          *string        `json:"name,omitempty"`
	Source        *source        `json:"source,omitempty"`
	Enabled       *bool          `json:"enabled,omitempty"`
	Notifications []notification `json:"notificationSettings,omitempty"`
	Tags          []tag          `json:"tags,omitempty"`
	CRLDPs        *bool          `json:"crlDpRevocationEnabled,omitempty"`
}

type updateAnchorInput struct {
	ID     string  `json:"-" path:"id"`
	Name   *string `json:"name,omitempty"`
	Source *source `json:"source,omitempty"`
	CRLDPs *bool   `json:"crlDpRevocationEnabled,omitempty"`
}

// The types of sources. Anchors of AWS Private CA need one, and what the
// third is no document says.
const (
	bundle     = "CERTIFICATE_BUNDLE"
	privateCA  = "AWS_ACM_PCA"
	selfSigned = "SELF_SIGNED_REPOSITORY"
)

func createAnchor(c *world.Call, in *createAnchorInput) (any, error) {
	var check wire.Checks
	check.Required("name", in.Name != nil)
	check.Text("name", in.Name, limits.Name)
	check.Required("source", in.Source != nil)
	in.Source.check(&check)
	checkNotifications(&check, in.Notifications)
	checkTags(&check, in.Tags)
	if err := check.Err(validation); err != nil {
		return nil, err
	}
	if err := in.Source.admit(); err != nil {
		return nil, err
	}
	tags, err := tagMap(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	here := c.Here()
	if len(here.Anchors) >= limits.Of(limits.Anchors).Max {
		return nil, overQuota(limits.Anchors)
	}
	id := uuid.NewString()
	a := &world.Anchor{
		ID: id, ARN: c.Account.ARN("rolesanywhere", c.Region, "trust-anchor/"+id), Seq: c.World.Next(),
		Name: *in.Name, SourceType: bundle, Certificates: *in.Source.SourceData.Certificates,
		Enabled: in.Enabled != nil && *in.Enabled, CRLDPs: in.CRLDPs,
		Notifications: defaultNotifications(), Tags: tags, Created: c.Now, Updated: c.Now,
	}
	setNotifications(a, in.Notifications, c.Account.ID)
	here.Anchors = append(here.Anchors, a)
	return anchorAnswer(a), nil
}

func updateAnchor(c *world.Call, in *updateAnchorInput) (any, error) {
	var check wire.Checks
	check.Text("trustAnchorId", &in.ID, limits.UUID)
	check.Text("name", in.Name, limits.Name)
	in.Source.check(&check)
	if err := check.Err(validation); err != nil {
		return nil, err
	}
	a := c.Here().Anchor(in.ID)
	if a == nil {
		return nil, noAnchor(in.ID)
	}
	if in.Source != nil {
		if err := in.Source.admit(); err != nil {
			return nil, err
		}
		a.Certificates = *in.Source.SourceData.Certificates
	}
	if in.Name != nil {
		a.Name = *in.Name
	}
	if in.CRLDPs != nil {
		a.CRLDPs = in.CRLDPs
	}
	a.Updated = c.Now
	return anchorAnswer(a), nil
}

// withAnchor does something with the anchor that is named.
func withAnchor(c *world.Call, in *idInput, do func(*world.Anchor)) (any, error) {
	if err := in.check("trustAnchorId"); err != nil {
		return nil, err
	}
	a := c.Here().Anchor(in.ID)
	if a == nil {
		return nil, noAnchor(in.ID)
	}
	do(a)
	return anchorAnswer(a), nil
}

func getAnchor(c *world.Call, in *idInput) (any, error) {
	return withAnchor(c, in, func(*world.Anchor) {})
}

func enableAnchor(c *world.Call, in *idInput) (any, error) {
	return withAnchor(c, in, func(a *world.Anchor) { a.Enabled, a.Updated = true, c.Now })
}

func disableAnchor(c *world.Call, in *idInput) (any, error) {
	return withAnchor(c, in, func(a *world.Anchor) { a.Enabled, a.Updated = false, c.Now })
}

// deleteAnchor leaves the anchor's CRLs where they are.
func deleteAnchor(c *world.Call, in *idInput) (any, error) {
	return withAnchor(c, in, func(a *world.Anchor) {
		here := c.Here()
		here.Anchors = slices.DeleteFunc(here.Anchors, func(o *world.Anchor) bool { return o == a })
	})
}

func listAnchors(c *world.Call, in *listInput) (any, error) {
	page, next, err := cut(in, "anchors", c.Here().Anchors, c.PageSize, func(a *world.Anchor) int { return a.Seq })
	if err != nil {
		return nil, err
	}
	out := anchorList{Anchors: []anchorDetail{}, NextToken: next}
	for _, a := range page {
		out.Anchors = append(out.Anchors, detailOfAnchor(a))
	}
	return out, nil
}

func (s *source) check(c *wire.Checks) {
	if s == nil {
		return
	}
	c.Enum("source.sourceType", s.SourceType, privateCA, bundle, selfSigned)
	if s.SourceData != nil {
		c.Text("source.sourceData.x509CertificateData", s.SourceData.Certificates, limits.CertificateData)
	}
}

// admit judges what would become an anchor.
func (s *source) admit() error {
	bad := func(text string) error { return wire.Errorf(http.StatusBadRequest, validation, "%s", text) }
	if s.SourceType == nil || s.SourceData == nil || (s.SourceData.Certificates == nil) == (s.SourceData.PCA == nil) {
		return bad("A source needs its sourceType and exactly one member of sourceData")
	}
	switch *s.SourceType {
	case privateCA:
		if s.SourceData.PCA == nil {
			return bad("sourceType AWS_ACM_PCA needs acmPcaArn")
		}
		return wire.Errorf(http.StatusForbidden, "AccessDeniedException", "Error creating TrustAnchor. Given AWS PCA did not allow get request.")
	case selfSigned:
		return bad("sourceType SELF_SIGNED_REPOSITORY is not supported")
	default:
		if s.SourceData.Certificates == nil {
			return bad("sourceType CERTIFICATE_BUNDLE needs x509CertificateData")
		}
		return admit(*s.SourceData.Certificates)
	}
}

func noAnchor(id string) error {
	return wire.Errorf(http.StatusNotFound, "ResourceNotFoundException", "Trust anchor %s was not found", id)
}

// overQuota has no model: the service documents its quotas, not the error.
func overQuota(id limits.ID) error {
	l := limits.Of(id)
	return wire.Errorf(http.StatusBadRequest, validation, "The request exceeds the quota of %d %s", l.Max, l.Of)
}
