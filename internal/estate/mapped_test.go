package estate_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/config"
	"anchorctl/internal/estate"
	"anchorctl/internal/roles"
	"anchorctl/internal/rules"
)

const prodRole = "role/111122223333/prod-app"

// iam is the account's administrator.
func (l *lab) iam(t *testing.T) *iam.Client {
	t.Helper()
	cfg, err := awsconfig.LoadDefaultConfig(t.Context(), awsconfig.WithRegion(place.Region))
	if err != nil {
		t.Fatal(err)
	}
	return iam.NewFromConfig(cfg)
}

func (l *lab) attach(t *testing.T, role, arn string) {
	t.Helper()
	if _, err := l.iam(t).AttachRolePolicy(t.Context(), &iam.AttachRolePolicyInput{RoleName: &role, PolicyArn: &arn}); err != nil {
		t.Fatal(err)
	}
}

func (l *lab) grant(t *testing.T, role, name, action, resource string) {
	t.Helper()
	document := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"` + action + `","Resource":"` + resource + `"}]}`
	if _, err := l.iam(t).PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: &role, PolicyName: &name, PolicyDocument: &document}); err != nil {
		t.Fatal(err)
	}
}

func (l *lab) tag(t *testing.T, role, value string) {
	t.Helper()
	tag := types.Tag{Key: aws.String("anchorctl:sensitive"), Value: &value}
	if _, err := l.iam(t).TagRole(t.Context(), &iam.TagRoleInput{RoleName: &role, Tags: []types.Tag{tag}}); err != nil {
		t.Fatal(err)
	}
}

// found are the rules and severities of what was found at prod's role.
func found(t *testing.T, p estate.Proposal) []string {
	t.Helper()
	list := []string{}
	for _, f := range p.Findings {
		if f.At != prodRole {
			t.Errorf("found elsewhere: %s", f)
		}
		list = append(list, f.Rule+" "+string(f.Severity))
	}
	return list
}

func TestARoleOfTheConfigurationIsJudgedAsItStands(t *testing.T) {
	for _, c := range []struct {
		name   string
		before func(t *testing.T, l *lab)
		now    func(configuration string) string
		want   []string
	}{
		{"as anchorctl left it", func(*testing.T, *lab) {}, nil, []string{}},
		{"that an AWS-managed policy is attached to", func(t *testing.T, l *lab) {
			l.attach(t, "prod-app", "arn:aws:iam::aws:policy/AdministratorAccess")
		}, nil, []string{"ANC303 hold"}},
		{"that may do everything", func(t *testing.T, l *lab) { l.grant(t, "prod-app", "all", "*", "*") }, nil, []string{"ANC313 hold", "ANC314 hold", "ANC316 hold"}},
		{"that may pass every role", func(t *testing.T, l *lab) { l.grant(t, "prod-app", "pass", "iam:PassRole", "*") }, nil, []string{"ANC314 hold", "ANC316 hold"}},
		{"that may do one thing to one object", func(t *testing.T, l *lab) {
			l.grant(t, "prod-app", "one", "s3:GetObject", "arn:aws:s3:::backups/*")
		}, nil, []string{}},
		{"whose account has a policy that allows too much", func(t *testing.T, l *lab) {
			made, err := l.iam(t).CreatePolicy(t.Context(), &iam.CreatePolicyInput{
				PolicyName: aws.String("own"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}]}`),
			})
			if err != nil {
				t.Fatal(err)
			}
			l.attach(t, "prod-app", *made.Policy.Arn)
		}, nil, []string{"ANC314 hold", "ANC315 hold"}},
		{"that EC2 may take, too", func(t *testing.T, l *lab) {
			l.setTrust(t, "prod-app", strings.Replace(l.trust(t, "prod-app"), `"Effect":"Deny"`, `"Effect":"Allow"`, 1))
		}, nil, []string{"ANC308 hold"}},
		{"with sessions shorter than its profile's", func(*testing.T, *lab) {}, func(s string) string {
			return strings.Replace(s, "      app: {roles: {prod-app: {workloads: [app]}}}", "      app: {roles: {prod-app: {workloads: [app]}}, sessionDuration: 2h}", 1)
		}, []string{"ANC309 warn"}},
		{"that is tagged sensitive and has sessions of an hour", func(t *testing.T, l *lab) { l.tag(t, "prod-app", "true") }, nil, []string{"ANC318 hold"}},
		{"that is tagged sensitive and has short ones", func(t *testing.T, l *lab) { l.tag(t, "prod-app", "true") }, func(s string) string {
			return strings.Replace(s, "      app: {roles: {prod-app: {workloads: [app]}}}", "      app: {roles: {prod-app: {workloads: [app]}}, sessionDuration: 30m}", 1)
		}, []string{}},
		{"that is tagged sensitive and has company", func(t *testing.T, l *lab) { l.tag(t, "prod-app", "true") }, func(s string) string {
			return strings.Replace(s, "      app: {roles: {prod-app: {workloads: [app]}}}",
				"      app: {roles: {prod-app: {workloads: [app]}, other: {workloads: [app]}}, sessionDuration: 30m}", 1)
		}, []string{"ANC318 hold"}},
		{"that is tagged, and not as sensitive", func(t *testing.T, l *lab) { l.tag(t, "prod-app", "false") }, nil, []string{}},
		{"with a second statement that names its anchor and no certificate", func(t *testing.T, l *lab) {
			// It would be 603 as well; the more exact words are its evidence.
			l.setTrust(t, "prod-app", withStatement(t, l.trust(t, "prod-app"), `"Condition":{"ArnEquals":{"aws:SourceArn":"`+l.anchor(t, prodAnchor).ARN+`"}}`))
		}, nil, []string{"ANC603 hold"}},
		{"with a second statement for another account's anchor", func(t *testing.T, l *lab) {
			l.setTrust(t, "prod-app", withStatement(t, l.trust(t, "prod-app"), `"Condition":{"ArnEquals":{"aws:SourceArn":"arn:aws:rolesanywhere:eu-central-1:444455556666:trust-anchor/x"},"StringEquals":{"aws:PrincipalTag/x509Subject/CN":"app"}}`))
		}, nil, []string{"ANC304 hold"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := converged(t)
			c.before(t, l)
			if c.now != nil {
				l.write(t, c.now(twoEnvironments("manage")))
			}
			p := l.plan(t, estate.Options{})
			if diff := cmp.Diff(c.want, found(t, p)); diff != "" {
				t.Errorf("findings (-want +got):\n%s%s", diff, (&rules.Refusal{Findings: p.Findings}).Error())
			}
		})
	}
}

