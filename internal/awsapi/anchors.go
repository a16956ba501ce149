package awsapi

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere/types"

	"anchorctl/internal/admission"
	"anchorctl/internal/anchors"
	"anchorctl/internal/engine"
	"anchorctl/internal/pki"
)

// configuredByService marks a notification setting that nobody has set
// (https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/API_NotificationSettingDetail.html).
const configuredByService = "rolesanywhere.amazonaws.com"

type anchorAPI struct{ t *Target }

var _ anchors.API = anchorAPI{}

// Anchors are the target's trust anchors.
func (t *Target) Anchors() anchors.API { return anchorAPI{t} }

func (a anchorAPI) List(ctx context.Context, fresh bool) ([]anchors.Live, error) {
	var all []anchors.Live
	err := pages("ListTrustAnchors", func(token *string) (next *string, err error) {
		var out *rolesanywhere.ListTrustAnchorsOutput
		err = a.t.do(ctx, a.request("ListTrustAnchors", func(ctx context.Context) (err error) {
			out, err = a.t.anywhere.ListTrustAnchors(ctx, &rolesanywhere.ListTrustAnchorsInput{NextToken: token})
			return err
		}))
		if err != nil {
			return nil, err
		}
		for i := range out.TrustAnchors {
			live, err := a.live(&out.TrustAnchors[i])
			if err != nil {
				return nil, err
			}
			all = append(all, live)
		}
		return out.NextToken, nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing the trust anchors of %s/%s: %w", a.t.account, a.t.region, err)
	}
	objects := make([]named, len(all))
	for i, live := range all {
		objects[i] = named{live.ARN, live.Name}
	}
	tags, err := a.t.tags(ctx, anchorKind, objects, fresh)
	if err != nil {
		return nil, fmt.Errorf("reading the tags of the trust anchors of %s/%s: %w", a.t.account, a.t.region, err)
	}
	kept := make([]anchors.Live, 0, len(all))
	for _, live := range all {
		if t, there := tags[live.ARN]; there {
			live.Tags = t
			kept = append(kept, live)
		}
	}
	return distinct(kept, func(l anchors.Live) string { return l.ARN }), nil
}

func (a anchorAPI) Create(ctx context.Context, n anchors.New) (anchors.Live, error) {
	source, err := bundle(n.Certificates)
	if err != nil {
		return anchors.Live{}, fmt.Errorf("creating trust anchor %q: %w", n.Name, err)
	}
	in := &rolesanywhere.CreateTrustAnchorInput{
		Name: &n.Name, Source: source, Enabled: aws.Bool(false), Tags: toTags(n.Tags),
		NotificationSettings: toNotifications(n.Notifications),
	}
	if n.ChecksPoints {
		in.CrlDpRevocationEnabled = &n.ChecksPoints
	}
	var out *rolesanywhere.CreateTrustAnchorOutput
	r := a.request("CreateTrustAnchor", func(ctx context.Context) (err error) {
		out, err = a.t.anywhere.CreateTrustAnchor(ctx, in)
		return err
	})
	r.once = true
	if err := a.t.do(ctx, r); err != nil {
		return anchors.Live{}, fmt.Errorf("creating trust anchor %q: %w", n.Name, err)
	}
	live, err := a.live(out.TrustAnchor)
	if err != nil {
		return anchors.Live{}, fmt.Errorf("creating trust anchor %q: %w: %w", n.Name, engine.ErrUnclear, err)
	}
	live.Tags = n.Tags
	return live, nil
}

func (a anchorAPI) Change(ctx context.Context, id string, c anchors.Change) error {
	if err := a.change(ctx, id, c); err != nil {
		return fmt.Errorf("changing trust anchor %s: %w", id, err)
	}
	return nil
}

func (a anchorAPI) change(ctx context.Context, id string, c anchors.Change) error {
	if c.Disable {
		if err := a.t.do(ctx, a.request("DisableTrustAnchor", func(ctx context.Context) error {
			_, err := a.t.anywhere.DisableTrustAnchor(ctx, &rolesanywhere.DisableTrustAnchorInput{TrustAnchorId: &id})
			return err
		})); err != nil {
			return err
		}
	}
	if c.Name != nil {
		if err := a.update(ctx, &rolesanywhere.UpdateTrustAnchorInput{TrustAnchorId: &id, Name: c.Name}); err != nil {
			return err
		}
	}
	if len(c.Certificates) > 0 {
		source, err := bundle(c.Certificates)
		if err != nil {
			return err
		}
		if err := a.update(ctx, &rolesanywhere.UpdateTrustAnchorInput{TrustAnchorId: &id, Source: source}); err != nil {
			return err
		}
	}
	if c.ChecksPoints != nil {
		if err := a.update(ctx, &rolesanywhere.UpdateTrustAnchorInput{TrustAnchorId: &id, CrlDpRevocationEnabled: c.ChecksPoints}); err != nil {
			return err
		}
	}
	if len(c.Notifications) > 0 {
		in := &rolesanywhere.PutNotificationSettingsInput{TrustAnchorId: &id, NotificationSettings: toNotifications(c.Notifications)}
		if err := a.t.do(ctx, a.request("PutNotificationSettings", func(ctx context.Context) error {
			_, err := a.t.anywhere.PutNotificationSettings(ctx, in)
			return err
		})); err != nil {
			return err
		}
	}
	if err := a.t.changeTags(ctx, anchorKind, id, c.SetTags, c.DropTags); err != nil {
		return err
	}
	if !c.Enable {
		return nil
	}
	return a.t.do(ctx, a.request("EnableTrustAnchor", func(ctx context.Context) error {
		_, err := a.t.anywhere.EnableTrustAnchor(ctx, &rolesanywhere.EnableTrustAnchorInput{TrustAnchorId: &id})
		return err
	}))
}

func (a anchorAPI) update(ctx context.Context, in *rolesanywhere.UpdateTrustAnchorInput) error {
	return a.t.do(ctx, a.request("UpdateTrustAnchor", func(ctx context.Context) error {
		_, err := a.t.anywhere.UpdateTrustAnchor(ctx, in)
		return err
	}))
}

func (a anchorAPI) Delete(ctx context.Context, id string) error {
	err := a.t.do(ctx, a.request("DeleteTrustAnchor", func(ctx context.Context) error {
		_, err := a.t.anywhere.DeleteTrustAnchor(ctx, &rolesanywhere.DeleteTrustAnchorInput{TrustAnchorId: &id})
		return err
	}))
	if err != nil && !gone(err) {
		return fmt.Errorf("deleting trust anchor %s: %w", id, err)
	}
	return nil
}

func (a anchorAPI) request(operation string, send func(context.Context) error) request {
	return request{family: anchorFamily, operation: operation, send: send}
}

// live reads an anchor as the service shows it.
func (a anchorAPI) live(d *types.TrustAnchorDetail) (anchors.Live, error) {
	if d == nil {
		return anchors.Live{}, errors.New("the service answers without a trust anchor")
	}
	live := anchors.Live{
		ID: aws.ToString(d.TrustAnchorId), ARN: aws.ToString(d.TrustAnchorArn), Name: aws.ToString(d.Name),
		Enabled: aws.ToBool(d.Enabled), Updated: aws.ToTime(d.UpdatedAt).UTC(), ChecksPoints: aws.ToBool(d.CrlDpRevocationEnabled),
	}
	if err := a.t.checkARN(anchorKind, live.ID, live.ARN); err != nil {
		return anchors.Live{}, err
	}
	// An anchor that is taken for disabled and is not would pass every gate.
	if d.Enabled == nil {
		return anchors.Live{}, fmt.Errorf("the service does not say whether %s is enabled", live.ARN)
	}
	if d.Source != nil {
		live.SourceType = string(d.Source.SourceType)
		if data, ok := d.Source.SourceData.(*types.SourceDataMemberX509CertificateData); ok {
			live.Bundle = data.Value
		}
	}
	for _, n := range d.NotificationSettings {
		live.Notifications = append(live.Notifications, anchors.Notification{
			Event: string(n.Event), Threshold: int(aws.ToInt32(n.Threshold)), Enabled: aws.ToBool(n.Enabled),
			Custom: aws.ToString(n.ConfiguredBy) != configuredByService,
		})
	}
	slices.SortFunc(live.Notifications, func(a, b anchors.Notification) int { return strings.Compare(a.Event, b.Event) })
	return live, nil
}

// bundle is the source of an anchor that holds these certificates.
func bundle(admitted []admission.Admitted) (*types.Source, error) {
	var text strings.Builder
	for _, one := range admitted {
		if one.Certificate() == nil {
			return nil, errors.New("a certificate was not admitted")
		}
		text.Write(pki.EncodePEM(one.Certificate()))
	}
	if text.Len() == 0 {
		return nil, errors.New("there is no certificate to register")
	}
	return &types.Source{
		SourceType: types.TrustAnchorTypeCertificateBundle,
		SourceData: &types.SourceDataMemberX509CertificateData{Value: text.String()},
	}, nil
}

func toNotifications(settings []anchors.Notification) []types.NotificationSetting {
	var list []types.NotificationSetting
	for _, n := range settings {
		setting := types.NotificationSetting{
			Event: types.NotificationEvent(n.Event), Enabled: aws.Bool(n.Enabled), Channel: types.NotificationChannelAll,
		}
		if n.Threshold > 0 {
			setting.Threshold = aws.Int32(int32(min(n.Threshold, 1<<20)))
		}
		list = append(list, setting)
	}
	return list
}
