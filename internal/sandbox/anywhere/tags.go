package anywhere

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"anchorctl/internal/sandbox/limits"
	"anchorctl/internal/sandbox/wire"
	"anchorctl/internal/sandbox/world"
)

type tag struct {
	Key   *string `json:"key,omitempty"`
	Value *string `json:"value,omitempty"`
}

type tagInput struct {
	ARN  *string `json:"resourceArn,omitempty"`
	Tags []tag   `json:"tags,omitempty"`
}

type untagInput struct {
	ARN  *string  `json:"resourceArn,omitempty"`
	Keys []string `json:"tagKeys,omitempty"`
}

type listTagsInput struct {
	ARN *string `json:"-" query:"resourceArn"`
}

func tagResource(c *world.Call, in *tagInput) (any, error) {
	var check wire.Checks
	check.Required("resourceArn", in.ARN != nil)
	check.Text("resourceArn", in.ARN, limits.ResourceARN)
	check.Required("tags", in.Tags != nil)
	checkTags(&check, in.Tags)
	if err := check.Err(validation); err != nil {
		return nil, err
	}
	tags, err := tagsOf(c, *in.ARN)
	if err != nil {
		return nil, err
	}
	merged, err := tagMap(*tags, in.Tags)
	if err != nil {
		return nil, err
	}
	if most := limits.Of(limits.Tags).Max; len(merged) > most {
		return nil, wire.Errorf(http.StatusBadRequest, "TooManyTagsException", "A resource can have at most %d tags", most)
	}
	*tags = merged
	return struct{}{}, nil
}

func untagResource(c *world.Call, in *untagInput) (any, error) {
	var check wire.Checks
	check.Required("resourceArn", in.ARN != nil)
	check.Text("resourceArn", in.ARN, limits.ResourceARN)
	check.Required("tagKeys", in.Keys != nil)
	check.Len("tagKeys", len(in.Keys), limits.TagKeys)
	for i, k := range in.Keys {
		check.Secret(fmt.Sprintf("tagKeys.%d.member", i+1), k, limits.TagKey)
	}
	if err := check.Err(validation); err != nil {
		return nil, err
	}
	tags, err := tagsOf(c, *in.ARN)
	if err != nil {
		return nil, err
	}
	for _, k := range in.Keys {
		delete(*tags, k)
	}
	return struct{}{}, nil
}

func listTags(c *world.Call, in *listTagsInput) (any, error) {
	var check wire.Checks
	check.Required("resourceArn", in.ARN != nil)
	check.Text("resourceArn", in.ARN, limits.ResourceARN)
	if err := check.Err(validation); err != nil {
		return nil, err
	}
	tags, err := tagsOf(c, *in.ARN)
	if err != nil {
		return nil, err
	}
	out := tagList{Tags: []tag{}}
	for _, k := range slices.Sorted(maps.Keys(*tags)) {
		v := (*tags)[k]
		out.Tags = append(out.Tags, tag{Key: &k, Value: &v})
	}
	return out, nil
}

func checkTags(c *wire.Checks, tags []tag) {
	c.Len("tags", len(tags), limits.Tags)
	for i, t := range tags {
		at := fmt.Sprintf("tags.%d.member.", i+1)
		c.Required(at+"key", t.Key != nil)
		c.Required(at+"value", t.Value != nil)
		if t.Key != nil {
			c.Secret(at+"key", *t.Key, limits.TagKey)
		}
		if t.Value != nil {
			c.Secret(at+"value", *t.Value, limits.TagValue)
		}
	}
}

// tagMap is old with the tags set. Keys that begin with aws: are AWS's own.
// https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
func tagMap(old map[string]string, tags []tag) (map[string]string, error) {
	merged := maps.Clone(old)
	if merged == nil {
		merged = map[string]string{}
	}
	seen := map[string]bool{}
	for _, t := range tags {
		if strings.HasPrefix(strings.ToLower(*t.Key), "aws:") {
			return nil, refuse("Tag keys must not begin with aws:")
		}
		if seen[*t.Key] {
			return nil, refuse("Duplicate tag keys found")
		}
		seen[*t.Key] = true
		merged[*t.Key] = *t.Value
	}
	return merged, nil
}

// tagsOf finds the tags of an object of the caller's account and region.
func tagsOf(c *world.Call, arn string) (*map[string]string, error) {
	here := c.Here()
	for _, a := range here.Anchors {
		if a.ARN == arn {
			return &a.Tags, nil
		}
	}
	for _, p := range here.Profiles {
		if p.ARN == arn {
			return &p.Tags, nil
		}
	}
	for _, l := range here.CRLs {
		if l.ARN == arn {
			return &l.Tags, nil
		}
	}
	for _, s := range here.Subjects {
		if s.ARN == arn {
			return &s.Tags, nil
		}
	}
	return nil, wire.Errorf(http.StatusNotFound, "ResourceNotFoundException", "Resource %s was not found", arn)
}
