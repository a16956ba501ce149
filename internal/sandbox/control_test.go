package sandbox_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/sandbox"
)

func TestControlNeedsTheToken(t *testing.T) {
	b := start(t)
	for _, name := range []string{"faults", "clock", "requests", "state"} {
		req := must(http.NewRequestWithContext(t.Context(), "GET", b.URL+"/_sandbox/"+name, nil))
		if status, _ := b.send(req); status != http.StatusForbidden {
			t.Errorf("GET %s without a token gave %d", name, status)
		}
	}
	closed := start(t, func(o *sandbox.Options) { o.Token = "" })
	req := must(http.NewRequestWithContext(t.Context(), "GET", closed.URL+"/_sandbox/state", nil))
	if status, _ := closed.send(req); status != http.StatusForbidden {
		t.Errorf("a sandbox without a token answered %d", status)
	}
}

func TestForeignHostNamesAreRefused(t *testing.T) {
	b := start(t)
	for host, want := range map[string]int{"evil.example": 403, "127.0.0.1.evil.example:80": 403, "10.0.0.1": 403, "localhost:9": 200, "[::1]": 200, "127.0.0.1": 200} {
		req := must(http.NewRequestWithContext(t.Context(), "GET", b.URL+"/_sandbox/clock", nil))
		req.Host = host
		req.Header.Set(sandbox.HeaderToken, token)
		if status, text := b.send(req); status != want {
			t.Errorf("the host %q gave %d %s, want %d", host, status, text, want)
		}
	}
}

func TestOnlyLoopbackIsListenedOn(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0", "example.com:80"} {
		if r, err := sandbox.Serve(t.Context(), sandbox.Options{Listen: address, Clock: newClock().clock()}); err == nil {
			t.Errorf("it listened on %s", r.URL)
		} else if !strings.Contains(err.Error(), "is not a loopback address") {
			t.Errorf("listening on %s: %v", address, err)
		}
	}
}

func TestTheClockIsMoved(t *testing.T) {
	b := start(t)
	var now struct{ Now time.Time }
	b.control("POST", "clock", `{"advance":"90s"}`, &now)
	if want := b.clock.tell().Add(90 * time.Second); !now.Now.Equal(want) {
		t.Errorf("advanced to %v, want %v", now.Now, want)
	}
	b.control("POST", "clock", `{"set":"2027-03-01T00:00:00Z"}`, nil)
	b.clock.jump(time.Hour)
	b.control("GET", "clock", "", &now)
	if want := time.Date(2027, 3, 1, 1, 0, 0, 0, time.UTC); !now.Now.Equal(want) {
		t.Errorf("an hour later it is %v, want %v", now.Now, want)
	}
	for _, body := range []string{`{}`, `{"advance":"1s","set":"2027-03-01T00:00:00Z"}`, `{"advance":"soon"}`, `{"forward":"1s"}`, ``} {
		if status, text := b.ask("POST", "clock", body); status != http.StatusBadRequest {
			t.Errorf("%s gave %d %s", body, status, text)
		}
	}
}

func TestRequestsAreLogged(t *testing.T) {
	var seen []sandbox.Request
	e := newEstate(t, func(o *sandbox.Options) { o.Log = func(r sandbox.Request) { seen = append(seen, r) } })
	e.control("DELETE", "requests", "", nil)
	q := e.question()
	e.ask(q)
	_, err := e.anywhere(dev).GetProfile(t.Context(), &rolesanywhere.GetProfileInput{ProfileId: &e.profileID})
	wantCode(t, err, "ResourceNotFoundException")
	var got []sandbox.Request
	e.control("GET", "requests", "", &got)
	now := e.clock.tell()
	want := []sandbox.Request{
		{Time: now, Account: prod, Region: region, Service: "rolesanywhere", Op: "CreateSession", Status: 201, Serial: q.leaf.SerialNumber.Text(16)},
		{Time: now, Account: dev, Region: region, Service: "rolesanywhere", Op: "GetProfile", Status: 404},
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("the log (-got +want):\n%s", diff)
	}
	if last := seen[len(seen)-1]; last.Op != "GetProfile" {
		t.Errorf("the log function was last told of %+v", last)
	}
}

