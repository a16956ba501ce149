package iampolicy

import (
	"fmt"
	"strings"
)

// Parse reads a policy document. It follows
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
// and refuses duplicate and unknown elements, wrong types, other versions,
// empty lists and trailing data with a *SyntaxError. Condition operators and
// keys are not judged here: evaluation fails closed on those it does not know.
func Parse(document []byte) (*Document, error) {
	d, _, err := parse(document)
	return d, err
}

// parse also returns the node of the Statement element, for editing in place.
func parse(document []byte) (*Document, *node, error) {
	root, err := readJSON(document)
	if err != nil {
		return nil, nil, err
	}
	p := &parser{data: document}
	d := p.document(root)
	if p.err != nil {
		return nil, nil, p.err
	}
	return d, root.member("Statement"), nil
}

// parser turns nodes into a document and keeps the first fault.
type parser struct {
	data []byte
	err  error
	last int // the offset of the place worked out last, and that place
	at   Position
}

// place is position, but goes on from the last place: statements and condition
// keys come in order, and counting from the start each time would make a long
// document slow.
func (p *parser) place(at int) Position {
	if p.at.Line == 0 || at < p.last {
		p.last, p.at = 0, Position{Line: 1, Column: 1}
	}
	for _, c := range string(p.data[p.last:at]) {
		p.at.Column++
		if c == '\n' {
			p.at.Line, p.at.Column = p.at.Line+1, 1
		}
	}
	p.last = at
	return p.at
}

func (p *parser) fail(at int, format string, args ...any) {
	if p.err == nil {
		pos := position(p.data, at)
		p.err = &SyntaxError{Line: pos.Line, Column: pos.Column, Message: fmt.Sprintf(format, args...)}
	}
}

func (p *parser) is(n *node, k kind, what string) bool {
	if n.kind != k {
		p.fail(n.start, "%s is %s, not %s", what, n.kind, k)
		return false
	}
	return true
}

func (p *parser) unknown(m member, where string, known []string) {
	for _, k := range known {
		if strings.EqualFold(k, m.name) {
			p.fail(m.at, "unknown element %s in %s; it is spelled %q", quote(m.name), where, k)
		}
	}
	p.fail(m.at, "unknown element %s in %s", quote(m.name), where)
}

func (p *parser) document(root *node) *Document {
	d := &Document{}
	if !p.is(root, kindObject, "the document") {
		return d
	}
	for _, m := range root.members {
		switch m.name {
		case "Version":
			d.Version = p.str(m.value, m.name)
			if d.Version != Version2012 && d.Version != Version2008 {
				p.fail(m.value.start, "the Version is %s; it must be %q or %q", quote(m.value.text), Version2012, Version2008)
			}
		case "Id":
			d.ID = p.str(m.value, m.name)
		case "Statement":
			d.Statements = p.statements(m.value)
		default:
			p.unknown(m, "the document", []string{"Version", "Id", "Statement"})
		}
	}
	if root.member("Statement") == nil {
		p.fail(root.start, "the document has no Statement")
	}
	return d
}

func (p *parser) statements(n *node) []Statement {
	nodes := []*node{n}
	if n.kind == kindArray {
		nodes = n.items
	}
	if len(nodes) == 0 {
		p.fail(n.start, "the Statement list is empty")
	}
	seen := map[string]bool{}
	all := make([]Statement, 0, len(nodes))
	for _, item := range nodes {
		s := p.statement(item)
		if s.Sid != "" && seen[s.Sid] {
			p.fail(item.start, "the Sid %s is used by two statements", quote(s.Sid))
		}
		seen[s.Sid] = true
		all = append(all, s)
	}
	return all
}

func (p *parser) statement(n *node) Statement {
	s := Statement{At: p.place(n.start)}
	if !p.is(n, kindObject, "a statement") {
		return s
	}
	for _, m := range n.members {
		switch m.name {
		case "Sid":
			s.Sid = p.sid(m.value)
		case "Effect":
			s.Effect = p.str(m.value, m.name)
			if s.Effect != Allow && s.Effect != Deny {
				p.fail(m.value.start, "the Effect is %s; it must be %q or %q", quote(m.value.text), Allow, Deny)
			}
		case "Principal":
			s.Principal = p.principals(m)
		case "NotPrincipal":
			s.NotPrincipal = p.principals(m)
		case "Action":
			s.Actions = p.strings(m.value, m.name)
		case "NotAction":
			s.NotActions = p.strings(m.value, m.name)
		case "Resource":
			s.Resources = p.strings(m.value, m.name)
		case "NotResource":
			s.NotResources = p.strings(m.value, m.name)
		case "Condition":
			s.Conditions = p.conditions(m.value)
		default:
			p.unknown(m, "a statement", []string{"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction",
				"Resource", "NotResource", "Condition"})
		}
	}
	p.whole(n)
	return s
}

