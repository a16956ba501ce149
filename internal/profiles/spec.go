package profiles

import (
	"bytes"
	"encoding/json"
	"slices"

	"anchorctl/internal/gates"
	"anchorctl/internal/plan"
)

// Desired is what the profile at an address should be. Lists are sorted.
type Desired struct {
	Addr plan.Addr
	Spec Spec
	Tags map[string]string // all but the intent's
}

// DefaultMappings are those of a profile for which nobody has set any.
// https://docs.aws.amazon.com/rolesanywhere/latest/userguide/attribute-mapping.html
func DefaultMappings() Mappings {
	mappings := Mappings{}
	for field, specifiers := range gates.DefaultMappings() {
		mappings[field] = sorted(specifiers)
	}
	return mappings
}

// Narrowed are the roles of have that are also in want, sorted.
func Narrowed(have, want []string) []string {
	kept := []string{}
	for _, arn := range have {
		if slices.Contains(want, arn) {
			kept = append(kept, arn)
		}
	}
	slices.Sort(kept)
	return slices.Compact(kept)
}

// Unrestricted is the session policy that takes nothing away: a session has
// what its role and its session policy both allow. The service can replace a
// profile's session policy but not remove it, so this stands for none there.
// https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/API_UpdateProfile.html
const Unrestricted = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

// SamePolicy compares session policies as JSON documents, never as text. None
// and Unrestricted are the same.
func SamePolicy(a, b string) bool {
	if a == b {
		return true
	}
	if a == "" {
		a, b = b, a
	}
	if b == "" {
		b = Unrestricted
	}
	x, err := plan.Canonical(json.RawMessage(a))
	if err != nil {
		return false
	}
	y, err := plan.Canonical(json.RawMessage(b))
	return err == nil && bytes.Equal(x, y)
}

// Equal reports whether two sets of mappings mean the same.
func (m Mappings) Equal(other Mappings) bool {
	put, drop := m.Changes(other)
	return len(put) == 0 && len(drop) == 0
}

// Changes are what turns the mappings from into m: fields to put anew, and
// fields to delete with all the specifiers they have.
func (m Mappings) Changes(from Mappings) (put Mappings, drop map[string][]string) {
	put, drop = Mappings{}, map[string][]string{}
	for field, specifiers := range m {
		if !slices.Equal(sorted(specifiers), sorted(from[field])) {
			put[field] = sorted(specifiers)
		}
	}
	for field, specifiers := range from {
		if len(m[field]) == 0 && len(specifiers) > 0 {
			drop[field] = sorted(specifiers)
		}
	}
	return put, drop
}

// sorted is a sorted copy, never nil: an empty list in a plan is [].
func sorted(list []string) []string {
	copied := append([]string{}, list...)
	slices.Sort(copied)
	return copied
}