func TestTheStateShowsNoSecrets(t *testing.T) {
	e := newEstate(t)
	_, got := e.ask(e.question())
	_, text := e.bench.ask("GET", "state", "")
	set := got.Credentials[0].Credentials
	for _, secret := range []string{"sandbox-only", set.SecretAccessKey, set.SessionToken} {
		if secret == "" || strings.Contains(text, secret) {
			t.Errorf("the state shows %q", secret)
		}
	}
	for _, shown := range []string{e.anchorID, e.profileID, set.AccessKeyID, e.ID()} {
		if !strings.Contains(text, shown) {
			t.Errorf("the state lacks %q", shown)
		}
	}
}

func TestTheStateOutlivesTheSandbox(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sandbox.json")
	keep := func(o *sandbox.Options) { o.State = file }
	e := newEstate(t, keep)
	_, got := e.ask(e.question())
	set := got.Credentials[0].Credentials
	who := credentials.NewStaticCredentialsProvider(set.AccessKeyID, set.SecretAccessKey, set.SessionToken)
	e.control("POST", "clock", `{"advance":"10m"}`, nil)
	e.control("POST", "faults", `[{"mode":"fail-before","count":-1}]`, nil)
	if _, err := sandbox.Serve(t.Context(), sandbox.Options{State: file, Clock: e.clock.clock()}); err == nil || !strings.Contains(err.Error(), "another sandbox uses it") {
		t.Errorf("a second sandbox on the same state: %v", err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if info := must(os.Stat(file)); info.Mode().Perm() != 0o600 {
		t.Errorf("the state's mode is %v", info.Mode())
	}

	next := start(t, keep, func(o *sandbox.Options) { o.Seed, o.Clock = nil, e.clock.clock() })
	if next.ID() != e.ID() {
		t.Errorf("the id is %s, was %s", next.ID(), e.ID())
	}
	id := must(next.sts(who).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}))
	if *id.Arn != got.Credentials[0].User.ARN {
		t.Errorf("the session is %s, was %s", *id.Arn, got.Credentials[0].User.ARN)
	}
	a := must(next.anywhere(prod).GetTrustAnchor(t.Context(), &rolesanywhere.GetTrustAnchorInput{TrustAnchorId: &e.anchorID}))
	if !*a.TrustAnchor.Enabled {
		t.Error("the anchor is disabled")
	}
	var now struct{ Now time.Time }
	next.control("GET", "clock", "", &now)
	if want := e.clock.tell().Add(10 * time.Minute); !now.Now.Equal(want) {
		t.Errorf("the clock says %v, want %v", now.Now, want)
	}
	var faults []sandbox.Fault
	if next.control("GET", "faults", "", &faults); len(faults) != 0 {
		t.Errorf("the faults are %+v", faults)
	}
}

// What cannot be kept did not happen.
func TestAChangeThatCannotBeKeptIsUndone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	b := start(t, func(o *sandbox.Options) { o.State = filepath.Join(dir, "sandbox.json") })
	if err := b.createProfile(t.Context(), "kept"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(dir, dir+".moved"); err != nil {
		t.Fatal(err)
	}
	wantCode(t, b.createProfile(t.Context(), "lost"), "InternalServerException")
	if err := os.Rename(dir+".moved", dir); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b.profiles(), []string{"kept"}); diff != "" {
		t.Errorf("profiles (-got +want):\n%s", diff)
	}
}

func TestStatesThatAreRefused(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON":             `{`,
		"a newer version":     `{"version":2,"id":"6f9619ff-8b86-4d01-b42d-00cf4fc964ff"}`,
		"no id":               `{"version":1,"id":"x"}`,
		"an unknown member":   `{"version":1,"id":"6f9619ff-8b86-4d01-b42d-00cf4fc964ff","x":1}`,
		"a null account":      `{"version":1,"id":"6f9619ff-8b86-4d01-b42d-00cf4fc964ff","accounts":{"a":null}}`,
		"a null object":       `{"version":1,"id":"6f9619ff-8b86-4d01-b42d-00cf4fc964ff","accounts":{"a":{"regions":{"r":{"anchors":[null]}}}}}`,
		"something behind it": `{"version":1,"id":"6f9619ff-8b86-4d01-b42d-00cf4fc964ff"} {}`,
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "sandbox.json")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := sandbox.New(sandbox.Options{State: file, Clock: newClock().clock()}); err == nil {
				t.Error("it was taken")
			}
			if got, err := os.ReadFile(file); err != nil || string(got) != text {
				t.Errorf("the file now holds %q (%v)", got, err)
			}
		})
	}
}