// withStatement adds a statement for Roles Anywhere with a condition.
func withStatement(t *testing.T, trust, condition string) string {
	t.Helper()
	return strings.Replace(withCareless(t, trust), `"sts:SetSourceIdentity"]}`, `"sts:SetSourceIdentity"],`+condition+`}`, 1)
}

func TestWhatA603IsAboutIsSaidInItsEvidence(t *testing.T) {
	l := converged(t)
	l.setTrust(t, "prod-app", withCareless(t, l.trust(t, "prod-app")))
	p := l.plan(t, estate.Options{})
	if len(p.Findings) != 1 || !bothAnchors(p.Findings[0]) {
		t.Fatalf("findings are %v, want one that names both anchors", p.Findings)
	}
	for _, want := range []string{"[ANC304]", "[ANC305]", "aws:SourceArn"} {
		if !strings.Contains(p.Findings[0].Evidence, want) {
			t.Errorf("the evidence does not say %s: %s", want, p.Findings[0].Evidence)
		}
	}
	l.write(t, twoEnvironments("manage")+strings.Replace(waiverForOther, "other", "prod-app", 1))
	if got := found(t, l.plan(t, estate.Options{})); !slices.Contains(got, "ANC304 hold") || slices.Contains(got, "ANC603 hold") {
		t.Errorf("with 603 waived, found is %v: what cannot be waived has to hold by itself", got)
	}
}

