package grants_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/grants"
	"anchorctl/internal/iampolicy"
	"anchorctl/internal/rules"
)

// allowing is a policy of one statement that allows.
func allowing(elements string) string {
	return `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", ` + elements + `}]}`
}

func judgePermissions(document string) []rules.Finding {
	return grants.JudgePermissions(grants.PermissionCase{At: "role/111122223333/x", Document: []byte(document), Kind: grants.RolePermissions})
}

func TestPermissionFindingsSayWhereAndWhat(t *testing.T) {
	document := `{
  "Version": "2012-10-17",
  "Statement": [
    {"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"},
    {"Effect": "Allow", "Action": ["s3:PutObject", "s3:Del*"], "Resource": "*"},
    {"Sid": "List", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::b/*"}
  ]
}`
	findings := grants.JudgePermissions(grants.PermissionCase{
		At: "role/111122223333/x", Name: "inline policy s3", Document: []byte(document), Kind: grants.RolePermissions,
	})
	var got []string
	for _, f := range findings {
		got = append(got, f.String())
	}
	want := []string{
		`role/111122223333/x: inline policy s3: statement 2 (line 5, column 5): it allows s3:PutObject and "s3:Del*" (such as s3:DeleteAccessGrant) on "*" [ANC314]`,
		`role/111122223333/x: inline policy s3: statement List (line 6, column 5): on "arn:aws:s3:::b/*" it allows nothing of this: ` +
			`s3:ListBucket, which takes arn:${Partition}:s3:${Region}:${Account}:accesspoint/${AccessPointName} or arn:${Partition}:s3:::${BucketName} [ANC317]`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	if want := "arn:${Partition}:s3:::${BucketName}/${ObjectName}"; len(findings) > 0 && !strings.Contains(findings[0].Remedy, want) {
		t.Errorf("the remedy does not say what to write: %s", findings[0].Remedy)
	}
}

func TestSessionPoliciesAreWarnedAboutAlone(t *testing.T) {
	for _, document := range []string{
		allowing(`"Action": "*", "Resource": "*"`),
		allowing(`"NotAction": "iam:*", "NotResource": "arn:aws:s3:::b"`),
		allowing(`"Action": "iam:PassRole", "Resource": "*"`),
		allowing(`"Action": "s3:ListBucket", "Resource": "arn:aws:s3:::b/*"`),
	} {
		c := grants.PermissionCase{At: "x", Document: []byte(document), Kind: grants.SessionPermissions}
		session := grants.JudgePermissions(c)
		c.Kind = 0
		role := grants.JudgePermissions(c)
		if len(session) == 0 || !slices.Equal(rulesOf(session), rulesOf(role)) {
			t.Errorf("%s: a session's finds %v, a role's %v", document, rulesOf(session), rulesOf(role))
		}
		for i, f := range session {
			if f.Severity != rules.Warn {
				t.Errorf("%s: %s has severity %s", document, f, f.Severity)
			}
			if strings.Contains(f.Evidence, "narrows nothing") != (f.Rule != "ANC317") {
				t.Errorf("it is wrong what is said of narrowing: %s", f)
			}
			if strings.Contains(role[i].Evidence, "session") {
				t.Errorf("of a role's policy, sessions are spoken of: %s", role[i])
			}
		}
	}
}

func TestPermissionFindingsArePrintable(t *testing.T) {
	for _, document := range []string{
		allowing(`"Action": "s3:\u001b[2J*", "Resource": "*"`),
		allowing(`"Action": "s3:*", "Resource": "arn:aws:s3:::\u202e\n*"`),
		allowing(`"Action": "s3:ListBucket", "Resource": "\u0007/*"`),
		allowing(`"NotAction": "\u0085", "Resource": "*"`),
	} {
		c := grants.PermissionCase{At: "x\x1b[2J", Name: "policy\r", Document: []byte(document), Kind: grants.RolePermissions}
		for _, f := range grants.JudgePermissions(c) {
			if strings.ContainsFunc(f.String()+f.Remedy, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0x85 || r == 0x202e }) {
				t.Errorf("not printable: %q", f)
			}
		}
	}
}

// What a document could make slow: many patterns that match nothing, and
// patterns that can be matched in many ways.
func TestHostilePermissionsAreJudgedInTime(t *testing.T) {
	list := func(n int, format string) string {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf(format, i))
		}
		return `["` + strings.Join(all, `", "`) + `"]`
	}
	for name, document := range map[string]string{
		"many actions and resources": allowing(`"Action": ` + list(4000, "ec2:*e%d*") + `, "Resource": ` + list(4000, "arn:aws:ec2:*:*:*/%d*")),
		"many services":              allowing(`"Action": ` + list(4000, "*e*:*a*%d*") + `, "Resource": ` + list(2000, "arn:aws:*:*:*:*/%d*")),
		"all but many":               allowing(`"NotAction": ` + list(8000, "*:*e*e*e*e*%d") + `, "Resource": "*"`),
		"patterns of many stars":     allowing(`"Action": "s3:` + strings.Repeat("*e?", 500) + `", "Resource": "arn:aws:s3:::` + strings.Repeat("*?a", 500) + `"`),
		"one long pattern":           allowing(`"Action": "s3:*", "Resource": "` + strings.Repeat("*?", 60_000) + `"`),
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			findings := judgePermissions(document)
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("it took %s for %d findings", took, len(findings))
			}
		})
	}
}

