package awsapi

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere"
	"github.com/aws/aws-sdk-go-v2/service/rolesanywhere/types"

	"anchorctl/internal/admission"
	"anchorctl/internal/anchors"
	"anchorctl/internal/pki"
	"anchorctl/internal/pki/pkitest"
	"anchorctl/internal/profiles"
	"anchorctl/internal/sandbox"
	"anchorctl/internal/sandbox/seed"
)

const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"rolesanywhere.amazonaws.com"},` +
	`"Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"],"Condition":{"StringEquals":{"aws:PrincipalTag/x509Subject/CN":"a+b c"}}}]}`

// The policies of the roles.
const (
	ownPolicy   = "arn:aws:iam::111122223333:policy/team/reports"
	adminPolicy = "arn:aws:iam::aws:policy/AdministratorAccess"
)

func document(object string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::` + object + `"}]}`
}

type world struct {
	t       *testing.T
	v       *virtual
	running *sandbox.Running
	target  *Target
	estate  *pkitest.Estate
	events  []Event
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, v: newVirtual(), estate: pkitest.NewEstate(t, "prod", "dev")}
	running, err := sandbox.Serve(t.Context(), sandbox.Options{
		Clock: w.v.clock(), RateLimit: true, Token: "token",
		Seed: &seed.Seed{Accounts: map[string]seed.Account{account: {
			AccessKeys: []seed.AccessKey{{ID: "AKIAEXAMPLE", Secret: "secret"}},
			Policies:   map[string]string{"team/reports": document("reports/a+b c")},
			Roles: map[string]seed.Role{
				"prod-backup": {Trust: trust, MaxSessionDuration: 7200, AttachedPolicies: []string{ownPolicy}},
				"team/prod-reports": {
					Trust: trust, AttachedPolicies: []string{ownPolicy, adminPolicy}, Tags: map[string]string{"anchorctl:sensitive": "true"},
					InlinePolicies: map[string]string{"s3": document("one"), "more": document("two")},
				},
			},
		}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Close(); err != nil {
			t.Error(err)
		}
	})
	isolate(t)
	t.Setenv("AWS_ENDPOINT_URL", running.URL)
	w.running = running
	w.target, err = Open(t.Context(), Options{
		Account: account, Region: region, Clock: w.v.clock(), NamePrefix: "example-", Progress: func(e Event) { w.events = append(w.events, e) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// control speaks to the sandbox's control.
func (w *world) control(method, name string, body, out any) {
	w.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.running.URL+"/_sandbox/"+name, bytes.NewReader(text))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set(sandbox.HeaderToken, "token")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		w.t.Fatalf("%s %s: %s", method, name, resp.Status)
	}
	if out != nil {
		if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) fault(faults ...sandbox.Fault) {
	w.t.Helper()
	w.control(http.MethodPost, "faults", faults, nil)
}

// operations lists what reached the sandbox since it was asked last.
func (w *world) operations() []string {
	w.t.Helper()
	var all []sandbox.Request
	w.control(http.MethodGet, "requests", nil, &all)
	w.control(http.MethodDelete, "requests", nil, nil)
	var names []string
	for _, r := range all {
		names = append(names, r.Op)
	}
	return names
}

func (w *world) admitted(env string) admission.Admitted {
	w.t.Helper()
	admitted, findings := admission.Admit(admission.AnchorCase{
		At: "anchor/" + env, Certificate: w.estate.Issuers[env].Certificate,
		Roots: []*x509.Certificate{w.estate.Root.Certificate}, Now: pkitest.Now(),
	})
	if admitted.Certificate() == nil {
		w.t.Fatalf("refused: %v", findings)
	}
	return admitted
}

func (w *world) newAnchor(intent string) anchors.New {
	return anchors.New{
		Name: "example-prod", Certificates: []admission.Admitted{w.admitted("prod")},
		Tags: map[string]string{"anchorctl:estate": "lineage", "anchorctl:intent": intent},
	}
}

func newProfile(intent string) profiles.New {
	return profiles.New{
		Spec: profiles.Spec{
			Name: "example-prod-backup", RoleARNs: []string{role}, SessionPolicy: `{"Version":"2012-10-17","Statement":[]}`,
			DurationSeconds: 1800, ManagedPolicyARNs: []string{"arn:aws:iam::aws:policy/ReadOnlyAccess"},
		},
		Tags: map[string]string{"anchorctl:estate": "lineage", "anchorctl:intent": intent},
	}
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func bundleOf(certs ...*x509.Certificate) string { return string(pki.EncodePEM(certs...)) }

// foreign makes an anchor that is not ours, with a tag, and returns its ARN.
func (w *world) foreign(name string) string {
	w.t.Helper()
	w.v.advance(time.Minute) // it is not paced with ours
	out, err := w.target.anywhere.CreateTrustAnchor(w.t.Context(), &rolesanywhere.CreateTrustAnchorInput{
		Name: &name, Enabled: aws.Bool(true), Tags: toTags(map[string]string{"owner": "x"}),
		Source: &types.Source{
			SourceType: types.TrustAnchorTypeCertificateBundle,
			SourceData: &types.SourceDataMemberX509CertificateData{Value: bundleOf(w.estate.Root.Certificate)},
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.v.advance(2 * time.Second)
	return aws.ToString(out.TrustAnchor.TrustAnchorArn)
}

// neverThrottled holds the pacing: the sandbox throttles whoever is too fast.
func (w *world) neverThrottled() {
	w.t.Helper()
	for _, e := range w.events {
		if e.Reason != Paced {
			w.t.Errorf("%s was %s", e.Operation, e.Reason)
		}
	}
}
