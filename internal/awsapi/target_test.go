package awsapi

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/admission"
	"anchorctl/internal/anchors"
	"anchorctl/internal/engine"
	"anchorctl/internal/hint"
	"anchorctl/internal/profiles"
)

func TestIdentity(t *testing.T) {
	for _, tt := range []struct {
		name    string
		change  func(*service)
		want    Identity
		refused string
	}{
		{"AWS has no sandbox's name", func(*service) {}, Identity{account, "aws", "arn:aws:iam::111122223333:user/operator", "aws"}, ""},
		{"a sandbox names itself", func(s *service) { s.sandbox = "7f3a" }, Identity{account, "aws", "arn:aws:iam::111122223333:user/operator", "sandbox:7f3a"}, ""},
		{"a sandbox with a strange name is one all the same", func(s *service) { s.sandbox = "a b" }, Identity{account, "aws", "arn:aws:iam::111122223333:user/operator", "sandbox:unnamed"}, ""},
		{"a session of a role has an ARN of STS", func(s *service) { s.arn = "arn:aws:sts::111122223333:assumed-role/admin/me" }, Identity{account, "aws", "arn:aws:sts::111122223333:assumed-role/admin/me", "aws"}, ""},
		{"another account is refused", func(s *service) { s.caller, s.arn = "444455556666", "arn:aws:iam::444455556666:user/x" }, Identity{}, "belong to account 444455556666"},
		{"another partition is refused", func(s *service) { s.arn = "arn:aws-cn:iam::111122223333:user/x" }, Identity{}, "belong to partition aws-cn"},
		{"an ARN that does not fit the account is refused", func(s *service) { s.arn = "arn:aws:iam::444455556666:user/x" }, Identity{}, "do not fit"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newService(t)
			tt.change(s)
			got, err := s.target(newVirtual(), nil).Identity(t.Context())
			if tt.refused != "" {
				if err == nil || !strings.Contains(err.Error(), tt.refused) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNothingIsSentWithCredentialsOfAnotherAccount(t *testing.T) {
	s := newService(t)
	s.caller, s.arn = "444455556666", "arn:aws:iam::444455556666:user/x"
	target := s.target(newVirtual(), nil)
	_, err := create(t.Context(), target)
	if err == nil || errors.Is(err, engine.ErrUnclear) || !strings.Contains(strings.Join(hint.Of(err), "\n"), "credentials: {profile: NAME}") {
		t.Errorf("got %v with hints %q", err, hint.Of(err))
	}
	if _, err := target.Profiles().List(t.Context(), false); err == nil {
		t.Error("listed")
	}
	if len(s.sent()) != 0 {
		t.Errorf("sent %v", s.sent())
	}
}

func TestAnswersOfTwoWorldsAreRefused(t *testing.T) {
	s := newService(t)
	s.sandbox = "one"
	other := newService(t, reply{status: 200, body: `{"profiles":[]}`})
	other.sandbox = "two"
	t.Setenv("AWS_ENDPOINT_URL_STS", s.url)
	v := newVirtual()
	target := other.target(v, nil)
	_, err := target.Profiles().List(t.Context(), true)
	if err == nil || !strings.Contains(err.Error(), "answers come from sandbox:one and from sandbox:two") {
		t.Errorf("got %v", err)
	}
	if len(other.sent()) != 1 || len(v.waits) != 0 {
		t.Errorf("asked %d times, waited %v", len(other.sent()), v.waits)
	}
	if want := other.url + ", " + s.url; target.Endpoint() != want {
		t.Errorf("endpoint is %q, want %q", target.Endpoint(), want)
	}
}

func TestEndpoints(t *testing.T) {
	for _, tt := range []struct {
		name, url, refused string
	}{
		{"AWS's own are none", "", ""},
		{"this machine may be plain", "http://127.0.0.1:8080", ""},
		{"this machine by name", "http://localhost:8080", ""},
		{"this machine in version 6", "http://[::1]:8080", ""},
		{"another machine with https", "https://proxy.example.com", ""},
		{"another machine without", "http://proxy.example.com", "plain http to another machine"},
		{"a name that looks like this machine", "http://127.0.0.1.example.com", "plain http to another machine"},
		{"another scheme", "unix:///socket", "not of the form"},
		{"a password", "https://user:hunter2@example.com", "not of the form"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			isolate(t)
			t.Setenv("AWS_ENDPOINT_URL", tt.url)
			target, err := Open(t.Context(), Options{Account: account, Region: region, Clock: newVirtual().clock()})
			if tt.refused != "" {
				if err == nil || !strings.Contains(err.Error(), tt.refused) || strings.Contains(err.Error(), "hunter2") {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if target.Endpoint() != tt.url {
				t.Errorf("endpoint is %q", target.Endpoint())
			}
		})
	}
}

func TestAnEndpointOfAProfileCountsToo(t *testing.T) {
	isolate(t)
	file := filepath.Join(t.TempDir(), "config")
	text := "[profile prod]\nregion = us-east-1\nendpoint_url = http://192.0.2.1\naws_access_key_id = A\naws_secret_access_key = B\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CONFIG_FILE", file)
	if err := os.Unsetenv("AWS_ENDPOINT_URL"); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), Options{Account: account, Region: region, Profile: "prod", Clock: newVirtual().clock()})
	if err == nil || !strings.Contains(err.Error(), "plain http to another machine") {
		t.Errorf("got %v", err)
	}
	_, err = Open(t.Context(), Options{Account: account, Region: region, Profile: "absent", Clock: newVirtual().clock()})
	if err == nil || len(hint.Of(err)) == 0 {
		t.Errorf("got %v", err)
	}
}

func TestOpenRefusesWhatIsNoTarget(t *testing.T) {
	isolate(t)
	for _, o := range []Options{
		{Account: "123", Region: region, Clock: newVirtual().clock()},
		{Account: account, Clock: newVirtual().clock()},
		{Account: account, Region: region},
	} {
		if _, err := Open(t.Context(), o); err == nil {
			t.Errorf("opened %s/%s", o.Account, o.Region)
		}
	}
}

func TestTheRegionIsTheTargets(t *testing.T) {
	var scope string
	isolate(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scope = r.Header.Get("Authorization")
		w.WriteHeader(http.StatusForbidden)
	}))
	defer server.Close()
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	target, err := Open(t.Context(), Options{Account: account, Region: region, Clock: newVirtual().clock()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := target.Identity(t.Context()); err == nil {
		t.Error("an empty refusal is an identity")
	}
	if !strings.Contains(scope, "/eu-central-1/sts/") {
		t.Errorf("signed for %q, though AWS_REGION says us-west-2", scope)
	}
}

func TestARoleIsAssumedWhenOneIsNamed(t *testing.T) {
	isolate(t)
	var calls []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		calls = append(calls, r.Form.Get("Action")+" "+strings.SplitN(strings.TrimPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential="), "/", 2)[0])
		answers := map[string]string{
			"AssumeRole": `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>ASIAASSUMED</AccessKeyId>` +
				`<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
			"GetCallerIdentity": `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>` +
				`<Arn>arn:aws:sts::111122223333:assumed-role/admin/anchorctl</Arn><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`,
		}
		if _, err := w.Write([]byte(answers[r.Form.Get("Action")])); err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	target, err := Open(t.Context(), Options{Account: account, Region: region, AssumeRole: "arn:aws:iam::111122223333:role/admin", Clock: newVirtual().clock()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := target.Identity(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"AssumeRole AKIAEXAMPLE", "GetCallerIdentity ASIAASSUMED"}, calls); diff != "" {
		t.Error(diff)
	}
}

func TestDenialsNameTheMissingAction(t *testing.T) {
	for _, tt := range []struct {
		name    string
		message string
		do      func(*Target) error
		want    []string
	}{
		{"of the operation", "no", func(target *Target) error { _, err := target.Profiles().List(t.Context(), true); return err }, []string{"rolesanywhere:ListProfiles"}},
		{"that the message names", "User: arn:aws:iam::111122223333:user/x is not authorized to perform: iam:PassRole on resource: x",
			func(target *Target) error { _, err := create(t.Context(), target); return err }, []string{"lack iam:PassRole"}},
		{"and what goes with it", "no", func(target *Target) error { _, err := create(t.Context(), target); return err }, []string{"rolesanywhere:CreateProfile", "iam:PassRole"}},
		{"of another service", "no", func(target *Target) error { return target.Roles().PutTrust(t.Context(), "r", "{}") }, []string{"iam:UpdateAssumeRolePolicy"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body := `{"message":"` + tt.message + `"}`
			if strings.HasPrefix(tt.want[0], "iam:U") {
				body = `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>`
			}
			s := newService(t, reply{status: 403, code: "AccessDeniedException", body: body})
			err := tt.do(s.target(newVirtual(), nil))
			hints := strings.Join(hint.Of(err), "\n")
			for _, want := range append(tt.want, `"anchorctl policy operator"`) {
				if !strings.Contains(hints, want) {
					t.Errorf("hints do not name %s:\n%s\n%v", want, hints, err)
				}
			}
		})
	}
}

func TestPermissionsThatMayNotBeReadAreSaid(t *testing.T) {
	deny := reply{status: 403, code: "AccessDenied", body: `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>`}
	list := func(operation, content string) reply {
		return reply{status: 200, body: `<` + operation + `Response xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><` + operation + `Result>` + content +
			`<IsTruncated>false</IsTruncated></` + operation + `Result></` + operation + `Response>`}
	}
	attached := list("ListAttachedRolePolicies", `<AttachedPolicies><member><PolicyName>p</PolicyName><PolicyArn>arn:aws:iam::111122223333:policy/p</PolicyArn></member></AttachedPolicies>`)
	inline := list("ListRolePolicies", `<PolicyNames><member>s3</member></PolicyNames>`)
	for _, tt := range []struct {
		name    string
		replies []reply
		want    []string
	}{
		{"both lists", []reply{deny, deny}, []string{
			"its attached policies: the credentials lack iam:ListAttachedRolePolicies", "its inline policies: the credentials lack iam:ListRolePolicies",
		}},
		{"the documents", []reply{attached, deny, inline, deny}, []string{
			"the policy arn:aws:iam::111122223333:policy/p: the credentials lack iam:GetPolicy", `the inline policy "s3": the credentials lack iam:GetRolePolicy`,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := newService(t, tt.replies...).target(newVirtual(), nil).Roles().Permissions(t.Context(), "r")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got.Unread); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("a failure is no denial", func(t *testing.T) {
		broken := reply{status: 400, code: "ValidationError", body: `<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>no</Message></Error></ErrorResponse>`}
		if got, err := newService(t, broken).target(newVirtual(), nil).Roles().Permissions(t.Context(), "r"); err == nil {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("a policy of another account is refused", func(t *testing.T) {
		theirs := list("ListAttachedRolePolicies", `<AttachedPolicies><member><PolicyName>p</PolicyName><PolicyArn>arn:aws:iam::444455556666:policy/p</PolicyArn></member></AttachedPolicies>`)
		if got, err := newService(t, theirs).target(newVirtual(), nil).Roles().Permissions(t.Context(), "r"); err == nil {
			t.Errorf("got %+v", got)
		}
	})
}

func TestOtherRefusalsSayWhatToDo(t *testing.T) {
	for _, tt := range []struct{ code, message, want string }{
		{"ExpiredTokenException", "x", `"aws sso login --profile prod"`},
		{"UnrecognizedClientException", "x", `"aws sts get-caller-identity --profile prod"`},
		{"ValidationException", "You have reached the maximum number of trust anchors.", "aws service-quotas list-service-quotas"},
	} {
		t.Run(tt.code, func(t *testing.T) {
			s := newService(t, reply{status: 400, code: tt.code, body: `{"message":"` + tt.message + `"}`})
			target := s.target(newVirtual(), nil)
			target.profile = "prod"
			_, err := target.Profiles().List(t.Context(), true)
			if hints := strings.Join(hint.Of(err), "\n"); !strings.Contains(hints, tt.want) {
				t.Errorf("hints %q do not say %s", hints, tt.want)
			}
		})
	}
}

func TestEveryARNMustLieInTheTarget(t *testing.T) {
	wrong := []string{
		"arn:aws-cn:rolesanywhere:eu-central-1:111122223333:profile/" + id,
		"arn:aws:rolesanywhere:eu-west-1:111122223333:profile/" + id,
		"arn:aws:rolesanywhere:eu-central-1:444455556666:profile/" + id,
		"arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/" + id,
		"arn:aws:rolesanywhere:eu-central-1:111122223333:profile/other",
		"",
	}
	for _, arn := range wrong {
		body := strings.Replace(profileJSON(t, func(d map[string]any) { d["profileArn"] = arn }), `{"profile":`, `{"profiles":[`, 1)
		s := newService(t, reply{status: 200, body: strings.TrimSuffix(body, "}") + "]}"})
		if all, err := s.target(newVirtual(), nil).Profiles().List(t.Context(), true); err == nil {
			t.Errorf("%q was taken: %v", arn, all)
		}
	}
}

func TestWhatDoesNotSayWhetherItIsEnabledIsRefused(t *testing.T) {
	body := strings.Replace(profileJSON(t, func(d map[string]any) { delete(d, "enabled") }), `{"profile":`, `{"profiles":[`, 1)
	s := newService(t, reply{status: 200, body: strings.TrimSuffix(body, "}") + "]}"})
	if _, err := s.target(newVirtual(), nil).Profiles().List(t.Context(), true); err == nil {
		t.Error("taken for disabled")
	}
}

func TestChangesGoOutInOrderOneByOne(t *testing.T) {
	ok := reply{status: 200, body: `{}`}
	s := newService(t, ok, reply{cut: true}, ok, ok, ok, ok, ok, ok, ok)
	v := newVirtual()
	err := s.target(v, nil).Profiles().Change(t.Context(), id, profiles.Change{
		Disable:      true,
		Spec:         &profiles.Spec{Name: "n", DurationSeconds: 900},
		PutMappings:  profiles.Mappings{"x509Subject": {"OU", "CN"}, "x509SAN": {"URI"}},
		DropMappings: map[string][]string{"x509Issuer": {"*"}},
		SetTags:      map[string]string{"b": "2", "a": "1"},
		DropTags:     []string{"z", "y"},
		Enable:       true,
	})
	if err != nil {
		t.Fatal(err)
	}
	update := received{"PATCH", "/profile/" + id, `{"acceptRoleSessionName":false,"durationSeconds":900,"managedPolicyArns":[],"name":"n","roleArns":[]}`}
	want := []received{
		{"POST", "/profile/" + id + "/disable", ""},
		update, update, // the first was cut off
		{"PUT", "/profiles/" + id + "/mappings", `{"certificateField":"x509SAN","mappingRules":[{"specifier":"URI"}]}`},
		{"PUT", "/profiles/" + id + "/mappings", `{"certificateField":"x509Subject","mappingRules":[{"specifier":"CN"},{"specifier":"OU"}]}`},
		{"DELETE", "/profiles/" + id + "/mappings", ""},
		{"POST", "/TagResource", `{"resourceArn":"arn:aws:rolesanywhere:eu-central-1:111122223333:profile/` + id + `","tags":[{"key":"a","value":"1"},{"key":"b","value":"2"}]}`},
		{"POST", "/UntagResource", `{"resourceArn":"arn:aws:rolesanywhere:eu-central-1:111122223333:profile/` + id + `","tagKeys":["y","z"]}`},
		{"POST", "/profile/" + id + "/enable", ""},
	}
	if diff := cmp.Diff(want, s.sent()); diff != "" {
		t.Error(diff)
	}
	// Six requests of the profiles' family follow the first, and two of the
	// tags' are a second apart; the enabling finds its second gone by already.
	var waited time.Duration
	for _, w := range v.waits {
		waited += w
	}
	if waited != 6*time.Second {
		t.Errorf("waited %s in %v", waited, v.waits)
	}
}

func TestOnlyAdmittedCertificatesReachTheService(t *testing.T) {
	s := newService(t)
	target := s.target(newVirtual(), nil)
	if _, err := target.Anchors().Create(t.Context(), anchors.New{Name: "n", Certificates: []admission.Admitted{{}}}); err == nil || errors.Is(err, engine.ErrUnclear) {
		t.Errorf("got %v", err)
	}
	if _, err := target.Anchors().Create(t.Context(), anchors.New{Name: "n"}); err == nil || errors.Is(err, engine.ErrUnclear) {
		t.Errorf("got %v", err)
	}
	if err := target.Anchors().Change(t.Context(), id, anchors.Change{Certificates: []admission.Admitted{{}}}); err == nil {
		t.Error("changed")
	}
	if len(s.sent()) != 0 {
		t.Errorf("sent %v", s.sent())
	}
}

func TestASessionPolicyThatStaysIsAnError(t *testing.T) {
	s := newService(t, reply{status: 200, body: profileJSON(t, func(d map[string]any) { d["sessionPolicy"] = "{}" })})
	err := s.target(newVirtual(), nil).Profiles().Change(t.Context(), id, profiles.Change{Spec: &profiles.Spec{Name: "n"}})
	if err == nil || len(hint.Of(err)) == 0 {
		t.Errorf("got %v", err)
	}
}

func TestDeletingWhatIsGoneIsNoError(t *testing.T) {
	missing := reply{status: 404, code: "ResourceNotFoundException"}
	s := newService(t, missing, missing, reply{status: 403, code: "AccessDeniedException"})
	target := s.target(newVirtual(), nil)
	for _, remove := range []func() error{
		func() error { return target.Profiles().Delete(t.Context(), id) },
		func() error { return target.Anchors().Delete(t.Context(), id) },
	} {
		if err := remove(); err != nil {
			t.Error(err)
		}
	}
	if err := target.Anchors().Delete(t.Context(), id); err == nil {
		t.Error("a denial is no error")
	}
}
