package survey_test

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/anchors"
	"anchorctl/internal/config"
	"anchorctl/internal/estate"
	"anchorctl/internal/grants"
	"anchorctl/internal/iampolicy"
	"anchorctl/internal/pki"
	"anchorctl/internal/pki/pkitest"
	"anchorctl/internal/plan"
	"anchorctl/internal/profiles"
	"anchorctl/internal/publicca"
	"anchorctl/internal/roles"
	"anchorctl/internal/rules"
	"anchorctl/internal/store"
	"anchorctl/internal/survey"
	"anchorctl/internal/verdict"
)

const (
	account   = "111122223333"
	ourAnchor = "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/00000000-0000-4000-8000-000000000001"
	stranger  = "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/00000000-0000-4000-8000-000000000002"
	theirs    = "arn:aws:rolesanywhere:eu-central-1:111122223333:profile/00000000-0000-4000-8000-000000000003"
	uri       = "spiffe://prod.example.internal/app"
)

func at() plan.Target { return plan.Target{Account: account, Region: "eu-central-1"} }

func role(name string) plan.Addr { return plan.Role(account, name) }

func arn(name string) string { return "arn:aws:iam::" + account + ":role/" + name }

// pinned is the trust policy of a role that is for its anchor and workload.
func pinned(anchor, workload string) string {
	return string(iampolicy.GenerateTrust(iampolicy.Trust{
		Sid: "AnchorctlProd", AnchorARNs: []string{anchor}, Account: account, Environment: "prod", WorkloadURIs: []string{workload},
	}))
}

const open = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"rolesanywhere.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]}]}`

const ec2 = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

func live(path, name, trust string) roles.Live {
	return roles.Live{Name: name, Path: path, ARN: "arn:aws:iam::" + account + ":role" + path + name, Exists: true, Trust: trust, MaxSessionSeconds: 3600}
}

// scenery is an account in which there is nothing to find: one environment with
// an anchor, a profile and a role, and a role for EC2.
type scenery struct {
	census estate.Census
	estate *pkitest.Estate
}

func newScenery(t *testing.T) *scenery {
	t.Helper()
	e := pkitest.NewEstate(t, "prod", "dev")
	issuer := plan.Issuer("prod", 1)
	app := live("/", "app", pinned(ourAnchor, uri))
	s := &scenery{estate: e}
	s.census.Now = pkitest.Now()
	s.census.Config = &config.Config{
		Estate: config.Estate{Name: "example", TrustDomain: "example.internal"},
		Environments: map[string]*config.Environment{"prod": {
			Name: "prod", Targets: []config.Target{{Account: account, Region: "eu-central-1"}},
			Profiles: map[string]*config.Profile{"app": {Roles: map[string]*config.RoleUse{"app": {Workloads: []string{"app"}}}}},
		}, "dev": {
			Name: "dev", Targets: []config.Target{{Account: account, Region: "eu-central-1"}},
			Profiles: map[string]*config.Profile{"app": {Roles: map[string]*config.RoleUse{"team/dev-app": {Workloads: []string{"app"}}}}},
		}},
	}
	s.census.Places = []estate.Place{{
		Target: at(), Account: account, Partition: "aws",
		Anchors: []estate.PlacedAnchor{{
			Addr: plan.Anchor("prod", at()), Environment: "prod", Known: []plan.Addr{issuer},
			Certificates: []*x509.Certificate{e.Issuers["prod"].Certificate},
			Live:         anchors.Live{Name: "example-prod", ARN: ourAnchor, Enabled: true, SourceType: anchors.SourceBundle},
		}},
		Profiles: []estate.PlacedProfile{{
			Addr: plan.Profile("prod", "app", at()), Environment: "prod",
			Live: profiles.Live{Name: "example-prod-app", ARN: "arn:profile", Enabled: true, RoleARNs: []string{arn("app")}, DurationSeconds: 3600},
		}},
	}}
	s.census.Issuers = []estate.SceneIssuer{{Addr: issuer, Environment: "prod", Certificate: e.Issuers["prod"].Certificate, Status: store.Active}}
	s.census.Accounts = []estate.AccountRoles{{Account: account, Roles: []roles.Live{
		app, live("/", "builds", ec2),
		live("/aws-service-role/rolesanywhere.amazonaws.com/", "AWSServiceRoleForRolesAnywhere", open),
	}}}
	s.census.Roles = map[plan.Addr]roles.Live{role("app"): app}
	s.census.Mapped = map[plan.Addr]estate.MappedRole{role("app"): {Environment: "prod", Case: grants.RoleCase{
		Trust:      grants.TrustCase{At: role("app").String(), Document: []byte(app.Trust), Account: account, Anchors: []string{ourAnchor}, Workloads: []string{uri}},
		MaxSession: time.Hour, Uses: []grants.RoleUse{{Profile: "profile/prod/app", Roles: 1, Session: time.Hour}},
	}}}
	s.census.Pinned = map[plan.Addr][]roles.Pinned{role("app"): {{
		Environment: "prod", AnchorARNs: []string{ourAnchor}, URIPrefix: "spiffe://prod.example.internal/",
	}}}
	return s
}