// whole refuses statements that lack an element or have two that exclude each
// other.
func (p *parser) whole(n *node) {
	if n.member("Effect") == nil {
		p.fail(n.start, "the statement has no Effect")
	}
	if n.member("Action") == nil && n.member("NotAction") == nil {
		p.fail(n.start, "the statement has neither Action nor NotAction")
	}
	for _, name := range []string{"Principal", "Action", "Resource"} {
		if n.member(name) != nil && n.member("Not"+name) != nil {
			p.fail(n.start, "the statement has both %s and Not%s", name, name)
		}
	}
}

// sid allows the empty Sid that older consoles wrote.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html
func (p *parser) sid(n *node) string {
	s := p.str(n, "Sid")
	for _, c := range s {
		if !isAlphanumeric(c) {
			p.fail(n.start, "the Sid %s has characters other than A-Z, a-z and 0-9", quote(s))
			break
		}
	}
	return s
}

func isAlphanumeric(c rune) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

func (p *parser) str(n *node, what string) string {
	if !p.is(n, kindString, what) {
		return ""
	}
	return n.text
}

// strings reads a string or a list of at least one string.
func (p *parser) strings(n *node, what string) []string {
	nodes := []*node{n}
	if n.kind == kindArray {
		nodes = n.items
	}
	if len(nodes) == 0 {
		p.fail(n.start, "the list of %s is empty", what)
	}
	all := make([]string, 0, len(nodes))
	for _, item := range nodes {
		s := p.str(item, what)
		if s == "" {
			p.fail(item.start, "%s has an empty string", what)
		}
		all = append(all, s)
	}
	return all
}

func (p *parser) principals(m member) *Principals {
	out := &Principals{}
	if m.value.kind == kindString {
		if m.value.text != "*" {
			p.fail(m.value.start, "%s is the string %s; the only string it can be is \"*\"", m.name, quote(m.value.text))
		}
		out.All = true
		return out
	}
	if !p.is(m.value, kindObject, m.name) {
		return out
	}
	if len(m.value.members) == 0 {
		p.fail(m.value.start, "%s is empty", m.name)
	}
	for _, e := range m.value.members {
		switch e.name {
		case "AWS":
			out.AWS = p.strings(e.value, "AWS principals")
		case "Service":
			out.Service = p.strings(e.value, "Service principals")
		case "Federated":
			out.Federated = p.strings(e.value, "Federated principals")
		case "CanonicalUser":
			out.CanonicalUser = p.strings(e.value, "CanonicalUser principals")
		default:
			p.unknown(e, m.name, []string{"AWS", "Service", "Federated", "CanonicalUser"})
		}
	}
	return out
}

func (p *parser) conditions(n *node) []Condition {
	if !p.is(n, kindObject, "Condition") {
		return nil
	}
	var all []Condition
	for _, op := range n.members {
		if !p.is(op.value, kindObject, "the condition "+quote(op.name)) {
			return nil
		}
		if op.name == "" {
			p.fail(op.at, "a condition operator is empty")
		}
		seen := map[string]bool{}
		for _, key := range op.value.members {
			// Key names are not case-sensitive, so these would be one key twice.
			folded := strings.ToLower(key.name)
			if seen[folded] {
				p.fail(key.at, "the condition key %s appears twice under %s", quote(key.name), quote(op.name))
			}
			if key.name == "" {
				p.fail(key.at, "a condition key is empty")
			}
			seen[folded] = true
			all = append(all, Condition{Operator: op.name, Key: key.name, Values: p.scalars(key), At: p.place(key.at)})
		}
	}
	return all
}

// scalars reads condition values. "Quotation marks are optional for numeric
// and Boolean values", so those are taken as the text they are written as.
func (p *parser) scalars(key member) []string {
	nodes := []*node{key.value}
	if key.value.kind == kindArray {
		nodes = key.value.items
	}
	if len(nodes) == 0 {
		p.fail(key.value.start, "the condition key %s has an empty list of values", quote(key.name))
	}
	all := make([]string, 0, len(nodes))
	for _, v := range nodes {
		switch v.kind {
		case kindString, kindNumber, kindBool:
			all = append(all, v.text)
		case kindObject, kindArray, kindNull:
			p.fail(v.start, "a value of the condition key %s is %s", quote(key.name), v.kind)
		}
	}
	return all
}
