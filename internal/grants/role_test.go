package grants_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/grants"
	"anchorctl/internal/rules"
)

const (
	roleAnchor = "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/00000000-0000-4000-8000-000000000001"
	roleURI    = "spiffe://prod.example.internal/backup"
)

// statement is one that lets Roles Anywhere in under the anchor, with conditions
// on the certificate.
func statementFor(conditions string) string {
	return `{"Sid":"Pin","Effect":"Allow","Principal":{"Service":"rolesanywhere.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"],` +
		`"Condition":{"ArnEquals":{"aws:SourceArn":"` + roleAnchor + `"},` + conditions + `}}`
}

func trustOf(statements ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
}

const (
	oneURI  = `"StringEquals":{"aws:PrincipalTag/x509SAN/URI":"` + roleURI + `"}`
	oneCN   = `"StringEquals":{"aws:PrincipalTag/x509Subject/CN":["backup"]}`
	twoURIs = `"StringEquals":{"aws:PrincipalTag/x509SAN/URI":["` + roleURI + `","spiffe://prod.example.internal/reports"]}`
	oneUnit = `"StringEquals":{"aws:PrincipalTag/x509Subject/OU":"prod"}`
	anyCase = `"StringEqualsIgnoreCase":{"aws:PrincipalTag/x509Subject/CN":"backup"}`
	like    = `"StringLike":{"aws:PrincipalTag/x509Subject/CN":"backup"}`
)

