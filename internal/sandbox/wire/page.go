package wire

import (
	"encoding/base64"
	"errors"
	"strings"
)

// ErrToken says that a page token is not one of this list's.
var ErrToken = errors.New("the page token is not of this list")

// Page cuts one page out of items, which are in ascending order of their
// keys. The token of the next page holds the last key shown, so a page does
// not shift when something before it is deleted meanwhile.
func Page[T any](items []T, list, token string, size int, key func(T) string) ([]T, string, error) {
	start := 0
	if token != "" {
		raw, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil {
			return nil, "", ErrToken
		}
		after, ok := strings.CutPrefix(string(raw), list+"\x00")
		if !ok {
			return nil, "", ErrToken
		}
		for start < len(items) && key(items[start]) <= after {
			start++
		}
	}
	end := min(start+size, len(items))
	page := items[start:end]
	if end == len(items) {
		return page, "", nil
	}
	return page, base64.RawURLEncoding.EncodeToString([]byte(list + "\x00" + key(page[len(page)-1]))), nil
}
