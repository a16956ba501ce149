package anchors

import (
	"maps"
	"slices"

	"anchorctl/internal/ownership"
	"anchorctl/internal/plan"
)

// Fields are those of an anchor that a plan shows, before and after.
type Fields struct {
	Name         *string  `json:"name,omitempty"`
	Certificates []string `json:"certificates,omitempty"`
	Enabled      *bool    `json:"enabled,omitempty"`
	ChecksPoints *bool    `json:"crlDpRevocationEnabled,omitempty"`
	// Notifications says of each event how long before it notifications begin, or
	// that there are none.
	Notifications map[string]string `json:"notificationSettings,omitempty"`
	Tags          map[string]string `json:"tags,omitempty"`
}

// Create is the action that makes the anchor of s, disabled.
func Create(s Spec, needs []string) (plan.Action, error) {
	off := false
	after := Fields{Name: &s.Name, Certificates: names(s), Enabled: &off, Notifications: shown(s.Notifications), Tags: s.Tags}
	if s.ChecksPoints {
		after.ChecksPoints = &s.ChecksPoints
	}
	return plan.NewAction(plan.AnchorCreate, s.Addr, Fields{}, after, needs)
}

// Update lists the actions that bring a live anchor to its spec, besides
// enabling it. foreign reports certificates in it that are not ours.
func Update(s Spec, l Live, known KnownAs) (actions []plan.Action, foreign bool, err error) {
	var needs []string
	if missing, now := ownership.Missing(s.Tags, l.Tags); len(missing) > 0 {
		a, err := plan.NewAction(plan.AnchorTag, s.Addr, Fields{Tags: now}, Fields{Tags: missing}, nil)
		if err != nil {
			return nil, false, err
		}
		actions, needs = append(actions, a), []string{a.ID}
	}
	held, foreign, err := CertificateNames(l, known)
	if err != nil {
		// A bundle that cannot be read is a bundle that is not ours.
		held, foreign = []string{"unreadable"}, true
	}
	before, after := Fields{}, Fields{}
	if l.Name != s.Name {
		before.Name, after.Name = &l.Name, &s.Name
	}
	if !slices.Equal(held, names(s)) {
		before.Certificates, after.Certificates = held, names(s)
	}
	if l.ChecksPoints != s.ChecksPoints {
		before.ChecksPoints, after.ChecksPoints = &l.ChecksPoints, &s.ChecksPoints
	}
	if was, is := shown(inForce(s, l)), shown(s.Notifications); !maps.Equal(was, is) {
		before.Notifications, after.Notifications = was, is
	}
	if after.Name != nil || after.Certificates != nil || after.ChecksPoints != nil || after.Notifications != nil {
		a, err := plan.NewAction(plan.AnchorUpdate, s.Addr, before, after, needs)
		if err != nil {
			return nil, false, err
		}
		actions = append(actions, a)
	}
	return actions, foreign, nil
}

// Hold is the action of that kind that changes which certificates the anchor
// holds, as part of a rotation.
func Hold(kind plan.Kind, addr plan.Addr, before, after, needs []string) (plan.Action, error) {
	return plan.NewAction(kind, addr, Fields{Certificates: before}, Fields{Certificates: after}, needs)
}

// Enable is the action that enables the anchor.
func Enable(s Spec, needs []string) (plan.Action, error) {
	return switched(plan.AnchorEnable, s.Addr, true, needs)
}

// Disable is the action that disables the anchor at addr.
func Disable(addr plan.Addr, needs []string) (plan.Action, error) {
	return switched(plan.AnchorDisable, addr, false, needs)
}

// Delete is the action that deletes the anchor at addr.
func Delete(addr plan.Addr, l Live, needs []string) (plan.Action, error) {
	return plan.NewAction(plan.AnchorDelete, addr, Fields{Name: &l.Name}, Fields{}, needs)
}

func switched(kind plan.Kind, addr plan.Addr, on bool, needs []string) (plan.Action, error) {
	off := !on
	return plan.NewAction(kind, addr, Fields{Enabled: &off}, Fields{Enabled: &on}, needs)
}

func names(s Spec) []string {
	list := make([]string, len(s.Certificates))
	for i, addr := range s.Certificates {
		list[i] = addr.String()
	}
	slices.Sort(list)
	return list
}
