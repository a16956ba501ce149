package ownership_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/ownership"
	"anchorctl/internal/plan"
)

func TestRead(t *testing.T) {
	addr := plan.Anchor("prod", plan.Target{Account: "111122223333", Region: "eu-central-1"})
	want := ownership.Tags("lineage-1", addr)
	with := func(changes map[string]string, drop ...string) map[string]string {
		tags := ownership.Tags("lineage-1", addr)
		for k, v := range changes {
			tags[k] = v
		}
		for _, k := range drop {
			delete(tags, k)
		}
		return tags
	}
	for name, c := range map[string]struct {
		got  map[string]string
		want ownership.Claim
	}{
		"all tags as they should be":                   {with(nil), ownership.Confirmed},
		"a foreign tag beside ours does not matter":    {with(map[string]string{"team": "x"}), ownership.Confirmed},
		"the environment tag is only for people":       {with(nil, ownership.TagEnvironment), ownership.Confirmed},
		"no tags at all":                               {nil, ownership.Untagged},
		"the estate's tag removed":                     {with(nil, ownership.TagEstate), ownership.Untagged},
		"another estate's lineage":                     {with(map[string]string{ownership.TagEstate: "other"}), ownership.Foreign},
		"another estate's lineage, resource tag gone":  {with(map[string]string{ownership.TagEstate: "other"}, ownership.TagResource), ownership.Foreign},
		"the right estate but another resource's name": {with(map[string]string{ownership.TagResource: "anchor/dev@1/x"}), ownership.Foreign},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ownership.Read(want, c.got); got != c.want {
				t.Errorf("Read = %v, want %v", got, c.want)
			}
		})
	}
}

func TestMissing(t *testing.T) {
	missing, now := ownership.Missing(map[string]string{"a": "1", "b": "2", "c": "3"}, map[string]string{"a": "1", "b": "x"})
	if diff := cmp.Diff(map[string]string{"b": "2", "c": "3"}, missing); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]string{"b": "x"}, now); diff != "" {
		t.Error(diff)
	}
}