func (s *scenery) place() *estate.Place { return &s.census.Places[0] }

// add puts a role into the account.
func (s *scenery) add(l roles.Live) {
	s.census.Accounts[0].Roles = append(s.census.Accounts[0].Roles, l)
}

// foreign is an anchor that somebody else made.
func (s *scenery) foreign(certs ...*x509.Certificate) *estate.PlacedAnchor {
	p := s.place()
	p.Anchors = append(p.Anchors, estate.PlacedAnchor{
		Certificates: certs, Known: make([]plan.Addr, len(certs)),
		Live: anchors.Live{Name: "ops", ARN: stranger, Enabled: true, SourceType: anchors.SourceBundle},
	})
	s.add(live("/", "ops", strings.ReplaceAll(pinned(stranger, "urn:ops"), "prod", "ops")))
	return &p.Anchors[len(p.Anchors)-1]
}

// profile is a profile that somebody else made.
func (s *scenery) profile(enabled bool, listed ...roles.Live) {
	p := estate.PlacedProfile{Live: profiles.Live{Name: "theirs", ARN: theirs, Enabled: enabled, DurationSeconds: 3600}}
	for _, l := range listed {
		p.Live.RoleARNs = append(p.Live.RoleARNs, l.ARN)
		s.census.Roles[estate.RoleAddr(l.ARN)] = l
		if !slices.ContainsFunc(s.census.Accounts[0].Roles, func(o roles.Live) bool { return o.ARN == l.ARN }) {
			s.add(l)
		}
	}
	s.place().Profiles = append(s.place().Profiles, p)
}

func summary(r survey.Report) []string {
	list := []string{}
	for _, f := range r.Findings {
		list = append(list, string(f.Severity)+" "+f.Rule+" "+f.At)
	}
	return list
}

