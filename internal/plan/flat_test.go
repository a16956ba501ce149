package plan_test

import (
	"encoding/json"
	"math"
	"testing"

	"anchorctl/internal/plan"
)

// What is written the short way is what the long way gives: a struct or a nested
// list keeps the short one from being taken.
func TestFlatObjectsAreCanonicalBothWays(t *testing.T) {
	for name, object := range map[string]map[string]any{
		"nothing":              {},
		"texts and numbers":    {"serial": "0a1b", "notAfter": int64(1793620800), "generation": 2, "instance": ""},
		"order of keys":        {"b": 1, "a": 2, "B": 3, "aa": 4, "a.b": 5, "~": 6, " ": 7},
		"what HTML would mind": {"a": "<a href='x'>&</a>", "<": "/"},
		"what JSON escapes":    {"a": "\"\\\n\u007f"},
		"other letters":        {"ä": "ö\u2028", "\U0001F600": 1},
		"zero and negative":    {"a": 0, "b": -5, "c": int64(-7)},
		"large numbers":        {"a": int64(1) << 52, "b": int64(math.MaxInt64), "c": int64(math.MinInt64), "d": int64(1)<<53 - 1},
		"no text":              {"a": "b\xff"},
		"another kind":         {"a": true, "b": nil, "c": 1.5, "d": []string{"x"}},
	} {
		short, err := plan.Canonical(object)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		wrapped := struct {
			Object map[string]any `json:"o"`
		}{object}
		long, err := plan.Canonical(wrapped)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if want := string(long[len(`{"o":`) : len(long)-1]); string(short) != want {
			t.Errorf("%s: the short way gives\n%s, want\n%s", name, short, want)
		}
		if !json.Valid(short) {
			t.Errorf("%s: %s is no JSON", name, short)
		}
	}
}
