package estate

import (
	"context"
	"fmt"

	"anchorctl/internal/anchors"
	"anchorctl/internal/ownership"
	"anchorctl/internal/plan"
	"anchorctl/internal/profiles"
	"anchorctl/internal/rules"
)

// lists are the anchors and profiles of one place, whoever made them.
type lists struct {
	anchors  []anchors.Live
	profiles []profiles.Live
}

// readLists reads a place: two lists and their tags.
func readLists(ctx context.Context, cloud Cloud, place plan.Target) (lists, error) {
	liveAnchors, err := cloud.Anchors.List(ctx, false)
	if err != nil {
		return lists{}, fmt.Errorf("reading the anchors at %s: %w", place, err)
	}
	liveProfiles, err := cloud.Profiles.List(ctx, false)
	if err != nil {
		return lists{}, fmt.Errorf("reading the profiles at %s: %w", place, err)
	}
	return lists{anchors: liveAnchors, profiles: liveProfiles}, nil
}

// claims tells which of the objects that are there are ours, and keeps what
// there is to say about it.
type claims struct {
	record recorded
	byARN  map[string]plan.Addr
	// denied are recorded objects whose tags say that they are not ours.
	denied   map[plan.Addr]bool
	notices  []string
	findings []rules.Finding
}

func (r recorded) claims() *claims {
	c := &claims{record: r, byARN: map[string]plan.Addr{}, denied: map[plan.Addr]bool{}}
	for addr, object := range r.objects {
		c.byARN[object.ARN] = addr
	}
	return c
}

// own tells whether something live is ours: the store must list it and the
// tags must not deny it. What only one of the two says is a finding.
func (c *claims) own(place plan.Target, arn string, tags map[string]string) (plan.Addr, bool) {
	lineage := c.record.estate.Lineage
	addr, listed := c.byARN[arn]
	if !listed {
		if intent := tags[ownership.TagIntent]; intent != "" && c.record.intents[intent] {
			c.notices = append(c.notices, fmt.Sprintf("%s was made by a run whose end was lost; applying settles that first", arn))
			return plan.Addr{}, false
		}
		if tags[ownership.TagEstate] == lineage {
			c.findings = append(c.findings, rules.Find("ANC403", place.String(),
				fmt.Sprintf("%s carries this estate's tags (%s), and the store does not list it", arn, tags[ownership.TagResource])))
		}
		return plan.Addr{}, false
	}
	if ownership.Read(ownership.Tags(lineage, addr), tags) == ownership.Foreign {
		c.findings = append(c.findings, rules.Find("ANC403", addr.String(),
			fmt.Sprintf("%s is listed as ours, and its tags say that it is %q of estate %q", arn, tags[ownership.TagResource], tags[ownership.TagEstate])))
		c.denied[addr] = true
		return plan.Addr{}, false
	}
	return addr, true
}
