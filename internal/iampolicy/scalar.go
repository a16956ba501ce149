package iampolicy

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// The reader's numbers and strings (RFC 8259 sections 6 and 7).

func (r *reader) number() (string, error) {
	start := r.pos
	if r.peek() == '-' {
		r.pos++
	}
	switch c := r.peek(); {
	case c == '0':
		r.pos++
	case '1' <= c && c <= '9':
		r.digits()
	default:
		return "", r.unexpected("a digit")
	}
	if r.peek() == '.' {
		r.pos++
		if !r.digits() {
			return "", r.unexpected("a digit")
		}
	}
	if c := r.peek(); c == 'e' || c == 'E' {
		r.pos++
		if c := r.peek(); c == '+' || c == '-' {
			r.pos++
		}
		if !r.digits() {
			return "", r.unexpected("a digit")
		}
	}
	return string(r.data[start:r.pos]), nil
}

func (r *reader) digits() bool {
	start := r.pos
	for c := r.peek(); '0' <= c && c <= '9'; c = r.peek() {
		r.pos++
	}
	return r.pos > start
}

func (r *reader) str() (string, error) {
	var b strings.Builder
	start := r.pos
	r.pos++
	for r.pos < len(r.data) {
		c := r.data[r.pos]
		switch {
		case c == '"':
			r.pos++
			return b.String(), nil
		case c < 0x20:
			return "", r.fail(r.pos, "a string holds a control character")
		case c == '\\':
			u, err := r.escape()
			if err != nil {
				return "", err
			}
			b.WriteRune(u)
		default:
			b.WriteByte(c)
			r.pos++
		}
	}
	return "", r.fail(start, "a string is not closed")
}

func (r *reader) escape() (rune, error) {
	start := r.pos
	r.pos++
	c := r.peek()
	r.pos++
	if i := strings.IndexByte(`"\/bfnrt`, c); i >= 0 && c != 0 {
		return rune("\"\\/\b\f\n\r\t"[i]), nil
	}
	if c != 'u' {
		return 0, r.fail(start, "a string holds an unknown escape")
	}
	u, ok := r.hex4()
	if ok && utf16.IsSurrogate(u) {
		ok = bytes.HasPrefix(r.data[min(r.pos, len(r.data)):], []byte(`\u`))
		if ok {
			r.pos += 2
			low, isHex := r.hex4()
			u = utf16.DecodeRune(u, low)
			ok = isHex && u != utf8.RuneError
		}
	}
	if !ok {
		return 0, r.fail(start, "a string holds a broken \\u escape")
	}
	return u, nil
}

func (r *reader) hex4() (rune, bool) {
	if r.pos+4 > len(r.data) {
		return 0, false
	}
	digits := string(r.data[r.pos : r.pos+4])
	u, err := strconv.ParseUint(digits, 16, 32)
	if err != nil || strings.ContainsAny(digits, "+-_") {
		return 0, false
	}
	r.pos += 4
	return rune(u), true
}
