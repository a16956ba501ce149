package session_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/pki"
	"anchorctl/internal/session"
)

func TestADenialSaysAllThatWasAskedAndAnsweredAndNothingSecret(t *testing.T) {
	url, _ := service(t, reply{status: 403, body: `{"message":"Untrusted signing certificate"}`, header: map[string]string{
		"X-Amzn-Errortype": "AccessDeniedException", "X-Amzn-Requestid": "req-1", "Date": "Sat, 21 Nov 2026 04:00:02 GMT"}})
	r := request(t, url)
	r.Duration, r.SessionName = 20*time.Minute, "nightly"
	v := &virtual{now: epoch}
	_, err := session.Client{Clock: v.clock()}.CreateSession(t.Context(), r)
	var refused *session.Error
	if !errors.As(err, &refused) || !refused.Denied() {
		t.Fatalf("got %v", err)
	}
	text, err := r.Denial(refused, epoch).Encode()
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"schema": "anchorctl.session.denial/v1", "time": "2026-11-21T04:00:00Z", "certificate": string(pki.EncodePEM(r.Signer.Certificate)),
		"trustAnchorArn": anchorARN, "profileArn": profileARN, "roleArn": roleARN, "durationSeconds": 1200.0, "roleSessionName": "nightly",
		"service": map[string]any{"status": 403.0, "code": "AccessDeniedException", "message": "Untrusted signing certificate",
			"requestId": "req-1", "date": "2026-11-21T04:00:02Z"},
	}
	if len(r.Signer.Chain) > 0 {
		want["chain"] = string(pki.EncodePEM(r.Signer.Chain...))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	key, err := x509.MarshalPKCS8PrivateKey(r.Signer.Key)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"PRIVATE", base64.StdEncoding.EncodeToString(key), base64.StdEncoding.EncodeToString(key[len(key)/2:])} {
		if strings.Contains(string(text), secret) {
			t.Errorf("the private key is in it: %s", text)
		}
	}
}

func TestWhatIsNoDenial(t *testing.T) {
	for _, c := range []struct {
		name string
		e    session.Error
		want bool
	}{
		{"a refusal of the request", session.Error{Status: 403, Message: "Invalid signature"}, true},
		{"a request that does not validate", session.Error{Status: 400, Message: "1 validation error detected"}, true},
		{"a busy service", session.Error{Status: 429, Message: "Rate exceeded"}, false},
		{"a service in trouble", session.Error{Status: 503, Message: "try again"}, false},
		{"a redirect", session.Error{Status: 302, Message: "over there"}, false},
		{"somebody else who answers", session.Error{Status: 403}, false},
	} {
		if got := c.e.Denied(); got != c.want {
			t.Errorf("%s: got %v", c.name, got)
		}
	}
}
