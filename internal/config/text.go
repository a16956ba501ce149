package config

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of the file. They are far above what an estate needs and far below
// what would keep the reader busy.
const (
	maxSize  = 1 << 20 // bytes
	maxDepth = 32      // mappings and lists within one another
	maxKeys  = 4096    // keys of a mapping: the YAML library takes quadratic time in them
	maxItems = 4096    // items of a list
)

// characters refuses what YAML forbids, what editors do not show, and what
// makes the same bytes read differently by different readers. It returns the
// text with line feeds alone ending lines.
func (r *report) characters(data []byte) (string, bool) {
	if len(data) > maxSize {
		r.add(place{}, "", "", "the file has more than %d bytes", maxSize)
		return "", false
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // a byte order mark may begin a YAML stream
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	r.lines = strings.Split(strings.ToValidUTF8(string(data), "\ufffd"), "\n")
	at := place{1, 1}
	for rest := data; len(rest) > 0; {
		c, size := utf8.DecodeRune(rest)
		if problem, remedy := refused(c, size); problem != "" {
			r.add(at, "", remedy, "%s", problem)
			return "", false
		}
		at.column++
		if c == '\n' {
			at = place{at.line + 1, 1}
		}
		rest = rest[size:]
	}
	return string(data), true
}

func refused(c rune, size int) (problem, remedy string) {
	switch {
	case c == utf8.RuneError && size == 1:
		return "the file is not UTF-8 here", "save it as UTF-8"
	case c == '\t':
		return "a tab", "indent with spaces; YAML does not allow tabs"
	case c == '\n':
		return "", ""
	case c == '\r':
		return "a carriage return without a line feed", "end lines with a line feed"
	case c == 0:
		return "a NUL byte", "save the file as plain UTF-8 text"
	case unicode.IsControl(c), unicode.In(c, unicode.Zl, unicode.Zp, unicode.Bidi_Control, unicode.Noncharacter_Code_Point), c == 0xfeff:
		return fmt.Sprintf("the character %U, which is not shown as what it is", c), "remove it"
	}
	return "", ""
}
