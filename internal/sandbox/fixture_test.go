package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"anchorctl/internal/clock"
	"anchorctl/internal/sandbox"
	"anchorctl/internal/sandbox/seed"
)

const (
	prod, dev = "111122223333", "444455556666"
	region    = "eu-central-1"
	token     = "let-me-in"
)

const twoAccounts = `
accounts:
  "111122223333":
    accessKeys: [{id: AKIAEXAMPLEPROD, secret: sandbox-only, profile: prod-admin}]
    roles:
      prod-backup: {maxSessionDuration: 7200}
      team/prod-reports: {attachedPolicies: ["arn:aws:iam::aws:policy/ReadOnlyAccess"]}
      plain: {}
  "444455556666":
    accessKeys: [{id: AKIAEXAMPLEDEV, secret: sandbox-only-too, user: dev-admin}]
    roles:
      deploy:
        trust: |
          {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/sandbox"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"anchorctl"}}}]}
`

// jumping is a clock that jumps when somebody waits.
type jumping struct {
	mu  sync.Mutex
	now time.Time
}

// newClock starts at the present, since AWS's helper signs with the real time,
// and then moves only when it is told to.
func newClock() *jumping { return &jumping{now: time.Now().UTC().Truncate(time.Second)} }

func (j *jumping) clock() clock.Clock {
	return clock.Clock{Now: j.tell, Wait: func(_ context.Context, d time.Duration) error { j.jump(d); return nil }}
}

func (j *jumping) tell() time.Time {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.now
}

func (j *jumping) jump(d time.Duration) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.now = j.now.Add(d)
}

// bench is a running sandbox.
type bench struct {
	*sandbox.Running

	t     *testing.T
	clock *jumping
}

func start(t *testing.T, change ...func(*sandbox.Options)) *bench {
	t.Helper()
	s, err := seed.Parse("seed.yaml", []byte(twoAccounts), nil)
	if err != nil {
		t.Fatal(err)
	}
	c := newClock()
	o := sandbox.Options{Seed: s, Clock: c.clock(), Token: token}
	for _, f := range change {
		f(&o)
	}
	r, err := sandbox.Serve(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Errorf("closing the sandbox: %v", err)
		}
	})
	return &bench{Running: r, t: t, clock: c}
}

// once is a client that does not retry, for tests of single answers.
func once() aws.Retryer { return aws.NopRetryer{} }

func (b *bench) credentials(account string) aws.CredentialsProvider {
	for _, k := range b.Keys() {
		if k.Account == account {
			return credentials.NewStaticCredentialsProvider(k.ID, k.Secret, "")
		}
	}
	b.t.Fatalf("no key for account %s", account)
	return nil
}

func (b *bench) anywhere(account string) *rolesanywhere.Client {
	return rolesanywhere.New(rolesanywhere.Options{Region: region, BaseEndpoint: &b.URL, Credentials: b.credentials(account), Retryer: once()})
}

func (b *bench) iam(account string) *iam.Client {
	return iam.New(iam.Options{Region: "us-east-1", BaseEndpoint: &b.URL, Credentials: b.credentials(account), Retryer: once()})
}

func (b *bench) sts(c aws.CredentialsProvider) *sts.Client {
	return sts.New(sts.Options{Region: region, BaseEndpoint: &b.URL, Credentials: c, Retryer: once()})
}

func (b *bench) tagging(account string) *resourcegroupstaggingapi.Client {
	return resourcegroupstaggingapi.New(resourcegroupstaggingapi.Options{Region: region, BaseEndpoint: &b.URL, Credentials: b.credentials(account), Retryer: once()})
}

// ask sends a control request and returns status and body.
func (b *bench) ask(method, name, body string) (int, string) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.URL+"/_sandbox/"+name, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set(sandbox.HeaderToken, token)
	return b.send(req)
}

func (b *bench) send(req *http.Request) (int, string) {
	b.t.Helper()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return res.StatusCode, string(data)
}

// control is ask for what has to succeed; the answer is decoded into out.
func (b *bench) control(method, name, body string, out any) {
	b.t.Helper()
	status, text := b.ask(method, name, body)
	if status != http.StatusOK {
		b.t.Fatalf("%s %s: %d %s", method, name, status, text)
	}
	if out != nil {
		if err := json.NewDecoder(bytes.NewReader([]byte(text))).Decode(out); err != nil {
			b.t.Fatal(err)
		}
	}
}
