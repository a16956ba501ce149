package anywhere

import (
	"bufio"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anchorctl/internal/sandbox/wire"
	"anchorctl/internal/sandbox/world"
)

// samples is the folder of the Go SDK's module, which holds one request and
// one response per operation as the SDK writes and reads them. The values are
// placeholders, so they prove routing, decoding and encoding, nothing else.
func samples(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/aws/aws-sdk-go-v2/service/rolesanywhere").Output()
	if err != nil {
		t.Fatalf("finding the SDK's module: %v", err)
	}
	return strings.TrimSpace(string(out))
}

func sampleRequest(t *testing.T, path string) wire.Request {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut(string(data), "\n")
	method, target, _ := strings.Cut(head, " ")
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	r := wire.Request{Method: method, Path: u.EscapedPath(), Query: u.Query(), Header: http.Header{}}
	s := bufio.NewScanner(strings.NewReader(rest))
	for s.Scan() {
		line := s.Text()
		if strings.HasPrefix(line, "{") {
			r.Body = []byte(line)
		} else if name, value, ok := strings.Cut(line, ": "); ok {
			r.Header.Set(name, value)
		}
	}
	return r
}

func TestRequestSamplesAreRoutedAndDecoded(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(samples(t), "request_snapshot", "*.request.snap"))
	if err != nil || len(files) != len(routes()) {
		t.Fatalf("found %d request samples for %d operations (%v)", len(files), len(routes()), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".request.snap")
		t.Run(name, func(t *testing.T) {
			r := sampleRequest(t, file)
			op, err := Route(r)
			if err != nil || op.Name != name {
				t.Fatalf("routed to %q, %v", op.Name, err)
			}
			in := decode(t, r)
			if got, want := in.body, asAny(t, r.Body); !cmp.Equal(got, want) {
				t.Errorf("the body was not read whole (-got +want):\n%s", cmp.Diff(got, want))
			}
			if got, want := in.query, r.Query; !cmp.Equal(got, want) {
				t.Errorf("the query was not read whole (-got +want):\n%s", cmp.Diff(got, want))
			}
			if strings.Contains(r.Path, "__") && !strings.Contains(r.Path, in.id) || strings.Contains(r.Path, "__") && in.id == "" {
				t.Errorf("the id read from %s is %q", r.Path, in.id)
			}
		})
	}
}

type decodedSample struct {
	body  any
	query url.Values
	id    string
}

// decode reads a request into its input and takes that apart again.
func decode(t *testing.T, r wire.Request) decodedSample {
	t.Helper()
	for _, rt := range routes() {
		id, ok := match(rt.path, r.Path)
		if !ok || rt.method != r.Method {
			continue
		}
		d, err := rt.decode(r, id)
		if err != nil {
			t.Fatalf("decoding: %v", err)
		}
		text, err := json.Marshal(d.in)
		if err != nil {
			t.Fatal(err)
		}
		out := decodedSample{body: asAny(t, text), query: url.Values{}}
		v := reflect.ValueOf(d.in).Elem()
		for i := range v.NumField() {
			tag := v.Type().Field(i).Tag
			if tag.Get("path") != "" {
				out.id = v.Field(i).String()
			}
			if name := tag.Get("query"); name != "" {
				value, err := json.Marshal(v.Field(i).Interface())
				if err != nil {
					t.Fatal(err)
				}
				for _, one := range strings.Split(strings.Trim(string(value), "[]"), ",") {
					out.query.Add(name, strings.Trim(one, `"`))
				}
			}
		}
		return out
	}
	t.Fatalf("no route for %s %s", r.Method, r.Path)
	return decodedSample{}
}

func asAny(t *testing.T, data []byte) any {
	t.Helper()
	if len(data) == 0 {
		return map[string]any{}
	}
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// full are answers with every field set, by the member that the service
// wraps them in.
func full(t *testing.T) map[string]any {
	t.Helper()
	yes, days, next := true, 1, "n"
	text := "x"
	at := time.Unix(0, 0)
	a := &world.Anchor{Notifications: []world.Notification{{Threshold: &days}}, CRLDPs: &yes}
	p := &world.Profile{RoleARNs: []string{"r"}, ManagedPolicyARNs: []string{"m"}, SessionPolicy: "{}", Mappings: defaultMappings()}
	l := &world.CRL{Data: []byte("x")}
	s := &world.Subject{
		Credentials: []world.Credential{{Seen: at}},
		Properties:  []world.Properties{{Values: map[string]string{"key0": "v"}}},
	}
	return map[string]any{
		"trustAnchor": anchorAnswer(a), "profile": profileAnswer(p), "crl": crlAnswer(l), "subject": subjectAnswer(s),
		"trustAnchors": anchorList{[]anchorDetail{detailOfAnchor(a)}, &next},
		"profiles":     profileList{[]profileDetail{detailOfProfile(p)}, &next},
		"crls":         crlList{[]crlDetail{detailOfCRL(l)}, &next},
		"subjects":     subjectList{[]subjectSummary{summaryOfSubject(s)}, &next},
		"tags":         tagList{[]tag{{&text, &text}}},
	}
}

func TestAnswersHaveTheFieldsOfTheResponseSamples(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(samples(t), "response_snapshot", "*.response.snap"))
	if err != nil || len(files) != len(routes()) {
		t.Fatalf("found %d response samples for %d operations (%v)", len(files), len(routes()), err)
	}
	ours := full(t)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".response.snap")
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, body, _ := strings.Cut(string(data), "\n\n")
			want, ok := asAny(t, []byte(strings.TrimSpace(body))).(map[string]any)
			if !ok {
				t.Fatalf("the sample is no object")
			}
			var got any = map[string]any{}
			for member := range want {
				if answer, ok := ours[member]; ok {
					text, err := json.Marshal(answer)
					if err != nil {
						t.Fatal(err)
					}
					got = asAny(t, text)
				}
			}
			if diff := cmp.Diff(fields("", got), fields("", want)); diff != "" {
				t.Errorf("fields differ (-ours +sample):\n%s", diff)
			}
		})
	}
}

// fields are the paths of all members.
func fields(at string, v any) []string {
	set := map[string]bool{}
	switch v := v.(type) {
	case map[string]any:
		for k, member := range v {
			set[at+"."+k] = true
			for _, f := range fields(at+"."+k, member) {
				set[f] = true
			}
		}
	case []any:
		for _, member := range v {
			for _, f := range fields(at+"[]", member) {
				set[f] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(set))
}