func TestARoleIsJudgedByItsSessionsAndItsSensitivity(t *testing.T) {
	use := func(n int, session time.Duration) grants.RoleUse {
		return grants.RoleUse{Profile: "profile prod/backup", Roles: n, Session: session, MostSensitive: 30 * time.Minute}
	}
	short := use(1, 30*time.Minute)
	for _, c := range []struct {
		name      string
		trust     string
		uses      []grants.RoleUse
		most      time.Duration
		sensitive bool
		want      []string
	}{
		{"sessions as long as the role allows", trustOf(statementFor(oneURI)), []grants.RoleUse{use(1, time.Hour)}, time.Hour, false, nil},
		{"sessions a second longer", trustOf(statementFor(oneURI)), []grants.RoleUse{use(1, time.Hour+time.Second)}, time.Hour, false, []string{"warn ANC309"}},
		{"two profiles, both too long", trustOf(statementFor(oneURI)), []grants.RoleUse{use(1, 2*time.Hour), use(1, 3*time.Hour)}, time.Hour, false, []string{"warn ANC309", "warn ANC309"}},
		{"a role of which the longest session is not known", trustOf(statementFor(oneURI)), []grants.RoleUse{use(1, 12*time.Hour)}, 0, false, nil},
		{"company where nothing is sensitive", trustOf(statementFor(twoURIs)), []grants.RoleUse{use(5, time.Hour)}, time.Hour, false, nil},

		{"sensitive, alone, short, of one workload", trustOf(statementFor(oneURI)), []grants.RoleUse{short}, time.Hour, true, nil},
		{"sensitive, named by its common name", trustOf(statementFor(oneCN)), []grants.RoleUse{short}, time.Hour, true, nil},
		{"sensitive, with two URIs that one common name narrows", trustOf(statementFor(strings.TrimSuffix(twoURIs, "}") + `,"aws:PrincipalTag/x509Subject/CN":"backup"}`)), []grants.RoleUse{short}, time.Hour, true, nil},
		{"sensitive, in company", trustOf(statementFor(oneURI)), []grants.RoleUse{use(2, time.Minute)}, time.Hour, true, []string{"refuse ANC318"}},
		{"sensitive, a second too long", trustOf(statementFor(oneURI)), []grants.RoleUse{use(1, 30*time.Minute+time.Second)}, time.Hour, true, []string{"refuse ANC318"}},
		{"sensitive, of two workloads", trustOf(statementFor(twoURIs)), []grants.RoleUse{short}, time.Hour, true, []string{"refuse ANC318"}},
		{"sensitive, of a unit", trustOf(statementFor(oneUnit)), []grants.RoleUse{short}, time.Hour, true, []string{"refuse ANC318"}},
		{"sensitive, in any case of letters", trustOf(statementFor(anyCase)), []grants.RoleUse{short}, time.Hour, true, []string{"refuse ANC318"}},
		{"sensitive, by likeness", trustOf(statementFor(like)), []grants.RoleUse{short}, time.Hour, true, []string{"refuse ANC318"}},
		{"sensitive, a second statement means two", trustOf(statementFor(oneURI), strings.Replace(statementFor(twoURIs), "Pin", "Second", 1)), []grants.RoleUse{short}, time.Hour, true, []string{"refuse ANC318"}},
		{"sensitive, all of it", trustOf(statementFor(twoURIs)), []grants.RoleUse{use(3, time.Hour)}, time.Hour, true, []string{"refuse ANC318", "refuse ANC318", "refuse ANC318"}},
		{"sensitive, and no policy at all", "{", []grants.RoleUse{short}, time.Hour, true, []string{"refuse ANC312"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := grants.RoleCase{
				Trust:      grants.TrustCase{At: "role/111122223333/prod-backup", Document: []byte(c.trust), Account: "111122223333", Anchors: []string{roleAnchor}},
				MaxSession: c.most, Uses: c.uses,
			}
			if c.sensitive {
				in.Sensitive = "it carries the tag anchorctl:sensitive = true"
			}
			var got []string
			for _, f := range grants.JudgeRole(in) {
				got = append(got, string(f.Severity)+" "+f.Rule)
				if f.At != in.Trust.At || f.Evidence == "" || f.Remedy == "" {
					t.Errorf("incomplete: %+v", f)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAProbeRoleHasNoPolicies(t *testing.T) {
	const (
		own    = "arn:aws:iam::111122223333:policy/team/narrow"
		narrow = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::backups/*"}]}`
		denies = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`
	)
	for _, c := range []struct {
		name     string
		probe    bool
		attached []string
		policies []grants.RolePolicy
		want     []string
	}{
		{"without any policy", true, nil, nil, nil},
		{"with an attached policy", true, []string{own}, []grants.RolePolicy{{Name: "policy " + own, Document: narrow}},
			[]string{"hold ANC319 it is a probe role and has permissions: " + own}},
		{"with an attached policy that was not read", true, []string{own}, nil, []string{"hold ANC319 it is a probe role and has permissions: " + own}},
		{"with an inline policy", true, nil, []grants.RolePolicy{{Name: "inline policy s3", Document: narrow}},
			[]string{"hold ANC319 it is a probe role and has permissions: inline policy s3"}},
		{"with one of each", true, []string{own}, []grants.RolePolicy{{Name: "inline policy s3", Document: narrow}},
			[]string{"hold ANC319 it is a probe role and has permissions: " + own + ", inline policy s3"}},
		{"with a policy that only denies", true, nil, []grants.RolePolicy{{Name: "inline policy none", Document: denies}},
			[]string{"hold ANC319 it is a probe role and has permissions: inline policy none"}},
		{"with a policy of AWS's", true, []string{"arn:aws:iam::aws:policy/job-function/Billing"}, nil, []string{
			"hold ANC319 it is a probe role and has permissions: arn:aws:iam::aws:policy/job-function/Billing",
			"hold ANC303 arn:aws:iam::aws:policy/job-function/Billing is attached: what a person in that job may need, on every resource",
		}},
		{"that is any other role", false, []string{own}, []grants.RolePolicy{{Name: "inline policy s3", Document: narrow}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, f := range grants.JudgeRole(grants.RoleCase{
				Trust: grants.TrustCase{At: "role/111122223333/probe", Document: []byte(trustOf(statementFor(oneURI))), Account: "111122223333", Anchors: []string{roleAnchor}},
				Probe: c.probe, Attached: c.attached, Policies: c.policies,
			}) {
				got = append(got, string(f.Severity)+" "+f.Rule+" "+f.Evidence)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAPolicyThatIsNotUnderstoodHoldsNothing(t *testing.T) {
	found := grants.JudgeRole(grants.RoleCase{
		Trust:    grants.TrustCase{At: "role/111122223333/prod-backup", Document: []byte(trustOf(statementFor(oneURI)))},
		Policies: []grants.RolePolicy{{Name: "inline policy odd", Document: `{"Version":"2012-10-17","Statement":[{"Odd":1}]}`}},
	})
	if len(found) == 0 {
		t.Error("nothing is said")
	}
	for _, f := range found {
		if f.Rule != "ANC312" || f.Severity != rules.Warn || !strings.Contains(f.String(), "inline policy odd") {
			t.Errorf("found is %s %s", f.Severity, f)
		}
	}
}

func TestWhoAdmitsRolesAnywhere(t *testing.T) {
	const other = `{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}`
	for _, c := range []struct {
		name, trust string
		want        bool
	}{
		{"a statement for it", trustOf(other, statementFor(oneURI)), true},
		{"a statement for everybody", trustOf(`{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}`), true},
		{"another service alone", trustOf(other), false},
		{"a statement that denies it", trustOf(strings.Replace(statementFor(oneURI), "Allow", "Deny", 1)), false},
	} {
		if got, err := grants.AdmitsRolesAnywhere([]byte(c.trust)); err != nil || got != c.want {
			t.Errorf("%s: %v %v, want %v", c.name, got, err, c.want)
		}
	}
	if _, err := grants.AdmitsRolesAnywhere([]byte("{")); err == nil {
		t.Error("what is no policy is read")
	}
}
