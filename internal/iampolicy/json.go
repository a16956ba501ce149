package iampolicy

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds of what is read. The longest text the service takes is a profile's
// session policy of 100,000 characters; a policy nests eight deep.
const (
	MaxBytes = 256 << 10
	maxDepth = 16
)

// SyntaxError says what is wrong with a document and where.
type SyntaxError struct {
	Line    int
	Column  int
	Message string
	Others  []*SyntaxError // further faults, in the order in which they were found
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Message)
}

type kind int

const (
	kindObject kind = iota
	kindArray
	kindString
	kindNumber
	kindBool
	kindNull
)

func (k kind) String() string {
	return [...]string{"an object", "a list", "a string", "a number", "a boolean", "null"}[k]
}

// node is a JSON value with its place in the text.
type node struct {
	kind    kind
	text    string // decoded string, or number and boolean as written
	members []member
	items   []*node
	start   int
	end     int
}

type member struct {
	name  string
	at    int
	value *node
}

func (n *node) member(name string) *node {
	for _, m := range n.members {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

// reader reads JSON as RFC 8259 has it, and no more. encoding/json is not used
// because it takes duplicate names and replaces broken text silently.
type reader struct {
	data []byte
	pos  int
}

func readJSON(data []byte) (*node, error) {
	r := &reader{data: data}
	if len(data) > MaxBytes {
		return nil, r.fail(0, "the document is larger than %d bytes", MaxBytes)
	}
	if bytes.HasPrefix(data, []byte("\xef\xbb\xbf")) {
		return nil, r.fail(0, "the document begins with a byte order mark")
	}
	for i := 0; i < len(data); {
		c, size := utf8.DecodeRune(data[i:])
		if c == utf8.RuneError && size == 1 {
			return nil, r.fail(i, "the text is not UTF-8")
		}
		i += size
	}
	r.space()
	n, err := r.value(1)
	if err != nil {
		return nil, err
	}
	r.space()
	if r.pos < len(data) {
		return nil, r.fail(r.pos, "there is text after the end of the document")
	}
	return n, nil
}

func (r *reader) fail(at int, format string, args ...any) error {
	p := position(r.data, at)
	return &SyntaxError{Line: p.Line, Column: p.Column, Message: fmt.Sprintf(format, args...)}
}

func position(data []byte, at int) Position {
	before := data[:min(at, len(data))]
	line := bytes.Count(before, []byte("\n")) + 1
	column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
	return Position{Line: line, Column: column}
}

func (r *reader) space() {
	for r.pos < len(r.data) && strings.IndexByte(" \t\r\n", r.data[r.pos]) >= 0 {
		r.pos++
	}
}

// peek is the next byte, or 0 at the end: no JSON token begins with NUL.
func (r *reader) peek() byte {
	if r.pos < len(r.data) {
		return r.data[r.pos]
	}
	return 0
}

func (r *reader) unexpected(want string) error {
	if r.pos >= len(r.data) {
		return r.fail(r.pos, "the document ends where %s is expected", want)
	}
	c, _ := utf8.DecodeRune(r.data[r.pos:])
	return r.fail(r.pos, "found %q where %s is expected", c, want)
}

func (r *reader) value(depth int) (*node, error) {
	if depth > maxDepth {
		return nil, r.fail(r.pos, "the document nests deeper than %d levels", maxDepth)
	}
	start := r.pos
	n, err := r.bare(depth)
	if err != nil {
		return nil, err
	}
	n.start, n.end = start, r.pos
	return n, nil
}

func (r *reader) bare(depth int) (*node, error) {
	switch c := r.peek(); {
	case c == '{':
		return r.object(depth)
	case c == '[':
		return r.array(depth)
	case c == '"':
		text, err := r.str()
		return &node{kind: kindString, text: text}, err
	case c == '-' || '0' <= c && c <= '9':
		text, err := r.number()
		return &node{kind: kindNumber, text: text}, err
	}
	for _, word := range []string{"true", "false", "null"} {
		if bytes.HasPrefix(r.data[r.pos:], []byte(word)) {
			r.pos += len(word)
			if word == "null" {
				return &node{kind: kindNull, text: word}, nil
			}
			return &node{kind: kindBool, text: word}, nil
		}
	}
	return nil, r.unexpected("a value")
}

func (r *reader) object(depth int) (*node, error) {
	n := &node{kind: kindObject}
	seen := map[string]bool{}
	r.pos++
	for r.space(); r.peek() != '}'; r.space() {
		if len(n.members) > 0 {
			if r.peek() != ',' {
				return nil, r.unexpected(`"," or "}"`)
			}
			r.pos++
			r.space()
		}
		m, err := r.pair(depth)
		if err != nil {
			return nil, err
		}
		if seen[m.name] {
			return nil, r.fail(m.at, "%s appears twice in one object", quote(m.name))
		}
		seen[m.name] = true
		n.members = append(n.members, m)
	}
	r.pos++
	return n, nil
}

func (r *reader) pair(depth int) (member, error) {
	if r.peek() != '"' {
		return member{}, r.unexpected("a name in quotation marks")
	}
	m := member{at: r.pos}
	var err error
	if m.name, err = r.str(); err != nil {
		return member{}, err
	}
	r.space()
	if r.peek() != ':' {
		return member{}, r.unexpected(`":"`)
	}
	r.pos++
	r.space()
	m.value, err = r.value(depth + 1)
	return m, err
}

func (r *reader) array(depth int) (*node, error) {
	n := &node{kind: kindArray}
	r.pos++
	for r.space(); r.peek() != ']'; r.space() {
		if len(n.items) > 0 {
			if r.peek() != ',' {
				return nil, r.unexpected(`"," or "]"`)
			}
			r.pos++
			r.space()
		}
		item, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		n.items = append(n.items, item)
	}
	r.pos++
	return n, nil
}

// quote shows text of a document in a message, shortened.
func quote(s string) string {
	const most = 60
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most]) + "…"
	}
	return strconv.Quote(s)
}
