package render

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// inlineWidth is how long a value may be that stays on one line.
const inlineWidth = 88

// pretty lays a JSON value out over lines: what fits stays on one line, keys
// are sorted, so that equal documents look equal and a comparison of two is
// short. What is no JSON is returned as it is.
func pretty(raw json.RawMessage) []string {
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.UseNumber()
	var value any
	if dec.Decode(&value) != nil {
		return []string{string(raw)}
	}
	return layOut("", value, "")
}

func layOut(prefix string, value any, suffix string) []string {
	short := inline(value)
	list, isList := value.([]any)
	object, isObject := value.(map[string]any)
	if len(prefix)+len(short)+len(suffix) <= inlineWidth || (!isList && !isObject) {
		return []string{prefix + short + suffix}
	}
	margin := prefix[:len(prefix)-len(strings.TrimLeft(prefix, " "))]
	var lines []string
	if isList {
		lines = append(lines, prefix+"[")
		for i, item := range list {
			lines = append(lines, layOut(margin+"  ", item, comma(i, len(list)))...)
		}
		return append(lines, margin+"]"+suffix)
	}
	lines = append(lines, prefix+"{")
	for i, key := range slices.Sorted(maps.Keys(object)) {
		lines = append(lines, layOut(margin+"  "+inline(key)+": ", object[key], comma(i, len(object)))...)
	}
	return append(lines, margin+"}"+suffix)
}

func comma(i, n int) string {
	if i < n-1 {
		return ","
	}
	return ""
}

// inline is a value on one line, with a space after each colon and comma.
func inline(value any) string {
	switch v := value.(type) {
	case []any:
		parts := make([]string, len(v))
		for i, item := range v {
			parts[i] = inline(item)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]any:
		var parts []string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, inline(key)+": "+inline(v[key]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	default:
		var b strings.Builder
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if enc.Encode(v) != nil {
			return "" // strings, numbers, booleans and null always encode
		}
		return strings.TrimSuffix(b.String(), "\n")
	}
}