func TestAnEndedWaiverTakesNothingIn(t *testing.T) {
	l := converged(t)
	l.setTrust(t, "prod-app", withStatement(t, l.trust(t, "prod-app"), `"Condition":{"ArnEquals":{"aws:SourceArn":"arn:aws:rolesanywhere:eu-central-1:444455556666:trust-anchor/x"},"StringEquals":{"aws:PrincipalTag/x509Subject/CN":"app"}}`))
	l.write(t, twoEnvironments("manage")+strings.Replace(waiver("ANC603"), "2026-12-31", "2026-02-28", 1))
	if diff := cmp.Diff([]string{"ANC603 warn", "ANC304 hold"}, found(t, l.plan(t, estate.Options{}))); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

func waiver(rule string) string {
	return "waivers:\n  - {rule: " + rule + ", at: " + prodRole + ", reason: moves to its own role, owner: platform, until: 2026-12-31}\n"
}

func TestNothingOpensBesideARoleThatIsHeldUntilItIsWaived(t *testing.T) {
	for _, c := range []struct {
		rule   string
		before func(t *testing.T, l *lab)
	}{
		{"ANC303", func(t *testing.T, l *lab) { l.attach(t, "prod-app", "arn:aws:iam::aws:policy/AdministratorAccess") }},
		{"ANC308", func(t *testing.T, l *lab) { l.setTrust(t, "prod-app", trustEC2) }},
	} {
		t.Run(c.rule, func(t *testing.T) {
			l := newLab(t, twoEnvironments("manage"), "dev-app", "prod-app")
			c.before(t, l)
			report, err := l.apply(t.Context(), estate.ApplyOptions{}, nil)
			held(t, err, c.rule)
			if len(report.Result.Done) > 0 || len(l.live(t)) > 0 {
				t.Errorf("it did %v", report.Result.Done)
			}
			l.write(t, twoEnvironments("manage")+waiver(c.rule))
			report = l.mustApply(t, estate.ApplyOptions{})
			l.check(t)
			said := strings.Join(report.Proposal.Notices, "\n")
			if !strings.Contains(said, prodRole) || !strings.Contains(said, "waived by platform until 2026-12-31: moves to its own role") {
				t.Errorf("notices are %q", said)
			}
			ended := strings.Replace(waiver(c.rule), "2026-12-31", "2026-02-28", 1)
			l.write(t, twoEnvironments("manage")+ended)
			_, err = l.apply(t.Context(), estate.ApplyOptions{}, nil)
			held(t, err, c.rule)
		})
	}
}

func TestAWorkloadLeavesARoleThatIsHeld(t *testing.T) {
	both := strings.NewReplacer("workloads: {app: {}}", "workloads: {app: {}, more: {}}", "prod-app: {workloads: [app]}", "prod-app: {workloads: [app, more]}").
		Replace(twoEnvironments("manage"))
	l := newLab(t, both, "dev-app", "prod-app")
	l.mustApply(t, estate.ApplyOptions{})
	l.attach(t, "prod-app", "arn:aws:iam::aws:policy/AdministratorAccess")
	l.write(t, strings.Replace(both, "[app, more]", "[app]", 1))
	_, err := l.apply(t.Context(), estate.ApplyOptions{}, nil)
	held(t, err, "ANC303")
	if trust := l.trust(t, "prod-app"); strings.Contains(trust, "prod.example.internal/more") || !strings.Contains(trust, "prod.example.internal/app") {
		t.Errorf("the role trusts %s", trust)
	}
	l.write(t, both)
	_, err = l.apply(t.Context(), estate.ApplyOptions{}, nil)
	held(t, err, "ANC303")
	if trust := l.trust(t, "prod-app"); strings.Contains(trust, "prod.example.internal/more") {
		t.Errorf("beside a hold, it widened: the role trusts %s", trust)
	}
}

func TestAVerifiedRoleThatTrustsSomethingElseIsHeldOnceBothAreThere(t *testing.T) {
	l := newLab(t, twoEnvironments("verify"), "dev-app", "prod-app")
	l.setTrust(t, "prod-app", trustEC2)
	if got := found(t, l.plan(t, estate.Options{})); !slices.Equal(got, []string{"ANC308 warn"}) {
		t.Errorf("before the pin is installed, found is %v", got)
	}
	_, err := l.apply(t.Context(), estate.ApplyOptions{}, nil)
	document := held(t, err, "").Documents[0]
	if document.At != "role/111122223333/dev-app" {
		t.Fatalf("the first document is for %s", document.At)
	}
	if len(l.live(t)) == 0 {
		t.Error("nothing was made: nobody can be told what to install")
	}
	pinned := strings.ReplaceAll(strings.ReplaceAll(document.Text, "AnchorctlDev", "AnchorctlProd"), "dev", "prod")
	pinned = strings.ReplaceAll(pinned, l.anchor(t, devAnchor).ARN, l.anchor(t, prodAnchor).ARN)
	l.setTrust(t, "prod-app", strings.Replace(pinned, `"Statement": [`, `"Statement": [{"Sid":"Team","Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"},`, 1))
	if got := found(t, l.plan(t, estate.Options{})); !slices.Contains(got, "ANC308 hold") {
		t.Errorf("with both installed, found is %v in %s", got, l.trust(t, "prod-app"))
	}
}

func TestAVerifiedPinToAnAnchorThatIsGoneIsToldTheNewOne(t *testing.T) {
	l := verified(t)
	gone := l.anchor(t, prodAnchor)
	if err := l.cloud(t).Anchors.Delete(t.Context(), gone.ID); err != nil {
		t.Fatal(err)
	}
	if got := found(t, l.plan(t, estate.Options{})); !slices.Equal(got, []string{"ANC304 warn"}) {
		t.Errorf("found is %v", got)
	}
	_, err := l.apply(t.Context(), estate.ApplyOptions{}, nil)
	hold := held(t, err, "")
	if again := l.anchor(t, prodAnchor); again.ARN == gone.ARN || again.Enabled || !strings.Contains(hold.Documents[0].Text, again.ARN) {
		t.Errorf("the anchor is %s, enabled %v; to install is %s", again.ARN, again.Enabled, hold.Documents[0].Text)
	}
	l.setTrust(t, "prod-app", hold.Documents[0].Text)
	l.mustApply(t, estate.ApplyOptions{})
	l.check(t)
}

// shortSighted is an account whose roles' permissions may not be read.
type shortSighted struct{ roles.API }

func (shortSighted) Permissions(context.Context, string) (roles.Permissions, error) {
	return roles.Permissions{Unread: []string{"its inline policies: the credentials lack iam:ListRolePolicies"}}, nil
}

func TestPermissionsThatMayNotBeReadHoldNothing(t *testing.T) {
	l := converged(t)
	w := l.open(t, func(c *estate.Cloud, _ config.Target) error {
		c.Roles = shortSighted{c.Roles}
		return nil
	})
	if _, err := w.Apply(t.Context(), estate.ApplyOptions{}); err != nil {
		t.Error(err)
	}
	s, err := w.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Findings) > 0 || len(s.Notices) != 2 || !strings.Contains(s.Notices[1], prodRole+": what it may do is not checked") {
		t.Errorf("findings %v, notices %q", s.Findings, s.Notices)
	}
}

func TestAPlanAsksIAMThreeTimesForEachRole(t *testing.T) {
	l := converged(t)
	asked := func() map[string]int {
		n := map[string]int{}
		for _, r := range l.requests(t) {
			if r.Service == "iam" {
				n[r.Op]++
			}
		}
		return n
	}
	before := asked()
	l.plan(t, estate.Options{})
	got := asked()
	for op, n := range before {
		if got[op] -= n; got[op] == 0 {
			delete(got, op)
		}
	}
	want := map[string]int{"GetRole": 2, "ListAttachedRolePolicies": 2, "ListRolePolicies": 2}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("calls of a plan with two roles (-want +got):\n%s", diff)
	}
	before = asked()
	l.plan(t, estate.Options{Destroy: true})
	if n := asked()["ListRolePolicies"] - before["ListRolePolicies"]; n != 0 {
		t.Errorf("what is to go is asked for its permissions %d times", n)
	}
}
