package prove_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere/types"
	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/prove"
	"anchorctl/internal/rules"
)

const (
	devAnchor   = "anchor/dev@111122223333/eu-central-1"
	prodAnchor  = "anchor/prod@111122223333/eu-central-1"
	devProfile  = "profile/dev/app@111122223333/eu-central-1"
	prodProfile = "profile/prod/app@111122223333/eu-central-1"
	devRole     = "role/111122223333/dev-app"
	prodRole    = "role/111122223333/prod-app"
	devApp      = "workload/dev/app"
	prodApp     = "workload/prod/app"
)

func two(t *testing.T) *lab {
	t.Helper()
	return applied(t, environments("dev", "prod"), "dev-app", "prod-app", "other")
}

func (l *lab) prove() (prove.Report, error) {
	l.t.Helper()
	return prove.InModel(l.look(), prove.Model)
}

// spread writes every tuple of a report of the two environments by itself:
// workload, anchor, profile, role, verdict and gate.
func spread(r prove.Report) []string {
	var list []string
	for _, row := range r.Rows {
		profiles, roles := []string{row.Profile}, []string{row.Role}
		if row.Profile == prove.Every {
			profiles = []string{devProfile, prodProfile}
		}
		if row.Role == prove.Every {
			roles = []string{devRole, prodRole}
		}
		for _, profile := range profiles {
			if row.Workload == prove.AnyCertificate {
				profile = prove.Every
			}
			for _, role := range roles {
				if role == prove.Unlisted {
					role = map[string]string{devProfile: prodRole, prodProfile: devRole}[profile]
				}
				list = append(list, strings.Join([]string{row.Workload, row.Anchor, profile, role, row.Verdict, row.Gate}, " "))
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// The verdicts are written by hand. That a certificate that does not lead to
// the anchor is "Untrusted", that the role must be one that the profile lists,
// and that the trust policy is evaluated with the anchor as aws:SourceArn, says
// https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html and
// https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-create-session.html
func TestTwoEnvironmentsAreIsolated(t *testing.T) {
	l := two(t)
	want := []string{}
	for _, c := range []struct {
		workload, own, other     string // and the anchors
		ownProfile, otherProfile string
		ownRole, otherRole       string
	}{
		{devApp, devAnchor, prodAnchor, devProfile, prodProfile, devRole, prodRole},
		{prodApp, prodAnchor, devAnchor, prodProfile, devProfile, prodRole, devRole},
	} {
		line := func(parts ...string) { want = append(want, strings.Join(append([]string{c.workload}, parts...), " ")) }
		line(c.own, c.ownProfile, c.ownRole, "granted", "")
		line(c.own, c.ownProfile, c.otherRole, "denied", "role in profile")
		line(c.own, c.otherProfile, c.ownRole, "denied", "role in profile")
		line(c.own, c.otherProfile, c.otherRole, "denied", "trust policy")
		for _, profile := range []string{c.ownProfile, c.otherProfile} {
			for _, role := range []string{c.ownRole, c.otherRole} {
				line(c.other, profile, role, "denied", "certificate path")
			}
		}
		want = append(want, strings.Join([]string{"any certificate", c.own, "*", c.otherRole, "denied", "trust policy"}, " "))
	}
	slices.Sort(want)
	live, err := l.prove()
	if err != nil {
		t.Fatal(err)
	}
	draft, err := l.world().Draft(t.Context())
	l.must(err)
	offline, err := prove.InModel(draft, prove.Offline)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []prove.Report{live, offline} {
		if diff := cmp.Diff(want, spread(r)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", r.Form, diff)
		}
		totals := prove.Counts{Tuples: 18, Granted: 2, Denied: 16, Gates: map[string]int{"certificate path": 8, "role in profile": 4, "trust policy": 4}}
		if diff := cmp.Diff(totals, r.Totals); diff != "" || !r.Proven {
			t.Errorf("%s: proven %v (-want +got):\n%s", r.Form, r.Proven, diff)
		}
		if len(r.Leaks)+len(r.Blocked)+len(r.NotTested)+len(r.Findings) > 0 || r.Workloads != 2 || r.Anchors != 2 || r.Profiles != 2 || r.Roles != 2 {
			t.Errorf("%s: %+v", r.Form, r)
		}
	}
}

func TestTheModelOpensNoKeyAndRecordsNothing(t *testing.T) {
	l := two(t)
	s := l.look()
	w := l.world()
	before, err := w.Folder.Store.CountIssued(t.Context(), countAll())
	l.must(err)
	w.Folder.Ring.Secret = nil // nothing can be opened
	if _, err := prove.InModel(s, prove.Model); err != nil {
		t.Fatal(err)
	}
	after, err := w.Folder.Store.CountIssued(t.Context(), countAll())
	l.must(err)
	if after != before {
		t.Errorf("%d certificates were recorded", after-before)
	}
}

const careless = `{"Version":"2012-10-17","Statement":[{"Sid":"Loose","Effect":"Allow","Principal":{"Service":"rolesanywhere.amazonaws.com"},` +
	`"Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]%s}]}`

func condition(text string) string { return fmt.Sprintf(careless, `,"Condition":`+text) }

// said are the leaks of a report in few words.
func said(r prove.Report) []string {
	list := []string{}
	for _, l := range r.Leaks {
		line := strings.Join([]string{l.Rule, l.Kind, l.Verdict, l.Workload, l.Anchor, l.Profile, l.Role}, " ")
		if l.Disabled {
			line += " disabled"
		}
		if l.Waived {
			line += " waived"
		}
		list = append(list, line)
	}
	slices.Sort(list)
	return list
}

// What leaks is written by hand from
// https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html: any
// certificate under an anchor can be presented there, any enabled profile of the
// account and region can be named beside it, and what is left is the role's
// trust policy.
func TestLeaksAreFound(t *testing.T) {
	// Both workloads, each at its own anchor, by any of the profiles.
	loose := []string{
		"ANC301 session granted workload/dev/app " + devAnchor + " " + prodProfile + " " + prodRole,
	}
	for _, c := range []struct {
		name string
		do   func(l *lab) (foreign string)
		want []string // FOREIGN stands for what do returns
	}{
		{"a role that takes any anchor of the account", func(l *lab) string {
			l.setTrust("prod-app", fmt.Sprintf(careless, ""))
			return ""
		}, loose},
		{"a role that takes any anchor but asks for another unit than prod", func(l *lab) string {
			l.setTrust("prod-app", withStatement(l.trust("prod-app"), condition(`{"StringNotEquals":{"aws:PrincipalTag/x509Subject/OU":"staging"}}`)))
			return ""
		}, loose},
		{"a role that asks for something that only a certificate nobody has can say", func(l *lab) string {
			l.setTrust("prod-app", withStatement(l.trust("prod-app"), condition(`{"StringEquals":{"aws:PrincipalTag/x509Subject/CN":"chief"}}`)))
			return ""
		}, []string{"ANC603 certificate granted any certificate " + devAnchor + " * " + prodRole}},
		{"a role whose condition nobody documents", func(l *lab) string {
			l.setTrust("prod-app", withStatement(l.trust("prod-app"), condition(`{"StringEquals":{"aws:SourceOrgID":"o-1"}}`)))
			return ""
		}, []string{"ANC301 session unclear workload/dev/app " + devAnchor + " " + prodProfile + " " + prodRole}},
		{"a foreign profile that lists prod's role", func(l *lab) string {
			return l.makeProfile("somebodys", true, "prod-app")
		}, []string{"ANC603 session granted workload/prod/app " + prodAnchor + " FOREIGN " + prodRole}},
		{"the same profile, disabled", func(l *lab) string {
			return l.makeProfile("somebodys", false, "prod-app")
		}, []string{"ANC603 session granted workload/prod/app " + prodAnchor + " FOREIGN " + prodRole + " disabled"}},
		{"a foreign role in a foreign profile that takes any anchor", func(l *lab) string {
			l.setTrust("other", fmt.Sprintf(careless, ""))
			return l.makeProfile("somebodys", true, "other")
		}, []string{
			"ANC603 session granted workload/dev/app " + devAnchor + " FOREIGN role/111122223333/other",
			"ANC603 session granted workload/prod/app " + prodAnchor + " FOREIGN role/111122223333/other",
		}},
		{"a foreign anchor with dev's issuer, which no role pins", func(l *lab) string {
			return l.makeAnchor("somebodys", l.certificate("issuer/dev#1"))
		}, []string{"ANC601 path granted every workload of dev FOREIGN  "}},
		{"a foreign anchor that prod's role takes", func(l *lab) string {
			arn := l.makeAnchor("somebodys", strangerPEM(l.t))
			l.setTrust("prod-app", withStatement(l.trust("prod-app"), condition(`{"ArnEquals":{"aws:SourceArn":"`+arn+`"}}`)))
			return arn
		}, []string{"ANC603 certificate granted any certificate FOREIGN * " + prodRole}},
		{"both environments' issuers in prod's anchor", func(l *lab) string {
			l.fillAnchor(prodAnchor, l.certificate("issuer/prod#1")+l.certificate("issuer/dev#1"))
			return ""
		}, []string{"ANC604 path granted every workload of dev " + prodAnchor + "  "}},
		{"a foreign CA in prod's anchor", func(l *lab) string {
			l.fillAnchor(prodAnchor, l.certificate("issuer/prod#1")+strangerPEM(l.t))
			return ""
		}, []string{"ANC604 certificate granted any certificate " + prodAnchor + " * " + prodRole}},
		{"the root in prod's anchor", func(l *lab) string {
			l.fillAnchor(prodAnchor, l.certificate("root#1"))
			return ""
		}, []string{"ANC101 path granted every workload of dev " + prodAnchor + "  "}},
		{"the root in a foreign anchor", func(l *lab) string {
			return l.makeAnchor("root", l.certificate("root#1"))
		}, []string{
			"ANC101 path granted every workload of dev FOREIGN  ", "ANC101 path granted every workload of prod FOREIGN  ",
		}},
		{"the root in prod's anchor, and a role that asks for no unit", func(l *lab) string {
			l.fillAnchor(prodAnchor, l.certificate("root#1"))
			l.setTrust("prod-app", condition(`{"ArnEquals":{"aws:SourceArn":"`+l.arn(prodAnchor)+`"}}`))
			return ""
		}, []string{
			"ANC101 path granted every workload of dev " + prodAnchor + "  ",
			"ANC301 session granted workload/dev/app " + prodAnchor + " " + prodProfile + " " + prodRole,
		}},
		{"dev's issuer under a name and an end of somebody else's, with its key", func(l *lab) string {
			return l.makeAnchor("renewed", reissued(l, "issuer/dev#1"))
		}, []string{"ANC601 path granted every workload of dev FOREIGN  "}},
		{"a mapping that drops the unit, and a role that only forbids another", func(l *lab) string {
			l.dropMapping(devProfile, types.CertificateFieldX509Subject)
			l.dropMapping(prodProfile, types.CertificateFieldX509Subject)
			l.setTrust("prod-app", condition(`{"StringNotEquals":{"aws:PrincipalTag/x509Subject/OU":"dev"}}`))
			return ""
		}, loose},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := two(t)
			foreign := c.do(l)
			r, err := l.prove()
			var refusal *rules.Refusal
			if !errors.As(err, &refusal) || r.Proven || len(refusal.Findings) != len(c.want) {
				t.Errorf("it comes to %v", err)
			}
			want := []string{}
			for _, line := range c.want {
				want = append(want, strings.ReplaceAll(line, "FOREIGN", foreign))
			}
			slices.Sort(want)
			if diff := cmp.Diff(want, said(r)); diff != "" {
				t.Errorf("leaks (-want +got):\n%s", diff)
			}
		})
	}
}

// dropMapping makes a profile map nothing of a certificate field.
func (l *lab) dropMapping(profile string, field types.CertificateField) {
	l.t.Helper()
	arn := l.arn(profile)
	_, err := l.sdk().DeleteAttributeMapping(l.t.Context(), &rolesanywhere.DeleteAttributeMappingInput{
		ProfileId: aws.String(arn[strings.LastIndex(arn, "/")+1:]), CertificateField: field,
	})
	l.must(err)
}

func TestWhatIsGrantedAndDeniedIsFound(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(l *lab)
		want []prove.Blocked
	}{
		{"a mapping that drops the unit", func(l *lab) { l.dropMapping(devProfile, types.CertificateFieldX509Subject) },
			[]prove.Blocked{{devApp, devAnchor, devProfile, devRole, "trust policy", ""}}},
		{"a disabled profile", func(l *lab) {
			arn := l.arn(prodProfile)
			_, err := l.sdk().DisableProfile(l.t.Context(), &rolesanywhere.DisableProfileInput{ProfileId: aws.String(arn[strings.LastIndex(arn, "/")+1:])})
			l.must(err)
		}, []prove.Blocked{{prodApp, prodAnchor, prodProfile, prodRole, "profile enabled", ""}}},
		{"a disabled anchor", func(l *lab) {
			arn := l.arn(prodAnchor)
			_, err := l.sdk().DisableTrustAnchor(l.t.Context(), &rolesanywhere.DisableTrustAnchorInput{TrustAnchorId: aws.String(arn[strings.LastIndex(arn, "/")+1:])})
			l.must(err)
		}, []prove.Blocked{{prodApp, prodAnchor, prodProfile, prodRole, "trust anchor enabled", ""}}},
		{"a role whose pin is gone", func(l *lab) { l.setTrust("dev-app", trustNobody) },
			[]prove.Blocked{{devApp, devAnchor, devProfile, devRole, "trust policy", ""}}},
		{"an anchor that is gone", func(l *lab) {
			arn := l.arn(devAnchor)
			l.must(l.cloud().Anchors.Delete(l.t.Context(), arn[strings.LastIndex(arn, "/")+1:]))
		}, []prove.Blocked{{devApp, devAnchor, devProfile, devRole, "trust anchor", ""}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := two(t)
			c.do(l)
			r, err := l.prove()
			var refusal *rules.Refusal
			if !errors.Is(err, prove.ErrNotProven) || errors.As(err, &refusal) || r.Proven {
				t.Errorf("it comes to %v", err)
			}
			for i := range r.Blocked {
				if r.Blocked[i].Why == "" {
					t.Errorf("%+v says no reason", r.Blocked[i])
				}
				r.Blocked[i].Why = ""
			}
			if diff := cmp.Diff(c.want, r.Blocked); diff != "" || len(r.Leaks) > 0 {
				t.Errorf("leaks %v, blocked (-want +got):\n%s", said(r), diff)
			}
		})
	}
}
