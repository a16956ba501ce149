package awsapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/engine"
	"anchorctl/internal/hint"
	"anchorctl/internal/profiles"
)

const (
	account = "111122223333"
	region  = "eu-central-1"
	id      = "1b2c3d4e-0000-4000-8000-000000000001"
	role    = "arn:aws:iam::111122223333:role/prod-backup"
)

// reply is one answer of a service; cut drops the connection instead.
type reply struct {
	status  int
	code    string
	body    string
	header  map[string]string
	cut     bool
	cutBody bool
}

// received is a request that reached the service.
type received struct{ Method, Path, Body string }

// service answers GetCallerIdentity by itself and all else from a script.
type service struct {
	t       *testing.T
	url     string
	mu      sync.Mutex
	sandbox string
	caller  string // account of the credentials
	arn     string
	replies []reply
	got     []received
}

func newService(t *testing.T, replies ...reply) *service {
	t.Helper()
	s := &service{t: t, caller: account, arn: "arn:aws:iam::" + account + ":user/operator", replies: replies}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = server.URL
	isolate(t)
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	return s
}

// isolate keeps the machine's own AWS configuration out of a test.
func isolate(t *testing.T) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "",
		"AWS_CONFIG_FILE": t.TempDir() + "/config", "AWS_SHARED_CREDENTIALS_FILE": t.TempDir() + "/credentials",
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_REGION": "us-west-2", "AWS_ENDPOINT_URL": "", "AWS_MAX_ATTEMPTS": "7",
	} {
		t.Setenv(name, value)
	}
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Error(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sandbox != "" {
		w.Header().Set(headerSandbox, s.sandbox)
	}
	if strings.Contains(string(body), "Action=GetCallerIdentity") {
		fmt.Fprintf(w, `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>`+
			`<Arn>%s</Arn><UserId>AIDA</UserId><Account>%s</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`, s.arn, s.caller)
		return
	}
	s.got = append(s.got, received{r.Method, r.URL.Path, string(body)})
	if len(s.replies) == 0 {
		s.t.Errorf("%s %s was not expected", r.Method, r.URL.Path)
		w.WriteHeader(http.StatusTeapot)
		return
	}
	next := s.replies[0]
	s.replies = s.replies[1:]
	s.answer(w, next)
}

func (s *service) answer(w http.ResponseWriter, next reply) {
	if next.cut || next.cutBody {
		connection, buffer, err := http.NewResponseController(w).Hijack()
		if err != nil {
			s.t.Error(err)
			return
		}
		if next.cutBody {
			fmt.Fprintf(buffer, "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"profile\":")
			if err := buffer.Flush(); err != nil {
				s.t.Error(err)
			}
		}
		if err := connection.Close(); err != nil {
			s.t.Error(err)
		}
		return
	}
	for name, value := range next.header {
		w.Header().Set(name, value)
	}
	body := next.body
	if next.code != "" {
		w.Header().Set("X-Amzn-Errortype", next.code)
		w.Header().Set("X-Amzn-Requestid", "req-1")
		if body == "" {
			body = `{"message":"no, because"}`
		}
	}
	w.WriteHeader(next.status)
	if _, err := io.WriteString(w, body); err != nil {
		s.t.Log(err)
	}
}

// sent is what has reached the service so far.
func (s *service) sent() []received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.got)
}

// left counts the replies that nobody asked for.
func (s *service) left() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.replies)
}

// target opens the service as a target.
func (s *service) target(v *virtual, change func(*Options)) *Target {
	s.t.Helper()
	o := Options{Account: account, Region: region, Clock: v.clock()}
	if change != nil {
		change(&o)
	}
	target, err := Open(s.t.Context(), o)
	if err != nil {
		s.t.Fatal(err)
	}
	return target
}