func TestUnknownActions(t *testing.T) {
	document := `{"Version": "2012-10-17", "Statement": [
	  {"Effect": "Allow", "Action": ["s3:GetObject", "s3:Get*", "quantum:Leap", "s3:ListObjects", "*"], "Resource": "*"},
	  {"Effect": "Deny", "NotAction": ["quantum:Leap", "IAM:passrole"], "Resource": "*"}]}`
	if diff := cmp.Diff([]string{"quantum:Leap", "s3:ListObjects"}, grants.UnknownActions([]byte(document))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := grants.UnknownActions([]byte("{")); got != nil {
		t.Errorf("of no document: %v", got)
	}
}

func TestJudgeAttached(t *testing.T) {
	for _, test := range []struct{ arn, says string }{
		{"arn:aws:iam::aws:policy/AdministratorAccess", "holds the account"},
		{"arn:aws-cn:iam::aws:policy/AdministratorAccess", "holds the account"},
		{"arn:aws-us-gov:iam::aws:policy/PowerUserAccess", "every action but those on identities"},
		{"arn:aws:iam::aws:policy/IAMFullAccess", "give itself all others"},
		{"arn:aws:iam::aws:policy/AmazonS3FullAccess", "every action of the service"},
		{"arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess_v2", "every action of the service"},
		{"arn:aws:iam::aws:policy/AdministratorAccess-Amplify", "administrators of that service"},
		{"arn:aws:iam::aws:policy/ReadOnlyAccess", "reading, of every resource"},
		{"arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess", "reading, of every resource"},
		{"arn:aws:iam::aws:policy/job-function/SystemAdministrator", "a person in that job"},
		{"arn:aws:iam::aws:policy/job-function/Billing", "a person in that job"},
		{"arn:aws:iam::aws:policy/job-function/ViewOnlyAccess", "reading, of every resource"},
		{"arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole", "a service's role"},
		{"arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy", "changes it when it likes"},
		{"arn:aws-eusc:iam::aws:policy/AnythingThatIsNew", "changes it when it likes"},
		{"arn:aws:iam::111122223333:policy/AdministratorAccess", ""},
		{"arn:aws:iam::111122223333:policy/aws/AmazonS3FullAccess", ""},
		{"arn:aws:iam::aws:role/x", ""},
		{"AdministratorAccess", ""},
		{"", ""},
	} {
		findings := grants.JudgeAttached("role/111122223333/x", []string{test.arn})
		if test.says == "" {
			if len(findings) > 0 {
				t.Errorf("%s: %v", test.arn, findings)
			}
			continue
		}
		if len(findings) != 1 {
			t.Errorf("%s: %v", test.arn, findings)
			continue
		}
		if f := findings[0]; f.Rule != "ANC303" || f.Severity != rules.Hold || !strings.Contains(f.Evidence, test.says) || !strings.Contains(f.Evidence, test.arn) {
			t.Errorf("%s: %s, want %q", test.arn, f, test.says)
		}
	}
	if got := grants.JudgeAttached("x", nil); got != nil {
		t.Errorf("of no policies: %v", got)
	}
}

// FuzzJudgePermissions: judging never panics, is the same twice, and nothing is
// found in a document that only denies.
func FuzzJudgePermissions(f *testing.F) {
	for _, c := range permissionCorpus(f) {
		f.Add(c.Document, c.Kind == grants.SessionPermissions)
	}
	f.Fuzz(func(t *testing.T, document []byte, session bool) {
		c := grants.PermissionCase{At: "fuzzed", Document: document, Kind: grants.RolePermissions}
		if session {
			c.Kind = grants.SessionPermissions
		}
		findings := grants.JudgePermissions(c)
		if again := grants.JudgePermissions(c); !slices.Equal(findings, again) {
			t.Fatal("judged in two ways")
		}
		grants.UnknownActions(document)
		for _, f := range findings {
			if _, known := rules.ByID(f.Rule); !known || f.Evidence == "" || f.Remedy == "" || f.Element == "" {
				t.Fatalf("incomplete: %+v", f)
			}
			if session && f.Severity != rules.Warn && f.Rule != "ANC312" {
				t.Fatalf("a session policy, and %s", f.Severity)
			}
		}
		d, err := iampolicy.ParseKind(document, iampolicy.PermissionKind)
		if err != nil {
			if !slices.Equal(rulesOf(findings), []string{"ANC312"}) {
				t.Fatalf("unreadable, and found %v", rulesOf(findings))
			}
			return
		}
		allows := slices.ContainsFunc(d.Statements, func(s iampolicy.Statement) bool { return s.Effect == iampolicy.Allow })
		if !allows && len(findings) > 0 {
			t.Fatalf("it only denies, and found %v", findings)
		}
	})
}
