package sandbox_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"anchorctl/internal/sandbox"
	"anchorctl/internal/sandbox/seed"
	"anchorctl/internal/sigx509"
)

// signRequest signs with SigV4 as a client does, for requests that no SDK
// would send: paths and queries are as they are.
func signRequest(r *http.Request, body []byte, in, service string) {
	const date, day = "20261121T120000Z", "20261121"
	r.Header.Set("X-Amz-Date", date)
	mac := func(key []byte, text string) []byte {
		m := hmac.New(sha256.New, key)
		m.Write([]byte(text))
		return m.Sum(nil)
	}
	hash := func(b []byte) string { s := sha256.Sum256(b); return hex.EncodeToString(s[:]) }
	names, lines := "host;x-amz-date", "host:"+r.Host+"\nx-amz-date:"+date+"\n"
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		names, lines = names+";x-amz-target", lines+"x-amz-target:"+target+"\n"
	}
	query := strings.ReplaceAll(r.URL.RawQuery, "+", "%20")
	path := strings.ReplaceAll(r.URL.EscapedPath(), "%", "%25")
	canonical := strings.Join([]string{r.Method, path, query, lines, names, hash(body)}, "\n")
	scope := strings.Join([]string{day, in, service, "aws4_request"}, "/")
	key := []byte("AWS4sandbox-only")
	for _, part := range []string{day, in, service, "aws4_request"} {
		key = mac(key, part)
	}
	signature := hex.EncodeToString(mac(key, "AWS4-HMAC-SHA256\n"+date+"\n"+scope+"\n"+hash([]byte(canonical))))
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLEPROD/"+scope+", SignedHeaders="+names+", Signature="+signature)
}

