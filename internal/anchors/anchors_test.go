package anchors_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/anchors"
	"anchorctl/internal/pki"
	"anchorctl/internal/pki/pkitest"
	"anchorctl/internal/plan"
)

var (
	addr   = plan.Anchor("prod", plan.Target{Account: "111122223333", Region: "eu-central-1"})
	issuer = plan.Issuer("prod", 1)
	spec   = anchors.Spec{
		Addr: addr, Name: "example-prod", Certificates: []plan.Addr{issuer}, Tags: map[string]string{"anchorctl:resource": addr.String()},
		Notifications: []anchors.Notification{{Event: anchors.CAExpiry, Enabled: true, Threshold: 47}, {Event: anchors.EndEntityExpiry}},
	}
)

const notifications = `{"notificationSettings":{"CA_CERTIFICATE_EXPIRY":"47d","END_ENTITY_CERTIFICATE_EXPIRY":"disabled"}}`

func TestUpdate(t *testing.T) {
	root := pkitest.Root(t)
	ours, foreign := root.Issuer(t, "prod"), root.Issuer(t, "dev")
	known := func(fingerprint string) (string, bool) {
		return issuer.String(), fingerprint == pki.Fingerprint(ours.Certificate)
	}
	strange := "sha256:" + pki.Fingerprint(foreign.Certificate)
	asItShouldBe := anchors.Live{
		Name: "example-prod", SourceType: anchors.SourceBundle, Bundle: string(ours.PEM()), Tags: spec.Tags, Enabled: true,
		Notifications: []anchors.Notification{{Event: anchors.CAExpiry, Enabled: true, Threshold: 47, Custom: true}, {Event: anchors.EndEntityExpiry, Custom: true}},
	}
	for name, c := range map[string]struct {
		change  func(l *anchors.Live)
		want    []string
		foreign bool
	}{
		"nothing differs": {func(*anchors.Live) {}, nil, false},
		"the bundle is compared by certificate, not by text": {
			func(l *anchors.Live) { l.Bundle = "prod issuer\n" + l.Bundle + "\n\n" }, nil, false,
		},
		"a name changed by hand": {
			func(l *anchors.Live) { l.Name = "x" }, []string{`anchor.update {"name":"x"} -> {"name":"example-prod"}`}, false,
		},
		"a certificate replaced": {
			func(l *anchors.Live) { l.Bundle = string(foreign.PEM()) },
			[]string{`anchor.update {"certificates":["` + strange + `"]} -> {"certificates":["issuer/prod#1"]}`}, true,
		},
		"a certificate added": {
			func(l *anchors.Live) { l.Bundle += string(foreign.PEM()) },
			[]string{`anchor.update {"certificates":["issuer/prod#1","` + strange + `"]} -> {"certificates":["issuer/prod#1"]}`}, true,
		},
		"another kind of source": {
			func(l *anchors.Live) { l.SourceType, l.Bundle = "AWS_ACM_PCA", "" },
			[]string{`anchor.update {"certificates":["source AWS_ACM_PCA"]} -> {"certificates":["issuer/prod#1"]}`}, true,
		},
		"a bundle that cannot be read": {
			func(l *anchors.Live) { l.Bundle = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" },
			[]string{`anchor.update {"certificates":["unreadable"]} -> {"certificates":["issuer/prod#1"]}`}, true,
		},
		"a check of distribution points turned on by hand": {
			func(l *anchors.Live) { l.ChecksPoints = true },
			[]string{`anchor.update {"crlDpRevocationEnabled":true} -> {"crlDpRevocationEnabled":false}`}, false,
		},
		"the threshold of a notification that is disabled means nothing": {
			func(l *anchors.Live) {
				l.Notifications = []anchors.Notification{l.Notifications[0], {Event: anchors.EndEntityExpiry, Threshold: 45}}
			}, nil, false,
		},
		"a notification of an event that the configuration does not speak of": {
			func(l *anchors.Live) {
				l.Notifications = append(slices.Clone(l.Notifications), anchors.Notification{Event: "SOMETHING_NEW", Enabled: true, Threshold: 3})
			}, nil, false,
		},
		"the service's own notifications": {
			func(l *anchors.Live) {
				l.Notifications = []anchors.Notification{{Event: anchors.CAExpiry, Enabled: true, Threshold: 45}, {Event: anchors.EndEntityExpiry, Enabled: true, Threshold: 45}}
			},
			[]string{`anchor.update {"notificationSettings":{"CA_CERTIFICATE_EXPIRY":"45d","END_ENTITY_CERTIFICATE_EXPIRY":"45d"}} -> ` + notifications}, false,
		},
		"no settings, which is the service's own": {
			func(l *anchors.Live) { l.Notifications = nil },
			[]string{`anchor.update {"notificationSettings":{"CA_CERTIFICATE_EXPIRY":"45d","END_ENTITY_CERTIFICATE_EXPIRY":"45d"}} -> ` + notifications}, false,
		},
		"a notification disabled by hand": {
			func(l *anchors.Live) {
				l.Notifications = []anchors.Notification{{Event: anchors.CAExpiry, Threshold: 47}, l.Notifications[1]}
			},
			[]string{`anchor.update {"notificationSettings":{"CA_CERTIFICATE_EXPIRY":"disabled","END_ENTITY_CERTIFICATE_EXPIRY":"disabled"}} -> ` + notifications}, false,
		},
		"a tag removed is restored before anything else": {
			func(l *anchors.Live) { l.Tags, l.Name = nil, "x" },
			[]string{
				`anchor.tag  -> {"tags":{"anchorctl:resource":"` + addr.String() + `"}}`,
				`anchor.update {"name":"x"} -> {"name":"example-prod"}`,
			}, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := asItShouldBe
			c.change(&l)
			actions, foreign, err := anchors.Update(spec, l, known)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, a := range actions {
				got = append(got, string(a.Kind)+" "+string(a.Before)+" -> "+string(a.After))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if foreign != c.foreign {
				t.Errorf("foreign is %v, want %v", foreign, c.foreign)
			}
		})
	}
}

func TestCreateIsDisabledAndSentOnce(t *testing.T) {
	a, err := anchors.Create(spec, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"certificates":["issuer/prod#1"],"enabled":false,"name":"example-prod","notificationSettings":{"CA_CERTIFICATE_EXPIRY":"47d","END_ENTITY_CERTIFICATE_EXPIRY":"disabled"},"tags":{"anchorctl:resource":"` + addr.String() + `"}}`
	if string(a.After) != want || !a.Once {
		t.Errorf("the creation is %s, once %v", a.After, a.Once)
	}
}