func TestAnAccountIsJudged(t *testing.T) {
	const ours, app = "anchor/prod@111122223333/eu-central-1", "role/111122223333/app"
	for _, c := range []struct {
		name   string
		change func(t *testing.T, s *scenery)
		want   []string
	}{
		{"with nothing but the estate", func(*testing.T, *scenery) {}, []string{}},

		{"with a foreign anchor that one role is for", func(_ *testing.T, s *scenery) { s.foreign(s.estate.Root.Certificate) }, []string{"warn ANC601 " + stranger}},
		{"with a foreign anchor of AWS Private CA", func(_ *testing.T, s *scenery) {
			a := s.foreign()
			a.Live.SourceType, a.Unreadable = "AWS_ACM_PCA", "it is of the source AWS_ACM_PCA, which does not show its certificates"
		}, []string{"warn ANC601 " + stranger}},
		{"with a foreign anchor that is disabled", func(_ *testing.T, s *scenery) { s.foreign().Live.Enabled = false }, []string{"warn ANC601 " + stranger, "warn ANC606 " + stranger}},
		{"with a foreign anchor that no role is for", func(_ *testing.T, s *scenery) {
			s.foreign()
			s.census.Accounts[0].Roles = s.census.Accounts[0].Roles[:3]
		}, []string{"warn ANC601 " + stranger, "warn ANC606 " + stranger}},
		{"with one that nobody can tell whether it is used", func(_ *testing.T, s *scenery) {
			s.foreign()
			s.census.Accounts[0] = estate.AccountRoles{Account: account, Unlisted: "denied"}
		}, []string{"warn ANC601 " + stranger}},

		{"with our anchor disabled", func(_ *testing.T, s *scenery) { s.place().Anchors[0].Live.Enabled = false }, []string{"warn ANC606 " + ours}},
		{"with a certificate in our anchor that we did not put there", func(_ *testing.T, s *scenery) {
			a := &s.place().Anchors[0]
			a.Certificates, a.Known = []*x509.Certificate{s.estate.Root.Certificate}, []plan.Addr{{}}
		}, []string{"hold ANC604 " + ours}},
		{"with another source in our anchor", func(_ *testing.T, s *scenery) {
			a := &s.place().Anchors[0]
			a.Certificates, a.Known, a.Unreadable = nil, nil, "it is of the source AWS_ACM_PCA"
		}, []string{"hold ANC604 " + ours}},

		{"with the key of a retired issuer in a foreign anchor", func(_ *testing.T, s *scenery) {
			old := s.estate.Issuers["dev"].Certificate
			s.census.Issuers = append(s.census.Issuers, estate.SceneIssuer{Addr: plan.Issuer("dev", 1), Environment: "dev", Certificate: old, Status: store.Retired})
			s.foreign(old)
		}, []string{"hold ANC605 " + stranger, "warn ANC601 " + stranger}},
		{"with the key of an active issuer in its anchor, and a planned issuer", func(_ *testing.T, s *scenery) {
			s.census.Issuers = append(s.census.Issuers, estate.SceneIssuer{Addr: plan.Issuer("dev", 1), Environment: "dev", Status: estate.Planned})
		}, []string{}},

		{"with a role that takes every anchor and every certificate", func(_ *testing.T, s *scenery) { s.add(live("/", "loose", open)) },
			[]string{"refuse ANC304 role/111122223333/loose", "refuse ANC305 role/111122223333/loose"}},
		{"with a role for another account's anchor", func(_ *testing.T, s *scenery) {
			s.add(live("/", "far", strings.ReplaceAll(strings.ReplaceAll(pinned(stranger, "urn:x"), stranger, strings.ReplaceAll(stranger, account, "444455556666")), "prod", "x")))
		}, []string{"refuse ANC304 role/111122223333/far"}},
		{"with a role for Roles Anywhere and EC2", func(_ *testing.T, s *scenery) {
			both := strings.Replace(pinned(stranger, "urn:x"), `"Statement": [`, `"Statement": [{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"},`, 1)
			s.add(live("/", "both", both))
		}, []string{"hold ANC308 role/111122223333/both"}},
		{"with a role whose policy is not understood and has nothing to do with it", func(_ *testing.T, s *scenery) {
			s.add(live("/", "odd", strings.Replace(ec2, `"Effect"`, `"Odd":1,"Effect"`, 1)))
		}, []string{"warn ANC312 role/111122223333/odd"}},
		{"with a role whose policy is not understood and speaks of Roles Anywhere", func(_ *testing.T, s *scenery) {
			s.add(live("/", "odd", strings.Replace(open, `"Effect"`, `"Odd":1,"Effect"`, 1)))
		}, []string{"hold ANC312 role/111122223333/odd"}},

		{"with our role trusting another anchor of the account", func(_ *testing.T, s *scenery) {
			m := s.census.Mapped[role("app")]
			m.Case.Trust.Document = []byte(pinned(stranger, uri))
			s.census.Mapped[role("app")] = m
		}, []string{"refuse ANC304 " + app}},
		{"with our role that may do everything", func(_ *testing.T, s *scenery) {
			m := s.census.Mapped[role("app")]
			m.Case.Attached = []string{"arn:aws:iam::aws:policy/PowerUserAccess"}
			m.Case.Policies = []grants.RolePolicy{{Name: "inline policy all", Document: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::x/*"}]}`}}
			s.census.Mapped[role("app")] = m
		}, []string{"hold ANC303 " + app, "hold ANC313 " + app}},
		{"with our role and sessions that it does not allow", func(_ *testing.T, s *scenery) {
			m := s.census.Mapped[role("app")]
			m.Case.Uses[0].Session = 2 * time.Hour
			s.census.Mapped[role("app")] = m
		}, []string{"warn ANC309 " + app}},

		{"with a foreign profile that hands out a role that takes every anchor", func(_ *testing.T, s *scenery) { s.profile(true, live("/", "loose", open)) },
			[]string{"refuse ANC304 role/111122223333/loose", "refuse ANC305 role/111122223333/loose", "hold ANC603 role/111122223333/loose"}},
		{"with such a profile that is disabled", func(_ *testing.T, s *scenery) { s.profile(false, live("/", "loose", open)) },
			[]string{"refuse ANC304 role/111122223333/loose", "refuse ANC305 role/111122223333/loose"}},
		{"with a foreign profile whose role is for its own anchor", func(_ *testing.T, s *scenery) {
			s.profile(true, live("/", "ops", strings.ReplaceAll(pinned(stranger, "urn:ops"), "prod", "ops")))
		}, []string{}},
		{"with a foreign profile whose role cannot be read", func(_ *testing.T, s *scenery) {
			s.profile(true)
			s.place().Profiles[1].Live.RoleARNs = []string{arn("hidden")}
			s.census.Unread = map[plan.Addr]string{role("hidden"): "cannot be read: denied"}
		}, []string{"hold ANC603 role/111122223333/hidden"}},
		{"with a foreign profile that hands out our role by its pin", func(_ *testing.T, s *scenery) { s.profile(true, s.census.Roles[role("app")]) },
			[]string{"warn ANC607 " + theirs}},
		{"with a foreign profile of two environments, one role by another path", func(_ *testing.T, s *scenery) {
			s.profile(true, s.census.Roles[role("app")], live("/", "dev-app", ec2))
		}, []string{"warn ANC607 " + theirs}},
		{"with our profile listing somebody's role", func(_ *testing.T, s *scenery) {
			p := &s.place().Profiles[0]
			p.Live.RoleARNs = append(p.Live.RoleARNs, arn("builds"))
		}, []string{"warn ANC607 profile/prod/app@111122223333/eu-central-1"}},
		{"with our profile listing another environment's role alone", func(_ *testing.T, s *scenery) {
			s.place().Profiles[0].Live.RoleARNs = []string{arn("team/dev-app")}
		}, []string{"warn ANC607 profile/prod/app@111122223333/eu-central-1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScenery(t)
			c.change(t, s)
			r := survey.Judge(s.census, publicca.Load())
			if diff := cmp.Diff(c.want, summary(r)); diff != "" {
				t.Errorf("findings (-want +got):\n%s%s", diff, (&rules.Refusal{Findings: r.Findings}).Error())
			}
		})
	}
}

func TestQuotasAreSaidFromFourFifths(t *testing.T) {
	const at, ours, app = "111122223333/eu-central-1", "anchor/prod@111122223333/eu-central-1", "profile/prod/app@111122223333/eu-central-1"
	profilesOf := func(n int) func(s *scenery) {
		return func(s *scenery) {
			for i := range n - 1 {
				s.place().Profiles = append(s.place().Profiles, estate.PlacedProfile{Live: profiles.Live{ARN: fmt.Sprint(theirs, i)}})
			}
		}
	}
	crls := func(anchor string, n int) func(s *scenery) {
		return func(s *scenery) {
			for i := range n {
				s.place().CRLs = append(s.place().CRLs, estate.CRL{ARN: fmt.Sprint("arn:crl", i), AnchorARN: anchor})
			}
		}
	}
	listing := func(n int) func(s *scenery) {
		return func(s *scenery) {
			for i := range n - 1 {
				s.place().Profiles[0].Live.RoleARNs = append(s.place().Profiles[0].Live.RoleARNs, arn(fmt.Sprint("r", i)))
			}
		}
	}
	for _, c := range []struct {
		name   string
		change func(s *scenery)
		want   []string
	}{
		{"199 profiles of 250", profilesOf(199), nil},
		{"200 profiles of 250", profilesOf(200), []string{"warn ANC602 " + at}},
		{"one revocation list at our anchor", crls(ourAnchor, 1), nil},
		{"two revocation lists at our anchor", crls(ourAnchor, 2), []string{"warn ANC602 " + ours}},
		{"two revocation lists at our anchor, and a rotation", func(s *scenery) {
			crls(ourAnchor, 2)(s)
			s.census.Issuers = append(s.census.Issuers, estate.SceneIssuer{
				Addr: plan.Issuer("prod", 2), Environment: "prod", Certificate: s.estate.Issuers["dev"].Certificate, Status: store.Next,
			})
		}, nil},
		{"two revocation lists at our anchor, and a rotation elsewhere", func(s *scenery) {
			crls(ourAnchor, 2)(s)
			s.census.Issuers = append(s.census.Issuers, estate.SceneIssuer{
				Addr: plan.Issuer("dev", 2), Environment: "dev", Certificate: s.estate.Issuers["dev"].Certificate, Status: store.Next,
			})
		}, []string{"warn ANC602 " + ours}},
		{"two revocation lists at somebody's anchor", crls(stranger, 2), nil},
		{"199 roles in our profile", listing(199), nil},
		{"200 roles in our profile", listing(200), []string{"warn ANC602 " + app}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScenery(t)
			c.change(s)
			var got []string
			for _, f := range survey.Judge(s.census, publicca.Load()).Findings {
				if f.Rule == "ANC602" {
					got = append(got, string(f.Severity)+" "+f.Rule+" "+f.At)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("39 and 40 anchors of 50, with the code of the quota", func(t *testing.T) {
		for n, want := range map[int]string{39: "", 40: "40 of 50 trust anchors of an account and region: the default of an adjustable quota, L-AB49EEA7; more may have been granted"} {
			s := newScenery(t)
			for i := range n - 1 {
				s.place().Anchors = append(s.place().Anchors, estate.PlacedAnchor{Live: anchors.Live{ARN: fmt.Sprint(stranger, i)}})
			}
			got := ""
			for _, f := range survey.Judge(s.census, publicca.Load()).Findings {
				if f.Rule == "ANC602" {
					got = f.Evidence
				}
			}
			if got != want {
				t.Errorf("%d anchors: %q, want %q", n, got, want)
			}
		}
	})
}

func TestTheReportSaysWhoseACertificateIs(t *testing.T) {
	s := newScenery(t)
	s.foreign(s.estate.Root.Certificate, s.estate.Issuers["dev"].Certificate)
	s.census.Now = s.estate.Issuers["dev"].Certificate.NotAfter.Add(time.Second)
	region := survey.Judge(s.census, publicca.Load()).Accounts[0].Regions[0]
	ours, ops := region.Anchors[0], region.Anchors[1]
	if diff := cmp.Diff([]string{"issuer/prod#1", "expired"}, ours.Certificates[0].Marks); diff != "" {
		t.Errorf("ours: %s", diff)
	}
	want := [][]string{{"self-signed"}, {"expired"}}
	if s.census.Now.After(s.estate.Root.Certificate.NotAfter) {
		want[0] = append(want[0], "expired")
	}
	if diff := cmp.Diff(want, [][]string{ops.Certificates[0].Marks, ops.Certificates[1].Marks}); diff != "" {
		t.Errorf("theirs: %s", diff)
	}
	if diff := cmp.Diff([]string{"role/111122223333/ops"}, ops.Roles); diff != "" {
		t.Errorf("taken through theirs: %s", diff)
	}
	if got := pki.Fingerprint(s.estate.Root.Certificate); ops.Certificates[0].Fingerprint != got {
		t.Errorf("fingerprint %s, want %s", ops.Certificates[0].Fingerprint, got)
	}
}

func TestWhatCouldNotBeReadIsSaid(t *testing.T) {
	s := newScenery(t)
	s.census.Accounts[0] = estate.AccountRoles{Account: account, Unlisted: "denied: iam:ListRoles"}
	s.census.Closed = []plan.Target{{Account: "444455556666", Region: "us-east-1"}}
	s.place().CRLsUnread = "denied: rolesanywhere:ListCrls"
	m := s.census.Mapped[role("app")]
	m.Unread = []string{"its inline policies: the credentials lack iam:ListRolePolicies"}
	s.census.Mapped[role("app")] = m
	s.census.Unread = map[plan.Addr]string{role("hidden"): "cannot be read: denied"}
	r := survey.Judge(s.census, publicca.Load())
	want := []string{
		"the roles of account 111122223333 that no profile lists: denied: iam:ListRoles",
		"444455556666/us-east-1, which left anchorctl.yaml and could not be opened",
		"the revocation lists at 111122223333/eu-central-1: denied: rolesanywhere:ListCrls",
		"what role/111122223333/app may do: its inline policies: the credentials lack iam:ListRolePolicies",
		"role/111122223333/hidden cannot be read: denied",
	}
	if diff := cmp.Diff(want, r.NotChecked); diff != "" {
		t.Error(diff)
	}
	if r.Accounts[0].Roles.Listed || len(r.Findings) > 0 {
		t.Errorf("listed %v, findings %v", r.Accounts[0].Roles.Listed, r.Findings)
	}
}

func TestWaiversTakeFindingsOutOfTheVerdictAndNotOutOfTheReport(t *testing.T) {
	s := newScenery(t)
	m := s.census.Mapped[role("app")]
	m.Case.Attached = []string{"arn:aws:iam::aws:policy/PowerUserAccess"}
	s.census.Mapped[role("app")] = m
	if err := verdict.Of(survey.Judge(s.census, publicca.Load()).Findings); err == nil || !strings.Contains(err.Error(), "ANC303") {
		t.Errorf("the verdict is %v", err)
	}
	var until config.Date
	if err := until.UnmarshalText([]byte("2999-12-31")); err != nil {
		t.Fatal(err)
	}
	s.census.Config.Waivers = []config.Waiver{{Rule: "ANC303", At: role("app").String(), Reason: "migration", Owner: "platform", Until: until}}
	r := survey.Judge(s.census, publicca.Load())
	if err := verdict.Of(r.Findings); err != nil || len(r.Findings) > 0 || len(r.Waived) != 1 || r.Waived[0].Owner != "platform" {
		t.Errorf("verdict %v, findings %v, waived %v", err, r.Findings, r.Waived)
	}
}

// Our own anchor is not to be deleted because it waits for something.
func TestOurDisabledAnchorIsNotToBeDeleted(t *testing.T) {
	s := newScenery(t)
	s.place().Anchors[0].Live.Enabled = false
	found := survey.Judge(s.census, publicca.Load()).Findings
	if len(found) == 0 {
		t.Error("nothing is found")
	}
	for _, f := range found {
		if f.Rule != "ANC606" || strings.Contains(f.Remedy, "delete") || !strings.Contains(f.Remedy, `"anchorctl plan"`) {
			t.Errorf("%s: %s", f, f.Remedy)
		}
	}
}
