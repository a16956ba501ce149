package sigx509

import (
	"net/http"
	"net/url"
	"testing"
)

// The expected texts and digests below were computed by hand (sha256sum) from
// AWS's description of the form, not by this package.
func TestTheCanonicalFormIsTheDocumentedOne(t *testing.T) {
	const (
		body      = `{"durationSeconds":3600}`
		canonical = "POST\n" +
			"/sessions\n" +
			"profileArn=arn%3Aaws%3Arolesanywhere%3Aeu-central-1%3A111122223333%3Aprofile%2F2" +
			"&roleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fteam%20a%2Fbackup" +
			"&trustAnchorArn=arn%3Aaws%3Arolesanywhere%3Aeu-central-1%3A111122223333%3Atrust-anchor%2F1\n" +
			"content-type:application/json\n" +
			"host:rolesanywhere.eu-central-1.amazonaws.com\n" +
			"x-amz-date:20261121T040506Z\n" +
			"x-amz-x509:Q0VSVA==\n" +
			"x-amz-x509-chain:QQ==,Qg==\n" +
			"\n" +
			"content-type;host;x-amz-date;x-amz-x509;x-amz-x509-chain\n" +
			"1a15f67f6619aa540b13e9a4c37d149fb2c9bdea25d82b73a3878826694dfe27"
		text = "AWS4-X509-RSA-SHA256\n" +
			"20261121T040506Z\n" +
			"20261121/eu-central-1/rolesanywhere/aws4_request\n" +
			"7094416021c2651fdb55917025f951f51c00457d64edeeff6a819082ec437da0"
	)
	req := &http.Request{
		Method: http.MethodPost,
		Host:   "rolesanywhere.eu-central-1.amazonaws.com",
		URL: &url.URL{Path: "/sessions", RawQuery: "trustAnchorArn=arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/1" +
			"&roleArn=arn:aws:iam::111122223333:role/team+a/backup" +
			"&profileArn=arn:aws:rolesanywhere:eu-central-1:111122223333:profile/2"},
		Header: http.Header{
			"Content-Type":     {"  application/json "},
			"User-Agent":       {"CredHelper/1.8.0"},
			"X-Amz-Date":       {"20261121T040506Z"},
			"X-Amz-X509":       {"Q0VSVA=="},
			"X-Amz-X509-Chain": {"QQ==", "Qg=="},
		},
	}
	got, err := canonicalRequest(req, []byte(body), []string{"content-type", "host", "x-amz-date", "x-amz-x509", "x-amz-x509-chain"})
	if err != nil {
		t.Fatal(err)
	}
	if got != canonical {
		t.Errorf("canonical request:\ngot  %q\nwant %q", got, canonical)
	}
	got = stringToSign(AlgorithmRSA, "20261121T040506Z", scope("20261121", "eu-central-1"), got)
	if got != text {
		t.Errorf("string to sign:\ngot  %q\nwant %q", got, text)
	}
}

func TestCanonicalQuery(t *testing.T) {
	for _, tt := range []struct{ name, raw, want string }{
		{"an empty query is empty", "", ""},
		{"names are sorted", "b=2&a=1", "a=1&b=2"},
		{"values of one name are sorted", "a=2&a=1", "a=1&a=2"},
		{"a name that starts another comes first", "ab=1&a-=2&a=3", "a=3&a-=2&ab=1"},
		{"a space is %20 however it was written", "a=b+c&d=e%20f", "a=b%20c&d=e%20f"},
		{"a plus sign is %2B", "a=%2B", "a=%2B"},
		{"unreserved characters stay", "a=-_.~Az09", "a=-_.~Az09"},
		{"a name without a value has an empty one", "a", "a="},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := canonicalQuery(tt.raw)
			if err != nil || got != tt.want {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
		})
	}
	for _, raw := range []string{"a=1&b=%zz", "a=1;b=2", "%"} {
		if got, err := canonicalQuery(raw); err == nil {
			t.Errorf("%q became %q, but part of it cannot be read", raw, got)
		}
	}
}

func TestSqueeze(t *testing.T) {
	for in, want := range map[string]string{"": "", " a ": "a", "a  b": "a b", "a b": "a b", "\ta   b  c\t": "a b c"} {
		if got := squeeze(in); got != want {
			t.Errorf("squeeze(%q) = %q, want %q", in, got, want)
		}
	}
}
