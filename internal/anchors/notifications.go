package anchors

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// The events that the service notifies of, and how many days before them it
// does where an anchor has no setting of its own.
// https://docs.aws.amazon.com/rolesanywhere/latest/userguide/customize-notification-settings.html
const (
	CAExpiry        = "CA_CERTIFICATE_EXPIRY"
	EndEntityExpiry = "END_ENTITY_CERTIFICATE_EXPIRY"

	defaultThreshold = 45
)

const disabled = "disabled"

// inForce are the settings of a live anchor for the events that its spec speaks
// of. An event without a setting has the service's default.
func inForce(s Spec, l Live) []Notification {
	var list []Notification
	for _, want := range s.Notifications {
		one := Notification{Event: want.Event, Enabled: true, Threshold: defaultThreshold}
		if i := slices.IndexFunc(l.Notifications, func(n Notification) bool { return n.Event == want.Event }); i >= 0 {
			one = l.Notifications[i]
		}
		list = append(list, one)
	}
	return list
}

// shown are settings as plans show them. The threshold of a disabled one means
// nothing.
func shown(list []Notification) map[string]string {
	if len(list) == 0 {
		return nil
	}
	all := map[string]string{}
	for _, n := range list {
		all[n.Event] = disabled
		if n.Enabled {
			all[n.Event] = strconv.Itoa(n.Threshold) + "d"
		}
	}
	return all
}

// settings reads what shown wrote.
func settings(all map[string]string) ([]Notification, error) {
	var list []Notification
	for _, event := range slices.Sorted(maps.Keys(all)) {
		if all[event] == disabled {
			list = append(list, Notification{Event: event})
			continue
		}
		days, err := strconv.Atoi(strings.TrimSuffix(all[event], "d"))
		if err != nil {
			return nil, fmt.Errorf("reading the action: the setting %q of %s: %w", all[event], event, err)
		}
		list = append(list, Notification{Event: event, Enabled: true, Threshold: days})
	}
	return list, nil
}
