package session_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/clock"
	"anchorctl/internal/hint"
	"anchorctl/internal/session"
	"anchorctl/internal/sigx509"
)

const (
	anchorARN  = "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/1b2c3d4e-0000-4000-8000-000000000001"
	profileARN = "arn:aws:rolesanywhere:eu-central-1:111122223333:profile/1b2c3d4e-0000-4000-8000-000000000002"
	roleARN    = "arn:aws:iam::111122223333:role/team/prod-backup"

	secretKey = "SECRET/wJalrXUtnFEMI"
	token     = "TOKEN//IQoJb3JpZ2lu"
)

var epoch = time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC)

// virtual is a clock that jumps when somebody waits.
type virtual struct {
	now   time.Time
	waits []time.Duration
}

func (v *virtual) clock() clock.Clock {
	return clock.Clock{
		Now: func() time.Time { return v.now },
		Wait: func(ctx context.Context, d time.Duration) error {
			v.waits = append(v.waits, d)
			v.now = v.now.Add(d)
			return ctx.Err()
		},
	}
}

func signer(t testing.TB, key crypto.Signer) sigx509.Signer {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(4711), Subject: pkix.Name{CommonName: "backup"},
		NotBefore: epoch.Add(-time.Hour), NotAfter: epoch.Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return sigx509.Signer{Key: key, Certificate: certificate}
}

func ecdsaKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

const granted = `{"credentialSet":[{"assumedRoleUser":{"arn":"arn:aws:sts::111122223333:assumed-role/prod-backup/1267","assumedRoleId":"AROA:1267"},
"credentials":{"accessKeyId":"ASIAEXAMPLE","secretAccessKey":"` + secretKey + `","sessionToken":"` + token + `","expiration":"2026-11-21T05:00:00Z"},
"packedPolicySize":3,"roleArn":"` + roleARN + `","sourceIdentity":"CN=backup"}],
"subjectArn":"arn:aws:rolesanywhere:eu-central-1:111122223333:subject/1b2c3d4e-0000-4000-8000-000000000003"}`

// What a service does whose connection breaks, as the status of a reply.
const (
	cutBefore = -1 // it answers nothing
	cutWithin = -2 // it answers a part
)

// reply is one answer of the service.
type reply struct {
	status int
	header map[string]string
	body   string
}

// seen is what reached the service.
type seen struct {
	query map[string][]string
	body  string
	date  time.Time
	who   sigx509.Verified
}

