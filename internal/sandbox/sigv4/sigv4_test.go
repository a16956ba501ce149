package sigv4_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"anchorctl/internal/sandbox/sigv4"
)

// The requests and signatures are those of AWS's documentation and its
// published test suite (get-vanilla, get-vanilla-query-order-key-case,
// post-x-www-form-urlencoded, get-space-normalized is left out: its path is
// not what a service sees).
const (
	docSecret   = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	suiteScope  = "AKIDEXAMPLE/20150830/us-east-1/service/aws4_request"
	docIAMScope = "AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request"
)

func request(method, target, body, scope, headers, signature string, extra map[string]string) *http.Request {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("X-Amz-Date", "20150830T123600Z")
	for k, v := range extra {
		r.Header.Set(k, v)
	}
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+scope+", SignedHeaders="+headers+", Signature="+signature)
	return r
}

func TestPublishedSignaturesVerify(t *testing.T) {
	form := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	tests := []struct {
		name    string
		request *http.Request
		body    string
	}{
		{
			"ListUsers of the documentation",
			request("GET", "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08", "", docIAMScope, "content-type;host;x-amz-date",
				"5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
				map[string]string{"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}), "",
		},
		{
			"get-vanilla",
			request("GET", "https://example.amazonaws.com/", "", suiteScope, "host;x-amz-date",
				"5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31", nil), "",
		},
		{
			"get-vanilla-query-order-key-case",
			request("GET", "https://example.amazonaws.com/?Param2=value2&Param1=value1", "", suiteScope, "host;x-amz-date",
				"b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500", nil), "",
		},
		{
			"post-x-www-form-urlencoded",
			request("POST", "https://example.amazonaws.com/", "Param1=value1", suiteScope, "content-type;host;x-amz-date",
				"ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a", form), "Param1=value1",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := sigv4.Parse(tt.request.Header)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Verify(tt.request, []byte(tt.body), docSecret); err != nil {
				t.Error(err)
			}
			if err := s.Verify(tt.request, []byte(tt.body), docSecret+"x"); !errors.Is(err, sigv4.ErrMismatch) {
				t.Errorf("with another secret: %v, want ErrMismatch", err)
			}
			if err := s.Verify(tt.request, []byte(tt.body+"x"), docSecret); !errors.Is(err, sigv4.ErrMismatch) {
				t.Errorf("with another body: %v, want ErrMismatch", err)
			}
			tt.request.URL.RawQuery += "&x=1"
			if err := s.Verify(tt.request, []byte(tt.body), docSecret); !errors.Is(err, sigv4.ErrMismatch) {
				t.Errorf("with another query: %v, want ErrMismatch", err)
			}
		})
	}
}

func TestMalformedSignaturesAreTold(t *testing.T) {
	good := strings.Repeat("0", 64)
	tests := []struct {
		name   string
		change func(h http.Header)
		want   error
	}{
		{"no header", func(h http.Header) { h.Del("Authorization") }, sigv4.ErrMissing},
		{"another algorithm", func(h http.Header) { h.Set("Authorization", "Bearer x") }, sigv4.ErrIncomplete},
		{"no date", func(h http.Header) { h.Del("X-Amz-Date") }, sigv4.ErrIncomplete},
		{"a date that is not the scope's", func(h http.Header) { h.Set("X-Amz-Date", "20150831T123600Z") }, sigv4.ErrIncomplete},
		{"an unsigned x-amz header", func(h http.Header) { h.Set("X-Amz-Security-Token", "x") }, sigv4.ErrIncomplete},
		{"a short signature", func(h http.Header) { h.Set("Authorization", strings.TrimSuffix(h.Get("Authorization"), "0")) }, sigv4.ErrIncomplete},
		{"a field twice", func(h http.Header) { h.Set("Authorization", h.Get("Authorization")+", Signature="+good) }, sigv4.ErrIncomplete},
		{"a scope without a service", func(h http.Header) {
			h.Set("Authorization", strings.Replace(h.Get("Authorization"), "/iam/", "/", 1))
		}, sigv4.ErrIncomplete},
		{"the host unsigned", func(h http.Header) {
			h.Set("Authorization", strings.Replace(h.Get("Authorization"), "host;", "", 1))
		}, sigv4.ErrIncomplete},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := request("GET", "https://iam.amazonaws.com/", "", docIAMScope, "host;x-amz-date", good, nil)
			if _, err := sigv4.Parse(r.Header); err != nil {
				t.Fatalf("before the change: %v", err)
			}
			tt.change(r.Header)
			if _, err := sigv4.Parse(r.Header); !errors.Is(err, tt.want) {
				t.Errorf("Parse = %v, want %v", err, tt.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add("AWS4-HMAC-SHA256 Credential="+docIAMScope+", SignedHeaders=host;x-amz-date, Signature="+strings.Repeat("0", 64), "20150830T123600Z", "a=b")
	f.Add("AWS4-HMAC-SHA256 Credential=a/b/c/d/e", "", "%")
	f.Fuzz(func(t *testing.T, auth, date, query string) {
		r := httptest.NewRequest("GET", "https://iam.amazonaws.com/", nil)
		r.URL.RawQuery = query
		r.Header.Set("Authorization", auth)
		r.Header.Set("X-Amz-Date", date)
		s, err := sigv4.Parse(r.Header)
		if err == nil && s.Verify(r, nil, docSecret) == nil && !strings.Contains(auth, s.KeyID) {
			t.Errorf("verified the key %q that is not in %q", s.KeyID, auth)
		}
	})
}