func TestTheDefaultSeed(t *testing.T) {
	b := start(t, func(o *sandbox.Options) { o.Seed = nil })
	id := must(b.sts(b.credentials(prod)).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}))
	if *id.Account != prod {
		t.Errorf("the default account is %s", *id.Account)
	}
}

func TestKeysThatAreNotTaken(t *testing.T) {
	b := start(t)
	ask := func(id, secret, session, in string) error {
		c := rolesanywhere.New(rolesanywhere.Options{
			Region: in, BaseEndpoint: &b.URL, Credentials: credentials.NewStaticCredentialsProvider(id, secret, session), Retryer: once(),
		})
		_, err := c.ListProfiles(t.Context(), &rolesanywhere.ListProfilesInput{})
		return err
	}
	if err := ask("AKIAEXAMPLEPROD", "sandbox-only", "", region); err != nil {
		t.Fatal(err)
	}
	wantCode(t, ask("AKIAUNKNOWN", "sandbox-only", "", region), "UnrecognizedClientException")
	wantCode(t, ask("AKIAEXAMPLEPROD", "guessed", "", region), "InvalidSignatureException")
	wantCode(t, ask("AKIAEXAMPLEPROD", "sandbox-only", "token", region), "UnrecognizedClientException")
	wantCode(t, ask("AKIAEXAMPLEPROD", "sandbox-only", "", "cn-north-1"), "UnrecognizedClientException")
	_, err := b.sts(aws.AnonymousCredentials{}).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	wantCode(t, err, "MissingAuthenticationToken")
}

func TestExecEnv(t *testing.T) {
	base := []string{
		"PATH=/bin", "AWS_PROFILE=prod", "AWS_SESSION_TOKEN=t", "AWS_ROLE_ARN=r", "AWS_WEB_IDENTITY_TOKEN_FILE=f", "AWS_REGION=eu-west-1",
		"AWS_DEFAULT_REGION=eu-west-2", "aws_access_key_id=real", "AWS_PAGER=", "HTTPS_PROXY=http://proxy:3128", "NO_PROXY=internal", "AWS_ENDPOINT_URL_S3=x",
	}
	before := strings.Join(base, "\n")
	got := sandbox.ExecEnv(base, sandbox.Child{URL: "http://127.0.0.1:1", Token: "tok", Key: sandbox.Key{ID: "AKIA", Secret: "s"}})
	want := []string{
		"PATH=/bin", "AWS_PAGER=", "HTTPS_PROXY=http://proxy:3128",
		"AWS_ENDPOINT_URL=http://127.0.0.1:1", "AWS_ENDPOINT_URL_ROLESANYWHERE=http://127.0.0.1:1", "AWS_ENDPOINT_URL_IAM=http://127.0.0.1:1",
		"AWS_ENDPOINT_URL_STS=http://127.0.0.1:1", "AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API=http://127.0.0.1:1",
		"AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull, "AWS_ACCESS_KEY_ID=AKIA", "AWS_SECRET_ACCESS_KEY=s",
		"AWS_REGION=eu-west-1", "AWS_DEFAULT_REGION=eu-west-1", "AWS_EC2_METADATA_DISABLED=true",
		"NO_PROXY=internal,127.0.0.1,localhost,::1", "no_proxy=internal,127.0.0.1,localhost,::1",
		"ANCHORCTL_SANDBOX_URL=http://127.0.0.1:1", "ANCHORCTL_SANDBOX_TOKEN=tok",
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("the environment (-got +want):\n%s", diff)
	}
	if strings.Join(base, "\n") != before {
		t.Error("the base was changed")
	}
}

func TestAFaultForAnOperationThatIsNoneIsRefused(t *testing.T) {
	b := start(t)
	req := must(http.NewRequestWithContext(t.Context(), http.MethodPost, b.URL+"/_sandbox/faults", strings.NewReader(`[{"op":"CreateTrustAnchr","mode":"cut"}]`)))
	req.Header.Set(sandbox.HeaderToken, token)
	answer := must(http.DefaultClient.Do(req))
	defer func() { _ = answer.Body.Close() }() // nothing more is read
	if answer.StatusCode != http.StatusBadRequest {
		t.Errorf("answered %s", answer.Status)
	}
}
