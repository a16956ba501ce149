package iampolicy

import (
	"bytes"
	"errors"
	"fmt"
)

// WithStatement returns the document with the trust's statement in it: the one
// with its Sid is replaced, or it is added as the last. The text of all other
// statements stays as it is, byte for byte. A document that has the statement
// already, in whatever form, comes back unchanged; an empty one is written new.
func WithStatement(existing []byte, t Trust) ([]byte, error) {
	if err := t.Check(); err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(existing)) == 0 {
		return GenerateTrust(t), nil
	}
	d, n, err := parse(existing, AnyKind)
	if err != nil {
		return nil, fmt.Errorf("reading the trust policy: %w", err)
	}
	want := t.Statement()
	if have, found := d.Statement(t.Sid); found && have.meaning() == want.meaning() {
		return bytes.Clone(existing), nil
	}
	const depth = 2 // of a statement in a document's list
	text := want.encode(depth)
	var out []byte
	switch index := d.index(t.Sid); {
	case index >= 0:
		at := items(n)[index]
		out = splice(existing, at.start, at.end, text)
	case n.kind == kindArray:
		last := n.items[len(n.items)-1]
		out = splice(existing, last.end, last.end, []byte(",\n    "), text)
	default:
		out = splice(existing, n.start, n.end, []byte("[\n    "), existing[n.start:n.end], []byte(",\n    "), text, []byte("\n  ]"))
	}
	return out, checkEdit(d, out, t.Sid, &want)
}

// WithoutStatement returns the document without the statement with the Sid and
// the number of statements left. When none is left the document is nil: IAM
// takes no policy without statements.
func WithoutStatement(existing []byte, sid string) (doc []byte, left int, err error) {
	d, n, err := parse(existing, AnyKind)
	if err != nil {
		return nil, 0, fmt.Errorf("reading the trust policy: %w", err)
	}
	index, all := d.index(sid), items(n)
	switch {
	case index < 0:
		return bytes.Clone(existing), len(all), nil
	case len(all) == 1:
		return nil, 0, nil
	case index == 0:
		doc = splice(existing, all[0].start, all[1].start)
	default:
		doc = splice(existing, all[index-1].end, all[index].end)
	}
	return doc, len(all) - 1, checkEdit(d, doc, sid, nil)
}

func items(n *node) []*node {
	if n.kind == kindArray {
		return n.items
	}
	return []*node{n}
}

func (d *Document) index(sid string) int {
	for i, s := range d.Statements {
		if sid != "" && s.Sid == sid {
			return i
		}
	}
	return -1
}

// splice puts the pieces in the place of text[from:to].
func splice(text []byte, from, to int, pieces ...[]byte) []byte {
	out := bytes.Clone(text[:from])
	for _, p := range pieces {
		out = append(out, p...)
	}
	return append(out, text[to:]...)
}

// checkEdit proves an edit: besides the statement with the Sid the document
// means what it meant before, and that statement is the wanted one.
func checkEdit(before *Document, text []byte, sid string, want *Statement) error {
	after, err := Parse(text)
	if err != nil {
		return fmt.Errorf("editing the trust policy: %w", err)
	}
	have, found := after.Statement(sid)
	if found != (want != nil) || found && have.meaning() != want.meaning() {
		return errors.New("editing the trust policy: the statement did not come out as wanted")
	}
	if !Equal(before.without(sid), after.without(sid)) {
		return errors.New("editing the trust policy: another statement would change")
	}
	return nil
}

func (d *Document) without(sid string) *Document {
	out := &Document{Version: d.Version, ID: d.ID}
	for _, s := range d.Statements {
		if s.Sid != sid {
			out.Statements = append(out.Statements, s)
		}
	}
	return out
}