// FuzzSandboxRequest sends anything to the sandbox, signed so that it gets
// through. Whatever comes, the answer is well-formed and not the sandbox's
// own fault, and its state can still be read.
func FuzzSandboxRequest(f *testing.F) {
	for _, r := range [][5]string{
		{"POST", "/trustanchors", "", `{"name":"x","source":{"sourceType":"CERTIFICATE_BUNDLE","sourceData":{"x509CertificateData":"x"}}}`, "rolesanywhere"},
		{"PATCH", "/trustanchor/00000000-0000-4000-8000-000000000000", "", `{}`, "rolesanywhere"},
		{"POST", "/profiles", "", `{"name":"x","roleArns":["arn:aws:iam::111122223333:role/x"],"tags":[{"key":"a","value":"b"}]}`, "rolesanywhere"},
		{"PUT", "/profiles/x/mappings", "", `{"certificateField":"x509SAN","mappingRules":[{"specifier":"Name/CN"}]}`, "rolesanywhere"},
		{"DELETE", "/profiles/x/mappings", "certificateField=x509SAN&specifiers=DNS", "", "rolesanywhere"},
		{"GET", "/profiles", "nextToken=cHJvZmlsZXMAMA&pageSize=1", "", "rolesanywhere"},
		{"POST", "/crls", "", `{"name":"x","crlData":"MAA=","trustAnchorArn":"arn:aws:rolesanywhere:r:a:trust-anchor/x"}`, "rolesanywhere"},
		{"PATCH", "/put-notifications-settings", "", `{"trustAnchorId":"x","notificationSettings":[{"event":"CA_CERTIFICATE_EXPIRY","enabled":true}]}`, "rolesanywhere"},
		{"POST", "/TagResource", "", `{"resourceArn":"x","tags":[{"key":null}]}`, "rolesanywhere"},
		{"POST", "/sessions", "", `{"trustAnchorArn":"arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/x","profileArn":"x","roleArn":"arn:aws:iam::111122223333:role/plain","durationSeconds":900}`, "rolesanywhere"},
		{"POST", "/", "Action=CreateRole&RoleName=x&AssumeRolePolicyDocument=%7B%7D&Tags.member.1.Key=k&Tags.member.1.Value=v", "", "iam"},
		{"POST", "/", "Action=ListRoles&MaxItems=1&Marker=x", "", "iam"},
		{"POST", "/", "Action=PutRolePolicy&RoleName=plain&PolicyName=p&PolicyDocument=%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D", "", "iam"},
		{"POST", "/", "Action=AssumeRole&RoleArn=arn:aws:iam::444455556666:role/deploy&RoleSessionName=xx", "", "sts"},
		{"GET", "/", "Action=GetCallerIdentity", "", "sts"},
		{"POST", "/", "", `{"TagFilters":[{"Key":"k","Values":["v"]}],"ResourcesPerPage":1}`, "tagging"},
	} {
		f.Add(r[0], r[1], r[2], r[3], r[4])
	}
	from, err := seed.Parse("seed.yaml", []byte(twoAccounts), nil)
	if err != nil {
		f.Fatal(err)
	}
	clock := newClock()
	key := ecKey(f)
	signer := sigx509.Signer{Key: key, Certificate: newRoot(f, "root", clock.tell()).leaf(f, leafTemplate(f, "prod", "backup", clock.tell()), key)}
	f.Fuzz(func(t *testing.T, method, path, query, body, service string) {
		s, err := sandbox.New(sandbox.Options{Seed: from, Clock: clock.clock(), Token: token})
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequestWithContext(t.Context(), method, "http://127.0.0.1/", bytes.NewReader([]byte(body)))
		if err != nil {
			return
		}
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		r.URL.Path, r.URL.RawQuery = "/"+strings.TrimLeft(path, "/"), values.Encode()
		switch {
		case r.URL.Path == "/sessions":
			if err := signer.Sign(r, []byte(body), region, clock.tell()); err != nil {
				return
			}
		case service == "tagging":
			r.Header.Set("X-Amz-Target", "ResourceGroupsTaggingAPI_20170126.GetResources")
			fallthrough
		default:
			signRequest(r, []byte(body), region, service)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code == http.StatusInternalServerError || w.Header().Get(sandbox.HeaderID) != s.ID() {
			t.Errorf("answered %d %s", w.Code, w.Body)
		}
		checkBody(t, w)
		ask := httptest.NewRequest(http.MethodGet, "http://127.0.0.1/_sandbox/state", nil)
		ask.Header.Set(sandbox.HeaderToken, token)
		state := httptest.NewRecorder()
		if s.ServeHTTP(state, ask); state.Code != http.StatusOK {
			t.Errorf("afterwards the state is %d %s", state.Code, state.Body)
		}
	})
}

func checkBody(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	var err error
	switch body := w.Body.Bytes(); w.Header().Get("Content-Type") {
	case "text/xml":
		err = xml.Unmarshal(body, new(any))
	case "application/json", "application/x-amz-json-1.1":
		err = json.Unmarshal(body, new(any))
	}
	if err != nil {
		t.Errorf("the answer %q is not well-formed: %v", w.Body, err)
	}
}

// TestSeedsOfTheFuzzerGetThrough holds that the fuzzer's signatures are good,
// or it would try nothing but authentication.
func TestSeedsOfTheFuzzerGetThrough(t *testing.T) {
	s, err := sandbox.New(sandbox.Options{Clock: newClock().clock(), Seed: must(seed.Parse("seed.yaml", []byte(twoAccounts), nil))})
	if err != nil {
		t.Fatal(err)
	}
	for service, want := range map[string]string{"rolesanywhere": `{"profiles":[]}`, "tagging": `{"PaginationToken":"","ResourceTagMappingList":[]}`} {
		r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1/profiles?pageSize=1", nil)
		body := ""
		if service == "tagging" {
			body = "{}"
			r = httptest.NewRequest(http.MethodPost, "http://127.0.0.1/", strings.NewReader(body))
			r.Header.Set("X-Amz-Target", "ResourceGroupsTaggingAPI_20170126.GetResources")
		}
		signRequest(r, []byte(body), region, service)
		w := httptest.NewRecorder()
		if s.ServeHTTP(w, r); w.Body.String() != want {
			t.Errorf("%s answered %d %s", service, w.Code, w.Body)
		}
	}
}
