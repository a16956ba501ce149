package sandbox_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"

	"anchorctl/internal/sandbox"
)

// signed sends a request that no SDK would send, well signed.
func (b *bench) signed(method, path, body, service string) (int, string) {
	b.t.Helper()
	req := must(http.NewRequestWithContext(b.t.Context(), method, b.URL+path, strings.NewReader(body)))
	signRequest(req, []byte(body), region, service)
	return b.send(req)
}

func TestRequestsThatNoSDKSends(t *testing.T) {
	b := start(t)
	const anchor = "/trustanchor/00000000-0000-4000-8000-000000000000"
	tests := []struct {
		name, method, path, body, service string
		status                            int
		want                              string
	}{
		{"a body that is no JSON", "POST", "/profiles", "{", "rolesanywhere", 400, "SerializationException"},
		{"a number as the name", "POST", "/profiles", `{"name":1,"roleArns":[]}`, "rolesanywhere", 400, "a number cannot be the value of name"},
		{"two bodies", "POST", "/profiles", `{"name":"p","roleArns":[]} {}`, "rolesanywhere", 400, "something after the JSON object"},
		{"no body", "POST", "/profiles", "", "rolesanywhere", 400, "Value null at 'name' failed to satisfy constraint: Member must not be null"},
		{"a page size that is no number", "GET", "/profiles?pageSize=many", "", "rolesanywhere", 400, "pageSize is not a number"},
		{"a member that nobody knows", "POST", "/profiles", `{"name":"p","roleArns":[],"colour":"red"}`, "rolesanywhere", 201, `"name":"p"`},
		{"null where nothing is needed", "POST", "/profiles", `{"name":"p","roleArns":[],"tags":null,"enabled":null}`, "rolesanywhere", 201, `"enabled":false`},
		{"a path that nobody serves", "GET", "/trustanchorz", "", "rolesanywhere", 501, "GET /trustanchorz of rolesanywhere"},
		{"a method that nobody serves", "PUT", anchor, "", "rolesanywhere", 501, "PUT " + anchor},
		{"an id with a slash", "GET", "/trustanchor/a%2Fb", "", "rolesanywhere", 400, "Value 'a/b' at 'trustAnchorId'"},
		{"an action that nobody serves", "POST", "/?Action=CreateUser", "", "iam", 501, `the action &#34;CreateUser&#34; of iam`},
		{"a service that nobody serves", "GET", "/", "", "s3", 501, `the service \"s3\"`},
		{"no target", "POST", "/", "{}", "tagging", 501, "of tagging"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if status, text := b.signed(tt.method, tt.path, tt.body, tt.service); status != tt.status || !strings.Contains(text, tt.want) {
				t.Errorf("answered %d %s, want %d %s", status, text, tt.status, tt.want)
			}
		})
	}
	status, _ := b.signed("POST", "/profiles", strings.Repeat("x", 3<<20), "rolesanywhere")
	if status != http.StatusRequestEntityTooLarge {
		t.Errorf("three megabytes gave %d", status)
	}
}

func TestFaultsThatAreRefused(t *testing.T) {
	b := start(t)
	for _, body := range []string{
		`{}`, `[{}]`, `[{"mode":"explode"}]`, `[{"mode":"cut","nth":-1}]`, `[{"mode":"cut","count":-2}]`, `[{"mode":"cut","seconds":1}]`,
		`[{"mode":"cut","seen":1}]`, `[{"mode":"cut","when":"now"}]`, `[{"mode":"cut"},{"mode":"none"}]`,
	} {
		if status, text := b.ask("POST", "faults", body); status != http.StatusBadRequest {
			t.Errorf("%s gave %d %s", body, status, text)
		}
	}
	var faults []sandbox.Fault
	if b.control("GET", "faults", "", &faults); len(faults) != 0 {
		t.Errorf("after all refusals there are %+v", faults)
	}
	if status, text := b.ask("GET", "nothing", ""); status != http.StatusNotFound || !strings.Contains(text, "POST faults") {
		t.Errorf("an unknown path gave %d %s", status, text)
	}
}