// service answers with the replies in turn and verifies each request.
func service(t *testing.T, replies ...reply) (string, *[]seen) {
	t.Helper()
	var all []seen
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		who, err := sigx509.Verify(r, body)
		if err != nil {
			t.Error(err)
		}
		if r.Method != http.MethodPost || r.URL.Path != "/sessions" {
			t.Errorf("%s %s", r.Method, r.URL.Path)
		}
		if len(all) >= len(replies) {
			t.Errorf("request %d was not expected", len(all)+1)
			w.WriteHeader(http.StatusTeapot)
			return
		}
		next := replies[len(all)]
		all = append(all, seen{query: r.URL.Query(), body: string(body), date: who.Date, who: who})
		w.Header().Set("Date", epoch.Format(http.TimeFormat))
		for name, value := range next.header {
			w.Header().Set(name, value)
		}
		switch next.status {
		case cutBefore:
			panic(http.ErrAbortHandler)
		case cutWithin:
			w.Header().Set("Content-Length", strconv.Itoa(len(next.body)+1))
			next.status = http.StatusCreated
		}
		w.WriteHeader(next.status)
		if _, err := io.WriteString(w, next.body); err != nil {
			t.Log(err)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, &all
}

func request(t testing.TB, endpoint string) session.Request {
	return session.Request{
		Endpoint: endpoint, AnchorARN: anchorARN, ProfileARN: profileARN, RoleARN: roleARN,
		Duration: time.Hour, Signer: signer(t, ecdsaKey(t)),
	}
}

func TestASessionIsCreated(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name     string
		key      crypto.Signer
		duration time.Duration
		session  string
		body     string
	}{
		{"with an ECDSA key", ecdsaKey(t), time.Hour, "", `{"durationSeconds":3600}`},
		{"with an RSA key", rsaKey, 15 * time.Minute, "", `{"durationSeconds":900}`},
		{"with the profile's duration", ecdsaKey(t), 0, "", `{}`},
		{"with a name", ecdsaKey(t), 12 * time.Hour, "nightly@host", `{"durationSeconds":43200,"roleSessionName":"nightly@host"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			url, all := service(t, reply{status: 201, body: granted})
			v := &virtual{now: epoch}
			r := request(t, url)
			r.Duration, r.SessionName, r.Signer = tt.duration, tt.session, signer(t, tt.key)
			got, err := session.Client{Clock: v.clock()}.CreateSession(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			sent := (*all)[0]
			wantQuery := map[string][]string{"trustAnchorArn": {anchorARN}, "profileArn": {profileARN}, "roleArn": {roleARN}}
			if diff := cmp.Diff(wantQuery, sent.query); diff != "" {
				t.Error(diff)
			}
			if sent.body != tt.body || sent.who.Region != "eu-central-1" || !sent.date.Equal(epoch) || !sent.who.Certificate.Equal(r.Signer.Certificate) {
				t.Errorf("sent %q, region %q, date %s", sent.body, sent.who.Region, sent.date)
			}
			if got.AccessKeyID != "ASIAEXAMPLE" || got.SecretAccessKey != secretKey || got.SessionToken != token ||
				!got.Expiration.Equal(epoch.Add(time.Hour)) || got.SourceIdentity != "CN=backup" ||
				got.RoleARN != "arn:aws:sts::111122223333:assumed-role/prod-backup/1267" || !strings.HasSuffix(got.SubjectARN, "000000000003") {
				t.Error("the credentials are not those of the answer")
			}
		})
	}
}

func TestProcessOutputIsWhatCredentialProcessWants(t *testing.T) {
	c := session.Credentials{AccessKeyID: "ASIAEXAMPLE", SecretAccessKey: secretKey, SessionToken: token, Expiration: epoch.In(time.FixedZone("", 3600))}
	got, err := session.ProcessOutput(c)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"Version":1,"AccessKeyId":"ASIAEXAMPLE","SecretAccessKey":"` + secretKey + `","SessionToken":"` + token + `","Expiration":"2026-11-21T04:00:00Z"}` + "\n"
	if string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestCredentialsAreNotPrinted(t *testing.T) {
	c := session.Credentials{AccessKeyID: "ASIAEXAMPLE", SecretAccessKey: secretKey, SessionToken: token}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, value := range []any{c, &c, struct{ C session.Credentials }{c}, []session.Credentials{c}} {
			if text := fmt.Sprintf(format, value); strings.Contains(text, "SECRET") || strings.Contains(text, "TOKEN") || strings.Contains(text, "534543") {
				t.Errorf("%s prints %s", format, text)
			}
		}
	}
	if text, err := json.Marshal(map[string]any{"result": c}); err == nil {
		t.Errorf("JSON is %s", text)
	}
}

func TestBusyAnswersAreWaitedOut(t *testing.T) {
	busy := reply{status: 429, body: `{"message":"Rate exceeded"}`}
	for _, tt := range []struct {
		name    string
		replies []reply
		waits   []time.Duration
		granted bool
	}{
		{"a throttle, then a session", []reply{busy, {status: 201, body: granted}}, []time.Duration{time.Second}, true},
		{"an unavailable service, twice", []reply{{status: 503}, {status: 503}, {status: 201, body: granted}}, []time.Duration{time.Second, 2 * time.Second}, true},
		{"the wait the service asks for", []reply{{status: 503, header: map[string]string{"Retry-After": "7"}}, {status: 201, body: granted}}, []time.Duration{7 * time.Second}, true},
		{"a wait longer than a credential process may take", []reply{{status: 503, header: map[string]string{"Retry-After": "99999999999"}}, {status: 503, header: map[string]string{"Retry-After": "3000"}}, {status: 201, body: granted}}, []time.Duration{20 * time.Second, 20 * time.Second}, true},
		{"three throttles", []reply{busy, busy, busy}, []time.Duration{time.Second, 2 * time.Second}, false},
		{"a fault of the service, then a session", []reply{{status: 500}, {status: 201, body: granted}}, []time.Duration{time.Second}, true},
		{"three faults", []reply{{status: 500}, {status: 502}, {status: 500}}, []time.Duration{time.Second, 2 * time.Second}, false},
		{"a connection that is cut, then a session", []reply{{status: cutBefore}, {status: 201, body: granted}}, []time.Duration{time.Second}, true},
		{"an answer that is cut, then a session", []reply{{status: cutWithin, body: granted}, {status: 201, body: granted}}, []time.Duration{time.Second}, true},
		{"three that are cut", []reply{{status: cutBefore}, {status: cutWithin, body: granted}, {status: cutBefore}}, []time.Duration{time.Second, 2 * time.Second}, false},
		{"a session without its secret is none, and is not asked for again", []reply{{status: 201, body: strings.Replace(granted, secretKey, "", 1)}}, nil, false},
		{"a refusal is not repeated", []reply{{status: 403, body: `{"message":"Untrusted signing certificate"}`}}, nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			url, all := service(t, tt.replies...)
			v := &virtual{now: epoch}
			got, err := session.Client{Clock: v.clock()}.CreateSession(t.Context(), request(t, url))
			if (err == nil) != tt.granted || (got.SecretAccessKey == secretKey) != tt.granted {
				t.Errorf("got %v", err)
			}
			if diff := cmp.Diff(tt.waits, v.waits); diff != "" {
				t.Error(diff)
			}
			if len(*all) != len(tt.replies) {
				t.Errorf("%d requests, want %d", len(*all), len(tt.replies))
			}
			last := epoch
			for _, w := range v.waits {
				last = last.Add(w)
			}
			if got := (*all)[len(*all)-1].date; !got.Equal(last) {
				t.Errorf("the last request is dated %s, want %s: it was not signed again", got, last)
			}
		})
	}
}

func TestInterruptedWaitsEnd(t *testing.T) {
	url, _ := service(t, reply{status: 503})
	ctx, cancel := context.WithCancel(t.Context())
	c := clock.Clock{Now: func() time.Time { return epoch }, Wait: func(ctx context.Context, _ time.Duration) error {
		cancel()
		return ctx.Err()
	}}
	if _, err := (session.Client{Clock: c}).CreateSession(ctx, request(t, url)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestRefusalsOfTheServiceSayWhatToDo(t *testing.T) {
	for _, tt := range []struct {
		message string
		hint    string
	}{
		{"Untrusted signing certificate", `"anchorctl status"`},
		{"Untrusted certificate. Insufficient certificate", `"anchorctl issue ENV/WORKLOAD"`},
		{"Certificate revoked", `"anchorctl issue ENV/WORKLOAD"`},
		{"Invalid signature", `"timedatectl status"`},
		{"Specified Trust Anchor wasn't found.", `"anchorctl status"`},
		{"Specified Trust Anchor is disabled.", `"anchorctl apply"`},
		{"Invalid or empty profile provided.", `"anchorctl status"`},
		{"Requested Role isn't one of those listed in the Profile.", `"anchorctl plan"`},
		{"Unable to assume role for " + roleARN, `"aws iam get-role --role-name prod-backup"`},
		{"Unable to assume role; The requested DurationSeconds exceeds the MaxSessionDuration set for this role.", "--session-duration"},
		{"Unable to assume role; Some attributes failed to be mapped into session tags. Issuer: []; Subject: [CN]; SAN: [ ]", "characters that no session tag can carry"},
	} {
		t.Run(tt.message, func(t *testing.T) {
			body, err := json.Marshal(map[string]string{"message": tt.message})
			if err != nil {
				t.Fatal(err)
			}
			url, _ := service(t, reply{status: 403, body: string(body), header: map[string]string{
				"X-Amzn-Errortype": "AccessDeniedException:http://internal.amazon.com/", "X-Amzn-Requestid": "req-1"}})
			v := &virtual{now: epoch}
			_, err = session.Client{Clock: v.clock()}.CreateSession(t.Context(), request(t, url))
			var refused *session.Error
			if !errors.As(err, &refused) {
				t.Fatalf("got %v", err)
			}
			if refused.Code != "AccessDeniedException" || refused.Message != tt.message || refused.RequestID != "req-1" || refused.Status != 403 {
				t.Errorf("got %+v", refused)
			}
			hints := hint.Of(err)
			if diff := cmp.Diff(refused.Hints, hints); diff != "" {
				t.Error(diff)
			}
			if !strings.Contains(strings.Join(hints, "\n"), tt.hint) {
				t.Errorf("hints %q do not say %s", hints, tt.hint)
			}
		})
	}
}

func TestAClockThatIsOffIsNamed(t *testing.T) {
	url, _ := service(t, reply{status: 403, body: `{"message":"Invalid signature"}`})
	v := &virtual{now: epoch.Add(42 * time.Minute)}
	_, err := session.Client{Clock: v.clock()}.CreateSession(t.Context(), request(t, url))
	if hints := hint.Of(err); len(hints) != 1 || !strings.Contains(hints[0], "42m0s off") {
		t.Errorf("hints are %q", hints)
	}
}

func TestErrorsOfOtherShapes(t *testing.T) {
	for _, tt := range []struct {
		name  string
		reply reply
		want  string
	}{
		{"the type may stand in the body, with its namespace",
			reply{status: 404, body: `{"__type":"com.amazonaws.rolesanywhere#ResourceNotFoundException","message":"gone"}`},
			"creating the session: gone (ResourceNotFoundException, HTTP 404)"},
		{"the message may be in capitals", reply{status: 403, body: `{"Message":"No."}`}, "creating the session: No (HTTP 403)"},
		{"a page of a proxy is no reason", reply{status: 407, body: "<html>"}, "creating the session: the service refused it without a reason (HTTP 407)"},
		{"escape sequences do not reach the terminal", reply{status: 400, body: `{"message":"a\u001b[31mb"}`}, `creating the session: a\x1b[31mb (HTTP 400)`},
		{"a redirect is not followed", reply{status: 307, header: map[string]string{"Location": "/other"}}, "creating the session: the service refused it without a reason (HTTP 307)"},
		{"a session without JSON is none", reply{status: 201, body: secretKey}, "creating the session: reading the answer: it is not the JSON of a session"},
		{"an empty set is no session", reply{status: 201, body: `{"credentialSet":[]}`}, "creating the session: reading the answer: it holds no credentials"},
		{"empty keys are no session", reply{status: 201, body: strings.Replace(granted, token, "", 1)}, "creating the session: reading the answer: its credentials are incomplete"},
		{"a wrong type does not show the value", reply{status: 201, body: strings.Replace(granted, `"2026-11-21T05:00:00Z"`, `"`+token+`"`, 1)}, "creating the session: reading the answer: it does not say when the credentials expire"},
		{"a flood is cut off", reply{status: 201, body: strings.Repeat(" ", 300<<10)}, "creating the session: reading the answer: it has more than 262144 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			url, _ := service(t, tt.reply)
			v := &virtual{now: epoch}
			_, err := session.Client{Clock: v.clock()}.CreateSession(t.Context(), request(t, url))
			if err == nil || err.Error() != tt.want {
				t.Errorf("\ngot  %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestNothingIsSentThatMustFail(t *testing.T) {
	url, all := service(t)
	other := func(arn, old, with string) string { return strings.Replace(arn, old, with, 1) }
	for _, tt := range []struct {
		name   string
		change func(*session.Request)
		now    time.Time
		want   string
	}{
		{"an expired certificate", nil, epoch.Add(25 * time.Hour), "expired at 2026-11-22 04:00:00 UTC"},
		{"a certificate of the future", nil, epoch.Add(-2 * time.Hour), "not valid before 2026-11-21 03:00:00 UTC"},
		{"a key of another certificate", func(r *session.Request) { r.Signer.Key = ecdsaKey(t) }, epoch, "does not belong"},
		{"no certificate", func(r *session.Request) { r.Signer = sigx509.Signer{} }, epoch, "needs a private key and a certificate"},
		{"regions that differ", func(r *session.Request) { r.ProfileARN = other(profileARN, "eu-central-1", "eu-west-1") }, epoch, "the anchor is in region eu-central-1 and the profile in eu-west-1"},
		{"accounts that differ", func(r *session.Request) { r.ProfileARN = other(profileARN, "111122223333", "444455556666") }, epoch, "the anchor is in account 111122223333 and the profile in 444455556666"},
		{"a role of another account", func(r *session.Request) { r.RoleARN = other(roleARN, "111122223333", "444455556666") }, epoch, "the profile is in account 111122223333 and the role in 444455556666"},
		{"partitions that differ", func(r *session.Request) { r.RoleARN = other(roleARN, "aws", "aws-cn") }, epoch, "the profile is in partition aws and the role in aws-cn"},
		{"a profile where the anchor belongs", func(r *session.Request) { r.AnchorARN = profileARN }, epoch, "reading the trust anchor ARN"},
		{"an anchor where the profile belongs", func(r *session.Request) { r.ProfileARN = anchorARN }, epoch, "reading the profile ARN"},
		{"a user where the role belongs", func(r *session.Request) { r.RoleARN = other(roleARN, "role", "user") }, epoch, "reading the role ARN"},
		{"an empty role", func(r *session.Request) { r.RoleARN = "" }, epoch, "reading the role ARN"},
		{"a region that is a host", func(r *session.Request) { r.AnchorARN = other(anchorARN, "eu-central-1", "evil.example/") }, epoch, "reading the trust anchor ARN"},
		{"a duration below the least", func(r *session.Request) { r.Duration = 899 * time.Second }, epoch, "a session of 14m59s is not possible"},
		{"a duration above the most", func(r *session.Request) { r.Duration = 12*time.Hour + time.Second }, epoch, "is not possible"},
		{"a duration of parts of seconds", func(r *session.Request) { r.Duration = time.Hour + time.Millisecond }, epoch, "is not possible"},
		{"a name that STS would refuse", func(r *session.Request) { r.SessionName = "a b" }, epoch, "session name"},
		{"plain http to another machine", func(r *session.Request) { r.Endpoint = "http://192.0.2.7" }, epoch, "plain http"},
		{"plain http to a name that looks like this machine", func(r *session.Request) { r.Endpoint = "http://localhost.example.com" }, epoch, "plain http"},
		{"an endpoint below a path", func(r *session.Request) { r.Endpoint = url + "/prefix" }, epoch, "not of the form"},
		{"an endpoint with a password", func(r *session.Request) { r.Endpoint = "https://u:hunter2@example.com" }, epoch, "not of the form"},
		{"an endpoint of another scheme", func(r *session.Request) { r.Endpoint = "ftp://example.com" }, epoch, "neither https nor http"},
		{"an endpoint that is none", func(r *session.Request) { r.Endpoint = "127.0.0.1:8080" }, epoch, "reading the endpoint"},
		{"a partition without a known endpoint", func(r *session.Request) {
			r.Endpoint = ""
			r.AnchorARN, r.ProfileARN, r.RoleARN = other(anchorARN, "aws", "aws-iso"), other(profileARN, "aws", "aws-iso"), other(roleARN, "aws", "aws-iso")
		}, epoch, `partition "aws-iso" is not known`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := request(t, url)
			if tt.change != nil {
				tt.change(&r)
			}
			v := &virtual{now: tt.now}
			_, err := session.Client{Clock: v.clock()}.CreateSession(t.Context(), r)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Error("the error shows a password")
			}
		})
	}
	if len(*all) != 0 {
		t.Errorf("%d requests were sent", len(*all))
	}
}

// carrier answers for every host, so that the default endpoints can be seen.
type carrier struct{ urls []string }

func (c *carrier) RoundTrip(r *http.Request) (*http.Response, error) {
	c.urls = append(c.urls, r.URL.Scheme+"://"+r.URL.Host)
	return &http.Response{StatusCode: 201, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(granted)), Request: r}, nil
}

func TestTheEndpointFollowsThePartition(t *testing.T) {
	for _, tt := range []struct{ partition, region, want string }{
		{"aws", "eu-central-1", "https://rolesanywhere.eu-central-1.amazonaws.com"},
		{"aws-cn", "cn-north-1", "https://rolesanywhere.cn-north-1.amazonaws.com.cn"},
		{"aws-us-gov", "us-gov-west-1", "https://rolesanywhere.us-gov-west-1.amazonaws.com"},
		{"aws-eusc", "eusc-de-east-1", "https://rolesanywhere.eusc-de-east-1.amazonaws.eu"},
	} {
		t.Run(tt.partition, func(t *testing.T) {
			place := strings.NewReplacer("arn:aws:", "arn:"+tt.partition+":", "eu-central-1", tt.region)
			r := request(t, "")
			r.AnchorARN, r.ProfileARN, r.RoleARN = place.Replace(anchorARN), place.Replace(profileARN), place.Replace(roleARN)
			c := &carrier{}
			v := &virtual{now: epoch}
			if _, err := (session.Client{HTTP: &http.Client{Transport: c}, Clock: v.clock()}).CreateSession(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{tt.want}, c.urls); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzAnswersNeverPanicNorLeak(f *testing.F) {
	f.Add(201, granted)
	f.Add(403, `{"message":"Untrusted signing certificate"}`)
	f.Add(201, `{"credentialSet":[{}]}`)
	f.Add(500, "")
	r := request(f, "")
	f.Fuzz(func(t *testing.T, status int, body string) {
		transport := answering{status, body}
		v := &virtual{now: epoch}
		got, err := session.Client{HTTP: &http.Client{Transport: transport}, Clock: v.clock()}.CreateSession(t.Context(), r)
		if err == nil && (got.AccessKeyID == "" || got.SecretAccessKey == "" || got.SessionToken == "" || got.Expiration.IsZero()) {
			t.Errorf("granted without credentials: %q", body)
		}
		if err != nil && status == 201 && strings.Contains(err.Error(), secretKey) {
			t.Errorf("the error shows a secret: %v", err)
		}
	})
}

type answering struct {
	status int
	body   string
}

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: a.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(a.body)), Request: r}, nil
}
