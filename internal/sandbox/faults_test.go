package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/sandbox"
)

func (b *bench) createProfile(ctx context.Context, name string) error {
	_, err := b.anywhere(prod).CreateProfile(ctx, &rolesanywhere.CreateProfileInput{Name: &name, RoleArns: []string{}})
	return err
}

func (b *bench) profiles() (names []string) {
	b.t.Helper()
	for _, p := range must(b.anywhere(prod).ListProfiles(b.t.Context(), &rolesanywhere.ListProfilesInput{})).Profiles {
		names = append(names, *p.Name)
	}
	return names
}

func statusOf(err error) int {
	var res *smithyhttp.ResponseError
	if errors.As(err, &res) {
		return res.HTTPStatusCode()
	}
	return 0
}

// Each effect has two ways to fail: not done, and done all the same.
func TestFaultsOfAnEffect(t *testing.T) {
	tests := []struct {
		mode   string
		status int // 0: the connection dropped
		code   string
		done   bool
	}{
		{"throttle", 429, "ThrottlingException", false},
		{"deny", 403, "AccessDeniedException", false},
		{"fail-before", 500, "InternalServerException", false},
		{"fail-after", 500, "InternalServerException", true},
		{"cut-before", 0, "", false},
		{"cut", 0, "", true},
	}
	for _, tt := range tests {
		t.Run(tt.mode, func(t *testing.T) {
			b := start(t)
			b.control("POST", "faults", `[{"op":"CreateProfile","mode":"`+tt.mode+`","nth":2}]`, nil)
			if err := b.createProfile(t.Context(), "first"); err != nil {
				t.Fatalf("the first request met the fault: %v", err)
			}
			err := b.createProfile(t.Context(), "second")
			if err == nil || statusOf(err) != tt.status {
				t.Errorf("the second request gave %v, want status %d", err, tt.status)
			}
			if tt.code != "" {
				wantCode(t, err, tt.code)
			}
			if err := b.createProfile(t.Context(), "third"); err != nil {
				t.Errorf("the third request met the fault: %v", err)
			}
			want := []string{"first", "third"}
			if tt.done {
				want = []string{"first", "second", "third"}
			}
			if diff := cmp.Diff(b.profiles(), want); diff != "" {
				t.Errorf("profiles (-got +want):\n%s", diff)
			}
		})
	}
}

func TestThrottlingSpeaksEachServicesDialect(t *testing.T) {
	b := start(t)
	b.control("POST", "faults", `[{"mode":"throttle","count":-1,"seconds":7}]`, nil)
	err := b.createProfile(t.Context(), "p")
	wantCode(t, err, "ThrottlingException")
	var res *smithyhttp.ResponseError
	if !errors.As(err, &res) || res.Response.Header.Get("Retry-After") != "7" {
		t.Errorf("Retry-After is missing in %v", err)
	}
	_, err = b.iam(prod).ListRoles(t.Context(), &iam.ListRolesInput{})
	wantCode(t, err, "Throttling")
	_, err = b.tagging(prod).GetResources(t.Context(), &resourcegroupstaggingapi.GetResourcesInput{})
	wantCode(t, err, "ThrottledException")
	b.control("DELETE", "faults", "", nil)
	if err := b.createProfile(t.Context(), "p"); err != nil {
		t.Errorf("after the faults were cleared: %v", err)
	}
}

func TestAFaultHitsWhatItNames(t *testing.T) {
	tests := []struct {
		fault string
		hits  bool
	}{
		{`{"op":"CreateProfile"}`, true},
		{`{"op":"*"}`, true},
		{`{}`, true},
		{`{"op":"rolesanywhere:CreateProfile"}`, true},
		{`{"op":"iam:CreateProfile"}`, false},
		{`{"op":"DeleteProfile"}`, false},
		{`{"account":"111122223333"}`, true},
		{`{"account":"444455556666"}`, false},
	}
	for _, tt := range tests {
		b := start(t)
		b.control("POST", "faults", "["+strings.Replace(tt.fault, "{", `{"mode":"fail-before"`+map[bool]string{true: "", false: ","}[tt.fault == "{}"], 1)+"]", nil)
		if err := b.createProfile(t.Context(), "p"); (err != nil) != tt.hits {
			t.Errorf("%s: the request gave %v", tt.fault, err)
		}
	}
}

