package iampolicy

import (
	"fmt"
	"slices"
	"strings"
)

// Kind is what a document is written for. Both kinds have one grammar; which
// elements a statement has to have, and may not have, differs.
type Kind int

// The kinds. AnyKind asks for neither principals nor resources.
const (
	AnyKind        Kind = iota
	TrustKind           // a role's trust policy: who may take it; no Resource
	PermissionKind      // what a role or a session may do; no Principal
)

// Parse reads a policy document. It follows
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
// and refuses duplicate and unknown elements, wrong types, other versions,
// empty lists and trailing data with a *SyntaxError. Condition operators and
// keys are not judged here: evaluation fails closed on those it does not know.
func Parse(document []byte) (*Document, error) { return ParseKind(document, AnyKind) }

// ParseKind is Parse for a document of a known kind.
func ParseKind(document []byte, kind Kind) (*Document, error) {
	d, _, err := parse(document, kind)
	return d, err
}

// KindOf guesses what a document is written for, so that it can be told what is
// wrong with it: one that names principals is a trust policy, and so is one
// that names no resources and speaks of STS. What is no JSON is of AnyKind.
func KindOf(document []byte) Kind {
	root, err := readJSON(document)
	if err != nil {
		return AnyKind
	}
	trust, permission := false, false
	for _, m := range root.members {
		if foldASCII(m.name) != "statement" {
			continue
		}
		for _, statement := range items(m.value) {
			for _, e := range statement.members {
				name := foldASCII(e.name)
				permission = permission || strings.HasSuffix(name, "resource")
				trust = trust || strings.HasSuffix(name, "principal")
			}
			permission = permission || !statement.speaks(func(text string) bool { return strings.HasPrefix(foldASCII(text), "sts:") })
		}
	}
	if trust || !permission {
		return TrustKind
	}
	return PermissionKind
}

// speaks reports whether a string in the node does.
func (n *node) speaks(of func(string) bool) bool {
	return n.kind == kindString && of(n.text) ||
		slices.ContainsFunc(n.items, func(i *node) bool { return i.speaks(of) }) ||
		slices.ContainsFunc(n.members, func(m member) bool { return m.value.speaks(of) })
}

// parse also returns the node of the Statement element, for editing in place.
func parse(document []byte, kind Kind) (*Document, *node, error) {
	root, err := readJSON(document)
	if err != nil {
		return nil, nil, err
	}
	p := &parser{data: document, kind: kind}
	d := p.document(root)
	if len(p.faults) > 0 {
		return nil, nil, p.err()
	}
	return d, root.member("Statement"), nil
}

// parser turns nodes into a document and keeps the faults.
type parser struct {
	data   []byte
	kind   Kind
	faults []fault
	last   int // the offset of the place worked out last, and that place
	at     Position
}

type fault struct {
	at      int
	message string
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

// maxFaults are as many as somebody mends before looking again.
const maxFaults = 10

func (p *parser) fail(at int, format string, args ...any) {
	if len(p.faults) < maxFaults {
		p.faults = append(p.faults, fault{at, fmt.Sprintf(format, args...)})
	}
}

// err is the first fault that was found, with the others.
func (p *parser) err() error {
	all := make([]*SyntaxError, 0, len(p.faults))
	for _, f := range p.faults {
		pos := position(p.data, f.at)
		all = append(all, &SyntaxError{Line: pos.Line, Column: pos.Column, Message: f.message})
	}
	all[0].Others = all[1:]
	return all[0]
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
			return
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
			if m.value.kind == kindString && d.Version != Version2012 && d.Version != Version2008 {
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
			if m.value.kind == kindString && s.Effect != Allow && s.Effect != Deny {
				p.fail(m.value.start, "the Effect is %s; it must be %q or %q", quote(m.value.text), Allow, Deny)
			}
		case "Principal":
			s.Principal = p.principals(m)
		case "NotPrincipal":
			s.NotPrincipal = p.principals(m)
		case "Action":
			s.Actions = p.actions(m.value, m.name)
		case "NotAction":
			s.NotActions = p.actions(m.value, m.name)
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
	switch p.kind {
	case TrustKind:
		p.needs(n, "Principal", "a statement of a trust policy says whom it means: it has no Principal")
		p.excludes(n, "Resource", "a trust policy has no Resource: it belongs to one role")
	case PermissionKind:
		p.needs(n, "Resource", "a statement of a permission policy says on what: it has no Resource")
		p.excludes(n, "Principal", "a permission policy has no Principal: it belongs to one role")
	case AnyKind:
	}
}

func (p *parser) needs(n *node, element, message string) {
	if n.member(element) == nil && n.member("Not"+element) == nil {
		p.fail(n.start, "%s", message)
	}
}

func (p *parser) excludes(n *node, element, message string) {
	for _, m := range n.members {
		if m.name == element || m.name == "Not"+element {
			p.fail(m.at, "%s", message)
		}
	}
}
