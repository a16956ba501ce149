package iampolicy

import (
	"strings"
	"unicode"
)

// The elements of a statement, one by one.

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
		if item.kind == kindString && s == "" {
			p.fail(item.start, "%s has an empty string", what)
		}
		all = append(all, s)
	}
	return all
}

// actions are strings of the form service:action; a pattern may reach over the
// colon.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html
func (p *parser) actions(n *node, what string) []string {
	all := p.strings(n, what)
	for _, text := range all {
		switch {
		case strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || unicode.IsSpace(r) }):
			p.fail(n.start, "%s has a character in %s that no action has", what, quote(text))
		case text != "" && !strings.ContainsAny(text, ":*?"):
			p.fail(n.start, "%s %s names no service; actions are written \"service:action\"", what, quote(text))
		}
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
			continue
		}
		if op.name == "" {
			p.fail(op.at, "a condition operator is empty")
		}
		seen := map[string]bool{}
		for _, key := range op.value.members {
			// Key names are not case-sensitive, so these would be one key twice.
			folded := foldASCII(key.name)
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