func profileJSON(t *testing.T, change func(map[string]any)) string {
	t.Helper()
	detail := map[string]any{
		"profileId": id, "profileArn": "arn:aws:rolesanywhere:eu-central-1:111122223333:profile/" + id, "name": "example-prod-backup",
		"enabled": false, "roleArns": []string{role}, "durationSeconds": 3600,
	}
	if change != nil {
		change(detail)
	}
	text, err := json.Marshal(map[string]any{"profile": detail})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func create(ctx context.Context, target *Target) (profiles.Live, error) {
	return target.Profiles().Create(ctx, profiles.New{
		Spec: profiles.Spec{Name: "example-prod-backup", RoleARNs: []string{role}, DurationSeconds: 3600},
		Tags: map[string]string{"anchorctl:intent": "i-1", "anchorctl:estate": "e-1"},
	})
}

func TestACreateIsSentOnceUnlessItCertainlyWasNotDone(t *testing.T) {
	created := reply{status: 201, body: profileJSON(t, nil)}
	for _, tt := range []struct {
		name    string
		replies []reply
		sent    int
		unclear bool
		code    string // "" when it succeeds or the service did not answer
		created bool
	}{
		{"it succeeds", []reply{created}, 1, false, "", true},
		{"a validation error refuses it", []reply{{status: 400, code: "ValidationException"}}, 1, false, "ValidationException", false},
		{"a denial refuses it", []reply{{status: 403, code: "AccessDeniedException"}}, 1, false, "AccessDeniedException", false},
		{"a failure of the service leaves it open", []reply{{status: 500, code: "InternalServerException"}}, 1, true, "InternalServerException", false},
		{"an unavailable service leaves it open", []reply{{status: 503, code: "ServiceUnavailableException", body: `{"message":"x","retryAfterSeconds":3}`}}, 1, true, "ServiceUnavailableException", false},
		{"a cut connection leaves it open", []reply{{cut: true}}, 1, true, "", false},
		{"an answer that breaks off leaves it open", []reply{{cutBody: true}}, 1, true, "", false},
		{"an answer without a profile leaves it open", []reply{{status: 201, body: `{}`}}, 1, true, "", false},
		{"an answer that is no JSON leaves it open", []reply{{status: 201, body: `<html>`}}, 1, true, "", false},
		{"a page of a proxy leaves it open", []reply{{status: 403, body: `<html>denied</html>`}}, 1, true, "", false},
		{"a time-out at the gateway leaves it open", []reply{{status: 408, code: "RequestTimeoutException"}}, 1, true, "RequestTimeoutException", false},
		{"a throttled one was not done and is sent again", []reply{{status: 429, code: "ThrottlingException"}, created}, 2, false, "", true},
		{"a throttle by code counts too", []reply{{status: 400, code: "ThrottlingException"}, created}, 2, false, "", true},
		{"a throttle, then a failure, leaves it open", []reply{{status: 429, code: "ThrottlingException"}, {status: 500, code: "InternalServerException"}}, 2, true, "InternalServerException", false},
		{"five throttles are a refusal", []reply{
			{status: 429, code: "ThrottlingException"}, {status: 429, code: "ThrottlingException"}, {status: 429, code: "ThrottlingException"},
			{status: 429, code: "ThrottlingException"}, {status: 429, code: "ThrottlingException"},
		}, 5, false, "ThrottlingException", false},
		{"an ARN of another account leaves it open", []reply{{status: 201, body: profileJSON(t, func(d map[string]any) {
			d["profileArn"] = "arn:aws:rolesanywhere:eu-central-1:444455556666:profile/" + id
		})}}, 1, true, "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newService(t, tt.replies...)
			live, err := create(t.Context(), s.target(newVirtual(), nil))
			if (err == nil) != tt.created {
				t.Fatalf("got %v", err)
			}
			if errors.Is(err, engine.ErrUnclear) != tt.unclear {
				t.Errorf("unclear is %v: %v", !tt.unclear, err)
			}
			if code(err) != tt.code {
				t.Errorf("code is %q, want %q", code(err), tt.code)
			}
			if len(s.sent()) != tt.sent {
				t.Errorf("sent %d times, want %d", len(s.sent()), tt.sent)
			}
			if tt.created && (live.ID != id || live.Enabled) {
				t.Errorf("created %+v", live)
			}
		})
	}
}

func TestACreateSaysEverythingExplicitly(t *testing.T) {
	s := newService(t, reply{status: 201, body: profileJSON(t, nil)})
	if _, err := create(t.Context(), s.target(newVirtual(), nil)); err != nil {
		t.Fatal(err)
	}
	want := []received{{"POST", "/profiles", `{"acceptRoleSessionName":false,"durationSeconds":3600,"enabled":false,"managedPolicyArns":[],` +
		`"name":"example-prod-backup","roleArns":["` + role + `"],` +
		`"tags":[{"key":"anchorctl:estate","value":"e-1"},{"key":"anchorctl:intent","value":"i-1"}]}`}}
	if diff := cmp.Diff(want, s.sent()); diff != "" {
		t.Error(diff)
	}
}

func TestWhatCannotBeReachedIsNotUnclear(t *testing.T) {
	s := newService(t)
	v := newVirtual()
	target := s.target(v, nil)
	if _, err := target.Identity(t.Context()); err != nil {
		t.Fatal(err)
	}
	// The identity is known; now nobody listens any more.
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	t.Setenv("AWS_ENDPOINT_URL", gone.URL)
	dead := s.target(v, nil)
	dead.identity = target.identity
	_, err := create(t.Context(), dead)
	if err == nil || errors.Is(err, engine.ErrUnclear) {
		t.Errorf("got %v", err)
	}
	if hints := strings.Join(hint.Of(err), "\n"); !strings.Contains(hints, gone.URL) {
		t.Errorf("hints %q do not name the endpoint", hints)
	}
	if len(v.waits) != 0 {
		t.Errorf("waited %v for an address that refuses", v.waits)
	}
}