func TestAnythingCanBeTagged(t *testing.T) {
	e := newEstate(t)
	ctx, c := t.Context(), e.anywhere(prod)
	q := e.question()
	_, got := e.ask(q)
	crl := must(c.ImportCrl(ctx, &rolesanywhere.ImportCrlInput{
		Name: aws.String("c"), CrlData: e.issuer.crl(t, e.clock.tell(), q.leaf), TrustAnchorArn: &e.anchor,
	})).Crl
	for _, arn := range []string{e.anchor, e.profile, *crl.CrlArn, got.SubjectARN} {
		must(c.TagResource(ctx, &rolesanywhere.TagResourceInput{ResourceArn: &arn, Tags: []types.Tag{{Key: aws.String("k"), Value: &arn}}}))
		tags := must(c.ListTagsForResource(ctx, &rolesanywhere.ListTagsForResourceInput{ResourceArn: &arn})).Tags
		if len(tags) != 1 || *tags[0].Value != arn {
			t.Errorf("the tags of %s are %+v", arn, tags)
		}
	}
	for _, err := range []error{
		last(c.GetCrl(ctx, &rolesanywhere.GetCrlInput{CrlId: &e.anchorID})),
		last(c.UpdateCrl(ctx, &rolesanywhere.UpdateCrlInput{CrlId: &e.anchorID})),
		last(c.UpdateTrustAnchor(ctx, &rolesanywhere.UpdateTrustAnchorInput{TrustAnchorId: crl.CrlId})),
		last(c.PutAttributeMapping(ctx, &rolesanywhere.PutAttributeMappingInput{ProfileId: crl.CrlId, CertificateField: types.CertificateFieldX509Issuer, MappingRules: []types.MappingRule{}})),
		last(c.PutNotificationSettings(ctx, &rolesanywhere.PutNotificationSettingsInput{TrustAnchorId: crl.CrlId, NotificationSettings: []types.NotificationSetting{}})),
	} {
		wantCode(t, err, "ResourceNotFoundException")
	}
}

// A session of CreateSession assumes a role that asks for its tags and its
// source identity.
func TestASessionAssumesARole(t *testing.T) {
	e := newEstate(t)
	_, got := e.ask(e.question())
	set := got.Credentials[0].Credentials
	who := e.bench.sts(credentials.NewStaticCredentialsProvider(set.AccessKeyID, set.SecretAccessKey, set.SessionToken))
	ask := func(seconds int32) error {
		return last(who.AssumeRole(t.Context(), &sts.AssumeRoleInput{
			RoleArn: aws.String("arn:aws:iam::444455556666:role/deploy"), RoleSessionName: aws.String("chained"), DurationSeconds: &seconds,
			Tags: []ststypes.Tag{{Key: aws.String("step"), Value: aws.String("two")}}, SourceIdentity: aws.String("CN=backup"),
		}))
	}
	trust := func(environment string) {
		document := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + backupRole + `"},
"Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"],"Condition":{"StringEquals":{"aws:PrincipalTag/x509Subject/OU":"` + environment + `",
"aws:RequestTag/step":"two","sts:SourceIdentity":"CN=backup","aws:PrincipalArn":"` + backupRole + `"}}}]}`
		must(e.iam(dev).UpdateAssumeRolePolicy(t.Context(), &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("deploy"), PolicyDocument: &document}))
		must(e.iam(dev).UpdateRole(t.Context(), &iam.UpdateRoleInput{RoleName: aws.String("deploy"), MaxSessionDuration: aws.Int32(7200)}))
	}
	trust("dev")
	wantCode(t, ask(900), "AccessDenied")
	trust("prod")
	if err := ask(3600); err != nil {
		t.Error(err)
	}
	wantCode(t, ask(3601), "ValidationError")
}
