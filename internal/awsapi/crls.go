package awsapi

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere/types"

	"anchorctl/internal/crls"
	"anchorctl/internal/engine"
)

type crlAPI struct{ t *Target }

var _ crls.API = crlAPI{}

// CRLs are the target's revocation lists.
func (t *Target) CRLs() crls.API { return crlAPI{t} }

func (c crlAPI) List(ctx context.Context, fresh bool) ([]crls.Live, error) {
	var all []crls.Live
	err := pages("ListCrls", func(token *string) (next *string, err error) {
		var out *rolesanywhere.ListCrlsOutput
		err = c.t.do(ctx, c.request("ListCrls", func(ctx context.Context) (err error) {
			out, err = c.t.anywhere.ListCrls(ctx, &rolesanywhere.ListCrlsInput{NextToken: token})
			return err
		}))
		if err != nil {
			return nil, err
		}
		for i := range out.Crls {
			live, err := c.live(&out.Crls[i])
			if err != nil {
				return nil, err
			}
			all = append(all, live)
		}
		return out.NextToken, nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing the revocation lists of %s/%s: %w", c.t.account, c.t.region, err)
	}
	objects := make([]named, len(all))
	for i, live := range all {
		objects[i] = named{live.ARN, live.Name}
	}
	tags, err := c.t.tags(ctx, crlKind, objects, fresh)
	if err != nil {
		return nil, fmt.Errorf("reading the tags of the revocation lists of %s/%s: %w", c.t.account, c.t.region, err)
	}
	kept := make([]crls.Live, 0, len(all))
	for _, live := range all {
		if t, there := tags[live.ARN]; there {
			live.Tags = t
			kept = append(kept, live)
		}
	}
	return distinct(kept, func(l crls.Live) string { return l.ARN }), nil
}

func (c crlAPI) Create(ctx context.Context, n crls.New) (crls.Live, error) {
	in := &rolesanywhere.ImportCrlInput{
		Name: &n.Name, CrlData: n.Data, TrustAnchorArn: &n.AnchorARN, Enabled: aws.Bool(true), Tags: toTags(n.Tags),
	}
	var out *rolesanywhere.ImportCrlOutput
	r := c.request("ImportCrl", func(ctx context.Context) (err error) {
		out, err = c.t.anywhere.ImportCrl(ctx, in)
		return err
	})
	r.once = true
	if err := c.t.do(ctx, r); err != nil {
		return crls.Live{}, fmt.Errorf("importing revocation list %q: %w", n.Name, err)
	}
	live, err := c.live(out.Crl)
	if err != nil {
		return crls.Live{}, fmt.Errorf("importing revocation list %q: %w: %w", n.Name, engine.ErrUnclear, err)
	}
	live.Tags = n.Tags
	return live, nil
}

func (c crlAPI) Change(ctx context.Context, id string, change crls.Change) error {
	if err := c.change(ctx, id, change); err != nil {
		return fmt.Errorf("changing revocation list %s: %w", id, err)
	}
	return nil
}

func (c crlAPI) change(ctx context.Context, id string, change crls.Change) error {
	if change.Name != nil || change.Data != nil {
		in := &rolesanywhere.UpdateCrlInput{CrlId: &id, Name: change.Name, CrlData: change.Data}
		err := c.t.do(ctx, c.request("UpdateCrl", func(ctx context.Context) error {
			_, err := c.t.anywhere.UpdateCrl(ctx, in)
			return err
		}))
		if err != nil {
			return err
		}
	}
	if err := c.t.changeTags(ctx, crlKind, id, change.SetTags, nil); err != nil || !change.Enable {
		return err
	}
	return c.t.do(ctx, c.request("EnableCrl", func(ctx context.Context) error {
		_, err := c.t.anywhere.EnableCrl(ctx, &rolesanywhere.EnableCrlInput{CrlId: &id})
		return err
	}))
}

func (c crlAPI) Delete(ctx context.Context, id string) error {
	err := c.t.do(ctx, c.request("DeleteCrl", func(ctx context.Context) error {
		_, err := c.t.anywhere.DeleteCrl(ctx, &rolesanywhere.DeleteCrlInput{CrlId: &id})
		return err
	}))
	if err != nil && !gone(err) {
		return fmt.Errorf("deleting revocation list %s: %w", id, err)
	}
	return nil
}

func (c crlAPI) request(operation string, send func(context.Context) error) request {
	return request{family: crlFamily, operation: operation, send: send}
}

// live reads a list as the service shows it.
func (c crlAPI) live(d *types.CrlDetail) (crls.Live, error) {
	if d == nil {
		return crls.Live{}, errors.New("the service answers without a revocation list")
	}
	live := crls.Live{
		ID: aws.ToString(d.CrlId), ARN: aws.ToString(d.CrlArn), Name: aws.ToString(d.Name), AnchorARN: aws.ToString(d.TrustAnchorArn),
		Enabled: aws.ToBool(d.Enabled), Data: d.CrlData, Updated: aws.ToTime(d.UpdatedAt).UTC(),
	}
	return live, c.t.checkARN(crlKind, live.ID, live.ARN)
}