// A held request shows that it is held, and a client that leaves was not
// served (hold) or was (hold-after).
func TestAHeldRequest(t *testing.T) {
	for mode, done := range map[string]bool{"hold": false, "hold-after": true} {
		t.Run(mode+", and the client leaves", func(t *testing.T) {
			b := start(t)
			b.control("POST", "faults", `[{"op":"CreateProfile","mode":"`+mode+`"}]`, nil)
			ctx, leave := context.WithCancel(t.Context())
			answered := make(chan error, 1)
			go func() { answered <- b.createProfile(ctx, "held") }()
			var held []sandbox.Request
			b.control("GET", "held", "", &held)
			if len(held) != 1 || held[0].Op != "CreateProfile" || held[0].Account != prod {
				t.Errorf("held is %+v", held)
			}
			leave()
			if err := <-answered; !errors.Is(err, context.Canceled) {
				t.Errorf("the client that left got %v", err)
			}
			if got := b.profiles(); (len(got) == 1) != done {
				t.Errorf("profiles are %v", got)
			}
		})
		t.Run(mode+", and it is released", func(t *testing.T) {
			b := start(t)
			b.control("POST", "faults", `[{"op":"CreateProfile","mode":"`+mode+`"}]`, nil)
			answered := make(chan error, 1)
			go func() { answered <- b.createProfile(t.Context(), "held") }()
			b.control("GET", "held", "", nil)
			if got := b.profiles(); (len(got) == 1) != done {
				t.Errorf("while it is held, profiles are %v", got)
			}
			b.control("POST", "release", "", nil)
			if err := <-answered; err != nil {
				t.Errorf("the released request gave %v", err)
			}
			if got := b.profiles(); len(got) != 1 {
				t.Errorf("profiles are %v", got)
			}
		})
	}
}

func TestAHeldRequestEndsWithTheSandbox(t *testing.T) {
	b := start(t)
	b.control("POST", "faults", `[{"op":"CreateProfile","mode":"hold"}]`, nil)
	answered := make(chan error, 1)
	go func() { answered <- b.createProfile(t.Context(), "held") }()
	b.control("GET", "held", "", nil)
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if err := <-answered; err == nil {
		t.Error("the held request was served")
	}
}

func TestStaleReads(t *testing.T) {
	b := start(t)
	if err := b.createProfile(t.Context(), "before"); err != nil {
		t.Fatal(err)
	}
	b.control("POST", "faults", `[{"op":"ListProfiles","mode":"stale","seconds":20,"count":-1}]`, nil)
	if err := b.createProfile(t.Context(), "after"); err != nil {
		t.Fatal(err)
	}
	if got := b.profiles(); len(got) != 1 {
		t.Errorf("at once, profiles are %v", got)
	}
	b.clock.jump(19 * time.Second)
	if got := b.profiles(); len(got) != 1 {
		t.Errorf("after 19 s, profiles are %v", got)
	}
	b.clock.jump(time.Second)
	if got := b.profiles(); len(got) != 2 {
		t.Errorf("after 20 s, profiles are %v", got)
	}
	var state struct{ Accounts map[string]any }
	b.control("GET", "state", "", &state)
	if len(state.Accounts) != 2 {
		t.Errorf("the state has %d accounts", len(state.Accounts))
	}
	if status, text := b.ask("POST", "faults", `[{"mode":"stale","seconds":31}]`); status != http.StatusBadRequest {
		t.Errorf("31 stale seconds gave %d %s", status, text)
	}
}

func TestSmallPages(t *testing.T) {
	b := start(t)
	for i := range 3 {
		if err := b.createProfile(t.Context(), fmt.Sprint("p", i)); err != nil {
			t.Fatal(err)
		}
	}
	b.control("POST", "faults", `[{"op":"ListProfiles","mode":"small-pages","count":-1}]`, nil)
	pages, n := rolesanywhere.NewListProfilesPaginator(b.anywhere(prod), &rolesanywhere.ListProfilesInput{PageSize: aws.Int32(100)}), 0
	for pages.HasMorePages() {
		if got := must(pages.NextPage(t.Context())).Profiles; len(got) != 1 {
			t.Errorf("page %d has %d profiles", n, len(got))
		}
		n++
	}
	if n != 3 {
		t.Errorf("there were %d pages, want 3", n)
	}
}

func TestRates(t *testing.T) {
	b := start(t, func(o *sandbox.Options) { o.RateLimit = true })
	if err := b.createProfile(t.Context(), "first"); err != nil {
		t.Fatal(err)
	}
	wantCode(t, b.createProfile(t.Context(), "at once"), "ThrottlingException")
	if _, err := b.anywhere(prod).ListTrustAnchors(t.Context(), &rolesanywhere.ListTrustAnchorsInput{}); err != nil {
		t.Errorf("another family was limited with it: %v", err)
	}
	if _, err := b.anywhere(dev).ListProfiles(t.Context(), &rolesanywhere.ListProfilesInput{}); err != nil {
		t.Errorf("another account was limited with it: %v", err)
	}
	b.clock.jump(900 * time.Millisecond)
	wantCode(t, b.createProfile(t.Context(), "after 0.9 s"), "ThrottlingException")
	b.clock.jump(100 * time.Millisecond)
	if err := b.createProfile(t.Context(), "after 1 s"); err != nil {
		t.Error(err)
	}
}

func TestTenSessionsASecond(t *testing.T) {
	e := newEstate(t, func(o *sandbox.Options) { o.RateLimit = true })
	q := e.question()
	for i := range 11 {
		status, got := e.ask(q)
		if want := map[bool]int{true: http.StatusCreated, false: http.StatusTooManyRequests}[i < 10]; status != want {
			t.Errorf("session %d gave %d %s, want %d", i+1, status, got.Message, want)
		}
	}
	e.clock.jump(time.Second)
	if status, got := e.ask(q); status != http.StatusCreated {
		t.Errorf("a second later: %d %s", status, got.Message)
	}
}
