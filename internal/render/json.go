package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Envelope is the one object that every command with --json prints, whatever
// came of it.
type Envelope struct {
	Schema   string `json:"schema"` // anchorctl.COMMAND/v1
	OK       bool   `json:"ok"`
	Result   any    `json:"result"`
	Findings any    `json:"findings"`
	Error    any    `json:"error,omitempty"` // code, message, hints
}

// JSON is the envelope as indented JSON with a line feed at its end.
func JSON(e Envelope) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(e); err != nil {
		return nil, fmt.Errorf("encoding the result: %w", err)
	}
	return escapeUnprintable(b.Bytes()), nil
}

// escapeUnprintable writes what encoding/json leaves as it is, but a terminal
// may act on (C1 controls, direction overrides, invisible characters), as
// JSON escapes. Such characters stand in strings only, where an escape means
// the same.
func escapeUnprintable(text []byte) []byte {
	var b bytes.Buffer
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case r == '\n' || unicode.IsPrint(r):
			b.Write(text[:size])
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		text = text[size:]
	}
	return b.Bytes()
}