func TestReadsAreRepeatedAndPaced(t *testing.T) {
	page := reply{status: 200, body: `{"profiles":[]}`}
	throttle := reply{status: 429, code: "ThrottlingException"}
	failure := reply{status: 500, code: "InternalServerException"}
	sec := time.Second
	for _, tt := range []struct {
		name    string
		replies []reply
		waits   []time.Duration
		ok      bool
	}{
		{"nothing in the way", []reply{page}, nil, true},
		{"two pages are a second apart", []reply{{status: 200, body: `{"profiles":[],"nextToken":"n"}`}, page}, []time.Duration{sec}, true},
		{"throttles double the pause", []reply{throttle, throttle, throttle, page}, []time.Duration{sec, 2 * sec, 4 * sec}, true},
		{"failures are repeated", []reply{failure, {status: 502, body: "<html>"}, page}, []time.Duration{sec, 2 * sec}, true},
		{"an answer that breaks off is repeated", []reply{{cutBody: true}, page}, []time.Duration{sec}, true},
		{"the service says how long", []reply{{status: 503, code: "ServiceUnavailableException", body: `{"message":"x","retryAfterSeconds":9}`}, page}, []time.Duration{9 * sec}, true},
		{"the header says how long", []reply{{status: 429, code: "ThrottlingException", header: map[string]string{"Retry-After": "4"}}, page}, []time.Duration{4 * sec}, true},
		{"a long wait is cut", []reply{{status: 503, code: "ServiceUnavailableException", header: map[string]string{"Retry-After": "900"}}, page}, []time.Duration{30 * sec}, true},
		{"five failures are enough", []reply{failure, failure, failure, failure, failure}, []time.Duration{sec, 2 * sec, 4 * sec, 8 * sec}, false},
		{"a denial is not repeated", []reply{{status: 403, code: "AccessDeniedException"}}, nil, false},
		{"the same page again and again is an error", []reply{{status: 200, body: `{"profiles":[],"nextToken":"n"}`}, {status: 200, body: `{"profiles":[],"nextToken":"n"}`}}, []time.Duration{sec}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newService(t, tt.replies...)
			v := newVirtual()
			var events []Event
			target := s.target(v, func(o *Options) { o.Progress = func(e Event) { events = append(events, e) } })
			_, err := target.Profiles().List(t.Context(), true)
			if (err == nil) != tt.ok {
				t.Fatalf("got %v", err)
			}
			if errors.Is(err, engine.ErrUnclear) {
				t.Errorf("a read is unclear: %v", err)
			}
			if diff := cmp.Diff(tt.waits, v.waits); diff != "" {
				t.Error(diff)
			}
			if s.left() != 0 {
				t.Errorf("%d replies are left", s.left())
			}
			for i, e := range events {
				if e.Operation != "ListProfiles" || e.Family != "profiles" || e.Account != account || e.Region != region || e.Wait != tt.waits[i] {
					t.Errorf("event %+v", e)
				}
			}
			if len(events) != len(tt.waits) {
				t.Errorf("%d events, want %d", len(events), len(tt.waits))
			}
		})
	}
}

func TestTargetsOfOneAccountAndRegionShareTheirPace(t *testing.T) {
	page := reply{status: 200, body: `{"profiles":[]}`}
	anchorPage := reply{status: 200, body: `{"trustAnchors":[]}`}
	s := newService(t, page, page, anchorPage, page)
	v := newVirtual()
	pacer := NewPacer(v.clock())
	with := func(o *Options) { o.Pacer = pacer }
	for range 2 {
		if _, err := s.target(v, with).Profiles().List(t.Context(), true); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.target(v, with).Anchors().List(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	elsewhere := s.target(v, func(o *Options) { o.Pacer, o.Region = pacer, "eu-west-1" })
	if _, err := elsewhere.Profiles().List(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]time.Duration{time.Second}, v.waits); diff != "" {
		t.Errorf("only the second list of profiles waits:\n%s", diff)
	}
}

func TestAnInterruptedCreateIsUnclearOnlyOnceItIsSent(t *testing.T) {
	t.Run("before it is sent", func(t *testing.T) {
		s := newService(t)
		target := s.target(newVirtual(), nil)
		if _, err := target.Identity(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := create(ctx, target); !errors.Is(err, context.Canceled) || errors.Is(err, engine.ErrUnclear) {
			t.Errorf("got %v", err)
		}
		if len(s.sent()) != 0 {
			t.Errorf("it was sent")
		}
	})
	t.Run("while the service works", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		isolate(t)
		release := make(chan struct{})
		s := &service{t: t, caller: account, arn: "arn:aws:iam::" + account + ":user/operator"}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/profiles" {
				s.ServeHTTP(w, r)
				return
			}
			cancel()
			<-release
		}))
		defer server.Close()
		defer close(release)
		t.Setenv("AWS_ENDPOINT_URL", server.URL)
		_, err := create(ctx, s.target(newVirtual(), nil))
		if !errors.Is(err, context.Canceled) || !errors.Is(err, engine.ErrUnclear) {
			t.Errorf("got %v", err)
		}
	})
}
