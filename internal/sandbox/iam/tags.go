package iam

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"anchorctl/internal/sandbox/limits"
	"anchorctl/internal/sandbox/wire"
	"anchorctl/internal/sandbox/world"
)

type tag struct {
	Key   string
	Value string
}

type tags struct {
	Member []tag `xml:"member"`
}

type tagsOut struct {
	Tags tags
	paging
}

func tagsOf(all map[string]string, keys []string) tags {
	var out tags
	for _, k := range keys {
		out.Member = append(out.Member, tag{k, all[k]})
	}
	return out
}

func tagRole(c *world.Call, form url.Values) (any, error) {
	r, err := roleOf(c, form)
	if err != nil {
		return nil, err
	}
	var check wire.Checks
	given := formTags(&check, form)
	if err := check.Err(validation); err != nil {
		return nil, err
	}
	merged, err := mergeTags(r.Tags, given)
	if err != nil {
		return nil, err
	}
	r.Tags = merged
	return nil, nil //nolint:nilnil // an action without a result
}

func untagRole(c *world.Call, form url.Values) (any, error) {
	r, err := roleOf(c, form)
	if err != nil {
		return nil, err
	}
	for _, k := range wire.Members(form, "TagKeys", "") {
		delete(r.Tags, k)
	}
	return nil, nil //nolint:nilnil // an action without a result
}

func listRoleTags(c *world.Call, form url.Values) (any, error) {
	r, err := roleOf(c, form)
	if err != nil {
		return nil, err
	}
	keys, p, err := page(c, form, "tags"+r.Name, slices.Sorted(maps.Keys(r.Tags)), func(k string) string { return k })
	if err != nil {
		return nil, err
	}
	return tagsOut{Tags: tagsOf(r.Tags, keys), paging: p}, nil
}

func formTags(check *wire.Checks, form url.Values) []tag {
	keys, values := wire.Members(form, "Tags", ".Key"), wire.Members(form, "Tags", ".Value")
	if len(keys) != len(values) {
		check.Fail("tags", nil, "Members must have a Key and a Value")
		return nil
	}
	out := make([]tag, len(keys))
	for i := range keys {
		at := fmt.Sprintf("tags.%d.member.", i+1)
		check.Text(at+"key", &keys[i], limits.TagKey)
		check.Text(at+"value", &values[i], limits.TagValue)
		out[i] = tag{keys[i], values[i]}
	}
	return out
}

// mergeTags sets tags. Keys of IAM are unique whatever their case.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
func mergeTags(old map[string]string, given []tag) (map[string]string, error) {
	merged := maps.Clone(old)
	if merged == nil {
		merged = map[string]string{}
	}
	seen := map[string]bool{}
	for _, t := range given {
		lower := strings.ToLower(t.Key)
		if seen[lower] {
			return nil, wire.Errorf(http.StatusBadRequest, "InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		seen[lower] = true
		for have := range merged {
			if strings.EqualFold(have, t.Key) {
				delete(merged, have)
			}
		}
		merged[t.Key] = t.Value
	}
	if most := limits.Of(limits.RoleTags).Max; len(merged) > most {
		return nil, wire.Errorf(http.StatusConflict, "LimitExceeded", "Cannot exceed quota for TagsPerRole: %d", most)
	}
	return merged, nil
}
