package render

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPretty(t *testing.T) {
	for name, c := range map[string]struct {
		raw  string
		want []string
	}{
		"what is short stays on one line": {`{"b":[1,"x"],"a":null}`, []string{`{"a": null, "b": [1, "x"]}`}},
		"what is long is laid out, its short parts are not": {
			`{"Statement":[{"Effect":"Allow","Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]}],"Version":"2012-10-17"}`,
			[]string{
				`{`,
				`  "Statement": [`,
				`    {`,
				`      "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],`,
				`      "Effect": "Allow"`,
				`    }`,
				`  ],`,
				`  "Version": "2012-10-17"`,
				`}`,
			},
		},
		"numbers keep their digits":      {`12345678901234567890`, []string{`12345678901234567890`}},
		"markup is not escaped":          {`"<a&b>"`, []string{`"<a&b>"`}},
		"what is no JSON stays as it is": {`{"a"`, []string{`{"a"`}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, pretty(json.RawMessage(c.raw))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzPretty(f *testing.F) {
	f.Add(`{"a":[{"b":"` + strings.Repeat("x", 100) + `"}]}`)
	f.Fuzz(func(t *testing.T, raw string) {
		var want, got any
		if json.Unmarshal([]byte(raw), &want) != nil {
			return
		}
		text := strings.Join(pretty(json.RawMessage(raw)), "\n")
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatalf("laid out, it is no JSON any more: %v\n%s", err, text)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}
