package plan

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
)

// canonicalFlat writes an object of plain texts and numbers as it is: the audit
// log has one for each certificate, and whatever is less plain is jcs's.
func canonicalFlat(object map[string]any) (json.RawMessage, bool) {
	out := append(make([]byte, 0, 256), '{')
	for i, key := range slices.Sorted(maps.Keys(object)) { // plain: the order of UTF-16 is that of bytes
		if i > 0 {
			out = append(out, ',')
		}
		if !plain(key) {
			return nil, false
		}
		out = append(append(append(out, '"'), key...), '"', ':')
		switch value := object[key].(type) {
		case string:
			if !plain(value) {
				return nil, false
			}
			out = append(append(append(out, '"'), value...), '"')
		case int:
			out = strconv.AppendInt(out, int64(value), 10)
			if !exact(int64(value)) {
				return nil, false
			}
		case int64:
			out = strconv.AppendInt(out, value, 10)
			if !exact(value) {
				return nil, false
			}
		default:
			return nil, false
		}
	}
	return append(out, '}'), true
}

// plain: characters that stand for themselves in JSON.
func plain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// exact: numbers that a double holds, as RFC 8785 section 3.2.2.3 writes them.
func exact(n int64) bool { return n > -1<<53 && n < 1<<53 }
