package awsapi

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere/types"

	"anchorctl/internal/ownership"
)

// named is an object whose tags are wanted.
type named struct{ arn, name string }

// tags reads the tags of objects of one kind. The tagging API gives a hundred
// objects a call but lags behind, so one of ours that it shows without our
// tags is asked itself; fresh, or where the tagging API is denied, all are.
// What is gone by now has no entry in the answer.
func (t *Target) tags(ctx context.Context, kind string, objects []named, fresh bool) (map[string]map[string]string, error) {
	all := map[string]map[string]string{}
	if len(objects) == 0 {
		return all, nil
	}
	bulk, err := t.bulkTags(ctx, kind, fresh)
	if err != nil {
		return nil, err
	}
	for _, o := range objects {
		tags, known := bulk[o.arn]
		if _, ours := tags[ownership.TagEstate]; bulk != nil && (ours || !strings.HasPrefix(o.name, t.namePrefix)) {
			if !known {
				tags = map[string]string{}
			}
			all[o.arn] = tags
			continue
		}
		tags, err := t.listTags(ctx, o.arn)
		if gone(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all[o.arn] = tags
	}
	return all, nil
}

// bulkTags asks the tagging API; nil means that it is not to be asked.
func (t *Target) bulkTags(ctx context.Context, kind string, fresh bool) (map[string]map[string]string, error) {
	t.mu.Lock()
	skip := fresh || t.taggingDenied
	t.mu.Unlock()
	if skip {
		return nil, nil
	}
	bulk, err := t.getResources(ctx, kind)
	if denied(err) {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.taggingDenied = true
		return nil, nil
	}
	return bulk, err
}

// getResources pages through the tagging API
// (https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html).
func (t *Target) getResources(ctx context.Context, kind string) (map[string]map[string]string, error) {
	found := map[string]map[string]string{}
	in := &resourcegroupstaggingapi.GetResourcesInput{
		ResourceTypeFilters: []string{"rolesanywhere:" + kind},
		ResourcesPerPage:    aws.Int32(100),
	}
	err := pages("GetResources", func(token *string) (next *string, err error) {
		in.PaginationToken = token
		var out *resourcegroupstaggingapi.GetResourcesOutput
		err = t.do(ctx, request{
			family: taggingFamily, operation: "GetResources", action: "tag:GetResources",
			send: func(ctx context.Context) (err error) {
				out, err = t.tagging.GetResources(ctx, in)
				return err
			},
		})
		if err != nil {
			return nil, err
		}
		for _, mapping := range out.ResourceTagMappingList {
			tags := map[string]string{}
			for _, tag := range mapping.Tags {
				tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
			}
			found[aws.ToString(mapping.ResourceARN)] = tags
		}
		return out.PaginationToken, nil
	})
	return found, err
}

// listTags asks for the tags of one object, which never lags.
func (t *Target) listTags(ctx context.Context, arn string) (map[string]string, error) {
	var out *rolesanywhere.ListTagsForResourceOutput
	err := t.do(ctx, request{family: tagFamily, operation: "ListTagsForResource", send: func(ctx context.Context) (err error) {
		out, err = t.anywhere.ListTagsForResource(ctx, &rolesanywhere.ListTagsForResourceInput{ResourceArn: &arn})
		return err
	}})
	if err != nil {
		return nil, err
	}
	tags := map[string]string{}
	for _, tag := range out.Tags {
		tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return tags, nil
}

// changeTags sets and drops tags of an object.
func (t *Target) changeTags(ctx context.Context, kind, id string, set map[string]string, drop []string) error {
	if len(set) == 0 && len(drop) == 0 {
		return nil
	}
	arn, err := t.arn(kind, id)
	if err != nil {
		return err
	}
	if len(set) > 0 {
		err = t.do(ctx, request{family: tagFamily, operation: "TagResource", send: func(ctx context.Context) error {
			_, err := t.anywhere.TagResource(ctx, &rolesanywhere.TagResourceInput{ResourceArn: &arn, Tags: toTags(set)})
			return err
		}})
	}
	if err != nil || len(drop) == 0 {
		return err
	}
	return t.do(ctx, request{family: tagFamily, operation: "UntagResource", send: func(ctx context.Context) error {
		_, err := t.anywhere.UntagResource(ctx, &rolesanywhere.UntagResourceInput{ResourceArn: &arn, TagKeys: slices.Sorted(slices.Values(drop))})
		return err
	}})
}

// toTags lists tags in the order of their keys.
func toTags(tags map[string]string) []types.Tag {
	list := make([]types.Tag, 0, len(tags))
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, types.Tag{Key: aws.String(key), Value: aws.String(tags[key])})
	}
	return list
}

// Exists asks the service itself, past any list, whether an anchor or a profile
// is there.
func (t *Target) Exists(ctx context.Context, arn string) (bool, error) {
	_, err := t.listTags(ctx, arn)
	if gone(err) {
		return false, nil
	}
	return err == nil, err
}
