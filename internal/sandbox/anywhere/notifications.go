package anywhere

import (
	"fmt"

	"anchorctl/internal/sandbox/limits"
	"anchorctl/internal/sandbox/wire"
	"anchorctl/internal/sandbox/world"
)

// The events and the channel. Defaults are 45 days for both events
// (https://docs.aws.amazon.com/rolesanywhere/latest/userguide/customize-notification-settings.html).
const (
	caExpiry   = "CA_CERTIFICATE_EXPIRY"
	leafExpiry = "END_ENTITY_CERTIFICATE_EXPIRY"
	allChannel = "ALL"
	service    = "rolesanywhere.amazonaws.com"
	threshold  = 45
)

type notification struct {
	Enabled   *bool   `json:"enabled,omitempty"`
	Event     *string `json:"event,omitempty"`
	Threshold *int    `json:"threshold,omitempty"`
	Channel   *string `json:"channel,omitempty"`
}

type notificationKey struct {
	Event   *string `json:"event,omitempty"`
	Channel *string `json:"channel,omitempty"`
}

type putNotificationsInput struct {
	AnchorID *string        `json:"trustAnchorId,omitempty"`
	Settings []notification `json:"notificationSettings,omitempty"`
}

type resetNotificationsInput struct {
	AnchorID *string           `json:"trustAnchorId,omitempty"`
	Keys     []notificationKey `json:"notificationSettingKeys,omitempty"`
}

func putNotifications(c *world.Call, in *putNotificationsInput) (any, error) {
	var check wire.Checks
	check.Required("trustAnchorId", in.AnchorID != nil)
	check.Text("trustAnchorId", in.AnchorID, limits.UUID)
	check.Required("notificationSettings", in.Settings != nil)
	checkNotifications(&check, in.Settings)
	if err := check.Err(validation); err != nil {
		return nil, err
	}
	a := c.Here().Anchor(*in.AnchorID)
	if a == nil {
		return nil, noAnchor(*in.AnchorID)
	}
	setNotifications(a, in.Settings, c.Account.ID)
	a.Updated = c.Now
	return anchorAnswer(a), nil
}

func resetNotifications(c *world.Call, in *resetNotificationsInput) (any, error) {
	var check wire.Checks
	check.Required("trustAnchorId", in.AnchorID != nil)
	check.Text("trustAnchorId", in.AnchorID, limits.UUID)
	check.Required("notificationSettingKeys", in.Keys != nil)
	check.Len("notificationSettingKeys", len(in.Keys), limits.NotificationKeys)
	for i, k := range in.Keys {
		at := fmt.Sprintf("notificationSettingKeys.%d.member.", i+1)
		check.Required(at+"event", k.Event != nil)
		check.Enum(at+"event", k.Event, caExpiry, leafExpiry)
		check.Enum(at+"channel", k.Channel, allChannel)
	}
	if err := check.Err(validation); err != nil {
		return nil, err
	}
	a := c.Here().Anchor(*in.AnchorID)
	if a == nil {
		return nil, noAnchor(*in.AnchorID)
	}
	for _, k := range in.Keys {
		for _, d := range defaultNotifications() {
			if d.Event == *k.Event {
				replaceNotification(a, d)
			}
		}
	}
	a.Updated = c.Now
	return anchorAnswer(a), nil
}

func checkNotifications(c *wire.Checks, all []notification) {
	c.Len("notificationSettings", len(all), limits.NotificationSettings)
	for i, n := range all {
		at := fmt.Sprintf("notificationSettings.%d.member.", i+1)
		c.Required(at+"enabled", n.Enabled != nil)
		c.Required(at+"event", n.Event != nil)
		c.Enum(at+"event", n.Event, caExpiry, leafExpiry)
		c.Enum(at+"channel", n.Channel, allChannel)
		c.Number(at+"threshold", n.Threshold, limits.Threshold)
		if n.Enabled != nil && *n.Enabled && n.Threshold == nil {
			c.Fail(at+"threshold", nil, "Member must not be null for a setting that is enabled")
		}
	}
}

func defaultNotifications() []world.Notification {
	days := threshold
	return []world.Notification{
		{Event: caExpiry, Channel: allChannel, Enabled: true, Threshold: &days, ConfiguredBy: service},
		{Event: leafExpiry, Channel: allChannel, Enabled: true, Threshold: &days, ConfiguredBy: service},
	}
}

// setNotifications replaces the settings of the events that are named; when
// one is named twice, the last counts.
func setNotifications(a *world.Anchor, all []notification, account string) {
	for _, n := range all {
		replaceNotification(a, world.Notification{
			Event: *n.Event, Channel: allChannel, Enabled: *n.Enabled, Threshold: n.Threshold, ConfiguredBy: account,
		})
	}
}

func replaceNotification(a *world.Anchor, n world.Notification) {
	for i := range a.Notifications {
		if a.Notifications[i].Event == n.Event {
			a.Notifications[i] = n
			return
		}
	}
	a.Notifications = append(a.Notifications, n)
}
