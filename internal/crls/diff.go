package crls

import (
	"bytes"
	"strconv"

	"anchorctl/internal/engine"
	"anchorctl/internal/ownership"
	"anchorctl/internal/plan"
)

// Spec is what the list of an issuer's generation at an anchor should be.
type Spec struct {
	Addr    plan.Addr
	Anchor  plan.Addr
	Name    string
	Number  int64  // of the newest list on record; 0 when there is none yet
	DER     []byte // that list
	Signing bool   // the plan signs a newer one first
	Tags    map[string]string
}

// Fields are those of a list that a plan shows, before and after.
type Fields struct {
	Name    *string           `json:"name,omitempty"`
	Number  string            `json:"number,omitempty"`
	Anchor  string            `json:"anchor,omitempty"`
	Enabled *bool             `json:"enabled,omitempty"`
	Tags    map[string]string `json:"tags,omitempty"`
}

// What stands for a number: of the list that is signed by an earlier action,
// and of one that cannot be read.
const (
	numberNext       = "next"
	numberUnreadable = "unreadable"
)

func (s Spec) number() string {
	if s.Signing {
		return numberNext
	}
	return strconv.FormatInt(s.Number, 10)
}

// numberOf is the number of a live list.
func numberOf(l Live) string {
	list := l.List()
	if list == nil || list.Number == nil {
		return numberUnreadable
	}
	return list.Number.String()
}

// Import is the action that imports the list.
func Import(s Spec, needs []string) (plan.Action, error) {
	on := true
	return plan.NewAction(plan.CRLImport, s.Addr, Fields{},
		Fields{Name: &s.Name, Number: s.number(), Anchor: engine.Reference(s.Anchor, "arn"), Enabled: &on, Tags: s.Tags}, needs)
}

// Update lists the actions that bring a live list to its spec.
func Update(s Spec, l Live, needs []string) ([]plan.Action, error) {
	var actions []plan.Action
	add := func(kind plan.Kind, before, after Fields, needs []string) error {
		a, err := plan.NewAction(kind, s.Addr, before, after, needs)
		actions = append(actions, a)
		return err
	}
	if missing, now := ownership.Missing(s.Tags, l.Tags); len(missing) > 0 {
		if err := add(plan.CRLTag, Fields{Tags: now}, Fields{Tags: missing}, nil); err != nil {
			return nil, err
		}
		needs = append(needs[:len(needs):len(needs)], actions[0].ID)
	}
	before, after := Fields{}, Fields{}
	if l.Name != s.Name {
		before.Name, after.Name = &l.Name, &s.Name
	}
	if list := l.List(); s.Signing || list == nil || !bytes.Equal(list.Raw, s.DER) {
		before.Number, after.Number = numberOf(l), s.number()
	}
	if after.Name != nil || after.Number != "" {
		if err := add(plan.CRLUpdate, before, after, needs); err != nil {
			return nil, err
		}
	}
	if !l.Enabled {
		off, on := false, true
		if err := add(plan.CRLEnable, Fields{Enabled: &off}, Fields{Enabled: &on}, nil); err != nil {
			return nil, err
		}
	}
	return actions, nil
}

// Delete is the action that deletes the list at addr.
func Delete(addr plan.Addr, l Live, needs []string) (plan.Action, error) {
	return plan.NewAction(plan.CRLDelete, addr, Fields{Name: &l.Name}, Fields{}, needs)
}
