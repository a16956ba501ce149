package config_test

import (
	"fmt"
	"strings"
	"testing"

	"anchorctl/internal/config"
)

// The service's own default, 45 days for both, is always true of certificates
// that live a day.
func TestNotificationsFitTheLifetimes(t *testing.T) {
	const text = `
version: 1
estate: {name: example, organization: Example Corp, trustDomain: example.internal}
environments:
  prod:
    limits: {certificateLifetime: 365d}
    targets: [{account: "111122223333", region: eu-central-1}]
    WORKLOADS
`
	for _, test := range []struct{ name, workloads, want string }{
		{"certificates of a day", "workloads: {a: {}}", "CA 47d, end entity disabled"},
		{"certificates of hours are counted as days", "workloads: {a: {certificateLifetime: 1h}}", "CA 46d, end entity disabled"},
		{"the longest of several", "workloads: {a: {}, b: {certificateLifetime: 7d}}", "CA 59d, end entity disabled"},
		{"no workload at all", "crl: {}", "CA 45d, end entity disabled"},
		{"thirty days are short", "workloads: {a: {certificateLifetime: 30d}}", "CA 105d, end entity disabled"},
		{"an hour more is long", "workloads: {a: {certificateLifetime: 30d1h}}", "CA 106d, end entity 11d"},
		{"ninety days", "workloads: {a: {certificateLifetime: 90d}}", "CA 225d, end entity 30d"},
		{"more than the service takes", "workloads: {a: {certificateLifetime: 365d}}", "CA 360d, end entity 122d"},
		{"another threshold", "workloads: {a: {}}\n    notifications: {caCertificateExpiry: {threshold: 90d}}", "CA 90d, end entity disabled"},
		{"none at all", "workloads: {a: {}}\n    notifications: {caCertificateExpiry: {enabled: false}}", "CA disabled, end entity disabled"},
		{"a threshold enables", "workloads: {a: {}}\n    notifications: {endEntityCertificateExpiry: {threshold: 2d}}", "CA 47d, end entity 2d"},
		{"enabled, it has the least threshold", "workloads: {a: {}}\n    notifications: {endEntityCertificateExpiry: {enabled: true}}", "CA 47d, end entity 24h"},
		{"long certificates without", "workloads: {a: {certificateLifetime: 90d}}\n    notifications: {endEntityCertificateExpiry: {enabled: false}}", "CA 225d, end entity disabled"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := config.Parse("a.yaml", []byte(strings.Replace(text, "WORKLOADS", test.workloads, 1)), noFiles)
			if err != nil {
				t.Fatal(err)
			}
			shown := func(n config.NotificationSetting) string {
				if !*n.Enabled {
					return strings.TrimSuffix("disabled "+strings.TrimPrefix(n.Threshold.String(), "0s"), " ")
				}
				return n.Threshold.String()
			}
			n := c.Environments["prod"].Notifications
			if got := fmt.Sprintf("CA %s, end entity %s", shown(n.CACertificateExpiry), shown(n.EndEntityCertificateExpiry)); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}
