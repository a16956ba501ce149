package config

import "time"

// What the defaults of notifications are made of. The service's own, 45 days
// for both events, are always true of certificates that live a day.
// https://docs.aws.amazon.com/rolesanywhere/latest/userguide/customize-notification-settings.html
const (
	minThreshold = Duration(day)
	maxThreshold = Duration(360 * day)
	// An issuer is to be rotated two of its longest certificates and this long
	// before it ends.
	rotationMargin = 45 * day
	// Certificates that live longer than this are worth a notification: below,
	// renewal watches over them, and the service would tell of each every day.
	longCertificate = 30 * day
	// A certificate is notified of in the last third of its life.
	noticeDenominator = 3
)

// fillNotifications sets what the file leaves out. A threshold alone enables.
func (e *Environment) fillNotifications() {
	longest := e.LongestLifetime()
	ca, end := &e.Notifications.CACertificateExpiry, &e.Notifications.EndEntityCertificateExpiry
	ca.fill(true, 2*longest+rotationMargin)
	end.fill(longest > longCertificate, longest/noticeDenominator)
}

// fill takes the threshold in whole days, rather early than late.
func (n *NotificationSetting) fill(enabled bool, threshold time.Duration) {
	if n.Enabled == nil {
		enabled = enabled || n.Threshold != 0
		n.Enabled = &enabled
	}
	if *n.Enabled {
		days := (threshold + day - 1) / day * day
		or(&n.Threshold, min(max(Duration(days), minThreshold), maxThreshold))
	}
}

func (c *checker) notifications(path string, n Notifications) {
	c.notification(path+".caCertificateExpiry", n.CACertificateExpiry)
	c.notification(path+".endEntityCertificateExpiry", n.EndEntityCertificateExpiry)
}

func (c *checker) notification(path string, n NotificationSetting) {
	at := path + ".threshold"
	c.between(at, n.Threshold, minThreshold, maxThreshold, "")
	switch {
	case !c.given(at):
	case n.Threshold%Duration(day) != 0:
		c.problem(at, "write whole days, as in 45d", "%s is not a number of whole days", n.Threshold)
	case n.Enabled != nil && !*n.Enabled:
		c.problem(at, "remove it, or enable the notification", "a threshold says nothing of a notification that is disabled")
	}
}
