package ownership

import (
	"maps"

	"anchorctl/internal/plan"
)

// The keys of the tags that our objects carry.
const (
	TagEstate      = "anchorctl:estate"      // the estate's lineage
	TagEnvironment = "anchorctl:environment" // for people and for cost reports
	TagResource    = "anchorctl:resource"    // the address
	TagIntent      = "anchorctl:intent"      // one id per create; never changed afterwards
)

// Tags are the tags of the object at addr in the estate of that lineage, all
// but the intent's.
func Tags(lineage string, addr plan.Addr) map[string]string {
	return map[string]string{TagEstate: lineage, TagEnvironment: addr.Environment, TagResource: addr.String()}
}

// WithIntent are the tags of an object that came from an intent.
func WithIntent(tags map[string]string, intent string) map[string]string {
	all := maps.Clone(tags)
	all[TagIntent] = intent
	return all
}

// Claim is what tags say of an object that the store lists as ours.
type Claim int

// The answers of Read.
const (
	Confirmed Claim = iota // the tags say that it is ours
	Untagged               // a tag that would say so is gone
	Foreign                // the tags say that it is somebody else's, or something else
)

// Read compares the tags an object has with those it should have.
func Read(want, got map[string]string) Claim {
	claim := Confirmed
	for _, key := range []string{TagEstate, TagResource} {
		value, there := got[key]
		if there && value != want[key] {
			return Foreign
		}
		if !there {
			claim = Untagged
		}
	}
	return claim
}

// Missing are the wanted tags that got lacks or has otherwise, and the values
// that it has now for their keys.
func Missing(want, got map[string]string) (missing, now map[string]string) {
	missing, now = map[string]string{}, map[string]string{}
	for key, value := range want {
		have, there := got[key]
		if there && have == value {
			continue
		}
		missing[key] = value
		if there {
			now[key] = have
		}
	}
	return missing, now
}
